// The pointwise parts of the GRU, one step at a time. CPU version: backend/cpu/gru.hpp; derivation: docs/gru.md.
//
//   r = sigmoid(a_r)   z = sigmoid(a_z)   n = tanh(a_n + r q)   h = n + z (h_before - n)
//
// where a row of gates is (a_r | a_z | q | a_n), with all products and biases already added; and backward:
//
//   dh = dh_out + carry       dn = dh (1 - z) (1 - n^2)    dz = dh (h_before - n) z (1 - z)
//   dr = dn q r (1 - r)       dq = dn r                    carry = dh z      (U' d(r|z|q) is added by a product)
//
// One thread per unit and sequence. A step of B sequences and H units:
//   gates            bytes  4 B H (5 read + 4 written)      operations  about 10 B H and three functions
//   gates_backward   bytes  4 B H (7 read + 5 written)      operations  about 15 B H
// B H = 32,896 threads do not fill a GPU, so a step takes about as long as a launch. The product before it reads 12 H^2
// bytes (6 H^2 in bf16) for 6 B H^2 operations, from L2 if they fit. Kernels that keep the weights on the chip through
// all steps do better (gru_persistent.cuh); these work for any size, and define what the others must compute.
#pragma once

#include "elementwise.cuh"

namespace musicgen::inline MUSICGEN_ABI::kernels {

__device__ inline float sigmoid(float x) {
  return 1.0f / (1.0f + expf(-x));
}

/// Fills every row of gates with biases: r and z get both, q the recurrent one, n that of the input.
/// @param b_ih, b_hh  (3H)  @param gates  (N, 4H), assigned
__global__ static void __launch_bounds__(threads_of_a_block)
    gru_biases_kernel(const float* b_ih, const float* b_hh, int N, int H, float* gates) {
  const std::int64_t i = thread_of_grid();
  if (i >= static_cast<std::int64_t>(N) * 4 * H) return;
  const int column = static_cast<int>(i % (4 * H));
  gates[i] = column < 2 * H ? b_ih[column] + b_hh[column] : column < 3 * H ? b_hh[column] : b_ih[column - H];
}

inline void gru_biases(const float* b_ih, const float* b_hh, int N, int H, float* gates, device::Stream stream) {
  device::launch(gru_biases_kernel, blocks_for(static_cast<std::int64_t>(N) * 4 * H), threads_of_a_block, 0, stream,
                 b_ih, b_hh, N, H, gates);
}

/// @param gates      (B, 4H), becomes (r | z | q | n)
/// @param h_before   (B, H)  @param h  (B, H), assigned
/// @param h_rounded  (B, H), h in bf16; nullptr: not wanted
__global__ static void __launch_bounds__(threads_of_a_block)
    gru_gates_kernel(float* gates, const float* h_before, int B, int H, float* h, device::bf16* h_rounded) {
  const std::int64_t i = thread_of_grid();
  if (i >= static_cast<std::int64_t>(B) * H) return;
  float* a = gates + i / H * 4 * H + i % H;
  const float r = sigmoid(a[0]), z = sigmoid(a[H]), n = tanhf(a[3 * H] + r * a[2 * H]);
  a[0] = r;
  a[H] = z;
  a[3 * H] = n;
  const float after = n + z * (h_before[i] - n);
  h[i] = after;
  if (h_rounded) h_rounded[i] = device::to_bf16(after);
}

inline void gru_gates(float* gates, const float* h_before, int B, int H, float* h, device::bf16* h_rounded,
                      device::Stream stream) {
  device::launch(gru_gates_kernel, blocks_for(static_cast<std::int64_t>(B) * H), threads_of_a_block, 0, stream, gates,
                 h_before, B, H, h, h_rounded);
}

/// @param gates    (B, 4H), (r | z | q | n), becomes (dr | dz | dq | dn)
/// @param rounded  (B, 4H), the same in bf16; nullptr: not wanted
/// @param dh_out   (B, H), of the outputs
/// @param carry    (B, H), the gradient of h from later steps; becomes dh z
__global__ static void __launch_bounds__(threads_of_a_block)
    gru_gates_backward_kernel(float* gates, device::bf16* rounded, const float* h_before, const float* dh_out, int B,
                              int H, float* carry) {
  const std::int64_t i = thread_of_grid();
  if (i >= static_cast<std::int64_t>(B) * H) return;
  const std::int64_t at = i / H * 4 * H + i % H;
  float* a = gates + at;
  const float r = a[0], z = a[H], q = a[2 * H], n = a[3 * H], dh = dh_out[i] + carry[i];
  const float dn = dh * (1 - z) * (1 - n * n), dz = dh * (h_before[i] - n) * z * (1 - z);
  const float dr = dn * q * r * (1 - r), dq = dn * r;
  carry[i] = dh * z;
  a[0] = dr;
  a[H] = dz;
  a[2 * H] = dq;
  a[3 * H] = dn;
  if (!rounded) return;
  rounded[at] = device::to_bf16(dr);
  rounded[at + H] = device::to_bf16(dz);
  rounded[at + 2 * H] = device::to_bf16(dq);
  rounded[at + 3 * H] = device::to_bf16(dn);
}

inline void gru_gates_backward(float* gates, device::bf16* rounded, const float* h_before, const float* dh_out, int B,
                               int H, float* carry, device::Stream stream) {
  device::launch(gru_gates_backward_kernel, blocks_for(static_cast<std::int64_t>(B) * H), threads_of_a_block, 0, stream,
                 gates, rounded, h_before, dh_out, B, H, carry);
}

/// @param sums         (4H), of dr | dz | dq | dn over all rows
/// @param db_ih, db_hh (3H), added to
__global__ static void __launch_bounds__(threads_of_a_block)
    gru_bias_gradients_kernel(const float* sums, int H, float* db_ih, float* db_hh) {
  const int i = static_cast<int>(thread_of_grid());
  if (i >= 3 * H) return;
  db_hh[i] += sums[i];
  db_ih[i] += sums[i < 2 * H ? i : i + H];
}

inline void gru_bias_gradients(const float* sums, int H, float* db_ih, float* db_hh, device::Stream stream) {
  device::launch(gru_bias_gradients_kernel, blocks_for(3 * H), threads_of_a_block, 0, stream, sums, H, db_ih, db_hh);
}

}  // namespace musicgen::inline MUSICGEN_ABI::kernels
