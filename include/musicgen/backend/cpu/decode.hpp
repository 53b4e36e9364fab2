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
    embedding_forward(weights_->embedding, tokens, x_);
    View<const Scalar> x = view(std::as_const(x_));
    for (std::size_t l = 0; l < state_.h.size(); ++l) {
      gru_step(l, x);
      x = view(std::as_const(state_.h[l]));
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
    explicit Weights(const Parameters<Scalar>& p)
        : embedding(p.embedding), b1(p.head.b1), b2(p.head.b2), w2(view(p.head.w2).transposed()) {
      const Index hidden = p.head.w1.rows();
      w1_h.pack(view(p.head.w1).transposed().row_range(0, hidden));
      w1_c.pack(view(p.head.w1).transposed().row_range(hidden, hidden));
      for (const auto& layer : p.gru) {
        const Index H = layer.w_hh.cols();
        const View<const Scalar> w = view(layer.w_ih).transposed();
        w_ih_rz.emplace_back(w.column_range(0, 2 * H));
        w_ih_n.emplace_back(w.column_range(2 * H, H));
        w_hh.emplace_back(view(layer.w_hh).transposed());
        RowVector<Scalar>& bias = biases.emplace_back(4 * H);
        bias << layer.b_ih.head(2 * H) + layer.b_hh.head(2 * H), layer.b_hh.tail(H), layer.b_ih.tail(H);
      }
    }
    Matrix<Scalar> embedding;
    RowVector<Scalar> b1, b2;
    std::vector<Packed<Scalar>> w_ih_rz, w_ih_n, w_hh;
    Packed<Scalar> w1_h, w1_c, w2;
    std::vector<RowVector<Scalar>> biases;  // r | z | q | n
  };

  Decoder(std::shared_ptr<const Weights> weights, Index B, Index window)
      : weights_(std::move(weights)), B_(B), window_(window) {
    const Index H = weights_->b1.size();
    state_.h.assign(weights_->w_hh.size(), Matrix<Scalar>::Zero(B, H));
    state_.outputs.assign(static_cast<std::size_t>(B * window * H), Scalar(0));
    x_.resize(B, weights_->embedding.cols());
    gates_.resize(B, 4 * H);
    context_.resize(B, H);
    u_.resize(B, H);
    scores_.resize(B, window);
    logits_.resize(B, weights_->b2.size());
  }

  void gru_step(std::size_t l, View<const Scalar> x) {
    const Weights& w = *weights_;
    const Index H = w.w_hh[l].rows();
    Matrix<Scalar>& h = state_.h[l];
    gates_.rowwise() = w.biases[l];
    product<Scalar>(x, w.w_ih_rz[l], view(gates_).column_range(0, 2 * H), Into::add);
    product<Scalar>(x, w.w_ih_n[l], view(gates_).column_range(3 * H, H), Into::add);
    product<Scalar>(view(h), w.w_hh[l], view(gates_).column_range(0, 3 * H), Into::add);
    for (Index b = 0; b < B_; ++b)
      simd::run<simd::OverRow<Scalar, detail::GruGatesAt<Scalar>>>(
          H, H, gates_.row(b).data(), static_cast<const Scalar*>(h.row(b).data()), h.row(b).data());
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
  Matrix<Scalar> x_, gates_, context_, u_, scores_, logits_;
};

}  // namespace musicgen::cpu
