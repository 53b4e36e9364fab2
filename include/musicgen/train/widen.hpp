// Adds hidden units to a model without changing its output, so that a larger network starts from what a smaller one has
// learned (after Net2Net: Chen, Goodfellow, Shlens 2016).
//
// The larger one is initialized at random, then the smaller one's weights are copied into their places. The new units
// are silent: the weights and biases that compute them are 0, in the GRU those of their candidates,
//
//   n_t = tanh(0) = 0,  h_t = (1 - z_t) n_t + z_t h_{t-1} = 0  from h_0 = 0 on
//
// so they change no attention score and no logit. The weights by which other units read them are random, so each new
// unit gets its own gradient and learns from the first step on.
#pragma once

#include <cstdint>

#include "../backend/backend.hpp"
#include "../core/config.hpp"
#include "../model/model.hpp"

namespace musicgen::inline MUSICGEN_ABI {

/// The same model with `hidden` units in each layer, and the same logits except for rounding.
/// @param seed  for the new units' weights
/// @throws Error  if the model has more units than that
template <Backend B>
[[nodiscard]] Model<B> widened(const Model<B>& model, int hidden, std::uint64_t seed);

}  // namespace musicgen::inline MUSICGEN_ABI

#ifndef MUSICGEN_COMPILED
#include "widen.ipp"
#endif
