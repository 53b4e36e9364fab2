// Internal. Zip archives in memory, read and written through libzip: entries that are stored as they are, as PyTorch
// has them.
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

/// The entries of an archive. One that is compressed or encrypted can be seen, not read, and an archive that seems to
/// hold more than it has bytes is refused: whoever reads every entry once reads no more than the archive itself.
///
/// Thread safety: for one thread at a time, even where it is const.
class ZipReader {
 public:
  /// @param bytes  of the archive; must outlive this
  /// @param file   only names it in errors
  /// @throws Error  if it is no whole and consistent archive, each entry of a name of its own
  ZipReader(std::span<const unsigned char> bytes, std::filesystem::path file);

  [[nodiscard]] std::vector<std::string> names() const;
  [[nodiscard]] bool contains(const std::string& name) const { return entries_.contains(name); }

  /// The bytes of an entry, their checksum verified.
  /// @throws Error  naming the entry if there is none of that name, or it is damaged, compressed or encrypted
  [[nodiscard]] std::vector<unsigned char> read(const std::string& name) const;

 private:
  struct Entry {
    std::uint64_t size;
    int method, encryption;  // libzip's numbers
  };

  /// @return  the entry's bytes in the archive, `left` at most
  std::uint64_t add(std::uint64_t index, std::uint64_t left);
  Error damaged(const std::string& name, const std::string& what) const;

  std::filesystem::path file_;
  ZipHandle archive_;
  std::map<std::string, Entry> entries_;
};

/// An archive that is being put together; the same entries give the same bytes.
class ZipWriter {
 public:
  /// @throws Error  if memory is short, as do the others
  ZipWriter();
  ZipWriter(const ZipWriter&) = delete;
  ZipWriter& operator=(const ZipWriter&) = delete;
  ~ZipWriter();

  /// @param content  must stay as it is until bytes() is called
  void add(const std::string& name, std::span<const unsigned char> content);
  void add(const std::string& name, std::string_view content) {
    add(name, std::span(reinterpret_cast<const unsigned char*>(content.data()), content.size()));
  }

  /// The whole archive; nothing can be added afterwards.
  [[nodiscard]] std::vector<unsigned char> bytes();

 private:
  [[noreturn]] void fail();

  zip_source* source_ = nullptr;
  ZipHandle archive_;
};

}  // namespace musicgen::inline MUSICGEN_ABI::detail

// Compiled where it is included, also where musicgen::compiled is linked, which would else need libzip.
#include "zip_archive.ipp"
