// The instructions of tensor cores, for a whole warp. PTX's documentation of mma.m16n8k16 and ldmatrix says which lane
// holds which element of a matrix.
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

/// Loads four matrices (8, 8) of 16-bit numbers, to whose rows the lanes point, as fragments.
/// @param lanes  32 pointers to MatrixRows
void distribute_rows(void* const* lanes);

}  // namespace musicgen::emulator
