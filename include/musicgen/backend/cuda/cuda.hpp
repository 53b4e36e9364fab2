// An NVIDIA GPU as a backend: the layers of this folder behind the names that `Model` calls. Programs that use it link
// musicgen::cuda; what is declared here is defined in kernels/. docs/cuda.md explains how, and how it is tested.
#pragma once

#include <bit>
#include <cmath>
#include <span>
#include <utility>
#include <vector>

#include "../backend.hpp"
#include "adam.hpp"
#include "attention.hpp"
#include "decode.hpp"
#include "embedding.hpp"
#include "gru.hpp"
#include "head.hpp"
#include "loss.hpp"
#include "muon.hpp"
#include "need.hpp"
#include "parameters.hpp"
#include "repeated.hpp"

namespace musicgen {

namespace cuda {

/// What a forward pass leaves for the backward pass, and the gradients that travel between the layers. Buffers are
/// used again from one batch to the next: after the first of the largest size nothing is allocated.
struct Activations {
  bool for_backward = true;              ///< false: a forward pass alone, which keeps less
  Precision products = Precision::fp32;  ///< what products are computed in, the embedding's apart
  AttentionOptions attention_options{};

  Batch batch;
  Buffer<bf16> rounded;  ///< the weights
  Matrix<float> table;   ///< (V, 4H), the first layer's inputs for each token; later their gradients
  std::vector<GruKept> gru;
  AttentionKept attention;
  FactorMatrix context;  ///< (Q*B, H)
  HeadKept head;
  FactorMatrix logits;  ///< (Q*B, V); after the loss their gradient
  LossKept loss;

  Matrix<float> dcontext;  ///< (Q*B, H)
  Matrix<float> dh, dx;    ///< (T*B, H), of a layer's outputs and inputs

  HostMatrix host_logits;
  HostBuffer<float> host_nll;
  Repeated learning;
};

}  // namespace cuda

/// A GPU through the kernels in kernels/.
struct Cuda {
  using Scalar = float;
  using Parameters = cuda::Parameters;
  using HostParameters = cuda::HostParameters;
  using Activations = cuda::Activations;
  using Decoder = cuda::Decoder;

  static Parameters zeros(const Dimensions& d) { return Parameters::zeros(d); }
  static HostParameters to_host(const Parameters& p) {
    HostParameters host = HostParameters::zeros(p.layout.dimensions);
    cuda::copy(host.values.data(), p.values.data(), host.values.size() * sizeof(float));
    cuda::synchronize();
    return host;
  }
  static Parameters from_host(const HostParameters& host) {
    Parameters p{host.layout, cuda::Buffer<float>(host.values.size())};
    cuda::copy(p.values.data(), host.values.data(), host.values.size() * sizeof(float));
    return p;
  }

  static void assign(const Parameters& p, const Sequences& batch, Activations& kept) {
    kept.batch.assign(batch.inputs, batch.targets, p.layout.dimensions.V);
  }
  template <class Work>
  static void repeat(const Parameters& p, const Parameters& gradients, const Sequences& batch, Activations& kept,
                     const Work& work) {
    kept.learning.run({cuda::place_of(p.values.data()), cuda::place_of(gradients.values.data()), batch.B, batch.T,
                       batch.Q, static_cast<int>(kept.products), static_cast<int>(kept.attention_options.value),
                       std::bit_cast<int>(kept.attention_options.scale)},
                      work);
  }

  static void embed(const Parameters& p, const Sequences&, Activations& kept) {
    kept.gru.resize(static_cast<std::size_t>(p.layout.dimensions.L));
    cuda::embedding_forward(cuda::weights_for_products(p, kept.products, kept.rounded), kept.batch, kept.table,
                            kept.gru[0]);
  }
  static void gru_stack_forward(const Parameters& p, const Sequences& batch, Activations& kept) {
    const cuda::Weights w = weights(p, kept);
    cuda::gru_steps(w, 0, batch.B, nullptr, kept.gru[0]);
    for (std::size_t l = 1; l < kept.gru.size(); ++l)
      cuda::gru_forward(w, static_cast<int>(l), kept.gru[l - 1].outputs(batch.B), batch.B, nullptr, kept.gru[l]);
  }
  static void attend(const Sequences& batch, Activations& kept) {
    cuda::attention_forward(outputs(batch, kept).exact, batch.B, batch.Q, kept.attention_options, kept.context,
                            kept.attention, kept.for_backward, kept.products == Precision::bf16);
  }
  static void head(const Parameters& p, const Sequences& batch, Activations& kept) {
    cuda::head_forward(weights(p, kept), last(outputs(batch, kept), batch), kept.context.view(), kept.head,
                       kept.logits);
  }
  static void loss(const Sequences&, Activations& kept) {
    cuda::softmax_cross_entropy(kept.logits, kept.batch, kept.loss);
  }
  static double mean_loss(const Activations& kept) {
    cuda::synchronize();
    return kept.loss.on_host.data() ? kept.loss.on_host[0] : 0;
  }
  static const cuda::HostMatrix& logits(Activations& kept) {
    kept.host_logits.copy_from(kept.logits.exact);
    cuda::synchronize();
    return kept.host_logits;
  }
  static std::span<const float> nll(Activations& kept) {
    const std::size_t count = kept.loss.nll.size();
    kept.host_nll.resize(count);
    if (count > 0) cuda::copy(kept.host_nll.data(), kept.loss.nll.data(), count * sizeof(float));
    cuda::synchronize();
    return {kept.host_nll.data(), count};
  }

  static void head_backward(const Parameters& p, const Sequences& batch, Activations& kept, Parameters& gradients) {
    const cuda::Factor h = outputs(batch, kept);
    kept.dh.set_zero(h.exact.rows, h.exact.columns);
    cuda::head_backward(weights(p, kept), last(h, batch), kept.context.view(), kept.head, kept.logits.view(),
                        kept.dh.view().row_range((batch.T - batch.Q) * batch.B, batch.Q * batch.B), kept.dcontext,
                        gradients.tensors().head());
  }
  static void attend_backward(const Sequences& batch, Activations& kept) {
    cuda::attention_backward(outputs(batch, kept).exact, batch.B, batch.Q, kept.attention_options, kept.attention,
                             kept.context.exact, kept.dcontext, kept.dh.view());
  }
  static void gru_stack_backward(const Parameters& p, const Sequences& batch, Activations& kept,
                                 Parameters& gradients) {
    const cuda::Weights w = weights(p, kept);
    for (std::size_t l = kept.gru.size() - 1; l > 0; --l, std::swap(kept.dh, kept.dx))
      cuda::gru_backward(w, static_cast<int>(l), kept.gru[l - 1].outputs(batch.B), batch.B, kept.gru[l], kept.dh,
                         kept.dx, gradients.tensors().gru(static_cast<int>(l)));
    cuda::gru_steps_backward(w, 0, batch.B, kept.gru[0], kept.dh, gradients.tensors().gru(0));
  }
  static void embed_backward(const Parameters& p, const Sequences&, Activations& kept, Parameters& gradients) {
    cuda::embedding_backward(weights(p, kept), kept.batch, kept.gru[0], kept.table, gradients.tensors());
  }

  static double squared_norm(const Parameters& gradients) { return cuda::sum_of_squares(gradients.values); }
  static double update(Parameters& p, const Parameters& gradients, Parameters& m, Parameters& v, std::int64_t t,
                       double learning_rate, const OptimizerOptions& options) {
    return cuda::adam_update(p, gradients, m, v, t, learning_rate, options);
  }

 private:
  /// As `embed` has prepared them.
  static cuda::Weights weights(const Parameters& p, const Activations& kept) {
    return {p.tensors(), kept.products == Precision::bf16 ? kept.rounded.data() : nullptr};
  }
  static cuda::Factor outputs(const Sequences& batch, const Activations& kept) {
    return kept.gru.back().outputs(batch.B);
  }
  /// The rows of the last Q steps.
  static cuda::Factor last(const cuda::Factor& m, const Sequences& batch) {
    return m.row_range((batch.T - batch.Q) * batch.B, batch.Q * batch.B);
  }
};

}  // namespace musicgen
