// A cache of a corpus's tokens, so that reading it again is fast.
//
//   8 bytes "mgcorpus", 8 bytes key; encode report, 4 int64; for each file of the listing: 1 and the reason why it is
//   skipped, or 0, split, programs (count, 8 bits each), tokens (count, 16 bits each); 8 bytes hash of all that
//
// The key is a hash of everything that the content depends on: the files' names, sizes and modification times, those of
// their annotations, the options, the vocabulary, and `cache_version`. Absolute paths are not in it, so a corpus can be
// moved. Numbers are in native byte order. A cache with another key, cut short or damaged counts as none.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "../core/config.hpp"
#include "reading.hpp"

namespace musicgen::inline MUSICGEN_ABI {

/// Raise it with every change to how files become tokens, to the rules of splits, or to the cache's format.
inline constexpr std::uint32_t cache_version = 1;

/// A hash of everything that read_files(listing, options) depends on.
[[nodiscard]] std::uint64_t cache_key(const Listing& listing, const CorpusOptions& options);

/// Replaces the cache atomically.
/// @param reading  the result of read_files(listing, ...)
/// @throws Error  if it cannot be written, or would replace a file that is not a cache
void store_cache(const std::filesystem::path& cache, std::uint64_t key, const Listing& listing,
                 const ReadResult& reading);

/// The songs of this listing in the cache, if it is valid.
/// @param key  cache_key(listing, options)
[[nodiscard]] std::optional<ReadResult> load_cache(const std::filesystem::path& cache, std::uint64_t key,
                                                   const Listing& listing, const Vocabulary& vocabulary);

}  // namespace musicgen::inline MUSICGEN_ABI

#ifndef MUSICGEN_COMPILED
#include "cache.ipp"
#endif
