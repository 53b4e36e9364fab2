// What a model asks of the machine it computes on.
//
// Dimensions, everywhere in the library:
//   B  sequences of a batch     T  time steps      Q  of them, those whose next token is predicted (the last ones)
//   V  vocabulary               E  embedding       H  hidden units       L  layers       N  rows: Q*B or T*B
// Time is outermost: row t*B + b of a (T*B, ...) matrix belongs to step t of sequence b.
#pragma once

#include <concepts>
#include <cstdint>
#include <span>
#include <vector>

#include "../core/tensor.hpp"
#include "../tokens/vocabulary.hpp"

namespace musicgen {

/// Adam (Kingma, Ba 2015) and AdamW (Loshchilov, Hutter 2019).
struct AdamOptions {
  double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;
  double weight_decay = 0;  ///< AdamW's, decoupled; 0: plain Adam
  double clip = 1;          ///< largest norm of the whole gradient; 0: not clipped
};

/// Sizes of a network.
struct Dimensions {
  int V = 0, E = 32, H = 256, L = 2;
  bool operator==(const Dimensions&) const = default;
};

/// Sequences to learn from or to judge.
struct Sequences {
  int B, T, Q;                     ///< Q <= T
  std::span<const Token> inputs;   ///< (T*B), each in [0, V)
  std::span<const Token> targets;  ///< (Q*B), what follows the last Q inputs; `no_token`: not judged
};

/// A backend computes the network's parts; `Model` puts them together.
template <class B>
concept Backend = requires(typename B::Parameters& weights, typename B::Parameters& gradients,
                           typename B::Activations& kept, const Sequences& batch, const Dimensions& d) {
  typename B::Scalar;
  typename B::Decoder;                                      ///< the network a token at a time
  { B::zeros(d) } -> std::same_as<typename B::Parameters>;  ///< of the shapes that these sizes ask for
  B::embed(weights, batch, kept);                           ///< tokens to (T*B, E)
  B::gru_stack_forward(weights, batch, kept);               ///< outputs of all layers
  B::attend(batch, kept);                                   ///< contexts of the last Q outputs
  B::head(weights, batch, kept);                            ///< logits (Q*B, V)
  { B::loss(batch, kept) } -> std::convertible_to<double>;  ///< nats per token; logits become their gradient
  B::head_backward(weights, batch, kept, gradients);        ///< gradients are added to
  B::attend_backward(batch, kept);
  B::gru_stack_backward(weights, batch, kept, gradients);
  B::embed_backward(batch, kept, gradients);
  { B::squared_norm(gradients) } -> std::convertible_to<double>;
  B::update(weights, gradients, gradients, gradients, std::int64_t{}, 1e-3, 1.0,
            AdamOptions{});  ///< Adam, see adam.hpp
};

}  // namespace musicgen
