// How well a model knows songs: the negative log-likelihood of every token, whole songs, attention over all of them.
//
// nats/token depends on the vocabulary, so it is also given per note (sum / note-ons) and in bits per second of music
// (sum log2(e) / duration). Each of them twice: as the model says it, and with the grammar's mask, under which what
// cannot come has no share of the probability.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <span>
#include <vector>

#include "../core/error.hpp"
#include "../core/thread_pool.hpp"
#include "../data/song.hpp"
#include "../model.hpp"
#include "../tokens/grammar.hpp"

namespace musicgen {

struct Likelihood {
  std::int64_t songs = 0, tokens = 0, notes = 0;  ///< tokens: all but `^`, which is given
  double seconds = 0;                             ///< of music
  double nats = 0, nats_masked = 0;               ///< sums of -log p; masked: by the grammar

  double nats_per_token() const { return per(nats, static_cast<double>(tokens)); }
  double nats_per_note() const { return per(nats, static_cast<double>(notes)); }
  double bits_per_second() const { return per(nats / std::log(2.0), seconds); }
  double masked_nats_per_token() const { return per(nats_masked, static_cast<double>(tokens)); }
  double masked_nats_per_note() const { return per(nats_masked, static_cast<double>(notes)); }
  double masked_bits_per_second() const { return per(nats_masked / std::log(2.0), seconds); }

  Likelihood& operator+=(const Likelihood& other) {
    songs += other.songs;
    tokens += other.tokens;
    notes += other.notes;
    seconds += other.seconds;
    nats += other.nats;
    nats_masked += other.nats_masked;
    return *this;
  }

 private:
  static double per(double sum, double count) { return count > 0 ? sum / count : 0; }
};

namespace detail {

/// -log softmax(logits)_target over the tokens whose mask is not 0, in double. A target that the mask excludes counts
/// as allowed: a song may break the grammar of a model that was trained on other songs.
template <class Scalar>
double masked_nll(std::span<const Scalar> logits, Token target, std::span<const std::uint8_t> mask) {
  const auto y = static_cast<std::size_t>(target);
  double max = static_cast<double>(logits[y]);
  for (std::size_t v = 0; v < logits.size(); ++v)
    if (mask[v]) max = std::max(max, static_cast<double>(logits[v]));
  double sum = 0;
  for (std::size_t v = 0; v < logits.size(); ++v)
    if (mask[v] || v == y) sum += std::exp(static_cast<double>(logits[v]) - max);
  return max + std::log(sum) - static_cast<double>(logits[y]);
}

/// The likelihood of one song of a batch.
template <class Logits>
Likelihood song_likelihood(const Song& song, const ModelConfig& config, const Logits& logits, int b, int B) {
  const Vocabulary& vocabulary = *config.vocabulary;
  using Scalar = typename Logits::Scalar;
  const std::vector<std::uint8_t> everything(static_cast<std::size_t>(vocabulary.size()), 1);
  std::vector<std::uint8_t> mask(everything.size());
  Grammar grammar(vocabulary, {.canonical = config.canonical});
  bool grammatical = true;  // songs from elsewhere may leave the grammar; from there on nothing is masked
  Likelihood sum{.songs = 1,
                 .tokens = static_cast<std::int64_t>(song.tokens.size()) - 1,
                 .notes = song.notes,
                 .seconds = song.seconds()};
  for (std::size_t t = 0; t + 1 < song.tokens.size(); ++t) {
    grammatical = grammatical && grammar.allows(song.tokens[t]);
    if (grammatical) {
      grammar.advance(song.tokens[t]);
      grammar.allowed(mask);
    }
    const Token target = song.tokens[t + 1];
    const std::span<const Scalar> row(logits.row(static_cast<std::ptrdiff_t>(t) * B + b).data(), mask.size());
    sum.nats += masked_nll(row, target, everything);
    sum.nats_masked += masked_nll(row, target, grammatical ? mask : everything);
  }
  return sum;
}

}  // namespace detail

/// The likelihood of each song, in the order given. Takes a gigabyte, and more only for a song that has no room in it
/// by itself.
/// @throws Error  if a song has a token that the model lacks, or the model gives no number
template <Backend B>
std::vector<Likelihood> likelihoods(Model<B>& model, std::span<const Song* const> songs) {
  const Dimensions& d = model.dimensions();
  const double row_bytes = sizeof(typename B::Scalar) * (5.0 * d.L * d.H + 3.0 * d.H + d.V);
  const std::size_t largest_batch = 32, largest_rows = static_cast<std::size_t>(1e9 / row_bytes);
  model.vocabulary();
  std::vector<std::size_t> order(songs.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return songs[a]->tokens.size() > songs[b]->tokens.size(); });

  std::vector<Likelihood> all(songs.size());
  std::vector<Token> inputs, targets;
  for (std::size_t first = 0; first < order.size();) {
    const std::size_t T = songs[order[first]]->tokens.size() - 1;  // the longest of the batch
    const std::size_t rows =
        std::min({largest_batch, std::max<std::size_t>(1, largest_rows / T), order.size() - first});
    inputs.assign(T * rows, model.vocabulary().end());
    targets.assign(T * rows, no_token);
    for (std::size_t b = 0; b < rows; ++b)
      for (std::size_t t = 0; t + 1 < songs[order[first + b]]->tokens.size(); ++t)
        inputs[t * rows + b] = songs[order[first + b]]->tokens[t];
    const int N = static_cast<int>(rows), length = static_cast<int>(T);
    const auto& logits = model.logits({N, length, length, inputs, targets});
    thread_pool().parallel_for(N, [&](std::int64_t b) {
      const std::size_t i = order[first + static_cast<std::size_t>(b)];
      all[i] = detail::song_likelihood(*songs[i], model.config(), logits, static_cast<int>(b), N);
    });
    for (std::size_t b = 0; b < rows; ++b)
      if (const std::size_t i = order[first + b]; !std::isfinite(all[i].nats + all[i].nats_masked))
        throw Error("the model's probabilities for " + songs[i]->name + " are not finite");
    first += rows;
  }
  return all;
}

/// All of them together.
template <Backend B>
Likelihood likelihood(Model<B>& model, std::span<const Song* const> songs) {
  Likelihood sum;
  for (const Likelihood& one : likelihoods(model, songs)) sum += one;
  return sum;
}

}  // namespace musicgen
