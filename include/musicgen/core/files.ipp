// Definitions of files.hpp.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <utility>

#include "error.hpp"
#include "files.hpp"

namespace musicgen::inline MUSICGEN_ABI {

MUSICGEN_INLINE std::vector<unsigned char> read_bytes(const std::filesystem::path& file) {
  std::error_code status;
  if (std::filesystem::is_directory(file, status)) throw file_error(file, "is a directory", ErrorCode::file_access);
  std::ifstream in(file, std::ios::binary);
  if (!in) throw file_error(file, std::string("cannot be opened: ") + std::strerror(errno), ErrorCode::file_access);
  std::vector<unsigned char> bytes;
  in.seekg(0, std::ios::end);
  if (const auto size = in.tellg(); size > 0) bytes.resize(static_cast<std::size_t>(size));
  in.seekg(0);
  in.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  if (!in || in.gcount() != static_cast<std::streamsize>(bytes.size()))
    throw file_error(file, "cannot be read", ErrorCode::file_access);
  return bytes;
}

MUSICGEN_INLINE AtomicFile::AtomicFile(std::filesystem::path destination) : destination_(std::move(destination)) {
  static std::atomic<unsigned> number = 0;
  std::error_code ignored;
  if (std::filesystem::is_directory(destination_, ignored))
    throw file_error(destination_, "is a directory", ErrorCode::file_access);
  for (int links = 0; links < 40 && std::filesystem::is_symlink(destination_, ignored); ++links)
    destination_ = destination_.parent_path() / std::filesystem::read_symlink(destination_, ignored);
  in_place_ =
      std::filesystem::exists(destination_, ignored) && !std::filesystem::is_regular_file(destination_, ignored);
  if (in_place_) {
    descriptor_ = ::open(destination_.c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC);
  } else {  // the name is taken: by another thread, or left behind by a process that was killed
    do {
      temporary_ = destination_;
      temporary_ += ".tmp" + std::to_string(::getpid()) + "." + std::to_string(number++);
      descriptor_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    } while (descriptor_ < 0 && errno == EEXIST);
  }
  if (descriptor_ < 0) fail("cannot be written");
}

MUSICGEN_INLINE AtomicFile::~AtomicFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
  if (!committed_ && !in_place_) ::unlink(temporary_.c_str());
}

MUSICGEN_INLINE void AtomicFile::write(const void* data, std::size_t size) {
  for (auto from = static_cast<const char*>(data); size > 0;) {
    const auto written = ::write(descriptor_, from, size);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) fail("cannot be written");
    from += written;
    size -= static_cast<std::size_t>(written);
  }
}

MUSICGEN_INLINE void AtomicFile::commit() {
  if (!in_place_ && ::fsync(descriptor_) != 0) fail("cannot be written");
  if (::close(std::exchange(descriptor_, -1)) != 0) fail("cannot be written");
  if (!in_place_ && ::rename(temporary_.c_str(), destination_.c_str()) != 0) fail("cannot be written");
  committed_ = true;
}

MUSICGEN_INLINE void AtomicFile::fail(const std::string& what) const {
  throw file_error(destination_, what + ": " + std::strerror(errno), ErrorCode::file_access);
}

MUSICGEN_INLINE void write_bytes(const std::filesystem::path& file, std::string_view content) {
  AtomicFile out(file);
  out.write(content);
  out.commit();
}

}  // namespace musicgen::inline MUSICGEN_ABI
