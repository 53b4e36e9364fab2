// The network as a whole: its sizes, its weights, forward and backward. Composes what a backend computes.
//
//   e_t      = E[token_t]
//   h^l_t    = GRU^l(h^{l-1}_t, h^l_{t-1})
//   c_t      = sum_{s<t} softmax_s(scale h_t . h_s) v_s   (top layer; v_s = h_s or h_{s+1})
//   logits_t = W2 tanh(W1 [h_t ; c_t] + b1) + b2
//   loss     = mean over the targets of -log softmax(logits)_target
#pragma once

#include <algorithm>
#include <cmath>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "backend/backend.hpp"
#include "backend/cpu/cpu.hpp"
#include "core/config.hpp"
#include "core/error.hpp"
#include "core/random.hpp"
#include "data/music_profile.hpp"
#include "tokens/vocabulary.hpp"

namespace musicgen::inline MUSICGEN_ABI {

/// What a model is, apart from its weights.
struct ModelConfig {
  Dimensions dimensions;
  std::optional<Vocabulary> vocabulary;  ///< none: numbers without meaning, as in tests
  MusicProfile profile{};                ///< what is known of the music it learned from
  bool canonical = true;                 ///< that music's tokens were in canonical order (see grammar.hpp)
  AttentionOptions attention{};
};

/// How the weights of a model that has learned nothing are drawn: the embedding from N(0, embedding^2), the last matrix
/// uniformly within output / sqrt(H), the others within 1/sqrt(fan-in). As PyTorch does it, if nothing else is said.
struct Initialization {
  double embedding = 1, output = 1;
};

namespace presets {
/// Learns what 5 million tokens teach 2 % better than PyTorch's, with Muon and attention over successors
/// (docs/results.md).
inline constexpr Initialization narrow_embedding{0.25, 1.7320508};
/// The original project's: embedding 32, hidden 1028, 3 layers, attention over matches.
inline ModelConfig original(const Vocabulary& vocabulary) {
  return {{vocabulary.size(), 32, 1028, 3}, vocabulary, {}, true};
}
/// Embedding 96, hidden 256, 2 layers, attention over successors: 3.8 MB, trains on a laptop.
inline ModelConfig small(const Vocabulary& vocabulary) {
  return {{vocabulary.size(), 96, 256, 2}, vocabulary, {}, true, AttentionValue::successor};
}
}  // namespace presets

template <Backend B = Cpu>
class Model {
 public:
  using Scalar = typename B::Scalar;
  using Parameters = typename B::Parameters;

  /// A model that has learned nothing.
  /// @throws Error  for sizes that are not positive
  explicit Model(ModelConfig config, std::uint64_t seed = 1, const Initialization& initialization = {})
      : Model(config, drawn(config.dimensions, seed, initialization)) {}

  /// @param weights  of the shapes that the configuration asks for
  Model(ModelConfig config, Parameters weights) : config_(std::move(config)), weights_(std::move(weights)) {
    activations_.attention_options = config_.attention;
  }

  const ModelConfig& config() const { return config_; }
  const Dimensions& dimensions() const { return config_.dimensions; }
  /// @throws Error  if the model has none
  const Vocabulary& vocabulary() const {
    if (!config_.vocabulary) throw Error("the model has no vocabulary");
    return *config_.vocabulary;
  }
  Parameters& weights() { return weights_; }
  const Parameters& weights() const { return weights_; }
  Parameters& gradients() { return gradients_; }
  std::int64_t parameter_count() const {
    std::int64_t count = 0;
    for (const auto& t : tensor_shapes(config_.dimensions)) count += element_count(t.shape);
    return count;
  }

  /// What forward(), backward() and nll() compute the products of weights in. bf16 rounds both factors and sums in
  /// fp32: for GPUs; slower on most processors. A model in double keeps its doubles.
  /// @throws Error  for int8
  void set_products(Precision products) {
    if (products == Precision::int8) throw Error("products are computed in fp32 or bf16, not in int8");
    activations_.products = products;
  }

  /// Loss in nats per target. Keeps what backward() needs. Teacher forcing: the inputs are the true tokens.
  /// @throws Error  for a token out of range
  double forward(const Sequences& batch) {
    activations_.for_backward = true;
    run_forward(batch);
    B::loss(batch, activations_);
    return loss();
  }
  /// forward() and backward(), waiting for neither: what a device computes may not be there yet. loss() waits.
  void forward_backward(const Sequences& batch) {
    activations_.for_backward = true;
    B::upload(weights_, batch, activations_);
    B::capture(weights_, gradients_, batch, activations_, [&] {
      compute_logits(batch);
      B::loss(batch, activations_);
      backward(batch);
    });
  }
  /// Of the last forward() or learn(), nats per target.
  double loss() const { return B::mean_loss(activations_); }
  /// Gradients of the last forward(), assigned.
  void backward(const Sequences& batch) {
    if (has_gradients_)
      gradients_.set_zero();
    else
      gradients_ = B::zeros(config_.dimensions);
    has_gradients_ = true;
    B::head_backward(weights_, batch, activations_, gradients_);
    B::attend_backward(batch, activations_);
    B::gru_stack_backward(weights_, batch, activations_, gradients_);
    B::embed_backward(weights_, batch, activations_, gradients_);
  }

  /// Logits (Q*B, V) after each of the last Q inputs, valid until the next call.
  const auto& logits(const Sequences& batch) {
    activations_.for_backward = false;
    run_forward(batch);
    return B::logits(activations_);
  }
  /// Negative log-likelihood (Q*B) of each target in nats, 0 where there is none; valid until the next call.
  std::span<const Scalar> nll(const Sequences& batch) {
    activations_.for_backward = false;
    run_forward(batch);
    B::loss(batch, activations_);
    return B::nll(activations_);
  }

  /// The network a token at a time, with the weights as they are now.
  typename B::Decoder decoder(int batch, int window, Precision precision = Precision::fp32) const {
    return typename B::Decoder(weights_, batch, window, precision, config_.attention);
  }

 private:
  static Parameters drawn(const Dimensions& d, std::uint64_t seed, const Initialization& initialization) {
    for (const auto& [size, name] :
         {std::pair(d.V, "vocabulary"), {d.E, "embedding"}, {d.H, "hidden"}, {d.L, "layers"}})
      if (size <= 0) throw Error(std::string("model: ") + name + " size is " + std::to_string(size) + ", not positive");
    auto weights = B::HostParameters::zeros(d);
    std::uint64_t stream = 0;
    for (auto& t : weights.tensors()) {
      Random random(seed, stream++);
      const double widened = t.name == "hidden2vocab.weight" ? initialization.output : 1;
      const double bound = widened / std::sqrt(t.name.starts_with("combine") ? 2.0 * d.H : d.H);
      for (Scalar& w : t.values)
        w = static_cast<Scalar>(t.name == "embed.weight" ? initialization.embedding * random.normal()
                                                         : (2 * random.uniform() - 1) * bound);
    }
    return B::from_host(std::move(weights));
  }

  void run_forward(const Sequences& batch) {
    B::upload(weights_, batch, activations_);
    compute_logits(batch);
  }
  void compute_logits(const Sequences& batch) {
    B::embed(weights_, batch, activations_);
    B::gru_stack_forward(weights_, batch, activations_);
    B::attend(batch, activations_);
    B::head(weights_, batch, activations_);
  }

  ModelConfig config_;
  Parameters weights_, gradients_;
  bool has_gradients_ = false;
  typename B::Activations activations_;
};

}  // namespace musicgen::inline MUSICGEN_ABI
