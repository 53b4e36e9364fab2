// The network one token at a time, for sampling. Twin: backend/cpu/decode.hpp. A step runs the kernels that training
// runs, on one row of time: h0 is the state, attention looks at a ring of the last outputs.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "../backend.hpp"
#include "attention.hpp"
#include "embedding.hpp"
#include "gru.hpp"
#include "head.hpp"
#include "parameters.hpp"

namespace musicgen::cuda {

class Decoder {
 public:
  /// What a step changes, and all that restoring needs.
  struct State {
    std::vector<Buffer<float>> h;  ///< L of (B, H)
    Matrix<float> outputs;         ///< (window*B, H), the last ones of the top layer, a ring
    std::int64_t steps = 0;
  };

  /// Takes a copy of the weights.
  /// @param B       songs side by side
  /// @param window  earlier outputs that attention sees, at least 1
  /// @throws Error  for a precision other than fp32
  Decoder(const Parameters& parameters, int B, int window, Precision precision = Precision::fp32);

  /// A decoder at its beginning for another number of songs, sharing this one's weights.
  Decoder of_batch(int B) const { return Decoder(weights_, B, window_); }
  int batch() const { return B_; }

  /// Feeds a token to each song. Waits for the logits. Allocates nothing after the first step.
  /// @param tokens  (B), each in [0, V)
  /// @return        logits (B, V) of the tokens after, valid until the next step
  /// @throws Error  for another number of tokens, or one out of range
  const HostMatrix& step(std::span<const Token> tokens);

  const State& state() const { return state_; }
  /// Goes back to a state of this decoder, or of another one of the same model, batch and window.
  /// @throws Error  for a state of another size
  void restore(const State& state);
  /// Back to before the first token.
  void reset();

 private:
  struct SharedWeights {
    Parameters parameters;
    Matrix<float> table;  // (V, 4H), what the first layer's gates start from
  };
  Decoder(std::shared_ptr<const SharedWeights> weights, int B, int window);

  std::shared_ptr<const SharedWeights> weights_;  // copies of a decoder share them
  int B_, window_;
  State state_;
  Batch batch_;
  std::vector<GruKept> gru_;
  Matrix<float> scores_;
  FactorMatrix context_;
  HeadKept head_;
  FactorMatrix logits_;
  HostMatrix host_logits_;
};

}  // namespace musicgen::cuda
