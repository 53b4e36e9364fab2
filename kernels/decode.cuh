// A step of the network, one token for each song, in one cooperative launch. Semantics are those of
// backend/cpu/decode.hpp and attention_cache.hpp.
//
//   h0_t  = gates(table[token], U_0 h0_{t-1})               h^l_t = gates(W_l h^{l-1}_t + b, U_l h^l_{t-1})
//   score_s = h_t . h_s                                      v_s   = W1b h_s, or W1b h_{s+1}
//   u     = tanh(b1 + W1a h_t + sum_s a_s v_s)              logits = W2 u + b2
//
// A block owns some of the H units, that is, their rows of all matrices, and some of the V tokens and of the W places
// in the ring. Blocks meet L + 1 times per token:
//
//   - Each block computes the whole h0, which takes no product: U_0 h0_{t-1} has been exchanged before.
//   - Attention needs no product either: the ring keeps v_s = W1b h_s beside h_s, and the head needs the weighted sum
//   of
//     v. The block that owns place s computes score_s; the block that owns unit j computes the sum of v_sj.
//   - Products that the next meeting does not need, U_l h^l_t for the next step, W1a h_t and W1b h_t, are computed
//     between arriving there and going on.
//
//   meeting        before it                             between arriving and going on
//   l = 1 ... L-1  W_l h^{l-1}, gates of h^l             U_{l-1} h^{l-1}
//   scores         h . h_s                               U_{L-1} h, W1a h, W1b h
//   u              softmax, sum of a_s v_s, tanh
//   (the end)      W2 u
//
// Each row is multiplied by one warp, in fp32 whatever the storage format.
//
// A token, B 1, H 1028, L 3, V 310, W 2048 on the 132 multiprocessors of an H100: 18.4 million weights and 4.2 million
// numbers of the ring are 45 MB in bf16, from L2 if they are still there: 9 us at 5 TB/s, from memory 14 us. 4 meetings
// of 0.8 us, partly hidden. Estimate: 12 to 17 us a token; in fp32, with 90 MB that L2 does not hold, 30 us.
// Operations: 2 weights + 4 W H a song: 45 million.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <musicgen/core/error.hpp>
#include <string>

#include "decode_block.cuh"
#include "decode_layout.cuh"
#include "device.cuh"

namespace musicgen::inline MUSICGEN_ABI::kernels {

/// How a launch is divided. All blocks must fit on the device at the same time.
struct DecodeGrid {
  int blocks = 132, threads = 384;
};

namespace resident {

__global__ static void decode_begin_kernel(unsigned* counter) {
  *counter = 0;
}

template <class Weight, int songs>
__global__ void __launch_bounds__(384, 1)
    decode_kernel(DecodeBuffers<Weight> buffers, DecodeShared<songs> shared, const int* tokens, float* logits) {
  device::GridBarrier barrier(buffers.work.counter, gridDim.x);
  DecodeBlock<Weight, songs>(buffers, shared).step(barrier, tokens, logits);
}

template <int songs>
DecodeShared<songs> shared_of(const DecodeShape& s, const DecodeGrid& grid) {
  return DecodeShared<songs>(s, (s.H + grid.blocks - 1) / grid.blocks);
}

template <class Weight, int songs>
void launch_decode(const DecodeBuffers<Weight>& buffers, const int* tokens, float* logits, const DecodeGrid& grid,
                   device::Stream stream) {
  const DecodeShared<songs> shared = shared_of<songs>(buffers.shape, grid);
  device::launch(decode_begin_kernel, 1, 1, 0, stream, buffers.work.counter);
  device::launch_cooperative(decode_kernel<Weight, songs>, static_cast<unsigned>(grid.blocks),
                             static_cast<unsigned>(grid.threads), shared.bytes, stream, buffers, shared, tokens,
                             logits);
}

}  // namespace resident

/// All multiprocessors, or only as many as have a row of the recurrent weights for each warp, since blocks wait for
/// each other.
inline DecodeGrid decode_grid(const DecodeShape& s, const device::Limits& limits) {
  DecodeGrid grid{limits.multiprocessors, 384};
  const int warps = grid.threads / device::warp_size, needed = (3 * s.H + warps - 1) / warps;
  grid.blocks = needed < grid.blocks ? needed : grid.blocks;
  return grid;
}

/// Whether decode() can be launched on decode_grid(), whatever the format of weights and earlier outputs.
inline bool decode_fits(const DecodeShape& s, const device::Limits& limits) {
  return resident::shared_of<4>(s, decode_grid(s, limits)).bytes <= limits.shared_bytes;
}

/// Feeds a token to each song and computes the logits of the next. Runs on `stream` and returns at once. For more than
/// 4 songs: several states, with one launch each.
/// @tparam Weight  float or device::bf16, the format of weights and earlier outputs
/// @param tokens   (B), each in [0, V)
/// @param logits   (B, V), assigned
/// @throws Error   for more songs, or if the launch is refused: W does not fit into shared memory
template <class Weight>
void decode(const DecodeBuffers<Weight>& buffers, const int* tokens, float* logits, const DecodeGrid& grid,
            device::Stream stream) {
  const int B = buffers.shape.B;
  if (B < 1 || B > 4) throw Error("decode: " + std::to_string(B) + " songs in a launch, not 1 to 4");
  B == 1 ? resident::launch_decode<Weight, 1>(buffers, tokens, logits, grid, stream)
         : resident::launch_decode<Weight, 4>(buffers, tokens, logits, grid, stream);
}

}  // namespace musicgen::inline MUSICGEN_ABI::kernels
