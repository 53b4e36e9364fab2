#include "matrix.hpp"

#include <bit>

namespace musicgen::emulator {

namespace {

float low_half(std::uint32_t pair) {
  return std::bit_cast<float>(pair << 16);
}
float high_half(std::uint32_t pair) {
  return std::bit_cast<float>(pair & 0xFFFF'0000u);
}

std::uint16_t element(const MatrixRows& rows, unsigned column) {
  return static_cast<const std::uint16_t*>(rows.row)[column];
}

}  // namespace

void multiply_fragments(void* const* lanes) {
  float a[16][16], b[16][8], c[16][8];
  for (unsigned lane = 0; lane < 32; ++lane) {
    const auto& own = *static_cast<const MatrixFragments*>(lanes[lane]);
    const unsigned group = lane / 4, pair = lane % 4 * 2;
    for (unsigned i = 0; i < 4; ++i) {
      a[group + i % 2 * 8][pair + i / 2 * 8] = low_half(own.a[i]);
      a[group + i % 2 * 8][pair + i / 2 * 8 + 1] = high_half(own.a[i]);
      c[group + i / 2 * 8][pair + i % 2] = own.c[i];
    }
    for (unsigned i = 0; i < 2; ++i) {
      b[pair + i * 8][group] = low_half(own.b[i]);
      b[pair + i * 8 + 1][group] = high_half(own.b[i]);
    }
  }
  for (unsigned m = 0; m < 16; ++m)
    for (unsigned k = 0; k < 16; ++k)
      for (unsigned n = 0; n < 8; ++n) c[m][n] += a[m][k] * b[k][n];
  for (unsigned lane = 0; lane < 32; ++lane) {
    float* own = static_cast<const MatrixFragments*>(lanes[lane])->c;
    for (unsigned i = 0; i < 4; ++i) own[i] = c[lane / 4 + i / 2 * 8][lane % 4 * 2 + i % 2];
  }
}

void distribute_rows(void* const* lanes) {
  const auto rows = [&](unsigned lane) -> const MatrixRows& { return *static_cast<const MatrixRows*>(lanes[lane]); };
  for (unsigned lane = 0; lane < 32; ++lane)
    for (unsigned matrix = 0; matrix < 4; ++matrix) {
      const unsigned group = lane / 4, pair = lane % 4 * 2, first = matrix * 8;
      const std::uint32_t low =
          rows(0).transposed ? element(rows(first + pair), group) : element(rows(first + group), pair);
      const std::uint32_t high =
          rows(0).transposed ? element(rows(first + pair + 1), group) : element(rows(first + group), pair + 1);
      rows(lane).d[matrix] = low | high << 16;
    }
}

}  // namespace musicgen::emulator
