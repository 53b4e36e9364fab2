// A model with more hidden units that says what the smaller one says: what a small network has learned is where a
// larger one begins (after Net2Net: Chen, Goodfellow, Shlens 2016).
//
// The larger one is drawn at random; the smaller one's weights take their places in it. The new units are silent: the
// weights, and the bias, of what they compute are 0, in the GRU those of their candidates,
//
//   n_t = tanh(0) = 0,  h_t = (1 - z_t) n_t + z_t h_{t-1} = 0  from h_0 = 0 on
//
// so they change no score of attention and no logit. The weights by which other units read them are random: each new
// unit gets a gradient of its own, and learns from the first step on.
#pragma once

#include <cstdint>

#include "../backend/backend.hpp"
#include "../core/config.hpp"
#include "../model/model.hpp"

namespace musicgen::inline MUSICGEN_ABI {

/// The same model with `hidden` units in each layer, the same logits (but for rounding) after the same tokens.
/// @param seed  of the new units' weights
/// @throws Error  if it has more units than that
template <Backend B>
[[nodiscard]] Model<B> widened(const Model<B>& model, int hidden, std::uint64_t seed);

}  // namespace musicgen::inline MUSICGEN_ABI

#ifndef MUSICGEN_COMPILED
#include "widen.ipp"
#endif
