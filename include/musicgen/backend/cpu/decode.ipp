// Definitions of decode.hpp.
#pragma once

#include <algorithm>
#include <string>
#include <utility>

#include "../../core/error.hpp"
#include "../../core/team.hpp"
#include "../../core/thread_pool.hpp"
#include "copying.hpp"
#include "decode.hpp"
#include "embedding.hpp"
#include "packed_weights.hpp"
#include "simd/elementwise.hpp"
#include "simd/rows.hpp"

namespace musicgen::inline MUSICGEN_ABI::cpu {

template <class Scalar>
struct Decoder<Scalar>::Weights {
  Weights(const Parameters<Scalar>& p, Precision precision) : b1(p.head.b1), b2(p.head.b2), copies(p.copies) {
    const Index H = p.head.w1.rows();
    const auto gates_of = [&](const Matrix<Scalar>& w, const std::vector<Index>& at) {
      const View<const Scalar> m = view(w).transposed();  // (K, 3H)
      return PackedWeights<Scalar>({m.column_range(0, H), m.column_range(H, H), m.column_range(2 * H, H)}, at,
                                   precision);
    };
    // As gru_inputs() has it, to the bit, by the products that sampling needs anyway.
    table.resize(p.embedding.rows(), 4 * H);
    detail::gru_biases(p.gru[0], table.row(0).data());
    for (Index i = 1; i < table.rows(); ++i) std::copy_n(table.data(), 4 * H, table.row(i).data());
    const View<const Scalar> w = view(p.gru[0].w_ih).transposed();
    const PackedWeights<Scalar> inputs({w.column_range(0, H), w.column_range(H, H), w.column_range(2 * H, H)},
                                       {0, H, 3 * H}, Precision::fp32);
    thread_pool().parallel_for(
        inputs.panels(), [&](Index panel) { inputs.add_product(p.embedding, view(table), panel, panel + 1, nullptr); });
    for (std::size_t l = 0; l < p.gru.size(); ++l) {
      w_hh.push_back(gates_of(p.gru[l].w_hh, {0, H, 2 * H}));
      w_ih.push_back(l > 0 ? gates_of(p.gru[l].w_ih, {0, H, 3 * H}) : PackedWeights<Scalar>());
      detail::gru_biases(p.gru[l], biases.emplace_back(4 * H).data());
    }
    const View<const Scalar> w1 = view(p.head.w1).transposed();
    w1_h = PackedWeights<Scalar>({w1.row_range(0, H)}, {0}, precision);
    w1_c = PackedWeights<Scalar>({w1.row_range(H, H)}, {0}, precision);
    w2 = PackedWeights<Scalar>({view(p.head.w2).transposed()}, {0}, precision);
    count = 3 * H * H * (2 * std::ssize(p.gru) - 1) + H * (2 * H + b2.size());
  }
  Matrix<Scalar> table;                     // (V, 4H), what the first layer's gates start from
  std::vector<RowVector<Scalar>> biases;    // r | z | q | n of each layer
  std::vector<PackedWeights<Scalar>> w_ih;  // to r | z | n; the first layer has none
  std::vector<PackedWeights<Scalar>> w_hh;  // to r | z | q
  RowVector<Scalar> b1, b2;
  PackedWeights<Scalar> w1_h, w1_c, w2;
  bool copies;
  Index count;  // multiplications of a step, attention apart
};

/// Memory that steps work in; nothing in it outlives a step.
template <class Scalar>
struct Decoder<Scalar>::Workspace {
  std::vector<Matrix<Scalar>> next;  // the states that a step makes, while others still read the present ones
  Matrix<Scalar> query;              // (B, H padded), what the top layer has made
  AttentionParts<Scalar> partial;
  Matrix<Scalar> gates, context, u, logits, mixed;
  std::vector<std::vector<std::int8_t>> quantized;  // of each thread, for int8
};

/// The work of a step, of which each thread of a team does its share.
template <class Scalar>
struct Decoder<Scalar>::Step {
  /// The panels of a matrix, and the columns, that a thread has: whole groups of columns.
  struct Share {
    Share(const PackedWeights<Scalar>& w, Index N, const Team& team, int member) {
      const Index panels = std::max<Index>(1, simd::group / w.width()), groups = (w.panels() + panels - 1) / panels;
      first_panel = groups * member / team.size() * panels;
      last_panel = std::min(groups * (member + 1) / team.size() * panels, w.panels());
      first = first_panel * w.width();
      count = std::min(N, last_panel * w.width()) - first;
    }
    Index first_panel, last_panel, first, count;
  };

  void add_product(const PackedWeights<Scalar>& w, const Matrix<Scalar>& x, Matrix<Scalar>& y, const Share& share,
                   int member) {
    if (share.count > 0)
      w.add_product(x, view(y), share.first_panel, share.last_panel,
                    work.quantized[static_cast<std::size_t>(member)].data());
  }
  static void assign_columns(Matrix<Scalar>& m, const RowVector<Scalar>& row, Index first, Index count) {
    for (Index b = 0; b < m.rows(); ++b) std::copy_n(row.data() + first, count, m.row(b).data() + first);
  }

  void run_layers(Team& team, int member) {
    const Index H = weights.b1.size();
    const Share own(weights.w_hh[0], H, team, member);
    for (std::size_t l = 0; l < work.next.size(); ++l) {
      if (l > 0) {
        for (Index gate = 0; gate < 4; ++gate)
          assign_columns(work.gates, weights.biases[l], gate * H + own.first, own.count);
        team.wait();
        add_product(weights.w_ih[l], work.next[l - 1], work.gates, own, member);
      }
      add_product(weights.w_hh[l], state.h[l], work.gates, own, member);
      for (Index b = 0; b < B; ++b)
        detail::gru_gates<Scalar>(own.count, H, work.gates.row(b).data() + own.first,
                                  state.h[l].row(b).data() + own.first, work.next[l].row(b).data() + own.first);
    }
    for (Index b = 0; b < B; ++b) {
      std::copy_n(work.next.back().row(b).data() + own.first, own.count, work.query.row(b).data() + own.first);
      state.outputs.store(state.steps, b, own.first, simd::padded(own.count), work.query.row(b).data());
    }
    team.wait();
  }

  void attend(Team& team, int member) {
    const Index H = weights.b1.size(), blocks = state.outputs.blocks(state.steps);
    for (Index task = blocks * B * member / team.size(); task < blocks * B * (member + 1) / team.size(); ++task) {
      const Index b = task / blocks;
      state.outputs.attend(state.steps, b, task % blocks, work.query.row(b).data(), work.partial);
    }
    team.wait();
    const Index first = H * member / team.size(), last = H * (member + 1) / team.size();
    for (Index b = 0; b < B; ++b) work.partial.join(b, blocks, first, last - first, work.context.row(b).data());
  }

  void head(Team& team, int member) {
    const Weights& w = weights;
    const Share own(w.w1_h, w.b1.size(), team, member);
    assign_columns(work.u, w.b1, own.first, own.count);
    add_product(w.w1_h, work.next.back(), work.u, own, member);
    team.wait();
    add_product(w.w1_c, work.context, work.u, own, member);
    for (Index b = 0; b < B; ++b) simd::tanh_row(work.u.row(b).data() + own.first, own.count);
    team.wait();
    const Share logits(w.w2, w.b2.size(), team, member);
    assign_columns(work.logits, w.b2, logits.first, logits.count);
    add_product(w.w2, work.u, work.logits, logits, member);
  }

  const Weights& weights;
  State& state;
  Workspace& work;
  Index B;
};

template <class Scalar>
Decoder<Scalar>::Decoder(const Parameters<Scalar>& parameters, int B, int window, Precision precision,
                         AttentionOptions attention)
    : Decoder(std::make_shared<Weights>(parameters, precision), B, window, attention) {}

template <class Scalar>
Decoder<Scalar>::Decoder(std::shared_ptr<const Weights> weights, Index B, Index window, AttentionOptions attention)
    : weights_(std::move(weights)), B_(B), work_(std::make_unique<Workspace>()) {
  if (B < 1 || window < 1)
    throw Error("decoder: " + std::to_string(B) + " songs, an attention window of " + std::to_string(window));
  const Index H = weights_->b1.size();
  const auto stride = static_cast<std::size_t>(PackedWeights<Scalar>::quantized_stride(H));
  const bool int8 = weights_->w2.precision() == Precision::int8;
  state_.h.assign(weights_->w_hh.size(), Matrix<Scalar>::Zero(B, H));
  state_.outputs = AttentionCache<Scalar>(B, window, H, weights_->w2.precision(), attention);
  work_->next = state_.h;
  work_->query.setZero(B, simd::padded(H));
  work_->partial = AttentionParts<Scalar>(B, window, H);
  work_->gates.resize(B, 4 * H);
  work_->context.resize(B, H);
  work_->u.resize(B, H);
  work_->logits.resize(B, weights_->b2.size());
  if (weights_->copies) {
    work_->mixed.resize(B, weights_->b2.size() - 1);
    state_.tokens.assign(static_cast<std::size_t>(B * (state_.outputs.places() + 1)), 0);
  }
  work_->quantized.assign(static_cast<std::size_t>(thread_pool().threads()),
                          std::vector<std::int8_t>(int8 ? static_cast<std::size_t>(B) * stride : 0));
}

template <class Scalar>
Decoder<Scalar>::Decoder(const Decoder& other)
    : weights_(other.weights_), B_(other.B_), state_(other.state_), work_(std::make_unique<Workspace>(*other.work_)) {}
template <class Scalar>
Decoder<Scalar>::Decoder(Decoder&&) noexcept = default;
template <class Scalar>
Decoder<Scalar>& Decoder<Scalar>::operator=(Decoder other) noexcept {
  std::swap(weights_, other.weights_);
  std::swap(B_, other.B_);
  std::swap(state_, other.state_);
  std::swap(work_, other.work_);
  return *this;
}
template <class Scalar>
Decoder<Scalar>::~Decoder() = default;

template <class Scalar>
Decoder<Scalar> Decoder<Scalar>::of_batch(int B) const {
  return Decoder(weights_, static_cast<Index>(B), state_.outputs.window(), state_.outputs.options());
}

template <class Scalar>
const Matrix<Scalar>& Decoder<Scalar>::step(std::span<const Token> tokens, std::span<const Token> contexts) {
  if (std::ssize(tokens) != B_)
    throw Error("decoder: " + std::to_string(tokens.size()) + " tokens for " + std::to_string(B_) + " songs");
  gather_rows(weights_->table, tokens, work_->gates);
  const std::size_t parts = contexts.size() / tokens.size();
  for (Index b = 0; b < B_; ++b)
    detail::add_contexts(weights_->table, weights_->biases[0],
                         contexts.subspan(static_cast<std::size_t>(b) * parts, parts), work_->gates.row(b).data());
  const Index attended = std::min<Index>(state_.steps, state_.outputs.window());
  const Index count = B_ * (weights_->count + 2 * weights_->b1.size() * attended);
  const std::size_t most = count < worth_several_threads ? 1 : work_->quantized.size();
  Step step{*weights_, state_, *work_, B_};
  thread_pool().together(static_cast<int>(most), [&](Team& team, int member) noexcept {
    step.run_layers(team, member);
    step.attend(team, member);
    step.head(team, member);
  });
  std::swap(state_.h, work_->next);
  if (weights_->copies) mix_copies(tokens);
  ++state_.steps;
  return weights_->copies ? work_->mixed : work_->logits;
}

/// Outputs, the last of which is for copying, become log-probabilities of tokens: copying.hpp.
template <class Scalar>
void Decoder<Scalar>::mix_copies(std::span<const Token> tokens) {
  const Index places = state_.outputs.places(), V = work_->mixed.cols();
  const Index place = static_cast<Index>(state_.steps % places);
  for (Index b = 0; b < B_; ++b) {
    Token* const ring = state_.tokens.data() + b * (places + 1);
    ring[place] = tokens[static_cast<std::size_t>(b)];
    if (place == 0) ring[places] = ring[0];
    Scalar* const p = work_->logits.row(b).data();
    simd::softmax_row(p, V + 1);
    const Scalar share = p[V];
    if (state_.steps > 0)
      work_->partial.for_each_weight(b, state_.outputs.held(state_.steps),
                                     [&](Index at, Scalar weight) { p[ring[at + 1]] += share * weight; });
    detail::to_logarithms(p, V, work_->mixed.row(b).data());
  }
}

template <class Scalar>
void Decoder<Scalar>::restore(const State& state) {
  if (state.h.size() != state_.h.size() || state.h[0].size() != state_.h[0].size() ||
      !state.outputs.same_kind(state_.outputs))
    throw Error("decoder: the state is of another model, batch, window, precision or attention");
  state_ = state;
}

template <class Scalar>
void Decoder<Scalar>::reset() {
  for (auto& h : state_.h) h.setZero();
  state_.steps = 0;
}

}  // namespace musicgen::inline MUSICGEN_ABI::cpu
