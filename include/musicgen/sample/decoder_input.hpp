// The input of a decoder's step. Internal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "../backend/backend.hpp"
#include "../core/config.hpp"
#include "../tokens/context.hpp"
#include "../tokens/song_state.hpp"
#include "../tokens/vocabulary.hpp"

namespace musicgen::inline MUSICGEN_ABI::detail {

/// One token of each song and, for models that take contexts, where the song is after it. Allocates nothing from the
/// second step on.
class DecoderInput {
 public:
  explicit DecoderInput(const Dimensions& dimensions) : V_(dimensions.V), has_contexts_(dimensions.C > 0) {}

  void clear() {
    tokens_.clear();
    contexts_.clear();
  }
  /// @param song  after the token
  void add(Token token, const SongState& song, std::size_t times = 1) {
    tokens_.insert(tokens_.end(), times, token);
    if (!has_contexts_) return;
    const auto rows = Context::of(song.place(), V_);
    for (std::size_t i = 0; i < times; ++i) contexts_.insert(contexts_.end(), rows.begin(), rows.end());
  }
  /// @return  logits (B, V), valid until the decoder's next step
  template <class Decoder>
  const auto& feed(Decoder& decoder) const {
    return decoder.step(tokens_, contexts_);
  }

 private:
  int V_;
  bool has_contexts_;
  std::vector<Token> tokens_{}, contexts_{};
};

}  // namespace musicgen::inline MUSICGEN_ABI::detail
