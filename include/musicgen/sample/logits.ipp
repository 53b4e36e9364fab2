// Definitions of logits.hpp.
#pragma once

#include "logits.hpp"

namespace musicgen::inline MUSICGEN_ABI {

MUSICGEN_INLINE TokenTable::TokenTable(const Vocabulary& vocabulary) : vocabulary_(vocabulary) {
  for (Token t = 0; t < vocabulary.size(); ++t) of_kind_[static_cast<std::size_t>(vocabulary[t].kind)].push_back(t);
  for (int steps = 1; steps <= max_time_steps; ++steps) times_.push_back(vocabulary.time(steps));
}

}  // namespace musicgen::inline MUSICGEN_ABI
