// Errors: what went wrong, in one line.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>

#include "config.hpp"

namespace musicgen::inline MUSICGEN_ABI {

/// The kind of fault, for programs that do more than show the line.
enum class ErrorCode {
  argument,     ///< an option, a size or a value that the caller gave
  file_access,  ///< a file that cannot be found, opened, read or written
  file_format   ///< a file whose content is damaged, or not what was expected
};

/// Every error that the library throws. what() is one line that names the place of the fault: the file and the byte
/// offset, the tensor and its shapes, or the option and its value.
class Error : public std::runtime_error {
 public:
  explicit Error(const std::string& what, ErrorCode code = ErrorCode::argument, std::filesystem::path path = {},
                 std::optional<std::uint64_t> offset = {});

  [[nodiscard]] ErrorCode code() const noexcept { return code_; }
  /// The file with the fault; empty if it is not in a file.
  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
  /// The byte of the file, if the fault has one.
  [[nodiscard]] std::optional<std::uint64_t> offset() const noexcept { return offset_; }

 private:
  ErrorCode code_;
  std::filesystem::path path_;
  std::optional<std::uint64_t> offset_;
};

/// A fault in a file: "song.mid: byte 14: the division is 0".
[[nodiscard]] Error file_error(const std::filesystem::path& file, std::uint64_t byte, const std::string& what);
/// A fault of a file as a whole: "song.mid: no MIDI files".
[[nodiscard]] Error file_error(const std::filesystem::path& file, const std::string& what,
                               ErrorCode code = ErrorCode::file_format);

}  // namespace musicgen::inline MUSICGEN_ABI

#ifndef MUSICGEN_COMPILED
#include "error.ipp"
#endif
