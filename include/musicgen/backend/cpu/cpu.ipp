// Definitions of cpu.hpp.
#pragma once

#include <algorithm>
#include <cmath>
#include <type_traits>
#include <utility>

#include "adam.hpp"
#include "copying.hpp"
#include "cpu.hpp"
#include "embedding.hpp"
#include "loss.hpp"
#include "muon.hpp"

namespace musicgen::inline MUSICGEN_ABI {

template <class S>
void BasicCpu<S>::embed(const Parameters& p, const Pass& pass, Activations& saved) {
  saved.gru.resize(p.gru.size());
  cpu::embedding_forward<S>(p.embedding, p.gru[0], pass.inputs, pass.contexts, saved.table, saved.gru[0].gates);
}

template <class S>
void BasicCpu<S>::gru_stack_forward(const Parameters& p, const Pass& pass, Activations& saved) {
  cpu::gru_steps<S>(p.gru[0], pass.B, nullptr, saved.gru[0], pass.products);
  for (std::size_t l = 1; l < p.gru.size(); ++l)
    cpu::gru_forward<S>(p.gru[l], saved.gru[l - 1].outputs(pass.B), pass.B, nullptr, saved.gru[l], pass.products);
}

template <class S>
void BasicCpu<S>::attend(const Pass& pass, Activations& saved) {
  cpu::attention_forward<S>(outputs(pass, saved), pass.B, pass.Q, pass.attention, saved.context,
                            pass.for_backward || pass.copies ? &saved.attention : nullptr);
}

template <class S>
void BasicCpu<S>::head(const Parameters& p, const Pass& pass, Activations& saved) {
  cpu::head_forward<S>(p.head, last(outputs(pass, saved), pass), saved.context, saved.head, saved.logits,
                       pass.products);
}

template <class S>
void BasicCpu<S>::loss(const Pass& pass, Activations& saved) {
  saved.loss = static_cast<double>(pass.copies ? cpu::copying_cross_entropy<S>(saved.logits, saved.attention.weights,
                                                                               pass.B, pass.inputs, pass.targets,
                                                                               saved.nll, saved.shares)
                                               : cpu::softmax_cross_entropy(saved.logits, pass.targets, saved.nll));
}

template <class S>
const cpu::Matrix<S>& BasicCpu<S>::logits(const Pass& pass, Activations& saved) {
  if (!pass.copies) return saved.logits;
  cpu::mix_copies<S>(saved.logits, saved.attention.weights, pass.B, pass.inputs, saved.mixed);
  return saved.mixed;
}

template <class S>
void BasicCpu<S>::head_backward(const Parameters& p, const Pass& pass, Activations& saved, Parameters& gradients) {
  const auto h = outputs(pass, saved);
  saved.dh.setZero(h.rows, h.columns);
  cpu::head_backward<S>(p.head, last(h, pass), saved.context, saved.head, saved.logits, last(cpu::view(saved.dh), pass),
                        saved.dcontext, gradients.head, pass.products);
}

template <class S>
void BasicCpu<S>::attend_backward(const Pass& pass, Activations& saved) {
  cpu::attention_backward<S>(
      outputs(pass, saved), pass.B, pass.Q, pass.attention, saved.attention, saved.dcontext, cpu::view(saved.dh),
      {pass.inputs, pass.targets, pass.copies ? std::span<const S>(saved.shares) : std::span<const S>()});
}

template <class S>
void BasicCpu<S>::gru_stack_backward(const Parameters& p, const Pass& pass, Activations& saved, Parameters& gradients) {
  for (std::size_t l = p.gru.size() - 1; l > 0; --l, std::swap(saved.dh, saved.dx))
    cpu::gru_backward<S>(p.gru[l], saved.gru[l - 1].outputs(pass.B), pass.B, saved.gru[l], saved.dh, &saved.dx,
                         gradients.gru[l], pass.products);
  cpu::gru_steps_backward<S>(p.gru[0], pass.B, saved.gru[0], saved.dh, gradients.gru[0], pass.products);
}

template <class S>
void BasicCpu<S>::embed_backward(const Parameters& p, const Pass& pass, Activations& saved, Parameters& gradients) {
  cpu::embedding_backward<S>(p.embedding, p.gru[0], pass.inputs, pass.contexts, saved.gru[0].gates, saved.table,
                             saved.de, gradients.embedding, gradients.gru[0].w_ih);
}

template <class S>
double BasicCpu<S>::squared_norm(const Parameters& gradients) {
  double sum = 0;
  Parameters::for_each([&](const char*, int, const auto& g) { sum += cpu::sum_of_squares<S>(cpu::values(g)); },
                       gradients);
  return sum;
}

template <class S>
double BasicCpu<S>::update(Parameters& p, const Parameters& gradients, Parameters& m, Parameters& v, std::int64_t t,
                           double learning_rate, const OptimizerOptions& options) {
  const double norm = std::sqrt(squared_norm(gradients));
  if (!std::isfinite(norm)) return norm;
  const double scale = options.clip > 0 ? std::min(1.0, options.clip / (norm + 1e-6)) : 1.0;
  Parameters::for_each(
      [&](const char* name, int, auto& w, const auto& g, auto& first, auto& second) {
        if constexpr (std::is_same_v<std::remove_cvref_t<decltype(w)>, cpu::Matrix<S>>) {
          const int parts = options.muon > 0 ? cpu::muon_parts(name) : 0;
          for (int part = 0; part < parts; ++part) {
            const auto part_of = [&](auto&& matrix) {
              return matrix.row_range(part * matrix.rows / parts, matrix.rows / parts);
            };
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

}  // namespace musicgen::inline MUSICGEN_ABI
