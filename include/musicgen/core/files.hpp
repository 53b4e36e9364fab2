// Reads and writes whole files. A file is replaced in one step or not at all.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "config.hpp"

namespace musicgen::inline MUSICGEN_ABI {

/// The bytes of a file.
/// @throws Error  if it is not a regular file or cannot be read
[[nodiscard]] std::vector<unsigned char> read_bytes(const std::filesystem::path& file);

/// Writes a file beside its destination and then renames it: a reader sees either the old content or the new, whole,
/// even after a crash. What is not committed is removed. A destination that is not a regular file (/dev/stdout, a pipe)
/// is written in place.
class AtomicFile {
 public:
  /// Opens a temporary file in the destination's folder, so that a destination that cannot be written fails at once.
  /// @throws Error
  explicit AtomicFile(std::filesystem::path destination);
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  ~AtomicFile();

  /// @throws Error  if the disk is full, ...
  void write(const void* data, std::size_t size);
  void write(std::string_view text) { write(text.data(), text.size()); }

  /// Replaces the destination by what has been written.
  /// @throws Error
  void commit();

 private:
  [[noreturn]] void fail(const std::string& what) const;

  std::filesystem::path destination_, temporary_;
  int descriptor_ = -1;
  bool committed_ = false, in_place_ = false;
};

/// Replaces the file's content in one step.
/// @throws Error
void write_bytes(const std::filesystem::path& file, std::string_view content);

}  // namespace musicgen::inline MUSICGEN_ABI

#ifndef MUSICGEN_COMPILED
#include "files.ipp"
#endif
