// The log of a training run: JSON lines, one per step. Internal: for definitions only.
#pragma once

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "../core/config.hpp"
#include "../core/error.hpp"
#include "../core/files.hpp"
#include "../core/json.hpp"
#include "progress.hpp"

namespace musicgen::inline MUSICGEN_ABI {

/// One line of the log.
inline nlohmann::json to_json(const Progress& p) {
  nlohmann::json j{{"step", p.step},
                   {"stage", p.stage},
                   {"loss", p.loss},
                   {"smoothed_loss", p.smoothed_loss},
                   {"learning_rate", p.learning_rate},
                   {"gradient_norm", p.gradient_norm},
                   {"tokens", p.tokens},
                   {"seconds", p.time.count()}};
  if (p.validation_loss) j["validation_loss"] = *p.validation_loss;
  return j;
}

class TrainingLog {
 public:
  /// @param file   empty: no log
  /// @param steps  done so far: lines of later steps, left by a run that was cut off after its checkpoint, are dropped;
  ///               0 starts a new file
  /// @throws Error  if it cannot be written, or is an existing file that is not a log
  TrainingLog(const std::filesystem::path& file, std::int64_t steps) : file_(file) {
    if (file.empty()) return;
    write_bytes(file, lines_to_keep(steps));
    out_.open(file, std::ios::app);
    if (!out_) throw file_error(file, std::string("cannot be written: ") + std::strerror(errno));
  }

  /// @throws Error  if it cannot be written, as when the disk is full
  void write(const Progress& progress) {
    if (file_.empty()) return;
    if (!(out_ << to_json(progress).dump() << std::endl)) throw file_error(file_, "cannot be written");
  }

 private:
  std::string lines_to_keep(std::int64_t steps) const {
    std::string kept;
    std::error_code fault;
    if (!std::filesystem::is_regular_file(file_, fault)) return kept;  // /dev/stdout, a pipe
    std::ifstream in(file_);
    if (!in) throw file_error(file_, std::string("cannot be opened: ") + std::strerror(errno));
    int number = 0;
    for (std::string line; std::getline(in, line);) {
      const auto j = detail::parse_json(line);
      const auto step =
          j.is_object() && j.contains("step") ? detail::json_value<std::int64_t>(j["step"]) : std::nullopt;
      const bool begun = number > 0 || line.starts_with("{\"");
      const bool cut_off = in.eof() && (step || (j.is_discarded() && begun));  // by a run that was killed
      ++number;
      if (!step && !cut_off)
        throw file_error(file_, "line " + std::to_string(number) + " is not from a training log: not overwritten");
      if (step && !cut_off && *step <= steps) kept += line + '\n';
    }
    return kept;
  }

  std::filesystem::path file_;
  std::ofstream out_;
};

}  // namespace musicgen::inline MUSICGEN_ABI
