// How well a model predicts songs: the negative log-likelihood of every token of whole songs, with attention over all
// of a song.
//
// nats/token depends on the vocabulary, so the likelihood is also given per note (sum / note-ons; for songs in beats
// the cost of the plan is given separately) and in bits per second of music (sum log2(e) / duration). Each is given
// twice: as the model predicts it, and with the grammar's mask, which gives no probability to impossible tokens. The
// sums are also kept by kind of token, which shows where a model is surprised.
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

/// The likelihood of the tokens of one kind.
struct KindLikelihood {
  std::int64_t tokens = 0;
  double nats = 0, masked_nats = 0;  ///< sums of -log p, including the choice of the kind

  KindLikelihood& operator+=(const KindLikelihood& other);
  bool operator==(const KindLikelihood&) const = default;
};

/// The likelihood of songs: sums, and figures computed from them.
struct Likelihood {
  std::int64_t songs = 0, tokens = 0, notes = 0;         ///< tokens: all but `^`, which is given
  double seconds = 0;                                    ///< of music
  double nats = 0, masked_nats = 0;                      ///< sums of -log p; masked: by the grammar
  std::array<KindLikelihood, token_kind_count> kinds{};  ///< the sums by TokenKind

  /// Of all plan tokens: key, tempo, metre, phrases, repeats, chords, but not bar lines. Performances have none.
  [[nodiscard]] KindLikelihood plan() const;

  [[nodiscard]] double nats_per_token() const { return per(nats, static_cast<double>(tokens)); }
  /// Of all tokens except those of the plan.
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

/// The likelihood of each song, in the order given. Takes up to a gigabyte, or more for a single song that needs it.
/// Threads may share the model; it computes on the thread pool.
/// @throws Error  if a song has a token that the model lacks, the model has no vocabulary, or a likelihood is not
///                finite
template <Backend B>
[[nodiscard]] std::vector<Likelihood> likelihoods(const Model<B>& model, std::span<const Song* const> songs);

/// The likelihood of each song with a sampler's decoder: weights in this precision, and attention over the last
/// `window` tokens. Threads may share the model.
/// @throws Error  as above, or for a window under 1
template <Backend B>
[[nodiscard]] std::vector<Likelihood> sampled_likelihoods(const Model<B>& model, std::span<const Song* const> songs,
                                                          Precision precision, int window);

/// The sum over the songs.
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
