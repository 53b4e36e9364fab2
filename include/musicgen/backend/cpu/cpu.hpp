// The CPU as a backend: the layers of this folder behind the names that `Model` calls.
#pragma once

#include "../../core/config.hpp"
#include "../backend.hpp"
#include "adam.hpp"
#include "attention.hpp"
#include "decode.hpp"
#include "embedding.hpp"
#include "gru.hpp"
#include "head.hpp"
#include "loss.hpp"
#include "muon.hpp"
#include "parameters.hpp"

namespace musicgen::inline MUSICGEN_ABI {

namespace cpu {

/// What a forward pass leaves for the backward pass, and the gradients that travel between the layers. Buffers are
/// used again from one batch to the next.
template <class Scalar>
struct Activations {
  Matrix<Scalar> table;  ///< (V, 4H), the first layer's inputs for each token; later their gradients
  std::vector<GruSaved<Scalar>> gru;
  AttentionSaved<Scalar> attention;
  Matrix<Scalar> context;  ///< (Q*B, H)
  HeadSaved<Scalar> head;
  Matrix<Scalar> logits;    ///< (Q*B, V); after the loss their gradient
  std::vector<Scalar> nll;  ///< (Q*B), of each target
  double loss = 0;          ///< their mean

  Matrix<Scalar> dcontext;   ///< (Q*B, H)
  Matrix<Scalar> dh, dx;     ///< (T*B, H), of a layer's outputs and inputs
  Matrix<Scalar> de;         ///< (V, E), what an embedding gets of this batch
  bool for_backward = true;  ///< false: a forward pass alone, which keeps less

  /// What the products of weights are computed in, forward and backward. Attention's stay in fp32: its scores reach
  /// hundreds, of which bf16 would keep no fraction. So do those of the embedding, which are few.
  Precision products = Precision::fp32;
  AttentionOptions attention_options{};
};

}  // namespace cpu

/// Eigen matrices on the thread pool. `float` to work with, `double` to check with.
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

  static void upload(const Parameters&, const Sequences&, Activations&) {}
  template <class Work>
  static void capture(const Parameters&, const Parameters&, const Sequences&, Activations&, const Work& work) {
    work();
  }

  static void embed(const Parameters& p, const Sequences& batch, Activations& saved) {
    saved.gru.resize(p.gru.size());
    cpu::embedding_forward<S>(p.embedding, p.gru[0], batch.inputs, saved.table, saved.gru[0].gates);
  }
  static void gru_stack_forward(const Parameters& p, const Sequences& batch, Activations& saved) {
    for (auto& layer : saved.gru) layer.products = saved.products;
    cpu::gru_steps<S>(p.gru[0], batch.B, nullptr, saved.gru[0]);
    for (std::size_t l = 1; l < p.gru.size(); ++l)
      cpu::gru_forward<S>(p.gru[l], saved.gru[l - 1].outputs(batch.B), batch.B, nullptr, saved.gru[l]);
  }
  static void attend(const Sequences& batch, Activations& saved) {
    cpu::attention_forward<S>(outputs(batch, saved), batch.B, batch.Q, saved.attention_options, saved.context,
                              saved.for_backward ? &saved.attention : nullptr);
  }
  static void head(const Parameters& p, const Sequences& batch, Activations& saved) {
    saved.head.products = saved.products;
    cpu::head_forward<S>(p.head, last(outputs(batch, saved), batch), saved.context, saved.head, saved.logits);
  }
  static void loss(const Sequences& batch, Activations& saved) {
    saved.loss = static_cast<double>(cpu::softmax_cross_entropy(saved.logits, batch.targets, saved.nll));
  }
  static double mean_loss(const Activations& saved) { return saved.loss; }
  static const cpu::Matrix<S>& logits(const Activations& saved) { return saved.logits; }
  static std::span<const S> nll(const Activations& saved) { return saved.nll; }

  static void head_backward(const Parameters& p, const Sequences& batch, Activations& saved, Parameters& gradients) {
    const auto h = outputs(batch, saved);
    saved.dh.setZero(h.rows, h.columns);
    cpu::head_backward<S>(p.head, last(h, batch), saved.context, saved.head, saved.logits,
                          last(cpu::view(saved.dh), batch), saved.dcontext, gradients.head);
  }
  static void attend_backward(const Sequences& batch, Activations& saved) {
    cpu::attention_backward<S>(outputs(batch, saved), batch.B, batch.Q, saved.attention_options, saved.attention,
                               saved.dcontext, cpu::view(saved.dh));
  }
  static void gru_stack_backward(const Parameters& p, const Sequences& batch, Activations& saved,
                                 Parameters& gradients) {
    for (std::size_t l = p.gru.size() - 1; l > 0; --l, std::swap(saved.dh, saved.dx))
      cpu::gru_backward<S>(p.gru[l], saved.gru[l - 1].outputs(batch.B), batch.B, saved.gru[l], saved.dh, &saved.dx,
                           gradients.gru[l]);
    cpu::gru_steps_backward<S>(p.gru[0], batch.B, saved.gru[0], saved.dh, gradients.gru[0]);
  }
  static void embed_backward(const Parameters& p, const Sequences& batch, Activations& saved, Parameters& gradients) {
    cpu::embedding_backward<S>(p.embedding, p.gru[0], batch.inputs, saved.gru[0].gates, saved.table, saved.de,
                               gradients.embedding, gradients.gru[0].w_ih);
  }

  static double squared_norm(const Parameters& gradients) {
    double sum = 0;
    Parameters::for_each([&](const char*, int, const auto& g) { sum += cpu::sum_of_squares<S>(cpu::values(g)); },
                         gradients);
    return sum;
  }
  static double update(Parameters& p, const Parameters& gradients, Parameters& m, Parameters& v, std::int64_t t,
                       double learning_rate, const OptimizerOptions& options) {
    const double norm = std::sqrt(squared_norm(gradients));
    if (!std::isfinite(norm)) return norm;
    const double scale = options.clip > 0 ? std::min(1.0, options.clip / (norm + 1e-6)) : 1.0;
    Parameters::for_each(
        [&](const char* name, int, auto& w, const auto& g, auto& first, auto& second) {
          if constexpr (!std::remove_cvref_t<decltype(w)>::IsVectorAtCompileTime) {
            const int parts = options.muon > 0 ? cpu::muon_parts(name) : 0;
            for (int part = 0; part < parts; ++part) {
              const auto part_of = [&](auto&& m) { return m.row_range(part * m.rows / parts, m.rows / parts); };
              cpu::muon_update<S>(part_of(cpu::view(w)), part_of(cpu::view(g)), part_of(cpu::view(first)),
                                  learning_rate * options.muon, scale, options);
            }
            if (parts > 0) return;
          }
          cpu::adam_update<S>(cpu::values(w), cpu::values(g), cpu::values(first), cpu::values(second), t, learning_rate,
                              scale, options);
        },
        p, gradients, m, v);
    return norm;
  }

 private:
  static cpu::View<const S> outputs(const Sequences& batch, Activations& saved) {
    return saved.gru.back().outputs(batch.B);
  }
  /// The rows of the last Q steps.
  template <class T>
  static cpu::View<T> last(cpu::View<T> m, const Sequences& batch) {
    return m.row_range((batch.T - batch.Q) * batch.B, batch.Q * batch.B);
  }
};

using Cpu = BasicCpu<float>;

}  // namespace musicgen::inline MUSICGEN_ABI
