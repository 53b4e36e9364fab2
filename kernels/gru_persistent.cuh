// All steps of a GRU layer in one launch, forward and backward, with the recurrent weights kept on the chip.
// Derivation: docs/gru.md; the same step by step: gru.cuh; CPU version: gru_steps and gru_steps_backward in
// backend/cpu/gru.hpp.
//
// A step is a product with U (3H, H), which is far larger than what it is multiplied with, and the next step cannot
// begin before it is done. So each multiprocessor keeps a part of U in its registers and shared memory, computes this
// part of every step, and passes its results to the others through L2:
//
//   forward    a block has some units u: rows u of U_r, U_z, U_n, (3 units, H). A step:
//              wait for h_{t-1} of all blocks;  (r | z | q) of its units += U h_{t-1};  h_t;  publish h_t
//   backward   columns u of U_r, U_z, U_n, (units, 3H). A step, from the last:
//              wait for (dr | dz | dq)_{t+1} of all blocks;  dh_t of its units = dh_t from outside + dh_{t+1} z_{t+1}
//              + U' (dr | dz | dq)_{t+1};  (dr | dz | dq | dn)_t;  publish (dr | dz | dq)_t
//
// The sequences of a batch are independent. Those of a group of blocks form one or several passes of 8 or 16, each with
// its own barrier, so that one pass is multiplied while the data of another are on their way. A step has one barrier.
// Two buffers for published data are enough: a block that publishes t+1 has seen all blocks arrive at t, after which
// none reads t-1 any more. The thread that owns a unit carries its h and dh in fp32; only operands are rounded to bf16.
// The order of sums is fixed, so that every launch of a shape gives the same bits.
//
// Internally all sizes are padded to 16 units and 8 sequences. A padding unit has zero weights and inputs, and so
// h = tanh(0) = 0 and zero gradients.
//
// The gates are saved for the backward pass, in fp32, in place of their inputs, so they take no extra memory. Saving
// only h and recomputing the gates, by one product over all steps, would avoid writing 4 of the 5 floats per unit and
// step, which is 16 bytes or 5 ps at 3.3 TB/s. But the product takes 6 H more operations, some 10 ps at 600 TFLOP/s for
// H 1028, and its inputs would have to be kept or recomputed, too.
//
// A step of one layer, P = blocks, g = groups, s = bytes of an operand (2 or 4):
//
//               operations  resident    published  fetched from L2             memory: read + written
//   forward     6 B H^2     3 H^2 s g   B H s      P/g B H s                   (16 + 20) B H
//   backward    6 B H^2     3 H^2 s g   3 B H s    P/g 3 B H s                 (24 + 16) B H   (+ 8 B H: in bf16 too)
//
// On an H100 they are limited by the barrier and by fetching, not by the tensor cores: docs/cuda.md.
//
// Limits: in bf16 H 2112 = 132 multiprocessors of 16 units; in fp32 1120 (B 32), which fills 227 KiB of shared memory;
// less on smaller GPUs. Larger sizes are "not supported" here, and are left to gru.cuh.
#pragma once

#include "gru_persistent_backward.cuh"
#include "gru_persistent_forward.cuh"

namespace musicgen::inline MUSICGEN_ABI::kernels {

namespace persistent {

// The compiled shapes. In bf16, for H 1028 and B of 8, 32 and more: 65 blocks per group; 33 (all groups of B 32 at once
// on 132 multiprocessors); 65, but fewer passes. Register steps are as many as ptxas can keep without spilling.
template <class Operand>
struct ForwardShapes;
template <>
struct ForwardShapes<bf16>
    : ShapeList<Forward, GruShape<bf16, 16, 8, 9, 9>, GruShape<bf16, 32, 8, 7>, GruShape<bf16, 16, 16, 9, 9>> {};
template <>
struct ForwardShapes<float> : ShapeList<Forward, GruShape<float, 16, 8>, GruShape<float, 16, 16>> {};

template <class Operand>
struct BackwardShapes;
template <>
struct BackwardShapes<bf16> : ShapeList<Backward, GruShape<bf16, 16, 8, 25, 12>, GruShape<bf16, 32, 8, 20, 12>,
                                        GruShape<bf16, 16, 16, 25, 12>> {};
template <>
struct BackwardShapes<float> : ShapeList<Backward, GruShape<float, 16, 8>, GruShape<float, 16, 16>> {};

}  // namespace persistent

/// Whether the kernel supports a layer of this size, and what it needs.
template <class Operand>
GruPlan plan_gru_steps_forward(int B, int H, const GruLimits& limits = {}) {
  return persistent::ForwardShapes<Operand>::plan(B, H, limits);
}
template <class Operand>
GruPlan plan_gru_steps_backward(int B, int H, const GruLimits& limits = {}) {
  return persistent::BackwardShapes<Operand>::plan(B, H, limits);
}

/// @param plan  for p.B and p.H, supported
template <class Operand>
void gru_steps_forward(const GruPlan& plan, const GruStepsForward<Operand>& p, device::Stream stream) {
  persistent::ForwardShapes<Operand>::launch(plan, p, stream);
}
template <class Operand>
void gru_steps_backward(const GruPlan& plan, const GruStepsBackward<Operand>& p, device::Stream stream) {
  persistent::BackwardShapes<Operand>::launch(plan, p, stream);
}

}  // namespace musicgen::inline MUSICGEN_ABI::kernels
