// The network one token at a time, for sampling: several songs side by side, a fixed amount of memory.
//
// Each step attends over the last `window` outputs, kept in a ring. Weights are packed once for all steps.
#pragma once

#include <algorithm>
#include <memory>
#include <span>
#include <vector>

#include "attention.hpp"
#include "embedding.hpp"
#include "parameters.hpp"

namespace musicgen::cpu {

template <class Scalar>
class Decoder {
 public:
  /// What a step changes, and all that restoring needs.
  struct State {
    std::vector<Matrix<Scalar>> h;  ///< L of (B, H)
    std::vector<Scalar> outputs;    ///< (B, window, H), a ring in time
    std::int64_t steps = 0;
  };

  /// Packs a copy of the weights; `parameters` may change or go afterwards.
  /// @param B       songs side by side
  /// @param window  earlier outputs that attention sees, at least 1
  Decoder(const Parameters<Scalar>& parameters, int B, int window)
      : Decoder(std::make_shared<Weights>(parameters), B, window) {}

  /// A decoder at its beginning for another number of songs, sharing this one's weights.
  Decoder of_batch(int B) const { return Decoder(weights_, static_cast<Index>(B), window_); }

  Index batch() const { return B_; }

  /// Feeds a token to each song. Allocates nothing.
  /// @param tokens  (B), each in [0, V)
  /// @return        logits (B, V) of the tokens after, valid until the next step
  const Matrix<Scalar>& step(std::span<const Token> tokens) {
    gather_rows(weights_->table, tokens, gates_);
    gru_step(0);
    for (std::size_t l = 1; l < state_.h.size(); ++l) {
      const View<const Scalar> x = view(std::as_const(state_.h[l - 1]));
      const auto& [rz, n] = weights_->w_ih[l - 1];
      const Index H = x.columns;
      gates_.rowwise() = weights_->biases[l - 1];
      product<Scalar>(x, rz, view(gates_).column_range(0, 2 * H), Into::add);
      product<Scalar>(x, n, view(gates_).column_range(3 * H, H), Into::add);
      gru_step(l);
    }
    attend();
    head();
    return logits_;
  }

  const State& state() const { return state_; }
  /// Goes back to a state of this decoder, or of another one of the same model, batch and window.
  void restore(const State& state) { state_ = state; }
  /// Back to before the first token.
  void reset() {
    for (auto& h : state_.h) h.setZero();
    state_.steps = 0;
  }

 private:
  struct Weights {
    explicit Weights(const Parameters<Scalar>& p) : b1(p.head.b1), b2(p.head.b2), w2(view(p.head.w2).transposed()) {
      const Index hidden = p.head.w1.rows();
      w1_h.pack(view(p.head.w1).transposed().row_range(0, hidden));
      w1_c.pack(view(p.head.w1).transposed().row_range(hidden, hidden));
      gru_inputs(p.gru[0], view(p.embedding), table);
      for (std::size_t l = 0; l < p.gru.size(); ++l) {
        w_hh.emplace_back(view(p.gru[l].w_hh).transposed());
        if (l == 0) continue;
        const View<const Scalar> w = view(p.gru[l].w_ih).transposed();
        w_ih.push_back(
            {Packed<Scalar>(w.column_range(0, 2 * hidden)), Packed<Scalar>(w.column_range(2 * hidden, hidden))});
        biases.push_back(detail::gru_biases(p.gru[l]));
      }
    }
    struct InputWeights {
      Packed<Scalar> rz, n;
    };
    Matrix<Scalar> table;                   // (V, 4H), what the first layer's gates start from
    std::vector<InputWeights> w_ih;         // of the layers after the first
    std::vector<RowVector<Scalar>> biases;  // r | z | q | n, of the same
    std::vector<Packed<Scalar>> w_hh;       // of all
    RowVector<Scalar> b1, b2;
    Packed<Scalar> w1_h, w1_c, w2;
  };

  Decoder(std::shared_ptr<const Weights> weights, Index B, Index window)
      : weights_(std::move(weights)), B_(B), window_(window) {
    const Index H = weights_->b1.size();
    state_.h.assign(weights_->w_hh.size(), Matrix<Scalar>::Zero(B, H));
    state_.outputs.assign(static_cast<std::size_t>(B * window * H), Scalar(0));
    gates_.resize(B, 4 * H);
    context_.resize(B, H);
    u_.resize(B, H);
    scores_.resize(B, window);
    logits_.resize(B, weights_->b2.size());
  }

  /// From what the inputs have made of the gates.
  void gru_step(std::size_t l) {
    Matrix<Scalar>& h = state_.h[l];
    const Index H = h.cols();
    product<Scalar>(view(h), weights_->w_hh[l], view(gates_).column_range(0, 3 * H), Into::add);
    for (Index b = 0; b < B_; ++b)
      detail::gru_gates<Scalar>(H, H, gates_.row(b).data(), h.row(b).data(), h.row(b).data());
  }

  void attend() {
    const Matrix<Scalar>& h = state_.h.back();
    const Index H = h.cols(), earlier = std::min<Index>(state_.steps, window_);
    thread_pool().parallel_for(B_, [&](Index b) {
      Scalar* outputs = state_.outputs.data() + b * window_ * H;
      const Scalar* past = outputs;
      Scalar* scores = scores_.row(b).data();
      Scalar* context = context_.row(b).data();
      simd::run<simd::Dots<Scalar>>(earlier, H, past, h.row(b).data(), scores);
      simd::softmax_row(scores, earlier);
      simd::run<simd::WeightedSum<Scalar>>(earlier, H, past, static_cast<const Scalar*>(scores), context);
      std::copy_n(h.row(b).data(), H, outputs + state_.steps % window_ * H);
    });
    ++state_.steps;
  }

  void head() {
    const Weights& w = *weights_;
    u_.rowwise() = w.b1;
    product<Scalar>(view(state_.h.back()), w.w1_h, view(u_), Into::add);
    product<Scalar>(view(context_), w.w1_c, view(u_), Into::add);
    simd::tanh_row(u_.data(), u_.size());
    logits_.rowwise() = w.b2;
    product<Scalar>(view(u_), w.w2, view(logits_), Into::add);
  }

  std::shared_ptr<const Weights> weights_;  // copies of a decoder share them
  Index B_, window_;
  State state_;
  Matrix<Scalar> gates_, context_, u_, scores_, logits_;
};

}  // namespace musicgen::cpu
