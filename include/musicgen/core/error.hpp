// What goes wrong, said in one line.
#pragma once

#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>

#include "config.hpp"

namespace musicgen::inline MUSICGEN_ABI {

/// Every error the library raises. The message is one line that names the file and byte offset, the tensor and its
/// shapes, or the option and its value, whichever the fault lies in.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A fault in a file: "song.mid: byte 14: the division is 0".
inline Error file_error(const std::filesystem::path& file, std::uint64_t byte, const std::string& what) {
  return Error(file.string() + ": byte " + std::to_string(byte) + ": " + what);
}

/// A fault of a file as a whole: "song.mid: cannot be opened: No such file or directory".
inline Error file_error(const std::filesystem::path& file, const std::string& what) {
  return Error(file.string() + ": " + what);
}

}  // namespace musicgen::inline MUSICGEN_ABI
