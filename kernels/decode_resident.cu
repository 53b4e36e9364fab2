#include <algorithm>
#include <musicgen/backend/cuda/decoder_strategies.hpp>
#include <type_traits>

#include "decode.cuh"
#include "gru.cuh"
#include "launch.hpp"

namespace musicgen::inline MUSICGEN_ABI::cuda {

namespace {

constexpr int songs_of_a_launch = 4;

/// How kernels spell it.
template <class Number>
using Kept = std::conditional_t<std::is_same_v<Number, bf16>, device::bf16, float>;

kernels::DecodeShape shape_of(const Dimensions& d, int songs, int window, AttentionOptions attention) {
  return {std::min(songs, songs_of_a_launch),
          d.V,
          d.H,
          d.L,
          window,
          attention.value == AttentionValue::successor ? 1 : 0,
          attention.scale};
}

/// In floats.
std::size_t floats(std::size_t bytes) {
  return (bytes + sizeof(float) - 1) / sizeof(float);
}

Buffer<float> copied(const float* from, int count) {
  Buffer<float> buffer(static_cast<std::size_t>(count));
  copy(buffer.data(), from, buffer.size() * sizeof(float));
  return buffer;
}

}  // namespace

template <class Number>
bool ResidentDecoder<Number>::supports(const Dimensions& d, int window) {
  if (d.C > 0 || d.copies || d.places) return false;
  return kernels::decode_fits(shape_of(d, songs_of_a_launch, window, {}), device::limits());
}

template <class Number>
ResidentDecoder<Number>::ResidentDecoder(const Parameters& parameters, int B, int window, AttentionOptions attention)
    : ResidentDecoder(
          [&] {
            const Dimensions& d = parameters.layout.dimensions;
            const kernels::DecodeShape shape = shape_of(d, B, window, attention);
            const Tensors<const float> w = parameters.tensors();
            auto weights = std::make_shared<Shared>();
            weights->dimensions = d;
            weights->rows.resize(shape.rows() * static_cast<std::size_t>(shape.width()));
            const auto pack = [&](View<const float> m, int matrix) {
              kernels::pack_decode_rows(shape, m.data, static_cast<int>(m.stride), m.rows, matrix,
                                        reinterpret_cast<Kept<Number>*>(weights->rows.data()), launches());
            };
            embedding_table({w, nullptr}, weights->table);
            weights->biases.resize(d.L, 4 * d.H);
            for (int l = 0; l < d.L; ++l) {
              const GruTensors<const float> layer = w.gru(l);
              kernels::gru_biases(layer.b_ih, layer.b_hh, 1, d.H, weights->biases.view().row_range(l, 1).data,
                                  launches());
              if (l > 0) pack(layer.w_ih, shape.w_ih(l));
              pack(layer.w_hh, shape.w_hh(l));
            }
            const HeadTensors<const float> head = w.head();
            pack(head.w1.column_range(0, d.H), shape.w1_h());
            pack(head.w1.column_range(d.H, d.H), shape.w1_c());
            pack(head.w2, shape.w2());
            weights->b1 = copied(head.b1, d.H);
            weights->b2 = copied(head.b2, d.V);
            return weights;
          }(),
          B, window, attention) {}

template <class Number>
DecoderState ResidentDecoder<Number>::make_state() const {
  DecoderState state;
  for (int first = 0; first < B_; first += songs_of_a_launch)
    state.parts.emplace_back(floats(
        kernels::DecodeState<Kept<Number>>::bytes(shape_of(weights_->dimensions, B_ - first, window_, attention_))));
  return state;
}

template <class Number>
void ResidentDecoder<Number>::step(const Batch& tokens, DecoderState& state, FactorMatrix& logits) {
  using Weight = Kept<Number>;
  const Shared& w = *weights_;
  logits.resize(B_, w.dimensions.V, false);
  work_.resize(floats(kernels::DecodeWork::bytes(shape_of(w.dimensions, B_, window_, attention_))));
  for (int first = 0; first < B_; first += songs_of_a_launch) {
    const kernels::DecodeShape shape = shape_of(w.dimensions, B_ - first, window_, attention_);
    auto& part = state.parts[static_cast<std::size_t>(first / songs_of_a_launch)];
    kernels::decode<Weight>(
        {shape,
         {reinterpret_cast<const Weight*>(w.rows.data()), w.table.data(), w.biases.data(), w.b1.data(), w.b2.data()},
         {shape, part.data()},
         {shape, work_.data()}},
        tokens.tokens() + first, logits.exact.view().row_range(first, shape.B).data,
        kernels::decode_grid(shape, device::limits()), launches());
  }
}

template class ResidentDecoder<float>;
template class ResidentDecoder<bf16>;

}  // namespace musicgen::inline MUSICGEN_ABI::cuda
