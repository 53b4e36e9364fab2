// Internal: reads and writes zip archives in memory through libzip, with uncompressed entries as PyTorch writes them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "../core/config.hpp"
#include "../core/error.hpp"

struct zip;         // libzip's zip_t
struct zip_source;  // libzip's zip_source_t

namespace musicgen::inline MUSICGEN_ABI::detail {

struct ZipCloser {
  void operator()(zip* archive) const;
};
using ZipHandle = std::unique_ptr<zip, ZipCloser>;

/// The entries of an archive. Compressed or encrypted ones are listed but cannot be read, and an archive whose entries
/// have more bytes than itself is refused, so that reading every entry once reads no more than the archive.
///
/// Thread safety: to be used by one thread at a time, even if const.
class ZipReader {
 public:
  /// @param bytes  of the archive; must outlive this
  /// @param file   its name, for errors
  /// @throws Error  if the archive is incomplete or inconsistent, or if two entries have the same name
  ZipReader(std::span<const unsigned char> bytes, std::filesystem::path file);

  [[nodiscard]] std::vector<std::string> names() const;
  [[nodiscard]] bool contains(const std::string& name) const { return entries_.contains(name); }

  /// The bytes of an entry, with the checksum verified.
  /// @throws Error  naming the entry, if there is none of that name, or if it is damaged, compressed or encrypted
  [[nodiscard]] std::vector<unsigned char> read(const std::string& name) const;

 private:
  struct Entry {
    std::uint64_t size;
    int method, encryption;  // libzip's numbers
  };

  /// @return  the entry's bytes in the archive, at most `left`
  std::uint64_t add(std::uint64_t index, std::uint64_t left);
  Error damaged(const std::string& name, const std::string& what) const;

  std::filesystem::path file_;
  ZipHandle archive_;
  std::map<std::string, Entry> entries_;
};

/// Builds an archive; the same entries give the same bytes.
class ZipWriter {
 public:
  /// @throws Error  if memory runs out, as do the other functions
  ZipWriter();
  ZipWriter(const ZipWriter&) = delete;
  ZipWriter& operator=(const ZipWriter&) = delete;
  ~ZipWriter();

  /// @param content  must stay unchanged until bytes() is called
  void add(const std::string& name, std::span<const unsigned char> content);
  void add(const std::string& name, std::string_view content) {
    add(name, std::span(reinterpret_cast<const unsigned char*>(content.data()), content.size()));
  }

  /// The complete archive; nothing can be added afterwards.
  [[nodiscard]] std::vector<unsigned char> bytes();

 private:
  [[noreturn]] void fail();

  zip_source* source_ = nullptr;
  ZipHandle archive_;
};

}  // namespace musicgen::inline MUSICGEN_ABI::detail

// Always compiled where it is included: otherwise musicgen::compiled would need libzip.
#include "zip_archive.ipp"
