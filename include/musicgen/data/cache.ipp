// Definitions of cache.hpp.
#pragma once

#include <cstddef>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "../core/error.hpp"
#include "../core/files.hpp"
#include "../core/thread_pool.hpp"
#include "annotations.hpp"
#include "cache.hpp"
#include "hash.hpp"

namespace musicgen::inline MUSICGEN_ABI {

namespace detail {

/// Adds a file's size and modification time.
inline void add_file(Hash& hash, const std::filesystem::path& file) {
  std::error_code ignored;  // a missing file has size -1
  hash.add(std::filesystem::file_size(file, ignored));
  hash.add(std::filesystem::last_write_time(file, ignored).time_since_epoch().count());
}

/// Adds what the annotations of a listing's files depend on.
inline void add_annotations(Hash& hash, const Listing& listing, const std::filesystem::path& root) {
  std::optional<std::string> before;
  for (const MidiFile& file : listing.files) {
    const auto song = pop909_song(file.name);
    if (!song || song == before) continue;  // another version of the same song
    before = song;
    const auto folders = find_pop909_annotations(root, *song);
    hash.add(folders.has_value());
    if (!folders) continue;
    hash.add(folders->structure == folders->music);
    for (const auto& annotation : annotation_files(*folders)) add_file(hash, annotation);
  }
}

}  // namespace detail

MUSICGEN_INLINE std::uint64_t cache_key(const Listing& listing, const CorpusOptions& options) {
  detail::Hash hash;
  const auto add_text = [&](const std::string& text) { hash.add(text.size()).add(text); };
  hash.add(cache_version).add(static_cast<int>(listing.layout)).add(options.sustain);
  for (Token token = 0; token < options.vocabulary.size(); ++token) add_text(options.vocabulary.name(token));
  for (const MidiFile& file : listing.files) {
    add_text(file.name);
    hash.add(static_cast<int>(file.split));
    detail::add_file(hash, file.path);
  }
  if (options.annotations) detail::add_annotations(hash, listing, *options.annotations);
  return hash.value();
}

namespace detail {

inline constexpr std::uint64_t cache_magic = 0x737570726F63676D;  // "mgcorpus"

/// Writes numbers and texts, then their hash. Replaces the file atomically.
class CacheWriter {
 public:
  explicit CacheWriter(const std::filesystem::path& file) : file_(file) {}

  template <class Number>
  void put(Number value) {
    put_bytes(&value, sizeof value);
  }
  /// A count and as many numbers, each of which fits into `Narrow`.
  template <class Narrow, class Numbers>
  void put_all(const Numbers& numbers) {
    const std::vector<Narrow> narrow(numbers.begin(), numbers.end());
    put(static_cast<std::uint32_t>(narrow.size()));
    put_bytes(narrow.data(), narrow.size() * sizeof(Narrow));
  }
  void commit() {
    put(hash_.value());
    file_.write(waiting_);
    file_.commit();
  }

 private:
  void put_bytes(const void* data, std::size_t size) {
    const std::string_view bytes(static_cast<const char*>(data), size);
    hash_.add(bytes);
    waiting_ += bytes;
    if (waiting_.size() < std::size_t{1} << 20) return;
    file_.write(waiting_);
    waiting_.clear();
  }

  AtomicFile file_;
  std::string waiting_;
  Hash hash_;
};

/// Reads what CacheWriter wrote. Rejects counts that the file is too short for, but nothing is verified until
/// require_end(). Every function throws Error for an invalid file.
class CacheReader {
 public:
  explicit CacheReader(const std::filesystem::path& file) {
    std::error_code fault;
    if (!std::filesystem::is_regular_file(file, fault)) throw Error("is not a file");
    left_ = std::filesystem::file_size(file, fault);
    in_.open(file, std::ios::binary);
  }

  template <class Number>
  Number get() {
    Number value;
    get_bytes(&value, sizeof value);
    return value;
  }
  template <class Narrow, class Numbers>
  Numbers get_all() {
    const std::uint64_t count = get<std::uint32_t>();
    if (count * sizeof(Narrow) > left_) throw Error("is too short");
    std::vector<Narrow> narrow(count);
    get_bytes(narrow.data(), count * sizeof(Narrow));
    return Numbers(narrow.begin(), narrow.end());
  }
  void require_end() {
    const auto hash = hash_.value();
    if (get<std::uint64_t>() != hash || left_ != 0) throw Error("is damaged");
  }

 private:
  void get_bytes(void* data, std::size_t size) {
    if (size > left_ || !in_.read(static_cast<char*>(data), static_cast<std::streamsize>(size)))
      throw Error("is too short");
    left_ -= size;
    hash_.add(std::string_view(static_cast<const char*>(data), size));
  }

  std::ifstream in_;
  std::uint64_t left_ = 0;
  Hash hash_;
};

/// Whether a file is missing, empty, or begins like a cache.
inline bool may_be_cache(const std::filesystem::path& file) {
  std::uint64_t magic = 0;
  std::ifstream in(file, std::ios::binary);
  in.read(reinterpret_cast<char*>(&magic), sizeof magic);
  return in.gcount() == 0 || magic == cache_magic;
}

}  // namespace detail

MUSICGEN_INLINE void store_cache(const std::filesystem::path& cache, std::uint64_t key, const Listing& listing,
                                 const ReadResult& reading) {
  if (!detail::may_be_cache(cache)) throw file_error(cache, "is not a cache of a corpus, and is not overwritten");
  detail::CacheWriter out(cache);
  out.put(detail::cache_magic);
  out.put(key);
  const EncodeReport& r = reading.report;
  for (const std::int64_t count : {r.merged, r.restruck, r.dropped_tracks, r.dropped_notes}) out.put(count);
  auto song = reading.songs.begin();
  auto skipped = reading.skipped.begin();
  for (const MidiFile& file : listing.files) {
    const bool is_skipped = skipped != reading.skipped.end() && skipped->file == file.path;
    out.put(std::uint8_t{is_skipped});
    if (is_skipped) {
      out.put_all<char>((skipped++)->reason);
    } else {
      out.put(static_cast<std::uint8_t>(song->split));
      out.put_all<std::uint8_t>(song->programs);
      out.put_all<std::uint16_t>((song++)->tokens);
    }
  }
  out.commit();
}

MUSICGEN_INLINE std::optional<ReadResult> load_cache(const std::filesystem::path& cache, std::uint64_t key,
                                                     const Listing& listing, const Vocabulary& vocabulary) try {
  detail::CacheReader in(cache);
  if (in.get<std::uint64_t>() != detail::cache_magic || in.get<std::uint64_t>() != key) return std::nullopt;
  ReadResult reading;
  EncodeReport& r = reading.report;
  for (std::int64_t* count : {&r.merged, &r.restruck, &r.dropped_tracks, &r.dropped_notes})
    *count = in.get<std::int64_t>();
  for (const MidiFile& file : listing.files) {
    if (in.get<std::uint8_t>() != 0) {
      reading.skipped.push_back({file.path, in.get_all<char, std::string>()});
    } else {
      Song& song = reading.songs.emplace_back();
      song.name = file.name;
      song.split = static_cast<Split>(in.get<std::uint8_t>() % 3);
      song.programs = in.get_all<std::uint8_t, std::vector<int>>();
      song.tokens = in.get_all<std::uint16_t, std::vector<Token>>();
    }
  }
  in.require_end();
  thread_pool().parallel_for(static_cast<std::int64_t>(reading.songs.size()), [&](std::int64_t i) {
    Song& song = reading.songs[static_cast<std::size_t>(i)];
    song = make_song(std::move(song.name), song.split, std::move(song.tokens), std::move(song.programs), vocabulary);
  });
  return reading;
} catch (const Error&) {
  return std::nullopt;
}

}  // namespace musicgen::inline MUSICGEN_ABI
