// An NVIDIA GPU as a backend: the layers of this folder behind the names that `Model` calls. Programs that use it link
// musicgen::cuda; what is declared here is defined in kernels/. docs/cuda.md explains how, and how it is tested.
#pragma once

#include <bit>
#include <cmath>
#include <span>
#include <utility>
#include <vector>

#include "../../core/config.hpp"
#include "../backend.hpp"
#include "adam.hpp"
#include "attention.hpp"
#include "decode.hpp"
#include "embedding.hpp"
#include "graph_capture.hpp"
#include "gru.hpp"
#include "head.hpp"
#include "loss.hpp"
#include "memory_estimate.hpp"
#include "muon.hpp"
#include "parameters.hpp"

namespace musicgen::inline MUSICGEN_ABI {

namespace cuda {

/// What a forward pass leaves for the backward pass, and the gradients that pass between the layers. Buffers are reused
/// from batch to batch: after the first one of the largest size nothing is allocated.
struct Activations {
  Batch batch;
  Buffer<bf16> rounded;  ///< the weights in bf16
  Matrix<float> table;   ///< (V, 4H), the first layer's inputs for each token; later their gradients
  std::vector<GruSaved> gru;
  AttentionSaved attention;
  FactorMatrix context;  ///< (Q*B, H)
  HeadSaved head;
  FactorMatrix logits;  ///< (Q*B, V); after the loss their gradient
  LossSaved loss;

  Matrix<float> dcontext;  ///< (Q*B, H)
  Matrix<float> dh, dx;    ///< (T*B, H), of a layer's outputs and inputs

  HostMatrix host_logits;
  HostBuffer<float> host_nll;
  GraphCapture learning;
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

  static void upload(const Parameters& p, const Pass& pass, Activations& saved) {
    saved.batch.assign(pass.inputs, pass.targets, p.layout.dimensions.V);
  }
  template <class Work>
  static void capture(const Parameters& p, const Parameters& gradients, const Pass& pass, Activations& saved,
                      const Work& work) {
    saved.learning.run({cuda::place_of(p.values.data()), cuda::place_of(gradients.values.data()), pass.B, pass.T,
                        pass.Q, static_cast<int>(pass.products), static_cast<int>(pass.attention.value),
                        std::bit_cast<int>(pass.attention.scale)},
                       work);
  }

  static void embed(const Parameters& p, const Pass& pass, Activations& saved) {
    saved.gru.resize(static_cast<std::size_t>(p.layout.dimensions.L));
    cuda::embedding_forward(cuda::weights_for_products(p, pass.products, saved.rounded), saved.batch, saved.table,
                            saved.gru[0]);
  }
  static void gru_stack_forward(const Parameters& p, const Pass& pass, Activations& saved) {
    const cuda::Weights w = weights(p, pass, saved);
    cuda::gru_steps(w, 0, pass.B, nullptr, saved.gru[0]);
    for (std::size_t l = 1; l < saved.gru.size(); ++l)
      cuda::gru_forward(w, static_cast<int>(l), saved.gru[l - 1].outputs(pass.B), pass.B, nullptr, saved.gru[l]);
  }
  static void attend(const Pass& pass, Activations& saved) {
    cuda::attention_forward(outputs(pass, saved).exact, pass.B, pass.Q, pass.attention, saved.context, saved.attention,
                            pass.for_backward, pass.products == Precision::bf16);
  }
  static void head(const Parameters& p, const Pass& pass, Activations& saved) {
    cuda::head_forward(weights(p, pass, saved), last(outputs(pass, saved), pass), saved.context.view(), saved.head,
                       saved.logits);
  }
  static void loss(const Pass&, Activations& saved) {
    cuda::softmax_cross_entropy(saved.logits, saved.batch, saved.loss);
  }
  static double mean_loss(const Activations& saved) {
    cuda::synchronize();
    return saved.loss.on_host.data() ? saved.loss.on_host[0] : 0;
  }
  static const cuda::HostMatrix& logits(const Pass&, Activations& saved) {
    saved.host_logits.copy_from(saved.logits.exact);
    cuda::synchronize();
    return saved.host_logits;
  }
  static std::span<const float> nll(Activations& saved) {
    const std::size_t count = saved.loss.nll.size();
    saved.host_nll.resize(count);
    if (count > 0) cuda::copy(saved.host_nll.data(), saved.loss.nll.data(), count * sizeof(float));
    cuda::synchronize();
    return {saved.host_nll.data(), count};
  }

  static void head_backward(const Parameters& p, const Pass& pass, Activations& saved, Parameters& gradients) {
    const cuda::Factor h = outputs(pass, saved);
    saved.dh.set_zero(h.exact.rows, h.exact.columns);
    cuda::head_backward(weights(p, pass, saved), last(h, pass), saved.context.view(), saved.head, saved.logits.view(),
                        saved.dh.view().row_range((pass.T - pass.Q) * pass.B, pass.Q * pass.B), saved.dcontext,
                        gradients.tensors().head());
  }
  static void attend_backward(const Pass& pass, Activations& saved) {
    cuda::attention_backward(outputs(pass, saved).exact, pass.B, pass.Q, pass.attention, saved.attention,
                             saved.context.exact, saved.dcontext, saved.dh.view());
  }
  static void gru_stack_backward(const Parameters& p, const Pass& pass, Activations& saved, Parameters& gradients) {
    const cuda::Weights w = weights(p, pass, saved);
    for (std::size_t l = saved.gru.size() - 1; l > 0; --l, std::swap(saved.dh, saved.dx))
      cuda::gru_backward(w, static_cast<int>(l), saved.gru[l - 1].outputs(pass.B), pass.B, saved.gru[l], saved.dh,
                         saved.dx, gradients.tensors().gru(static_cast<int>(l)));
    cuda::gru_steps_backward(w, 0, pass.B, saved.gru[0], saved.dh, gradients.tensors().gru(0));
  }
  static void embed_backward(const Parameters& p, const Pass& pass, Activations& saved, Parameters& gradients) {
    cuda::embedding_backward(weights(p, pass, saved), saved.batch, saved.gru[0], saved.table, gradients.tensors());
  }

  static double squared_norm(const Parameters& gradients) { return cuda::sum_of_squares(gradients.values); }
  static double update(Parameters& p, const Parameters& gradients, Parameters& m, Parameters& v, std::int64_t t,
                       double learning_rate, const OptimizerOptions& options) {
    return cuda::adam_update(p, gradients, m, v, t, learning_rate, options);
  }

 private:
  /// As `embed` has prepared them.
  static cuda::Weights weights(const Parameters& p, const Pass& pass, const Activations& saved) {
    return {p.tensors(), pass.products == Precision::bf16 ? saved.rounded.data() : nullptr};
  }
  static cuda::Factor outputs(const Pass& pass, const Activations& saved) { return saved.gru.back().outputs(pass.B); }
  /// The rows of the last Q steps.
  static cuda::Factor last(const cuda::Factor& m, const Pass& pass) {
    return m.row_range((pass.T - pass.Q) * pass.B, pass.Q * pass.B);
  }
};

}  // namespace musicgen::inline MUSICGEN_ABI
