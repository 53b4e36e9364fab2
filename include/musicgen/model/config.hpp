// What a model is, apart from its weights: its sizes, its words, what it knows of the music that it learned from.
#pragma once

#include <concepts>
#include <optional>

#include "../backend/backend.hpp"
#include "../core/config.hpp"
#include "../data/music_profile.hpp"
#include "../tokens/vocabulary.hpp"

namespace musicgen::inline MUSICGEN_ABI {

class Corpus;

/// How the weights of a model that has learned nothing are drawn: the embedding from N(0, embedding^2), the last matrix
/// uniformly within output / sqrt(H), the others within 1/sqrt(fan-in). As PyTorch does it, if nothing else is said.
struct Initialization {
  double embedding = 1, output = 1;
  bool operator==(const Initialization&) const = default;
};

/// A value type: threads may share a const one.
struct ModelConfig {
  Dimensions dimensions;
  std::optional<Vocabulary> vocabulary;  ///< none: numbers without meaning, as in tests
  MusicProfile profile{};                ///< what is known of the music it learned from
  bool canonical = true;                 ///< that music's tokens were in canonical order (see grammar.hpp)
  AttentionOptions attention{};
  Initialization initialization{};  ///< of a new model; not in its file, since it has no meaning after that
};

/// @throws Error  for a size that is not positive, a vocabulary of another size than V, or an attention scale that is
///                not in 1e-6 to 1e6
void require_valid(const ModelConfig& config);
/// @throws Error  for a program, a length or a velocity out of range
void require_valid(const MusicProfile& profile);

namespace presets {

/// Learns what 5 million tokens teach 2 % better than PyTorch's, with Muon and attention over successors
/// (docs/results.md).
inline constexpr Initialization narrow_embedding{0.25, 1.7320508};

[[nodiscard]] ModelConfig small(const Vocabulary& vocabulary);
[[nodiscard]] ModelConfig original(const Vocabulary& vocabulary);
/// The same for music of which that is known.
[[nodiscard]] ModelConfig with_profile(ModelConfig config, const MusicProfile& profile);

/// Embedding 96, hidden 256, 2 layers, attention over successors, narrow_embedding: 3.8 MB, trains on a laptop with the
/// defaults of `TrainerOptions`.
/// @param corpus  gives the vocabulary and the profile
template <std::same_as<Corpus> C>  // so that a model need not know what a corpus is until it is given one
[[nodiscard]] ModelConfig small(const C& corpus) {
  return with_profile(small(corpus.vocabulary()), corpus.profile());
}

/// The original project's: embedding 32, hidden 1028, 3 layers, attention over matches, drawn as PyTorch does.
/// @param corpus  gives the vocabulary and the profile
template <std::same_as<Corpus> C>
[[nodiscard]] ModelConfig original(const C& corpus) {
  return with_profile(original(corpus.vocabulary()), corpus.profile());
}

}  // namespace presets

}  // namespace musicgen::inline MUSICGEN_ABI

#ifndef MUSICGEN_COMPILED
#include "config.ipp"
#endif
