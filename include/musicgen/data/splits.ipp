// Definitions of splits.hpp.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <numeric>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../core/text.hpp"
#include "hash.hpp"
#include "splits.hpp"

namespace musicgen::inline MUSICGEN_ABI {

namespace detail {

/// A tenth of all hashes are below it.
inline constexpr std::uint64_t lowest_tenth = std::numeric_limits<std::uint64_t>::max() / 10;

/// Removes `ending` from the end of `text`, if it is there.
inline bool drop_ending(std::string_view& text, std::string_view ending) {
  if (!text.ends_with(ending)) return false;
  text.remove_suffix(ending.size());
  return true;
}

/// Removes characters of `set` from the end of `text`.
inline bool drop_all(std::string_view& text, std::string_view set) {
  const auto kept = text.find_last_not_of(set) + 1;
  const bool found = kept < text.size();
  text = text.substr(0, kept);
  return found;
}

/// A file's name (in lower case) without a version mark: "-v2", " (1)", "_copy", " - copy 3".
inline std::string_view without_version(std::string_view name) {
  constexpr std::string_view digits = "0123456789", separators = " -_.";
  std::string_view rest = name;
  const bool parentheses = drop_ending(rest, ")"), number = drop_all(rest, digits);
  if (parentheses) {
    if (!number || !drop_ending(rest, "(")) return name;
    drop_all(rest, separators);
  } else {
    if (number && rest.ends_with(' ')) drop_all(rest, separators);
    if (!(number && drop_ending(rest, "v")) && !drop_ending(rest, "copy")) return name;
    if (!drop_all(rest, separators)) return name;
  }
  return rest.empty() ? name : without_version(rest);
}

}  // namespace detail

MUSICGEN_INLINE std::string song_key(std::string_view name) {
  std::string path = detail::lower_case(name), key;
  for (std::size_t slash; (slash = path.find('/')) != std::string::npos; path.erase(0, slash + 1))
    if (path.compare(0, slash, "versions") != 0) key += path.substr(0, slash + 1);
  return key += detail::without_version(path);
}

MUSICGEN_INLINE std::vector<std::size_t> first_versions(std::span<const Song> songs) {
  std::vector<std::size_t> first(songs.size());
  std::iota(first.begin(), first.end(), std::size_t{0});
  const auto find = [&](std::size_t i) {
    while (first[i] != i) i = first[i] = first[first[i]];
    return i;
  };
  std::map<std::string, std::size_t> by_key;
  std::map<std::uint64_t, std::size_t> by_tokens;
  for (std::size_t i = 0; i < songs.size(); ++i) {
    detail::Hash tokens;
    for (const Token token : songs[i].tokens) tokens.add(token);
    for (const std::size_t same : {by_key.emplace(song_key(songs[i].name), i).first->second,
                                   by_tokens.emplace(tokens.value(), i).first->second}) {
      const auto [earlier, later] = std::minmax({find(i), find(same)});
      first[later] = earlier;
    }
  }
  for (std::size_t i = 0; i < songs.size(); ++i) first[i] = find(i);
  return first;
}

MUSICGEN_INLINE void split_by_song(std::span<Song> songs) {
  const auto first = first_versions(songs);
  std::map<std::size_t, std::uint64_t> hashes;  // the lowest among a song's versions, by its first version
  for (std::size_t i = 0; i < songs.size(); ++i) {
    const auto hash = detail::Hash().add(song_key(songs[i].name)).value();
    const auto [at, is_new] = hashes.emplace(first[i], hash);
    if (!is_new) at->second = std::min(at->second, hash);
  }
  std::vector<std::pair<std::uint64_t, std::size_t>> order;
  order.reserve(hashes.size());
  for (const auto& [song, hash] : hashes) order.emplace_back(hash, song);
  std::sort(order.begin(), order.end());

  const auto drawn =
      std::count_if(order.begin(), order.end(), [](const auto& song) { return song.first < detail::lowest_tenth; });
  std::map<std::size_t, Split> split;
  const auto count = static_cast<std::ptrdiff_t>(order.size());
  const auto validation = count < 2 ? 0 : std::clamp<std::ptrdiff_t>(drawn, 1, count - 1);
  for (std::ptrdiff_t i = 0; i < count; ++i)
    split[order[static_cast<std::size_t>(i)].second] = i < validation ? Split::validation : Split::train;
  for (std::size_t i = 0; i < songs.size(); ++i) songs[i].split = split[first[i]];
}

}  // namespace musicgen::inline MUSICGEN_ABI
