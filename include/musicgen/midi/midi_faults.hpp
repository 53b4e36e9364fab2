// Internal: how the reader of MIDI files handles faults.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "../core/config.hpp"
#include "../core/error.hpp"

namespace musicgen::inline MUSICGEN_ABI::detail {

/// Throws a fault or records it: the only difference between strict and tolerant reading.
class MidiFaults {
 public:
  MidiFaults(const std::filesystem::path& file, bool strict) : file_(file), strict_(strict) {}

  [[noreturn]] void fatal(std::size_t byte, const std::string& what) const { throw file_error(file_, byte, what); }

  void operator()(std::size_t byte, const std::string& what) {
    if (strict_) fatal(byte, what);
    if (++count_ <= most_lines) lines_.emplace_back(file_error(file_, byte, what).what());
  }

  std::vector<std::string> take_lines() {
    if (count_ > most_lines)
      lines_.emplace_back(file_error(file_, std::to_string(count_ - most_lines) + " more faults").what());
    return std::move(lines_);
  }

 private:
  static constexpr std::size_t most_lines = 20;

  const std::filesystem::path& file_;
  bool strict_;
  std::size_t count_ = 0;
  std::vector<std::string> lines_;
};

inline std::uint32_t big_endian(std::span<const unsigned char> bytes) {
  std::uint32_t value = 0;
  for (const unsigned char byte : bytes) value = value << 8 | byte;
  return value;
}

}  // namespace musicgen::inline MUSICGEN_ABI::detail
