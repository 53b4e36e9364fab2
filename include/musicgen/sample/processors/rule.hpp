// A function as a processor.
#pragma once

#include <functional>
#include <utility>

#include "../../core/config.hpp"
#include "../../tokens/song_state.hpp"
#include "../../tokens/vocabulary.hpp"
#include "../logits.hpp"

namespace musicgen::inline MUSICGEN_ABI {

/// Forbids the tokens for which `unwanted(event)` holds, at any place of the song; the grammar looks ahead.
struct Forbid {
  std::function<bool(TokenEvent)> unwanted;

  [[nodiscard]] bool forbids(TokenEvent event) const { return unwanted(event); }
};

/// Calls `rule(logits, song)`. Its state does not begin anew with each song; for that, write a struct (processor.hpp).
template <class F>
class Rule {
 public:
  explicit Rule(F rule) : rule_(std::move(rule)) {}
  void apply(Logits logits, const SongState& song) { rule_(logits, song); }

 private:
  F rule_;
};

}  // namespace musicgen::inline MUSICGEN_ABI
