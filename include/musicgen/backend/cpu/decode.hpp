// The network one token at a time, for sampling: several songs side by side, a fixed amount of memory.
//
// Each step attends over the last `window` outputs, kept in a ring. Weights are packed once for all steps
// (packed_weights.hpp). Threads take units, blocks of the ring and columns of the head, and wait for each other in
// between.
#pragma once

#include <algorithm>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "../../core/config.hpp"
#include "../../core/error.hpp"
#include "../../core/thread_pool.hpp"
#include "attention_cache.hpp"
#include "embedding.hpp"
#include "packed_weights.hpp"
#include "parameters.hpp"

namespace musicgen::inline MUSICGEN_ABI::cpu {

template <class Scalar>
class Decoder {
 public:
  /// Multiplications of a step. Below, a second thread gains at most three quarters where it has a core of its own, and
  /// costs several times the step where it has to share one: every wait may then last a time slice. One song of the
  /// model that comes along stays below, with 2048 earlier outputs.
  static constexpr Index worth_several_threads = 11 << 19;

  /// What a step changes, and all that restoring needs.
  struct State {
    std::vector<Matrix<Scalar>> h;   ///< L of (B, H)
    AttentionCache<Scalar> outputs;  ///< the last window + 1 of each song
    std::int64_t steps = 0;
  };

  /// Packs a copy of the weights; `parameters` may change or go afterwards.
  /// @param B       songs side by side
  /// @param window  earlier outputs that attention sees, at least 1
  Decoder(const Parameters<Scalar>& parameters, int B, int window, Precision precision = Precision::fp32,
          AttentionOptions attention = {})
      : Decoder(std::make_shared<Weights>(parameters, precision), B, window, attention) {}

  /// A decoder at its beginning for another number of songs, sharing this one's weights.
  Decoder of_batch(int B) const {
    return Decoder(weights_, static_cast<Index>(B), state_.outputs.window(), state_.outputs.options());
  }

  Index batch() const { return B_; }

  /// Feeds a token to each song. Allocates nothing.
  /// @param tokens  (B), each in [0, V)
  /// @return        logits (B, V) of the tokens after, valid until the next step
  /// @throws Error  for another number of tokens, or one out of range
  const Matrix<Scalar>& step(std::span<const Token> tokens) {
    if (std::ssize(tokens) != B_)
      throw Error("decoder: " + std::to_string(tokens.size()) + " tokens for " + std::to_string(B_) + " songs");
    gather_rows(weights_->table, tokens, gates_);
    const Index attended = std::min<Index>(state_.steps, state_.outputs.window());
    const Index count = B_ * (weights_->count + 2 * weights_->b1.size() * attended);
    const std::size_t most = count < worth_several_threads ? 1 : quantized_.size();
    thread_pool().together(static_cast<int>(most), [&](Team& team, int member) noexcept {
      run_layers(team, member);
      attend(team, member);
      head(team, member);
    });
    std::swap(state_.h, next_);
    ++state_.steps;
    return logits_;
  }

  const State& state() const { return state_; }
  /// Goes back to a state of this decoder, or of another one of the same model, batch, window and precision.
  /// @throws Error  for a state of another size
  void restore(const State& state) {
    if (state.h.size() != state_.h.size() || state.h[0].size() != state_.h[0].size() ||
        !state.outputs.same_kind(state_.outputs))
      throw Error("decoder: the state is of another model, batch, window, precision or attention");
    state_ = state;
  }
  /// Back to before the first token.
  void reset() {
    for (auto& h : state_.h) h.setZero();
    state_.steps = 0;
  }

 private:
  struct Weights {
    Weights(const Parameters<Scalar>& p, Precision precision) : b1(p.head.b1), b2(p.head.b2) {
      const Index H = p.head.w1.rows();
      gru_inputs(p.gru[0], view(p.embedding), table);
      const auto gates_of = [&](const Matrix<Scalar>& w, const std::vector<Index>& at) {
        const View<const Scalar> m = view(w).transposed();  // (K, 3H)
        return PackedWeights<Scalar>({m.column_range(0, H), m.column_range(H, H), m.column_range(2 * H, H)}, at,
                                     precision);
      };
      for (std::size_t l = 0; l < p.gru.size(); ++l) {
        w_hh.push_back(gates_of(p.gru[l].w_hh, {0, H, 2 * H}));
        w_ih.push_back(l > 0 ? gates_of(p.gru[l].w_ih, {0, H, 3 * H}) : PackedWeights<Scalar>());
        detail::gru_biases(p.gru[l], biases.emplace_back(4 * H));
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
    Index count;  // multiplications of a step, attention apart
  };

  Decoder(std::shared_ptr<const Weights> weights, Index B, Index window, AttentionOptions attention)
      : weights_(std::move(weights)), B_(B) {
    if (B < 1 || window < 1)
      throw Error("decoder: " + std::to_string(B) + " songs, an attention window of " + std::to_string(window));
    const Index H = weights_->b1.size();
    const auto stride = static_cast<std::size_t>(PackedWeights<Scalar>::quantized_stride(H));
    const bool int8 = weights_->w2.precision() == Precision::int8;
    state_.h.assign(weights_->w_hh.size(), Matrix<Scalar>::Zero(B, H));
    state_.outputs = AttentionCache<Scalar>(B, window, H, weights_->w2.precision(), attention);
    next_ = state_.h;
    query_.setZero(B, simd::padded(H));
    partial_ = AttentionParts<Scalar>(B, window, H);
    gates_.resize(B, 4 * H);
    context_.resize(B, H);
    u_.resize(B, H);
    logits_.resize(B, weights_->b2.size());
    quantized_.assign(static_cast<std::size_t>(thread_pool().threads()),
                      std::vector<std::int8_t>(int8 ? static_cast<std::size_t>(B) * stride : 0));
  }

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
                    quantized_[static_cast<std::size_t>(member)].data());
  }
  static void assign_columns(Matrix<Scalar>& m, const RowVector<Scalar>& row, Index first, Index count) {
    m.middleCols(first, count).rowwise() = row.segment(first, count);
  }

  void run_layers(Team& team, int member) {
    const Index H = weights_->b1.size();
    const Share own(weights_->w_hh[0], H, team, member);
    for (std::size_t l = 0; l < next_.size(); ++l) {
      if (l > 0) {
        for (Index gate = 0; gate < 4; ++gate)
          assign_columns(gates_, weights_->biases[l], gate * H + own.first, own.count);
        team.wait();
        add_product(weights_->w_ih[l], next_[l - 1], gates_, own, member);
      }
      add_product(weights_->w_hh[l], state_.h[l], gates_, own, member);
      for (Index b = 0; b < B_; ++b)
        detail::gru_gates<Scalar>(own.count, H, gates_.row(b).data() + own.first, state_.h[l].row(b).data() + own.first,
                                  next_[l].row(b).data() + own.first);
    }
    query_.middleCols(own.first, own.count) = next_.back().middleCols(own.first, own.count);
    for (Index b = 0; b < B_; ++b)
      state_.outputs.store(state_.steps, b, own.first, simd::padded(own.count), query_.row(b).data());
    team.wait();
  }

  void attend(Team& team, int member) {
    const Index H = weights_->b1.size(), blocks = state_.outputs.blocks(state_.steps);
    for (Index task = blocks * B_ * member / team.size(); task < blocks * B_ * (member + 1) / team.size(); ++task) {
      const Index b = task / blocks;
      state_.outputs.attend(state_.steps, b, task % blocks, query_.row(b).data(), partial_);
    }
    team.wait();
    const Index first = H * member / team.size(), last = H * (member + 1) / team.size();
    for (Index b = 0; b < B_; ++b) partial_.join(b, blocks, first, last - first, context_.row(b).data());
  }

  void head(Team& team, int member) {
    const Weights& w = *weights_;
    const Share own(w.w1_h, w.b1.size(), team, member);
    assign_columns(u_, w.b1, own.first, own.count);
    add_product(w.w1_h, next_.back(), u_, own, member);
    team.wait();
    add_product(w.w1_c, context_, u_, own, member);
    for (Index b = 0; b < B_; ++b) simd::tanh_row(u_.row(b).data() + own.first, own.count);
    team.wait();
    const Share logits(w.w2, w.b2.size(), team, member);
    assign_columns(logits_, w.b2, logits.first, logits.count);
    add_product(w.w2, u_, logits_, logits, member);
  }

  std::shared_ptr<const Weights> weights_;  // copies of a decoder share them
  Index B_;
  State state_;
  std::vector<Matrix<Scalar>> next_;  // the states that a step makes, while others still read the present ones
  Matrix<Scalar> query_;              // (B, H padded), what the top layer has made
  AttentionParts<Scalar> partial_;
  Matrix<Scalar> gates_, context_, u_, logits_;
  std::vector<std::vector<std::int8_t>> quantized_;  // of each thread, for int8
};

}  // namespace musicgen::inline MUSICGEN_ABI::cpu
