// Definitions of zip_archive.hpp.
#pragma once

#include <zip.h>

#include <utility>

#include "../core/text.hpp"
#include "zip_archive.hpp"

namespace musicgen::inline MUSICGEN_ABI::detail {

/// libzip's message about an error.
class ZipFault {
 public:
  ZipFault() { zip_error_init(&error_); }
  ZipFault(const ZipFault&) = delete;
  ZipFault& operator=(const ZipFault&) = delete;
  ~ZipFault() { zip_error_fini(&error_); }
  operator zip_error_t*() { return &error_; }
  int code() const { return zip_error_code_zip(&error_); }
  std::string text() { return zip_error_strerror(&error_); }

 private:
  zip_error_t error_;
};

inline void ZipCloser::operator()(zip* archive) const {
  zip_discard(archive);
}

inline ZipReader::ZipReader(std::span<const unsigned char> bytes, std::filesystem::path file) : file_(std::move(file)) {
  ZipFault fault;
  zip_source_t* source = zip_source_buffer_create(bytes.data(), bytes.size(), 0, fault);
  if (source != nullptr) archive_.reset(zip_open_from_source(source, ZIP_RDONLY | ZIP_CHECKCONS, fault));
  if (!archive_) {
    zip_source_free(source);  // may be null
    throw file_error(file_, fault.code() == ZIP_ER_EXISTS ? "is a zip archive with two entries of one name"
                                                          : "is a zip archive cut short or damaged: " + fault.text());
  }
  std::uint64_t left = bytes.size();
  const auto count = static_cast<zip_uint64_t>(zip_get_num_entries(archive_.get(), 0));
  for (zip_uint64_t i = 0; i < count; ++i) left -= add(i, left);
}

inline std::vector<std::string> ZipReader::names() const {
  std::vector<std::string> all;
  for (const auto& [name, entry] : entries_) all.push_back(name);
  return all;
}

inline std::vector<unsigned char> ZipReader::read(const std::string& name) const {
  const auto found = entries_.find(name);
  if (found == entries_.end()) throw file_error(file_, "has no entry \"" + printable(name) + "\"");
  const auto& [size, method, encryption] = found->second;
  if (encryption != ZIP_EM_NONE) throw damaged(name, "it is encrypted");
  if (method != ZIP_CM_STORE) throw damaged(name, "it is compressed, which torch.save never does");
  const std::unique_ptr<zip_file_t, int (*)(zip_file_t*)> entry(zip_fopen(archive_.get(), name.c_str(), 0), zip_fclose);
  if (!entry) throw damaged(name, zip_strerror(archive_.get()));
  std::vector<unsigned char> content(size);
  std::uint64_t at = 0;
  unsigned char beyond = 0;
  while (at < content.size()) {
    const zip_int64_t n = zip_fread(entry.get(), content.data() + at, content.size() - at);
    if (n < 0) throw damaged(name, zip_file_strerror(entry.get()));
    if (n == 0) throw damaged(name, "it is shorter than the archive says");
    at += static_cast<std::uint64_t>(n);
  }
  // The checksum is compared at the end of the entry.
  if (const zip_int64_t n = zip_fread(entry.get(), &beyond, 1); n != 0)
    throw damaged(name, n < 0 ? zip_file_strerror(entry.get()) : "it is longer than the archive says");
  return content;
}

inline std::uint64_t ZipReader::add(std::uint64_t index, std::uint64_t left) {
  zip_stat_t entry;
  constexpr zip_uint64_t wanted =
      ZIP_STAT_NAME | ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD | ZIP_STAT_ENCRYPTION_METHOD;
  if (zip_stat_index(archive_.get(), index, 0, &entry) != 0 || (entry.valid & wanted) != wanted)
    throw file_error(file_, "entry " + std::to_string(index) + " of the zip archive is incomplete");
  const std::string name = entry.name;
  if (entry.comp_method == ZIP_CM_STORE && entry.encryption_method == ZIP_EM_NONE && entry.size != entry.comp_size)
    throw damaged(name, "it is stored in fewer or more bytes than it has");
  if (entry.comp_size > left) throw damaged(name, "the archive has fewer bytes than its entries together");
  if (!entries_.emplace(name, Entry{entry.size, entry.comp_method, entry.encryption_method}).second)
    throw damaged(name, "there are two of this name");
  return entry.comp_size;
}

inline Error ZipReader::damaged(const std::string& name, const std::string& what) const {
  return file_error(file_, "entry \"" + printable(name) + "\": " + what);
}

inline ZipWriter::ZipWriter() {
  ZipFault fault;
  source_ = zip_source_buffer_create(nullptr, 0, 0, fault);
  if (source_ != nullptr) archive_.reset(zip_open_from_source(source_, ZIP_TRUNCATE, fault));
  if (!archive_) {
    zip_source_free(source_);
    throw Error("no zip archive can be made: " + fault.text());
  }
  zip_source_keep(source_);  // one reference for the archive, one for bytes()
}

inline ZipWriter::~ZipWriter() {
  archive_.reset();
  zip_source_free(source_);
}

inline void ZipWriter::add(const std::string& name, std::span<const unsigned char> content) {
  zip_source_t* source = zip_source_buffer(archive_.get(), content.data(), content.size(), 0);
  const zip_int64_t index =
      source == nullptr ? -1 : zip_file_add(archive_.get(), name.c_str(), source, ZIP_FL_ENC_UTF_8);
  if (index < 0) {
    zip_source_free(source);
    fail();
  }
  const auto entry = static_cast<zip_uint64_t>(index);
  constexpr zip_uint16_t midnight = 0, first_of_january_1980 = 1 << 5 | 1;
  if (zip_set_file_compression(archive_.get(), entry, ZIP_CM_STORE, 0) != 0 ||
      zip_file_set_dostime(archive_.get(), entry, midnight, first_of_january_1980, 0) != 0)
    fail();
}

inline std::vector<unsigned char> ZipWriter::bytes() {
  zip_t* const closing = archive_.release();  // zip_close() frees what it has closed
  if (zip_close(closing) != 0) {
    archive_.reset(closing);
    fail();
  }
  zip_stat_t all;
  if (zip_source_stat(source_, &all) != 0 || zip_source_open(source_) != 0) throw Error("the zip archive is lost");
  std::vector<unsigned char> content(all.size);
  const zip_int64_t n = zip_source_read(source_, content.data(), content.size());
  zip_source_close(source_);
  if (std::cmp_not_equal(n, content.size())) throw Error("the zip archive is lost");
  return content;
}

inline void ZipWriter::fail() {
  throw Error(std::string("no zip archive can be made: ") + zip_strerror(archive_.get()));
}

}  // namespace musicgen::inline MUSICGEN_ABI::detail
