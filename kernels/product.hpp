// All matrix products: cuBLAS on a GPU (runtime.cu), plain loops under the emulator (tests/emulator/runtime.cpp). Sums
// are in fp32, whatever the type of the factors.
#pragma once

#include <cstdint>
#include <musicgen/backend/cuda/matrix.hpp>

namespace musicgen::inline MUSICGEN_ABI::cuda {

/// Several products of the same shape, with the step from one matrix to the next.
struct Batches {
  int count = 1;
  std::int64_t a = 0, b = 0, c = 0;
};

/// c := alpha a b + beta c, with a (M, K), b (K, N), c (M, N) by rows. No size is 0; if beta is, c may hold anything.
void multiply(View<const float> a, View<const float> b, View<float> c, float alpha, float beta, const Batches& batches);
void multiply(View<const bf16> a, View<const bf16> b, View<float> c, float alpha, float beta, const Batches& batches);

/// c := a b + beta c, from the rounded factors if both have one.
inline void product(const Factor& a, const Factor& b, View<float> c, float beta) {
  if (a.rounded.data && b.rounded.data)
    multiply(a.rounded, b.rounded, c, 1, beta, {});
  else
    multiply(a.exact, b.exact, c, 1, beta, {});
}

}  // namespace musicgen::inline MUSICGEN_ABI::cuda
