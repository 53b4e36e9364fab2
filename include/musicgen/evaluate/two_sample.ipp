// Definitions of two_sample.hpp.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <string>
#include <utility>

#include "../core/error.hpp"
#include "../core/random.hpp"
#include "../core/text.hpp"
#include "../core/thread_pool.hpp"
#include "distributions.hpp"
#include "excerpt_features.hpp"
#include "logistic_regression.hpp"
#include "two_sample.hpp"

namespace musicgen::inline MUSICGEN_ABI {

namespace detail {

/// The songs of a set in order of appearance.
inline std::vector<std::size_t> songs_of(std::span<const Excerpt> set) {
  std::vector<std::size_t> songs;
  for (const Excerpt& excerpt : set)
    if (std::find(songs.begin(), songs.end(), excerpt.song) == songs.end()) songs.push_back(excerpt.song);
  return songs;
}

/// Deals a set's songs to the folds in random order.
inline void deal(std::map<std::size_t, int>& fold_of, std::vector<std::size_t> songs, int folds, Random random) {
  for (std::size_t i = songs.size(); i > 1; --i) std::swap(songs[i - 1], songs[random.below(i)]);
  int fold = 0;
  for (const std::size_t song : songs) {
    if (!fold_of.emplace(song, fold).second)
      throw Error("a two-sample test wants different songs in its sets, and song " + std::to_string(song) +
                  " is in both");
    fold = (fold + 1) % folds;
  }
}

/// Examples of both sets.
struct Examples {
  std::vector<std::vector<double>> rows{};
  std::vector<bool> second{};
};

/// Balanced accuracy on `asked` after training on `learned`.
inline double fold_accuracy(Examples learned, Examples asked, double penalty) {
  const Standardizer standardizer(learned.rows);
  for (auto& row : learned.rows) standardizer.apply(row);
  const LogisticRegression classifier(learned.rows, learned.second, penalty);
  std::array<double, 2> right{}, all{};
  for (std::size_t i = 0; i < asked.rows.size(); ++i) {
    standardizer.apply(asked.rows[i]);
    const std::size_t set = asked.second[i] ? 1 : 0;
    right[set] += (classifier(asked.rows[i]) > 0) == asked.second[i];
    all[set] += 1;
  }
  return (right[0] / all[0] + right[1] / all[1]) / 2;
}

}  // namespace detail

MUSICGEN_INLINE std::vector<Excerpt> excerpts_of(std::span<const Note> notes, std::chrono::duration<double> length,
                                                 std::size_t song) {
  constexpr std::size_t least_notes = 16;
  const double seconds = length.count();
  if (!(seconds > 0)) throw Error("an excerpt lasts longer than " + detail::number_text(seconds) + " s");
  std::vector<Excerpt> excerpts;
  if (notes.empty()) return excerpts;
  double end = 0;
  for (const Note& note : notes) end = std::max(end, note.end - notes[0].start);
  // A song cut to whole minutes may end a little earlier, with its last note.
  const auto count = std::max<std::int64_t>(1, static_cast<std::int64_t>(end / seconds + 0.2));
  excerpts.assign(static_cast<std::size_t>(count), Excerpt{{}, song});
  for (const Note& note : notes) {
    const auto i = static_cast<std::size_t>((note.start - notes[0].start) / seconds);
    if (i < excerpts.size()) excerpts[i].notes.push_back(note);
  }
  std::erase_if(excerpts, [&](const Excerpt& excerpt) { return excerpt.notes.size() < least_notes; });
  return excerpts;
}

MUSICGEN_INLINE TwoSampleResult two_sample_test(std::span<const Excerpt> first, std::span<const Excerpt> second,
                                                const TwoSampleOptions& options) {
  const auto first_songs = detail::songs_of(first), second_songs = detail::songs_of(second);
  const std::size_t fewest = std::min(first_songs.size(), second_songs.size());
  if (fewest < 2) throw Error("a two-sample test wants two songs or more in each set");
  if (options.folds < 2) throw Error("a two-sample test has two folds at least, not " + std::to_string(options.folds));
  const int folds = static_cast<int>(std::min<std::size_t>(static_cast<std::size_t>(options.folds), fewest));
  std::map<std::size_t, int> fold_of;
  detail::deal(fold_of, first_songs, folds, Random(options.seed, 1));
  detail::deal(fold_of, second_songs, folds, Random(options.seed, 2));

  std::vector<const Excerpt*> all;
  for (const Excerpt& excerpt : first) all.push_back(&excerpt);
  for (const Excerpt& excerpt : second) all.push_back(&excerpt);
  std::vector<std::vector<double>> features(all.size());
  thread_pool().parallel_for(std::ssize(all), [&](std::int64_t i) {
    features[static_cast<std::size_t>(i)] = detail::excerpt_features(all[static_cast<std::size_t>(i)]->notes);
  });
  std::vector<double> accuracies(static_cast<std::size_t>(folds));
  thread_pool().parallel_for(folds, [&](std::int64_t fold) {
    detail::Examples learned, asked;
    for (std::size_t i = 0; i < all.size(); ++i) {
      detail::Examples& to = fold_of.at(all[i]->song) == fold ? asked : learned;
      to.rows.push_back(features[i]);
      to.second.push_back(i >= first.size());
    }
    accuracies[static_cast<std::size_t>(fold)] =
        detail::fold_accuracy(std::move(learned), std::move(asked), options.penalty);
  });
  const Summary summary = summarize(accuracies);
  return {summary.mean, summary.deviation / std::sqrt(folds), first.size(), second.size(), folds};
}

}  // namespace musicgen::inline MUSICGEN_ABI
