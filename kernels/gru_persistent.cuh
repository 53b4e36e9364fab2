// The steps of a GRU layer, all of time in one launch, forward and backward: the recurrent weights stay on the chip.
// Derivation: docs/gru.md; the same step by step: gru.cuh; twin: gru_steps and gru_steps_backward of
// backend/cpu/gru.hpp.
//
// A step is a product with U (3H, H), which is far larger than what is multiplied with it, and nothing of the next step
// can begin before it is done. So each multiprocessor keeps a part of U in its registers and shared memory, does this
// part's share of every step, and hands it to the others through the second cache:
//
//   forward    a block has some units u: rows u of U_r, U_z, U_n, (3 units, H). A step:
//              wait for h_{t-1} of all blocks;  (r | z | q) of its units += U h_{t-1};  h_t;  publish h_t
//   backward   columns u of U_r, U_z, U_n, (units, 3H). A step, from the last:
//              wait for (dr | dz | dq)_{t+1} of all blocks;  dh_t of its units = dh_t from outside + dh_{t+1} z_{t+1}
//              + U' (dr | dz | dq)_{t+1};  (dr | dz | dq | dn)_t;  publish (dr | dz | dq)_t
//
// Sequences of a batch have nothing to do with each other: those of a group of blocks are a pass of 8 or 16, or several
// passes, each with a barrier of its own, so that one is multiplied while another is on its way. A step has one
// barrier: two buffers of what is published are enough, since who publishes t+1 has seen all blocks arrive at t, after
// which none reads t-1 any more. h and dh are carried in fp32 by the thread whose unit it is; only operands are rounded
// to bf16. Sums have a fixed order: the same bits from every launch of a shape.
//
// All sizes are padded to 16 units and 8 sequences within. A padded unit has zero weights and inputs, thus h = tanh(0)
// = 0 and zero gradients.
//
// For the backward pass the gates are kept, in fp32, where their inputs were, so they take no memory of their own. To
// keep h alone instead and compute the gates again, by one product over all steps, would save 4 of the 5 floats that
// are written for a unit of a step, 16 bytes or 5 ps at 3.3 TB/s; the product costs 6 H operations more, for H 1028
// some 10 ps at 600 TFLOP/s, and its inputs must be kept or computed again as well.
//
// A step of one layer, P = blocks, g = groups, s = bytes of an operand (2 or 4):
//
//               operations  resident    published  fetched from the 2nd cache  memory: read + written
//   forward     6 B H^2     3 H^2 s g   B H s      P/g B H s                   (16 + 20) B H
//   backward    6 B H^2     3 H^2 s g   3 B H s    P/g 3 B H s                 (24 + 16) B H   (+ 8 B H: in bf16 too)
//
// What limits them on an H100 is docs/cuda.md's subject: the barrier and the fetching, not the tensor cores.
//
// Limits: in bf16 H 2112 = 132 multiprocessors of 16 units, in fp32 1120 (B 32), where 227 KiB of shared memory are
// full; on smaller GPUs less. Whatever does not fit is "not supported", and for gru.cuh.
#pragma once

#include "gru_persistent_backward.cuh"
#include "gru_persistent_forward.cuh"

namespace musicgen::inline MUSICGEN_ABI::kernels {

namespace persistent {

// What is compiled. In bf16, for H 1028 and B of 8, 32 and more: 65 blocks a group, 33 (all groups of B 32 at a time
// on 132 multiprocessors), 65 but fewer passes. The register steps are the most that ptxas keeps without spilling.
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

/// Whether the kernel can do a layer of this size, and what it needs.
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
