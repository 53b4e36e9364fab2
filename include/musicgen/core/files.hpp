// Whole files in and out. A file is replaced in one step or not at all.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config.hpp"
#include "error.hpp"

namespace musicgen::inline MUSICGEN_ABI {

/// The bytes of a file.
/// @throws Error  if it is no regular file or cannot be read
inline std::vector<unsigned char> read_bytes(const std::filesystem::path& file) {
  std::error_code status;
  if (std::filesystem::is_directory(file, status)) throw file_error(file, "is a directory");
  std::ifstream in(file, std::ios::binary);
  if (!in) throw file_error(file, std::string("cannot be opened: ") + std::strerror(errno));
  std::vector<unsigned char> bytes;
  in.seekg(0, std::ios::end);
  if (const auto size = in.tellg(); size > 0) bytes.resize(static_cast<std::size_t>(size));
  in.seekg(0);
  in.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  if (!in || in.gcount() != static_cast<std::streamsize>(bytes.size())) throw file_error(file, "cannot be read");
  return bytes;
}

/// Writes a file beside its destination and renames it there: whoever looks sees the old content or the new, whole,
/// and so does whoever looks after a crash. Anything not committed is removed again. A destination that is no regular
/// file (/dev/stdout, a pipe) is written in place.
class AtomicFile {
 public:
  /// Opens a temporary file in the destination's folder, so that an output that cannot be written is known at once.
  /// @throws Error
  explicit AtomicFile(std::filesystem::path destination) : destination_(std::move(destination)) {
    std::error_code ignored;
    if (std::filesystem::is_directory(destination_, ignored)) throw file_error(destination_, "is a directory");
    for (int links = 0; links < 40 && std::filesystem::is_symlink(destination_, ignored); ++links)
      destination_ = destination_.parent_path() / std::filesystem::read_symlink(destination_, ignored);
    in_place_ =
        std::filesystem::exists(destination_, ignored) && !std::filesystem::is_regular_file(destination_, ignored);
    if (in_place_) {
      descriptor_ = ::open(destination_.c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC);
    } else {  // a name that nobody has: another thread, or one left by a process that was killed
      do {
        temporary_ = destination_;
        temporary_ += ".tmp" + std::to_string(::getpid()) + "." + std::to_string(number_++);
        descriptor_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
      } while (descriptor_ < 0 && errno == EEXIST);
    }
    if (descriptor_ < 0) fail("cannot be written");
  }
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  ~AtomicFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
    if (!committed_ && !in_place_) ::unlink(temporary_.c_str());
  }

  /// @throws Error  if the disk is full, ...
  void write(const void* data, std::size_t size) {
    for (auto from = static_cast<const char*>(data); size > 0;) {
      const auto written = ::write(descriptor_, from, size);
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) fail("cannot be written");
      from += written;
      size -= static_cast<std::size_t>(written);
    }
  }
  void write(std::string_view text) { write(text.data(), text.size()); }

  /// Makes the file what the destination holds.
  /// @throws Error
  void commit() {
    if (!in_place_ && ::fsync(descriptor_) != 0) fail("cannot be written");
    if (::close(std::exchange(descriptor_, -1)) != 0) fail("cannot be written");
    if (!in_place_ && ::rename(temporary_.c_str(), destination_.c_str()) != 0) fail("cannot be written");
    committed_ = true;
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw file_error(destination_, what + ": " + std::strerror(errno));
  }

  static inline std::atomic<unsigned> number_ = 0;

  std::filesystem::path destination_, temporary_;
  int descriptor_ = -1;
  bool committed_ = false, in_place_ = false;
};

/// Replaces the file's content in one step.
/// @throws Error
inline void write_bytes(const std::filesystem::path& file, std::string_view content) {
  AtomicFile out(file);
  out.write(content);
  out.commit();
}

}  // namespace musicgen::inline MUSICGEN_ABI
