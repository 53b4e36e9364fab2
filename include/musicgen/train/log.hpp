// The log of a training run: JSON lines, one a step.
#pragma once

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "../core/error.hpp"
#include "../core/files.hpp"
#include "progress.hpp"

namespace musicgen {

class TrainingLog {
 public:
  /// @param file   empty: no log
  /// @param steps  done so far: lines of later steps, from a run that was cut off after its checkpoint, are dropped;
  ///               0 starts the file anew
  /// @throws Error  if it cannot be written
  TrainingLog(const std::filesystem::path& file, std::int64_t steps) : file_(file) {
    if (file.empty()) return;
    std::string kept;
    if (steps > 0) {
      std::ifstream in(file);
      for (std::string line; std::getline(in, line);) {
        const auto j = nlohmann::json::parse(line, nullptr, false);
        if (j.is_object() && j.value("step", std::int64_t{0}) >= 1 && j.value("step", std::int64_t{0}) <= steps)
          kept += line + '\n';
      }
    }
    write_bytes(file, kept);
    out_.open(file, std::ios::app);
    if (!out_) throw file_error(file, std::string("cannot be written: ") + std::strerror(errno));
  }

  /// @throws Error  if the disk is full, ...
  void write(const Progress& progress) {
    if (file_.empty()) return;
    if (!(out_ << to_json(progress).dump() << std::endl)) throw file_error(file_, "cannot be written");
  }

 private:
  std::filesystem::path file_;
  std::ofstream out_;
};

}  // namespace musicgen
