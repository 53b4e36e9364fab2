// The two ways in which decode.hpp feeds a token to each song: a resident launch, and the kernels of training.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "../../core/config.hpp"
#include "../backend.hpp"
#include "attention.hpp"
#include "embedding.hpp"
#include "gru.hpp"
#include "head.hpp"
#include "parameters.hpp"

namespace musicgen::inline MUSICGEN_ABI::cuda {

/// What a step changes, and all that restoring needs. All zeros at the beginning.
struct DecoderState {
  std::vector<Buffer<float>> parts;
  std::int64_t steps = 0;
};

/// The kernels of training, on a single time step: h0 is the state, and attention looks at a ring of the last outputs.
/// For any size, in fp32.
class PlainDecoder {
 public:
  PlainDecoder(const Parameters& parameters, int B, int window, AttentionOptions attention);
  PlainDecoder of_batch(int B) const { return PlainDecoder(weights_, B, window_, attention_); }

  /// L of (B, H), and the outputs (window*B, H).
  DecoderState make_state() const;
  /// @param logits  (B, V), assigned
  void step(const Batch& tokens, DecoderState& state, FactorMatrix& logits);

 private:
  struct Shared {
    Parameters parameters;
    Matrix<float> table;  // (V, 4H), what the first layer's gates start from
  };
  PlainDecoder(std::shared_ptr<const Shared> weights, int B, int window, AttentionOptions attention)
      : weights_(std::move(weights)), B_(B), window_(window), attention_(attention) {}

  std::shared_ptr<const Shared> weights_;
  int B_, window_;
  AttentionOptions attention_;
  std::vector<GruSaved> gru_;
  Matrix<float> scores_;
  FactorMatrix context_;
  HeadSaved head_;
};

/// All of a step in one launch for each four songs: kernels/decode.cuh.
/// @tparam Number  float or bf16, for weights and earlier outputs
template <class Number>
class ResidentDecoder {
 public:
  /// Whether a block's part fits on its multiprocessor, whatever the number of songs.
  static bool supports(const Dimensions& d, int window);

  /// @param parameters  of sizes that it supports
  ResidentDecoder(const Parameters& parameters, int B, int window, AttentionOptions attention);
  ResidentDecoder of_batch(int B) const { return ResidentDecoder(weights_, B, window_, attention_); }

  /// A kernels::DecodeState for each four songs.
  DecoderState make_state() const;
  void step(const Batch& tokens, DecoderState& state, FactorMatrix& logits);

 private:
  struct Shared {  // as kernels::DecodeWeights
    Dimensions dimensions;
    Buffer<Number> rows;
    Matrix<float> table, biases;
    Buffer<float> b1, b2;
  };
  ResidentDecoder(std::shared_ptr<const Shared> weights, int B, int window, AttentionOptions attention)
      : weights_(std::move(weights)), B_(B), window_(window), attention_(attention) {}

  std::shared_ptr<const Shared> weights_;
  int B_, window_;
  AttentionOptions attention_;
  Buffer<float> work_;  // for four songs; launches run one after another
};

}  // namespace musicgen::inline MUSICGEN_ABI::cuda
