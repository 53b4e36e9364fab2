// The network a token at a time in one resident launch: every block stays for all tokens fed. Its semantics
// are those of backend/cpu/decode.hpp and attention_cache.hpp.
//
//   h0_t  = gates(table[token], U_0 h0_{t-1})               h^l_t = gates(W_l h^{l-1}_t + b, U_l h^l_{t-1})
//   score_s = h_t . h_s                                      v_s   = W1b h_s, or W1b h_{s+1}
//   u     = tanh(b1 + W1a h_t + sum_s a_s v_s)              logits = W2 u + b2
//
// A block owns some of the H units, that is these rows of all matrices, and some of the V tokens and of the W places of
// the ring. Blocks meet L + 1 times a token:
//
//   - All of them compute the whole h0, which takes no product: U_0 h0_{t-1} was handed round before.
//   - Attention needs no product either: the ring keeps v_s = W1b h_s beside h_s, and the weighted sum of v is what the
//     head wants. The block that owns place s makes score_s; the block that owns unit j makes the sum of v_sj.
//   - Products that the next meeting does not need, U_l h^l_t for the next step, W1a h_t and W1b h_t, are made between
//     arriving there and going on.
//
//   meeting        before it                             between arriving and going on
//   l = 1 ... L-1  W_l h^{l-1}, gates of h^l             U_{l-1} h^{l-1}
//   scores         h . h_s                               U_{L-1} h, W1a h, W1b h
//   u              softmax, sum of a_s v_s, tanh
//   none           W2 u
//
// A block's rows that fit into its shared memory are kept there for all tokens, the others come from L2 (or memory) for
// each. Rows are multiplied by a warp each, in fp32 whatever they are stored in.
//
// A token, B 1, H 1028, L 3, V 310, W 2048 on the 132 multiprocessors of an H100: 18.4 million weights are 279 KB a
// block in bf16, of which 205 KB stay in shared memory; 10 MB of weights and 8 MB of the ring come from L2: 3.5 us. 4
// meetings of 0.8 us. Estimate: 6 to 8 us a token; in fp32, with 65 MB from L2 and memory, 20 to 25 us.
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

/// How a launch is shared out. All blocks have to fit on the device at a time.
struct DecodeGrid {
  int blocks = 132, threads = 384;
  std::size_t shared_bytes = 227 * 1024;  ///< of a block; what is left of it keeps weights
};

namespace resident {

__global__ static void decode_begin_kernel(unsigned* counter) {
  *counter = 0;
}

template <class Weight, int songs>
__global__ void __launch_bounds__(384, 1)
    decode_kernel(DecodeBuffers<Weight> buffers, DecodeShared<Weight, songs> shared, DecodeRun run, int kept_rows) {
  DecodeBlock<Weight, songs> block(buffers, shared, kept_rows);
  device::GridBarrier barrier(buffers.work.counter, gridDim.x);
  block.begin();
  for (int i = 0; i < run.count; ++i)
    block.step(barrier, run.tokens + i * buffers.shape.B, i + 1 == run.count ? run.logits : nullptr);
  block.end();
}

/// Of a block's shared memory: what it needs whatever the weights that it keeps.
template <class Weight, int songs>
DecodeShared<Weight, songs> shared_of(const DecodeShape& s, const DecodeGrid& grid) {
  return DecodeShared<Weight, songs>(s, (s.H + grid.blocks - 1) / grid.blocks);
}

template <class Weight, int songs>
void launch_decode(const DecodeBuffers<Weight>& buffers, const DecodeRun& run, const DecodeGrid& grid,
                   device::Stream stream) {
  const DecodeShape& s = buffers.shape;
  const int units = (s.H + grid.blocks - 1) / grid.blocks, tokens = (s.V + grid.blocks - 1) / grid.blocks;
  const DecodeShared<Weight, songs> shared = shared_of<Weight, songs>(s, grid);
  const std::size_t fixed = shared.rows.offset;
  const std::size_t row = static_cast<std::size_t>(s.width()) * sizeof(Weight);
  const std::size_t room = grid.shared_bytes > fixed ? (grid.shared_bytes - fixed) / row : 0;
  const std::size_t all = product(s.w2(), units) + static_cast<std::size_t>(tokens);
  const std::size_t kept_rows = run.count == 1 ? 0 : room < all ? room : all;  // each row is read once a token
  device::launch(decode_begin_kernel, 1, 1, 0, stream, buffers.work.counter);
  device::launch_cooperative(decode_kernel<Weight, songs>, static_cast<unsigned>(grid.blocks),
                             static_cast<unsigned>(grid.threads), fixed + kept_rows * row, stream, buffers, shared, run,
                             static_cast<int>(kept_rows));
}

}  // namespace resident

/// All multiprocessors, or as many as have a row of the recurrent weights for each warp: blocks wait for each other.
inline DecodeGrid decode_grid(const DecodeShape& s, const device::Limits& limits) {
  DecodeGrid grid{limits.multiprocessors, 384, limits.shared_bytes};
  const int warps = grid.threads / device::warp_size, needed = (3 * s.H + warps - 1) / warps;
  grid.blocks = needed < grid.blocks ? needed : grid.blocks;
  return grid;
}

/// Whether decode() can be launched.
template <class Weight>
bool decode_fits(const DecodeShape& s, const DecodeGrid& grid) {
  return resident::shared_of<Weight, 4>(s, grid).rows.offset <= grid.shared_bytes;
}

/// Runs on `stream` and returns at once. More than 4 songs: several states, one launch each.
/// @tparam Weight  float or device::bf16, in which weights and earlier outputs are kept
/// @throws Error   for more songs, or if the launch is refused: W does not fit into shared memory
template <class Weight>
void decode(const DecodeBuffers<Weight>& buffers, const DecodeRun& run, const DecodeGrid& grid, device::Stream stream) {
  const int B = buffers.shape.B;
  if (B < 1 || B > 4) throw Error("decode: " + std::to_string(B) + " songs in a launch, not 1 to 4");
  B == 1 ? resident::launch_decode<Weight, 1>(buffers, run, grid, stream)
         : resident::launch_decode<Weight, 4>(buffers, run, grid, stream);
}

}  // namespace musicgen::inline MUSICGEN_ABI::kernels
