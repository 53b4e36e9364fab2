// What a model needs of the machine that it computes on.
//
// Dimensions, everywhere in the library:
//   B  sequences of a batch     T  time steps      Q  the last of them, whose next token is predicted
//   V  vocabulary               E  embedding       H  hidden units       L  layers       N  rows: Q*B or T*B
// Time is outermost: row t*B + b of a (T*B, ...) matrix belongs to step t of sequence b.
#pragma once

#include <concepts>
#include <cstdint>
#include <iosfwd>
#include <span>
#include <vector>

#include "../core/config.hpp"
#include "../core/tensor.hpp"
#include "../tokens/vocabulary.hpp"

namespace musicgen::inline MUSICGEN_ABI {

/// Adam (Kingma, Ba 2015), AdamW (Loshchilov, Hutter 2019), and Muon (Jordan et al. 2024) for the matrices that it
/// suits.
struct OptimizerOptions {
  double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;
  double weight_decay = 0;  ///< AdamW's, decoupled; 0: plain Adam
  double clip = 1;          ///< largest norm of the whole gradient; 0: not clipped
  double muon = 0;  ///< the GRU's matrices and the head's first learn by Muon, at this multiple of the learning rate;
                    ///< 0: by Adam, like everything else
  double muon_momentum = 0.95;
};

/// Sizes of a network.
struct Dimensions {
  int V = 0, E = 32, H = 256, L = 2;
  int C = 0;            ///< rows of the embedding beyond those of tokens, for contexts (tokens/context.hpp)
  bool copies = false;  ///< the head's last output is for copying (backend/cpu/copying.hpp)
  [[nodiscard]] int outputs() const { return V + (copies ? 1 : 0); }  ///< of the head
  /// Whether the CUDA backend lacks what it needs: contexts, or copying.
  [[nodiscard]] bool on_cpu_only() const { return C > 0 || copies; }
  bool operator==(const Dimensions&) const = default;
};

/// Names and shapes of a network's weights, as in PyTorch's state dict, in the order in which they are stored.
[[nodiscard]] std::vector<NamedShape> tensor_shapes(const Dimensions& d);

/// What attention sums, weighted by the similarity of the present output and earlier ones.
enum class AttentionValue {
  match,     ///< the earlier output itself, as in the original project
  successor  ///< the one after it: what came next when the music last sounded like this
};

/// How outputs attend to earlier ones.
struct AttentionOptions {
  AttentionValue value;
  float scale;  ///< factor of scores before the softmax; 1: as in the original project

  constexpr AttentionOptions(AttentionValue summed = AttentionValue::match, float factor = 1)
      : value(summed), scale(factor) {}
  bool operator==(const AttentionOptions&) const = default;
};

/// "successors, scaled by 0.0625"
std::ostream& operator<<(std::ostream& out, const AttentionOptions& options);

/// How a decoder stores weights and earlier outputs. Fewer bytes are faster, and change the probabilities a little.
enum class Precision {
  fp32,  ///< as they are (a model in double keeps its doubles)
  bf16,  ///< half the bytes; arithmetic in fp32
  int8   ///< a quarter: weights, inputs and earlier outputs in eight bits, weights with a scale for each unit
};

/// Sequences for training or evaluation.
struct Sequences {
  int B, T, Q;                     ///< Q <= T
  std::span<const Token> inputs;   ///< (T*B), each in [0, V)
  std::span<const Token> targets;  ///< (Q*B), what follows the last Q inputs; `no_token`: not counted
  /// (T*B, parts), each in [V, V+C): rows of the embedding that are added to an input's. Empty if C is 0.
  std::span<const Token> contexts{};
};

/// Sequences, and what to compute of them, and how. The same from `upload` to the last call.
struct Pass : Sequences {
  /// The precision of products with weights, fp32 or bf16, forward and backward. Attention's products stay in fp32: its
  /// scores reach hundreds, of which bf16 would keep no fraction. So do those of the embedding, which are few.
  Precision products = Precision::fp32;
  AttentionOptions attention{};
  bool copies = false;       ///< see Dimensions
  bool for_backward = true;  ///< false: a forward pass only, which keeps less
};

namespace detail {

/// Row `row` of logits.
template <class Logits>
auto logits_row(const Logits& logits, std::int64_t row) {
  return std::span<const typename Logits::Scalar>(logits.row(row).data(), static_cast<std::size_t>(logits.cols()));
}

}  // namespace detail

/// The network, one token at a time, for several songs side by side, in a fixed amount of memory. Copies share the
/// weights.
template <class D>
concept Decoder = requires(D decoder, const D& other, std::span<const Token> tokens) {
  typename D::State;                         ///< what a step changes
  { other.of_batch(2) } -> std::same_as<D>;  ///< at its beginning, for another number of songs
  {decoder.step(tokens).row(0).data()};      ///< (B) tokens in, logits (B, V) out; allocates nothing
  { other.state() } -> std::same_as<const typename D::State&>;
  decoder.restore(other.state());
  decoder.reset();  ///< back to before the first token
};

/// A backend computes the network's parts; `Model` puts them together. When a call returns, a device may still be
/// working; calls that return a number or host memory wait for it.
template <class B>
concept Backend = Decoder<typename B::Decoder> &&
    std::constructible_from<typename B::Decoder, const typename B::Parameters&, int, int, Precision,
                            AttentionOptions> &&
    requires(typename B::Parameters& weights, typename B::Parameters& gradients, typename B::Activations& saved,
             const Pass& pass, const Dimensions& d, void (*work)()) {
  typename B::Scalar;
  { B::zeros(d) } -> std::same_as<typename B::Parameters>;  ///< of the shapes for these sizes
  { B::HostParameters::zeros(d).tensors() } -> std::same_as<std::vector<TensorView<typename B::Scalar>>>;
  { B::to_host(weights) } -> std::convertible_to<const typename B::HostParameters&>;  ///< a copy, unless they are there
  { B::from_host(B::HostParameters::zeros(d)) } -> std::same_as<typename B::Parameters>;
  B::upload(weights, pass, saved);                    ///< the batch's tokens, before all that follows
  B::capture(weights, gradients, pass, saved, work);  ///< calls `work`, which does the same for each batch of a size
                                                      ///< except for the tokens: a device may replay it instead
  B::embed(weights, pass, saved);                     ///< from tokens to what the first layer's steps start from
  B::gru_stack_forward(weights, pass, saved);         ///< outputs of all layers
  B::attend(pass, saved);                             ///< contexts of the last Q outputs
  B::head(weights, pass, saved);                      ///< logits (Q*B, V)
  B::loss(pass, saved);                               ///< logits become their gradient
  { B::mean_loss(saved) } -> std::convertible_to<double>;  ///< the loss, nats per token
  B::logits(pass, saved).row(0).data();                    ///< (Q*B, V), before the loss; in the host's memory
  {std::span<const typename B::Scalar>(B::nll(saved))};    ///< (Q*B), of each target, after the loss
  B::head_backward(weights, pass, saved, gradients);       ///< gradients are added to
  B::attend_backward(pass, saved);
  B::gru_stack_backward(weights, pass, saved, gradients);
  B::embed_backward(weights, pass, saved, gradients);
  { B::squared_norm(gradients) } -> std::convertible_to<double>;
  {
    B::update(weights, gradients, gradients, gradients, std::int64_t{}, 1e-3, OptimizerOptions{})
    } -> std::convertible_to<double>;  ///< Adam, see adam.hpp: the gradient's norm before it is clipped; if it is not
                                       ///< finite, nothing is changed
};

}  // namespace musicgen::inline MUSICGEN_ABI

#ifndef MUSICGEN_COMPILED
#include "backend.ipp"
#endif
