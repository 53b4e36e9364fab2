// A min-p over the tokens of notes alone. Internal.
#pragma once

#include <algorithm>
#include <cmath>

#include "../core/config.hpp"
#include "logits.hpp"

namespace musicgen::inline MUSICGEN_ABI::detail {

/// Forbids tokens whose probability is under `min_p` times the largest, among those of notes but their velocities.
/// @param may_go  the kinds that may be forbidden
template <class MayGo>
void forbid_improbable_notes(Logits logits, float min_p, MayGo&& may_go) {
  if (min_p == 0) return;
  const auto for_each_token = [&](auto&& visit) {
    for (Token v = 0; v < logits.size(); ++v)
      if (const TokenKind kind = logits.vocabulary()[v].kind; kind <= TokenKind::time && kind != TokenKind::velocity)
        visit(v, kind);
  };
  double largest = Logits::forbidden;
  for_each_token([&](Token v, TokenKind) { largest = std::max(largest, logits[v]); });
  if (largest == Logits::forbidden) return;
  const double least = largest + std::log(static_cast<double>(min_p));
  for_each_token([&](Token v, TokenKind kind) {
    if (may_go(kind) && logits[v] < least) logits.forbid(v);
  });
}

}  // namespace musicgen::inline MUSICGEN_ABI::detail
