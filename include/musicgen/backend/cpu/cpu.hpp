// The CPU as a backend: the layers of this folder behind the names that `Model` calls.
#pragma once

#include "../../core/config.hpp"
#include "../backend.hpp"
#include "attention.hpp"
#include "decode.hpp"
#include "gru.hpp"
#include "head.hpp"
#include "parameters.hpp"

namespace musicgen::inline MUSICGEN_ABI {

namespace cpu {

/// What a forward pass leaves for the backward pass, and the gradients that pass between the layers. Buffers are reused
/// from batch to batch.
template <class Scalar>
struct Activations {
  Matrix<Scalar> table;  ///< (V, 4H), the first layer's inputs for each token; later their gradients
  std::vector<GruSaved<Scalar>> gru;
  AttentionSaved<Scalar> attention;
  Matrix<Scalar> context;  ///< (Q*B, H)
  HeadSaved<Scalar> head;
  Matrix<Scalar> logits;       ///< (Q*B, V), V+1 if the model copies; after the loss their gradient
  Matrix<Scalar> mixed;        ///< (Q*B, V), log-probabilities with copying
  std::vector<Scalar> shares;  ///< (Q*B), see CopyGradient
  std::vector<Scalar> nll;     ///< (Q*B), of each target
  double loss = 0;             ///< their mean

  Matrix<Scalar> dcontext;  ///< (Q*B, H)
  Matrix<Scalar> dh, dx;    ///< (T*B, H), of a layer's outputs and inputs
  Matrix<Scalar> de;        ///< (V, E), the embedding's gradient from this batch
};

}  // namespace cpu

/// Matrices in memory, computed on the thread pool. `float` for work, `double` for checks.
template <class S>
struct BasicCpu {
  using Scalar = S;
  using Parameters = cpu::Parameters<S>;
  using HostParameters = Parameters;
  using Activations = cpu::Activations<S>;
  using Decoder = cpu::Decoder<S>;

  static Parameters zeros(const Dimensions& d) { return Parameters::zeros(d); }
  static const Parameters& to_host(const Parameters& p) { return p; }
  static Parameters from_host(Parameters p) { return p; }

  static void upload(const Parameters&, const Pass&, Activations&) {}
  template <class Work>
  static void capture(const Parameters&, const Parameters&, const Pass&, Activations&, const Work& work) {
    work();
  }

  static void embed(const Parameters& p, const Pass& pass, Activations& saved);
  static void gru_stack_forward(const Parameters& p, const Pass& pass, Activations& saved);
  static void attend(const Pass& pass, Activations& saved);
  static void head(const Parameters& p, const Pass& pass, Activations& saved);
  static void loss(const Pass& pass, Activations& saved);
  static double mean_loss(const Activations& saved) { return saved.loss; }
  static const cpu::Matrix<S>& logits(const Pass& pass, Activations& saved);
  static std::span<const S> nll(const Activations& saved) { return saved.nll; }

  static void head_backward(const Parameters& p, const Pass& pass, Activations& saved, Parameters& gradients);
  static void attend_backward(const Pass& pass, Activations& saved);
  static void gru_stack_backward(const Parameters& p, const Pass& pass, Activations& saved, Parameters& gradients);
  static void embed_backward(const Parameters& p, const Pass& pass, Activations& saved, Parameters& gradients);

  static double squared_norm(const Parameters& gradients);
  static double update(Parameters& p, const Parameters& gradients, Parameters& m, Parameters& v, std::int64_t t,
                       double learning_rate, const OptimizerOptions& options);

 private:
  static cpu::View<const S> outputs(const Pass& pass, Activations& saved) { return saved.gru.back().outputs(pass.B); }
  /// The rows of the last Q steps.
  template <class T>
  static cpu::View<T> last(cpu::View<T> m, const Pass& pass) {
    return m.row_range((pass.T - pass.Q) * pass.B, pass.Q * pass.B);
  }
};

using Cpu = BasicCpu<float>;

}  // namespace musicgen::inline MUSICGEN_ABI

#ifndef MUSICGEN_COMPILED
#include "cpu.ipp"
#endif
