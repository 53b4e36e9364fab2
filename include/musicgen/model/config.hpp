// What a model is, apart from its weights: its sizes, its vocabulary, and what it knows about its training music.
#pragma once

#include <concepts>
#include <optional>

#include "../backend/backend.hpp"
#include "../core/config.hpp"
#include "../data/music_profile.hpp"
#include "../tokens/vocabulary.hpp"

namespace musicgen::inline MUSICGEN_ABI {

class Corpus;

/// How the weights of a new model are drawn: the embedding from N(0, embedding^2), the output matrix uniformly within
/// output / sqrt(H), all others uniformly within 1 / sqrt(H), or 1 / sqrt(2 H) where they read output and context. The
/// defaults are PyTorch's. Rows of contexts are 0.
struct Initialization {
  double embedding = 1, output = 1;
  bool operator==(const Initialization&) const = default;
};

/// A value type: threads may share a const one.
struct ModelConfig {
  Dimensions dimensions;
  std::optional<Vocabulary> vocabulary;  ///< none: tokens without meaning, as in tests
  MusicProfile profile{};                ///< what is known about its training music
  bool canonical = true;                 ///< that music's tokens were in canonical order (see grammar.hpp)
  AttentionOptions attention{};
  Initialization initialization{};  ///< of a new model; not stored in its file
};

/// @throws Error  for a size that is not positive, a vocabulary of another size than V, or an attention scale that is
///                not in 1e-6 to 1e6
void require_valid(const ModelConfig& config);
/// @throws Error  for a program, a length or a velocity out of range
void require_valid(const MusicProfile& profile);

namespace presets {

/// Gains 2 % over PyTorch's after 5 million tokens, with Muon and attention over successors (docs/design.md).
inline constexpr Initialization narrow_embedding{0.25, 1.7320508};

[[nodiscard]] ModelConfig small(const Vocabulary& vocabulary);
[[nodiscard]] ModelConfig original(const Vocabulary& vocabulary);
/// The configuration with this profile.
[[nodiscard]] ModelConfig with_profile(ModelConfig config, const MusicProfile& profile);

/// Embedding 96, hidden 256, 2 layers, attention over successors, narrow_embedding: 3.8 MB, trains on a laptop with the
/// defaults of `TrainerOptions`.
/// @param corpus  gives the vocabulary and the profile
template <std::same_as<Corpus> C>  // a template, so that Corpus need not be complete here
[[nodiscard]] ModelConfig small(const C& corpus) {
  return with_profile(small(corpus.vocabulary()), corpus.profile());
}

/// The original project's: embedding 32, hidden 1028, 3 layers, attention over matches, PyTorch's initialization.
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
