// The memory layout of the decoder in decode.cuh: weights by rows, the state of a group of songs, and work space.
// Padding of sizes to multiples of 8 happens only here: rows have `width` >= H numbers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "device.cuh"

namespace musicgen::inline MUSICGEN_ABI::kernels {

/// A network and how it is decoded: B songs side by side, at most 4, with attention over W earlier outputs.
struct DecodeShape {
  int B, V, H, L, W;
  int value_offset = 0;  ///< 1: attention sums the successors of earlier outputs
  float scale = 1;       ///< of the scores

  __host__ __device__ int width() const { return (H + 7) / 8 * 8; }
  // Matrices of H rows each, in the order in which a step needs them; then the V rows of W2.
  __host__ __device__ int w_ih(int layer) const { return 3 * (layer - 1); }  ///< r, z, n; layer > 0
  __host__ __device__ int w_hh(int layer) const { return 3 * (L - 1 + layer); }
  __host__ __device__ int w1_h() const { return 6 * L - 3; }
  __host__ __device__ int w1_c() const { return 6 * L - 2; }
  __host__ __device__ int w2() const { return 6 * L - 1; }
  __host__ __device__ std::size_t rows() const { return row(w2(), V); }
  __host__ __device__ std::size_t row(int matrix, int i) const {
    return static_cast<std::size_t>(matrix) * static_cast<std::size_t>(H) + static_cast<std::size_t>(i);
  }
};

namespace resident {

/// Hands out parts of a buffer, each aligned to 16 bytes; without a buffer, only adds up their sizes.
class Parts {
 public:
  __host__ __device__ explicit Parts(void* buffer) : at_(reinterpret_cast<std::uintptr_t>(buffer)) {}
  template <class T>
  __host__ __device__ T* take(std::size_t count) {
    T* const part = reinterpret_cast<T*>(at_);
    at_ += (count * sizeof(T) + 15) / 16 * 16;
    return part;
  }
  __host__ __device__ std::uintptr_t end() const { return at_; }

 private:
  std::uintptr_t at_;
};

__host__ __device__ inline std::size_t product(int a, int b, int c = 1) {
  return static_cast<std::size_t>(a) * static_cast<std::size_t>(b) * static_cast<std::size_t>(c);
}

}  // namespace resident

/// Everything that a step changes, in one buffer of bytes(): a copy is a snapshot, and zeros are the initial state.
///
///   bytes = 4 (4 L + 6) B width + 2 B W width (2 for bf16, 4 for fp32): for W 2048 and H 1028 8.5 or 17 MB a song
template <class Weight>
struct DecodeState {
  std::int64_t* steps;  // (1)
  float* h;             // (L, B, width)
  float* uh0;           // (2, B, 3H)  U h of layer 0, for the next step; that of step t is in t % 2
  float* uh;            // (L, B, 3H)  of the other layers
  Weight* outputs;      // (B, W, width)  h of the top layer, step t in t % W; only the block that owns t % W sees it
  Weight* values;       // (B, H, W)  W1b h of the same, for the weighted sum; only the block that owns the unit

  DecodeState(const DecodeShape& s, void* buffer) : DecodeState(s, resident::Parts(buffer)) {}
  static std::size_t bytes(const DecodeShape& s) { return DecodeState(s, nullptr).end_; }

 private:
  DecodeState(const DecodeShape& s, resident::Parts parts)
      : steps(parts.take<std::int64_t>(1)),
        h(parts.take<float>(resident::product(s.L, s.B, s.width()))),
        uh0(parts.take<float>(resident::product(2, s.B, 3 * s.H))),
        uh(parts.take<float>(resident::product(s.L, s.B, 3 * s.H))),
        outputs(parts.take<Weight>(resident::product(s.B, s.W, s.width()))),
        values(parts.take<Weight>(resident::product(s.B, s.H, s.W))),
        end_(parts.end()) {}
  std::size_t end_;
};

/// What blocks exchange, in one buffer of bytes(); not used between launches.
struct DecodeWork {
  unsigned* counter;  // (1) of the barrier
  float* scores;      // (B, W)
  float* u;           // (B, width)

  DecodeWork(const DecodeShape& s, void* buffer) : DecodeWork(s, resident::Parts(buffer)) {}
  static std::size_t bytes(const DecodeShape& s) { return DecodeWork(s, nullptr).end_; }

 private:
  DecodeWork(const DecodeShape& s, resident::Parts parts)
      : counter(parts.take<unsigned>(1)),
        scores(parts.take<float>(resident::product(s.B, s.W))),
        u(parts.take<float>(resident::product(s.B, s.width()))),
        end_(parts.end()) {}
  std::size_t end_;
};

/// @tparam Weight  float or device::bf16
template <class Weight>
struct DecodeWeights {
  const Weight* rows;   ///< shape.rows() of shape.width() numbers, see pack_decode_rows
  const float* table;   ///< (V, 4H)  r | z | q | n of layer 0 for each token, including biases: cpu's gru_inputs
  const float* biases;  ///< (L, 4H)  r | z | q | n of the other layers, in order: cpu's gru_biases
  const float* b1;      ///< (H)
  const float* b2;      ///< (V)
};

namespace resident {

/// A part of the block's shared memory. The host computes its offset, which saves registers.
template <class T>
struct InShared {
  unsigned offset;
  __device__ operator T*() const { return reinterpret_cast<T*>(device::dynamic_shared<unsigned char>() + offset); }
};

/// The contents of a block's shared memory.
template <int songs>
struct DecodeShared {
  InShared<float> h0, x;                 // (songs, width)  all of layer 0; the vector that rows are multiplied with
  InShared<float> own_h, own_uh;         // (L, units, songs), (L, 3, units, songs)  from the step before
  InShared<float> sums, before_tanh, v;  // (3, units, songs), (units, songs), (units, songs)
  InShared<float> weights, parts;        // (W), (32)  of attention; of warps
  std::size_t bytes;

  /// @param units  of a block, at most
  DecodeShared(const DecodeShape& s, int units) {
    Parts all(nullptr);
    const auto place = [&]<class T>(InShared<T>& part, std::size_t count) {
      part.offset = static_cast<unsigned>(reinterpret_cast<std::uintptr_t>(all.take<T>(count)));
    };
    place(h0, product(songs, s.width()));
    place(x, product(songs, s.width()));
    place(own_h, product(s.L, units, songs));
    place(own_uh, product(3 * s.L, units, songs));
    place(sums, product(3, units, songs));
    place(before_tanh, product(units, songs));
    place(v, product(units, songs));
    place(weights, static_cast<std::size_t>(s.W));
    place(parts, device::warp_size);
    bytes = all.end();
  }
};

}  // namespace resident

template <class Weight>
__device__ Weight stored_as(float x) {
  if constexpr (std::is_same_v<Weight, float>)
    return x;
  else
    return device::to_bf16(x);
}

template <class Weight>
__global__ void __launch_bounds__(256)
    pack_decode_rows_kernel(const float* w, int stride, int H, int width, Weight* to) {
  const std::size_t row = blockIdx.x;
  for (unsigned k = threadIdx.x; k < static_cast<unsigned>(width); k += blockDim.x)
    to[row * static_cast<std::size_t>(width) + k] =
        stored_as<Weight>(k < static_cast<unsigned>(H) ? w[row * static_cast<std::size_t>(stride) + k] : 0.0f);
}

/// Copies `count` rows of H weights to their place: W_ih (3H rows) to w_ih(l), W_hh to w_hh(l), the halves of W1 to
/// w1_h() and w1_c() (H rows each, stride 2H), W2 (V rows) to w2().
/// @param w       (count, ...), `stride` from row to row
/// @param matrix  one of the shape's
/// @param rows    DecodeWeights' rows
template <class Weight>
void pack_decode_rows(const DecodeShape& shape, const float* w, int stride, int count, int matrix, Weight* rows,
                      device::Stream stream) {
  device::launch(pack_decode_rows_kernel<Weight>, static_cast<unsigned>(count), 256, 0, stream, w, stride, shape.H,
                 shape.width(), rows + shape.row(matrix, 0) * static_cast<std::size_t>(shape.width()));
}

/// The buffers of a decoder on the device.
template <class Weight>
struct DecodeBuffers {
  DecodeShape shape;
  DecodeWeights<Weight> weights;
  DecodeState<Weight> state;  ///< (shape, buffer)
  DecodeWork work;            ///< (shape, buffer)
};

}  // namespace musicgen::inline MUSICGEN_ABI::kernels
