// Definitions of batches.hpp.
#pragma once

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <utility>

#include "../core/error.hpp"
#include "../core/random.hpp"
#include "../tokens/context.hpp"
#include "batches.hpp"
#include "corpus.hpp"

namespace musicgen::inline MUSICGEN_ABI {

MUSICGEN_INLINE void require_valid(const BatchOptions& options) {
  const auto require = [](bool holds, const char* option, const std::string& value, const char* expected) {
    if (!holds) throw Error(std::string(option) + " is " + value + ", expected " + expected);
  };
  require(options.end_probability >= 0 && options.end_probability <= 1, "end_probability",
          std::to_string(options.end_probability), "0 to 1");
  const auto range = [](const auto& r) { return std::to_string(r[0]) + " to " + std::to_string(r[1]); };
  const auto& [transpose, tempo, velocity, leave_out] = options.augmentation;
  require(options.batch >= 1 && options.batch <= 65535, "batch", std::to_string(options.batch), "1 to 65535");
  require(options.input_length[0] >= 1 && options.input_length[0] <= options.input_length[1], "input_length",
          range(options.input_length), "a range of at least 1");
  require(options.target_length >= 1, "target_length", std::to_string(options.target_length), "at least 1");
  require(options.start_probability >= 0 && options.start_probability <= 1, "start_probability",
          std::to_string(options.start_probability), "0 to 1");
  require(transpose[0] <= transpose[1] && transpose[0] >= -127 && transpose[1] <= 127, "transpose", range(transpose),
          "a range in -127 to 127");
  require(tempo[0] <= tempo[1] && tempo[0] >= 0.1 && tempo[1] <= 10, "tempo", range(tempo), "a range in 0.1 to 10");
  require(velocity[0] <= velocity[1] && velocity[0] >= -127 && velocity[1] <= 127, "velocity", range(velocity),
          "a range in -127 to 127");
  require(leave_out >= 0 && leave_out <= 1, "leave_out", std::to_string(leave_out), "0 to 1");
}

MUSICGEN_INLINE void require_valid(const BatchOptions& options, const Vocabulary& vocabulary) {
  require_valid(options);
  const Augmentation& change = options.augmentation;
  const bool moves = change.transpose != std::array{0, 0} || change.tempo != std::array{1.0, 1.0};
  if (vocabulary.has_beats() && moves)
    throw Error("songs in beats have their key and tempo in their tokens: transpose and tempo do not apply");
  if (!vocabulary.has_beats() && change.leave_out > 0)
    throw Error("songs without beats have no plan in their tokens: leave_out does not apply");
}

namespace detail {

/// Where to place a window: its song, a position among the song's tokens, and the change to the song.
struct WindowPlace {
  std::size_t song = 0;
  std::uint64_t position = 0;
  AugmentationDraw change{};
};

/// Places windows in the songs of one split that are long enough for at least one target.
class WindowMaker {
 public:
  /// @param input_length  reduced to one less than the longest song's tokens, if longer
  WindowMaker(const Corpus& corpus, Split split, int input_length, int target_length)
      : corpus_(corpus), songs_(corpus.longest_first(split)), target_length_(target_length) {
    const std::size_t longest = songs_.songs.empty() ? 0 : length_of(songs_.songs[0]);
    if (longest < 2) throw Error(std::string("the corpus has no songs for ") + to_string(split));
    input_length_ = static_cast<int>(std::min<std::size_t>(static_cast<std::size_t>(input_length), longest - 1));
    usable_ = static_cast<std::size_t>(std::partition_point(songs_.songs.begin(), songs_.songs.end(),
                                                            [&](std::size_t song) {
                                                              return length_of(song) >
                                                                     static_cast<std::size_t>(input_length_);
                                                            }) -
                                       songs_.songs.begin());
  }

  int input_length() const { return input_length_; }
  /// Of all usable songs together.
  std::uint64_t tokens() const { return songs_.tokens_up_to[usable_ - 1]; }

  /// The place of the `at`-th of tokens().
  WindowPlace at(std::uint64_t at) const {
    const auto end = std::upper_bound(songs_.tokens_up_to.begin(),
                                      songs_.tokens_up_to.begin() + static_cast<std::ptrdiff_t>(usable_), at);
    const std::size_t song = songs_.songs[static_cast<std::size_t>(end - songs_.tokens_up_to.begin())];
    return {song, length_of(song) - (*end - at)};
  }
  /// The place of a song's last token.
  WindowPlace last(std::size_t song) const { return {song, length_of(song) - 1}; }

  /// Maps `position` evenly onto the starts 0 to length - size. From inside a group it moves on to the next group, so
  /// that windows reach the song's `$`, even if a target or two past it are missing; if that would leave no target, it
  /// moves back to the start of the group.
  std::size_t start(const Song& song, std::uint64_t position) const {
    const std::uint64_t length = song.tokens.size();
    const auto size = static_cast<std::uint64_t>(input_length_) + static_cast<std::uint64_t>(target_length_);
    if (length <= size) return 0;
    const auto any = static_cast<std::size_t>(position * (length - size + 1) / length);
    const std::size_t group = group_start(song, corpus_.vocabulary(), any);
    const std::size_t next = group + group_size(corpus_.vocabulary()[song.tokens[group]].kind);
    return group == any || next + static_cast<std::size_t>(input_length_) >= length ? group : next;
  }

 private:
  std::size_t length_of(std::size_t song) const { return corpus_.songs()[song].tokens.size(); }

  const Corpus& corpus_;
  const LongestFirst& songs_;
  int input_length_, target_length_;
  std::size_t usable_;  // number of usable songs, which are the first of songs_
};

/// A song without what is left out; nothing if nothing is, or if that leaves no target after the input.
inline std::optional<Song> shortened(const Song& song, const Vocabulary& vocabulary, const LeftOut& left_out,
                                     int input_length) {
  if (!left_out.any()) return std::nullopt;
  Song left = song;
  left.tokens = without_words(song.tokens, vocabulary, left_out);
  return left.tokens.size() > static_cast<std::size_t>(input_length) ? std::optional(std::move(left)) : std::nullopt;
}

/// Fills a row with the window's tokens, and the window with the notes that sound at its start.
inline void fill_row(const Song& song, const Vocabulary& vocabulary, Window& window, int input_length,
                     std::span<Token> row) {
  const auto tokens = std::span<const Token>(song.tokens).subspan(window.first);
  augment_tokens(tokens, vocabulary, window.change, row);
  // Played faster, the end of a song may be too short for a target after the input.
  if (row[static_cast<std::size_t>(input_length)] == no_token && window.change.tempo != 1) {
    window.change.tempo = 1;
    augment_tokens(tokens, vocabulary, window.change, row);
  }
  window.sounding = sounding_at(song, vocabulary, window.first);
  for (SoundingNote& note : window.sounding) {
    note.pitch += window.change.transpose;
    if (note.steps > 0) note.steps = std::max(1, static_cast<int>(std::lround(note.steps / window.change.tempo)));
  }
}

/// The context after each token of a row.
inline void fill_contexts(const Song& song, const Vocabulary& vocabulary, std::size_t first, std::span<const Token> row,
                          std::span<Token> contexts) {
  SongState state;
  for (const Token token : std::span(song.tokens).first(first)) state.advance(vocabulary[token]);
  for (std::size_t t = 0; t < row.size(); ++t) {
    if (row[t] != no_token) state.advance(vocabulary[row[t]]);
    const auto rows = Context::of(state.place(), vocabulary.size());
    std::copy(rows.begin(), rows.end(), contexts.begin() + static_cast<std::ptrdiff_t>(t * Context::parts));
  }
}

/// A batch with windows where `draw(b)` places them.
template <class Draw>
Batch batch_of(const Corpus& corpus, const BatchOptions& options, const WindowMaker& windows, Draw&& draw) {
  const Vocabulary& vocabulary = corpus.vocabulary();
  Batch batch{options.batch, windows.input_length(), options.target_length, {}, {}};
  const auto size = static_cast<std::size_t>(batch.length());
  batch.tokens.resize(static_cast<std::size_t>(batch.B) * size);
  if (vocabulary.has_beats()) batch.contexts.resize(batch.tokens.size() * Context::parts);
  for (std::size_t b = 0; b < static_cast<std::size_t>(batch.B); ++b) {
    WindowPlace place = draw(static_cast<int>(b));
    const Song& whole = corpus.songs()[place.song];
    const auto shorter = shortened(whole, vocabulary, place.change.left_out, windows.input_length());
    const Song& song = shorter ? *shorter : whole;
    if (!shorter) place.change.left_out = {};
    const std::uint64_t position = place.position * song.tokens.size() / whole.tokens.size();
    Window& window = batch.windows.emplace_back(Window{place.song, windows.start(song, position), place.change});
    const auto row = std::span(batch.tokens).subspan(b * size, size);
    fill_row(song, vocabulary, window, windows.input_length(), row);
    if (!vocabulary.has_beats()) continue;
    constexpr std::size_t parts = Context::parts;
    fill_contexts(song, vocabulary, window.first, row,
                  std::span(batch.contexts).subspan(b * size * parts, size * parts));
  }
  return batch;
}

/// The i-th of numbers spread evenly over [0, n), however many are taken: the fractional parts of i times the golden
/// ratio.
inline std::uint64_t spread(std::uint64_t i, std::uint64_t n) {
  const std::uint64_t fraction = i * 0x9E3779B97F4A7C15u + (std::uint64_t{1} << 63);
  return multiply_high(fraction, n);
}

}  // namespace detail

MUSICGEN_INLINE Batch make_batch(const Corpus& corpus, Split split, const BatchOptions& options, std::uint64_t seed,
                                 std::uint64_t step) {
  require_valid(options, corpus.vocabulary());
  constexpr std::uint64_t purpose = 0x6261746368;  // "batch": other draws from the same seed are independent
  const auto random_of = [&](std::uint64_t stream) { return Random(seed ^ purpose, step << 16 | stream); };
  const int input_length = random_of(0).between(options.input_length[0], options.input_length[1]);
  const detail::WindowMaker windows(corpus, split, input_length, options.target_length);
  const auto available = pitches_of(corpus.vocabulary());
  return detail::batch_of(corpus, options, windows, [&](int b) {
    Random random = random_of(static_cast<std::uint64_t>(b) + 1);
    detail::WindowPlace place = windows.at(random.below(windows.tokens()));
    if (random.uniform() < options.start_probability)
      place.position = 0;
    else if (options.end_probability > 0 && random.uniform() < options.end_probability)
      place = windows.last(place.song);
    if (split == Split::train)
      place.change = draw_augmentation(options.augmentation, corpus.songs()[place.song], available, random);
    return place;
  });
}

MUSICGEN_INLINE Batch validation_batch(const Corpus& corpus, const BatchOptions& options, std::uint64_t i,
                                       Split split) {
  require_valid(options);
  const auto [lowest, highest] = options.input_length;
  const auto more = detail::spread(i, static_cast<std::uint64_t>(highest - lowest) + 1);
  const detail::WindowMaker windows(corpus, split, lowest + static_cast<int>(more), options.target_length);
  return detail::batch_of(corpus, options, windows, [&](int b) {
    const auto row = i * static_cast<std::uint64_t>(options.batch) + static_cast<std::uint64_t>(b);
    return windows.at(detail::spread(row, windows.tokens()));
  });
}

}  // namespace musicgen::inline MUSICGEN_ABI
