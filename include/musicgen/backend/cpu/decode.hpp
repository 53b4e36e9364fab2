// The network one token at a time, for sampling: several songs side by side, a fixed amount of memory.
//
// Each step attends over the last `window` outputs, kept in a ring. Weights are packed once for all steps
// (packed_weights.hpp). Threads take units, blocks of the ring and columns of the head, and wait for each other in
// between.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "../../core/config.hpp"
#include "../backend.hpp"
#include "attention_cache.hpp"
#include "matrix.hpp"
#include "parameters.hpp"

namespace musicgen::inline MUSICGEN_ABI::cpu {

/// One thread at a time may use a decoder; copies share nothing but the weights, which are never written.
template <class Scalar>
class Decoder {
 public:
  /// Multiplications of a step. Below, a second thread gains at most three quarters where it has a core of its own, and
  /// costs several times the step where it has to share one: every wait may then last a time slice. One song of two
  /// layers of 512 units stays below, with 2048 earlier outputs.
  static constexpr Index worth_several_threads = 11 << 19;

  /// What a step changes, and all that restoring needs.
  struct State {
    std::vector<Matrix<Scalar>> h;   ///< L of (B, H)
    AttentionCache<Scalar> outputs;  ///< the last window + 1 of each song
    /// (B, places + 1), those that came in, as outputs lie in their ring; if the model copies.
    std::vector<Token> tokens{};
    std::int64_t steps = 0;
  };

  /// Packs a copy of the weights; `parameters` may change or go afterwards.
  /// @param B        songs side by side, at least 1
  /// @param window   earlier outputs that attention sees, at least 1
  /// @throws Error   for numbers out of range
  Decoder(const Parameters<Scalar>& parameters, int B, int window, Precision precision = Precision::fp32,
          AttentionOptions attention = {});
  Decoder(const Decoder& other);
  Decoder(Decoder&& other) noexcept;
  Decoder& operator=(Decoder other) noexcept;
  ~Decoder();

  /// A decoder at its beginning for another number of songs, sharing this one's weights.
  [[nodiscard]] Decoder of_batch(int B) const;

  [[nodiscard]] Index batch() const { return B_; }

  /// Feeds a token to each song. Allocates nothing.
  /// @param tokens    (B), each in [0, V)
  /// @param contexts  (B, parts), each in [V, V+C), for a model that takes them
  /// @return          logits (B, V) of the tokens after, valid until the next step
  /// @throws Error  for another number of tokens, or a token out of range
  const Matrix<Scalar>& step(std::span<const Token> tokens, std::span<const Token> contexts = {});

  [[nodiscard]] const State& state() const { return state_; }
  /// Goes back to a state of this decoder, or of another one of the same model, batch, window and precision.
  /// @throws Error  for a state of another size
  void restore(const State& state);
  /// Back to before the first token.
  void reset();

 private:
  void mix_copies(std::span<const Token> tokens);

  struct Weights;
  struct Workspace;
  struct Step;

  Decoder(std::shared_ptr<const Weights> weights, Index B, Index window, AttentionOptions attention);

  std::shared_ptr<const Weights> weights_;  // copies of a decoder share them
  Index B_;
  State state_;
  std::unique_ptr<Workspace> work_;
};

}  // namespace musicgen::inline MUSICGEN_ABI::cpu

#ifndef MUSICGEN_COMPILED
#include "decode.ipp"
#endif
