// How well a model knows songs: the negative log-likelihood of every token, whole songs, attention over all of them.
//
// nats/token depends on the vocabulary, so it is also given per note (sum / note-ons; what the plan of a song in beats
// costs is given apart) and in bits per second of music
// (sum log2(e) / duration). Each of them twice: as the model says it, and with the grammar's mask, under which what
// cannot come has no share of the probability. The sums are also kept by kinds of tokens, which shows where a model is
// surprised.
#pragma once

#include <array>
#include <cstdint>
#include <numbers>
#include <span>
#include <vector>

#include "../backend/backend.hpp"
#include "../core/config.hpp"
#include "../data/song.hpp"
#include "../tokens/vocabulary.hpp"

namespace musicgen::inline MUSICGEN_ABI {

/// Of the tokens of one kind.
struct KindLikelihood {
  std::int64_t tokens = 0;
  double nats = 0, masked_nats = 0;  ///< sums of -log p; which kind comes is part of what a token says

  KindLikelihood& operator+=(const KindLikelihood& other);
  bool operator==(const KindLikelihood&) const = default;
};

/// Of songs: sums, and what is computed from them.
struct Likelihood {
  std::int64_t songs = 0, tokens = 0, notes = 0;         ///< tokens: all but `^`, which is given
  double seconds = 0;                                    ///< of music
  double nats = 0, masked_nats = 0;                      ///< sums of -log p; masked: by the grammar
  std::array<KindLikelihood, token_kind_count> kinds{};  ///< by TokenKind: what the sums are made of

  /// Of all words of the plan: key, tempo, metre, phrases, chords. None of performances. Bar lines are not among them.
  [[nodiscard]] KindLikelihood plan() const;

  [[nodiscard]] double nats_per_token() const { return per(nats, static_cast<double>(tokens)); }
  /// Of all tokens but those of the plan.
  [[nodiscard]] double nats_per_note() const { return per(nats - plan().nats, static_cast<double>(notes)); }
  [[nodiscard]] double plan_nats_per_note() const { return per(plan().nats, static_cast<double>(notes)); }
  [[nodiscard]] double bits_per_second() const { return per(nats / std::numbers::ln2, seconds); }
  [[nodiscard]] double masked_nats_per_token() const { return per(masked_nats, static_cast<double>(tokens)); }
  [[nodiscard]] double masked_nats_per_note() const {
    return per(masked_nats - plan().masked_nats, static_cast<double>(notes));
  }
  [[nodiscard]] double masked_plan_nats_per_note() const { return per(plan().masked_nats, static_cast<double>(notes)); }
  [[nodiscard]] double masked_bits_per_second() const { return per(masked_nats / std::numbers::ln2, seconds); }

  Likelihood& operator+=(const Likelihood& other);
  bool operator==(const Likelihood&) const = default;

 private:
  static double per(double sum, double count) { return count > 0 ? sum / count : 0; }
};

template <Backend B>
class Model;  // model.hpp

/// The likelihood of each song, in the order given. Takes a gigabyte, and more only for a song that has no room in it
/// by itself. Threads may share the model; it computes on the thread pool.
/// @throws Error  if a song has a token that the model lacks, or the model gives no number
template <Backend B>
[[nodiscard]] std::vector<Likelihood> likelihoods(const Model<B>& model, std::span<const Song* const> songs);

/// The likelihood of each song with a sampler's decoder: weights in this precision, attention over the last `window`
/// tokens, not restricted where a phrase returns. Threads may share the model.
/// @throws Error  as above, or for a window under 1
template <Backend B>
[[nodiscard]] std::vector<Likelihood> sampled_likelihoods(const Model<B>& model, std::span<const Song* const> songs,
                                                          Precision precision, int window);

/// All of them together.
[[nodiscard]] Likelihood total(std::span<const Likelihood> songs);

/// The likelihood of all the songs together; see likelihoods().
template <Backend B>
[[nodiscard]] Likelihood likelihood(const Model<B>& model, std::span<const Song* const> songs) {
  return total(likelihoods(model, songs));
}

}  // namespace musicgen::inline MUSICGEN_ABI

#ifndef MUSICGEN_COMPILED
#include "likelihood.ipp"
#endif
