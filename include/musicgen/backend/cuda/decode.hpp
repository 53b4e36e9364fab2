// The network one token at a time, for sampling. Twin: backend/cpu/decode.hpp. A step is one launch for each four songs
// if sizes permit; otherwise it runs the kernels of training (decoder_strategies.hpp).
#pragma once

#include <cstdint>
#include <span>
#include <variant>

#include "../../core/config.hpp"
#include "../backend.hpp"
#include "decoder_strategies.hpp"
#include "parameters.hpp"

namespace musicgen::inline MUSICGEN_ABI::cuda {

class Decoder {
 public:
  using State = DecoderState;

  /// Takes a copy of the weights.
  /// @param B       songs side by side
  /// @param window  earlier outputs that attention sees, at least 1
  /// @throws Error  for int8; for bf16, if sizes do not permit the resident launch, the only one that supports it
  Decoder(const Parameters& parameters, int B, int window, Precision precision = Precision::fp32,
          AttentionOptions attention = {});

  /// A decoder at its beginning for another number of songs, sharing this one's weights.
  Decoder of_batch(int B) const;
  int batch() const { return B_; }

  /// Feeds a token to each song. Waits for the logits. Allocates nothing after the first step.
  /// @param tokens  (B), each in [0, V)
  /// @param no_contexts  as for the CPU's decoder; ignored, since models with contexts are refused
  /// @return        logits (B, V) of the tokens after, valid until the next step
  /// @throws Error  for another number of tokens, or one out of range
  const HostMatrix& step(std::span<const Token> tokens, std::span<const Token> no_contexts = {});

  const State& state() const { return state_; }
  /// Goes back to a state of this decoder, or of another one of the same model, batch, window and precision.
  /// @throws Error  for a state of another size
  void restore(const State& state);
  /// Back to before the first token.
  void reset();

 private:
  using Way = std::variant<PlainDecoder, ResidentDecoder<float>, ResidentDecoder<bf16>>;

  static Way way_for(const Parameters& parameters, int B, int window, Precision precision, AttentionOptions attention);
  Decoder(Way way, int V, int B);

  Way way_;
  int V_, B_;
  State state_;
  Batch batch_;
  FactorMatrix logits_;
  HostMatrix host_logits_;
};

}  // namespace musicgen::inline MUSICGEN_ABI::cuda
