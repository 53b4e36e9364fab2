// The whole network: its weights, forward and backward, composed of a backend's operations.
//
//   e_t      = E[token_t]
//   h^l_t    = GRU^l(h^{l-1}_t, h^l_{t-1})
//   c_t      = sum_{s<t} softmax_s(scale h_t . h_s) v_s   (top layer; v_s = h_s or h_{s+1})
//   logits_t = W2 tanh(W1 [h_t ; c_t] + b1) + b2
//   loss     = mean over the targets of -log softmax(logits)_target
#pragma once

#include <cstdint>
#include <span>
#include <utility>

#include "../backend/backend.hpp"
#include "../backend/cpu/cpu.hpp"
#include "../core/config.hpp"
#include "config.hpp"

namespace musicgen::inline MUSICGEN_ABI {

/// Weights, and what is needed to train them.
///
/// Thread safety: threads may share a const Model, each with its own `Workspace`; non-const functions need the model to
/// themselves.
template <Backend B = Cpu>
class Model {
 public:
  using Scalar = typename B::Scalar;
  using Parameters = typename B::Parameters;
  /// Buffers of a forward pass, for one thread at a time, reused from one batch to the next.
  using Workspace = typename B::Activations;
  /// A reference to a matrix in host memory, (Q*B, V).
  using Logits = decltype(B::logits(std::declval<const Pass&>(), std::declval<Workspace&>()));

  /// An untrained model, its weights drawn as `config.initialization` says.
  /// @throws Error  as require_valid(config), or if memory does not suffice
  explicit Model(ModelConfig config, std::uint64_t seed = 1);

  /// @param weights  with the shapes of the configuration
  /// @throws Error   as require_valid(config), or naming a tensor with another shape
  Model(ModelConfig config, Parameters weights);
  Model(const Model& other);
  Model(Model&& other) noexcept;
  Model& operator=(const Model& other);
  Model& operator=(Model&& other) noexcept;
  ~Model();

  const ModelConfig& config() const { return config_; }
  const Dimensions& dimensions() const { return config_.dimensions; }
  /// @throws Error  if the model has none
  const Vocabulary& vocabulary() const;
  /// Sets what is known about its training music, as `Trainer` does.
  /// @throws Error  as require_valid(profile)
  void set_profile(MusicProfile profile) {
    require_valid(profile);
    config_.profile = std::move(profile);
  }

  Parameters& weights() { return weights_; }
  const Parameters& weights() const { return weights_; }
  Parameters& gradients() { return gradients_; }
  [[nodiscard]] std::int64_t parameter_count() const;

  /// The precision in which forward(), backward(), logits() and nll() multiply with weights. bf16 rounds both factors
  /// and sums in fp32: for GPUs; slower on most processors. A model in double stays in double.
  /// @throws Error  for int8
  void set_products(Precision products);

  // ---- Training: each call leaves in the model what the next one needs ----

  /// Loss in nats per target. Keeps what backward() needs. Teacher forcing: the inputs are the true tokens.
  /// @throws Error  for a token out of range
  double forward(const Sequences& batch);
  /// Computes the gradients of the last forward(), replacing earlier ones.
  void backward(const Sequences& batch);
  /// forward() and backward() without waiting: a device may still be computing. loss() waits.
  void forward_backward(const Sequences& batch);
  /// The loss of the last forward() or forward_backward(), nats per target.
  double loss() const { return B::mean_loss(activations_); }

  // ---- Evaluation ----

  /// Logits (Q*B, V) after each of the last Q inputs, valid until the workspace is used again.
  /// @throws Error  for a token out of range
  [[nodiscard]] Logits logits(const Sequences& batch, Workspace& workspace) const;
  /// Negative log-likelihood (Q*B) of each target in nats, 0 where there is none; valid until the workspace is used
  /// again.
  /// @throws Error  for a token out of range
  [[nodiscard]] std::span<const Scalar> nll(const Sequences& batch, Workspace& workspace) const;

  /// The same in the model's own workspace, which training also uses.
  [[nodiscard]] Logits logits(const Sequences& batch) { return logits(batch, activations_); }
  [[nodiscard]] std::span<const Scalar> nll(const Sequences& batch) { return nll(batch, activations_); }

  /// Runs the network a token at a time, with the weights as they are now.
  /// @param batch   songs side by side
  /// @param window  how many earlier outputs attention sees
  [[nodiscard]] typename B::Decoder decoder(int batch, int window, Precision precision = Precision::fp32) const;

 private:
  static Parameters drawn(const ModelConfig& config, std::uint64_t seed);
  Pass pass_of(const Sequences& batch, bool for_backward) const;
  Pass upload(const Sequences& batch, Workspace& workspace, bool for_backward) const;
  void compute_logits(const Pass& pass, Workspace& workspace) const;
  void backward_of(const Pass& pass);

  ModelConfig config_;
  Parameters weights_, gradients_;
  bool has_gradients_ = false;
  Precision products_ = Precision::fp32, products_of_forward_ = Precision::fp32;
  Workspace activations_;
};

}  // namespace musicgen::inline MUSICGEN_ABI

#ifndef MUSICGEN_COMPILED
#include "model.ipp"
#endif
