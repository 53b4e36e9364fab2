// The tensor cores' instructions, for a whole warp: where each element of a matrix lies is in PTX's documentation of
// mma.m16n8k16 and ldmatrix.
#pragma once

#include <cstdint>

namespace musicgen::emulator {

struct MatrixFragments {
  float* c;                // [4]
  const std::uint32_t* a;  // [4]
  const std::uint32_t* b;  // [2]
};

struct MatrixRows {
  std::uint32_t* d;  // [4]
  const void* row;
  bool transposed;
};

/// C += A B, for A (16, 16) and B (16, 8) in bf16, C (16, 8) in fp32.
/// @param lanes  32 pointers to MatrixFragments
void multiply_fragments(void* const* lanes);

/// Four matrices (8, 8) of 16 bits, whose rows the lanes point to, become fragments.
/// @param lanes  32 pointers to MatrixRows
void distribute_rows(void* const* lanes);

}  // namespace musicgen::emulator
