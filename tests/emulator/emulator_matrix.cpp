// The tensor cores' instructions in the emulator against plain loops.
#include <catch.hpp>
#include <cmath>
#include <cstdint>
#include <kernels/device.cuh>
#include <random>
#include <vector>

#include "example.cuh"
#include "faults.hpp"

namespace emulator_matrix {

using namespace musicgen;
using Catch::Contains;
using device::bf16;
using emulator::under_all_schedules;

std::vector<bf16> random_bf16(std::size_t n, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<bf16> x(n);
  for (bf16& value : x) value = device::to_bf16(normal(random));
  return x;
}

/// C (M, N) = A (M, K) B (K, N), by rows, in double.
std::vector<double> plain_product(const std::vector<bf16>& A, const std::vector<bf16>& B, std::size_t M, std::size_t N,
                                  std::size_t K) {
  std::vector<double> C(M * N);
  for (std::size_t m = 0; m < M; ++m)
    for (std::size_t n = 0; n < N; ++n)
      for (std::size_t k = 0; k < K; ++k)
        C[m * N + n] += double{device::to_float(A[m * K + k])} * double{device::to_float(B[k * N + n])};
  return C;
}

bool close(const std::vector<float>& C, const std::vector<double>& expected) {
  for (std::size_t i = 0; i < C.size(); ++i)
    if (!(std::abs(C[i] - expected[i]) < 1e-4)) return false;
  return true;
}

enum class Index { right, a_registers_swapped, b_by_rows, c_rows_swapped };

__device__ std::uint32_t pair(bf16 first, bf16 second) {
  return first.bits | std::uint32_t{second.bits} << 16;
}

/// A (16, 16) B (16, 8) + 1, fragments gathered by hand.
template <Index index>
__global__ void multiply(const bf16* A, const bf16* B, float* C) {
  const unsigned g = threadIdx.x / 4, p = threadIdx.x % 4 * 2;
  std::uint32_t a[4], b[2];
  float c[4] = {1, 1, 1, 1};
  for (unsigned i = 0; i < 4; ++i) {
    const unsigned j = index == Index::a_registers_swapped ? i / 2 + i % 2 * 2 : i;
    const bf16* from = &A[(g + j % 2 * 8) * 16 + p + j / 2 * 8];
    a[i] = pair(from[0], from[1]);
  }
  for (unsigned i = 0; i < 2; ++i) {
    const unsigned k = p + i * 8;
    b[i] = index == Index::b_by_rows ? pair(B[g * 8 + p], B[g * 8 + p + 1]) : pair(B[k * 8 + g], B[(k + 1) * 8 + g]);
  }
  device::mma_bf16(c, a, b);
  for (unsigned i = 0; i < 4; ++i) {
    const unsigned j = index == Index::c_rows_swapped ? 3 - i : i;
    C[(g + i / 2 * 8) * 8 + p + i % 2] = c[j];
  }
}

TEST_CASE("emulator: mma is the product, and wrong fragments are not") {
  for (unsigned seed = 0; seed < 50; ++seed) {
    const auto A = random_bf16(16 * 16, 2 * seed), B = random_bf16(16 * 8, 2 * seed + 1);
    auto expected = plain_product(A, B, 16, 8, 16);
    for (double& x : expected) x += 1;
    const auto run = [&](auto kernel) {
      std::vector<float> C(16 * 8);
      device::launch(kernel, 1, 32, 0, nullptr, A.data(), B.data(), C.data());
      return close(C, expected);
    };
    REQUIRE(schedules_that_fail([&] { return run(multiply<Index::right>); }) == 0);
    REQUIRE(schedules_that_fail([&] { return run(multiply<Index::a_registers_swapped>); }) > 0);
    REQUIRE(schedules_that_fail([&] { return run(multiply<Index::b_by_rows>); }) > 0);
    REQUIRE(schedules_that_fail([&] { return run(multiply<Index::c_rows_swapped>); }) > 0);
  }
}

// One element of A and one of B at a time: each must reach the one element of C that it should, and no other.
TEST_CASE("emulator: mma puts every element where it belongs") {
  for (unsigned i = 0; i < 16 * 16; ++i) {
    std::vector<bf16> A(16 * 16), B(16 * 8);
    A[i] = device::to_bf16(2);
    const unsigned m = i / 16, k = i % 16, n = (m + k) % 8;
    B[k * 8 + n] = device::to_bf16(3);
    std::vector<float> C(16 * 8), expected(16 * 8, 1);
    expected[m * 8 + n] = 7;
    device::launch(multiply<Index::right>, 1, 32, 0, nullptr, A.data(), B.data(), C.data());
    REQUIRE(C == expected);
  }
}

__global__ void load_fragments(const bf16* x, bool transposed, std::uint32_t* d) {
  MUSICGEN_SHARED(bf16, shared, [32][8]);
  const unsigned lane = threadIdx.x;
  for (unsigned i = 0; i < 8; ++i) shared[lane][i] = x[lane * 8 + i];
  __syncwarp();
  std::uint32_t own[4];
  if (transposed)
    device::ldmatrix_x4_trans(own, shared[lane]);
  else
    device::ldmatrix_x4(own, shared[lane]);
  for (unsigned i = 0; i < 4; ++i) d[lane * 4 + i] = own[i];
}

TEST_CASE("emulator: ldmatrix gives each lane its elements") {
  const auto x = random_bf16(32 * 8, 1);
  under_all_schedules([&](auto) {
    std::vector<std::uint32_t> d(32 * 4), t(32 * 4);
    device::launch(load_fragments, 1, 32, 0, nullptr, x.data(), false, d.data());
    device::launch(load_fragments, 1, 32, 0, nullptr, x.data(), true, t.data());
    for (unsigned lane = 0; lane < 32; ++lane)
      for (unsigned matrix = 0; matrix < 4; ++matrix) {
        const bf16* rows = &x[matrix * 64];
        const unsigned g = lane / 4, p = lane % 4 * 2;
        REQUIRE(d[lane * 4 + matrix] == pair(rows[g * 8 + p], rows[g * 8 + p + 1]));
        REQUIRE(t[lane * 4 + matrix] == pair(rows[p * 8 + g], rows[(p + 1) * 8 + g]));
      }
  });
}

__global__ void load_unaligned() {
  MUSICGEN_SHARED(bf16, shared, [32][9]);
  std::uint32_t d[4];
  device::ldmatrix_x4(d, shared[threadIdx.x]);
}
__global__ void multiply_in_part() {
  float c[4] = {};
  device::mma_bf16(c, {0, 0, 0, 0}, {0, 0});
}

TEST_CASE("emulator: what ldmatrix and mma need is checked") {
  CHECK_THROWS_WITH(device::launch(load_unaligned, 1, 32, 0, nullptr), Contains("aligned to 16"));
  CHECK_THROWS_WITH(device::launch(multiply_in_part, 1, 16, 0, nullptr), Contains("needs a warp of 32 threads"));
}

TEST_CASE("emulator: the example of a product, with asynchronous copies, ldmatrix and mma") {
  struct Shape {
    int M, N, K;
  };
  for (const Shape s : {Shape{16, 16, 16}, {40, 48, 32}, {1, 16, 160}, {33, 32, 48}}) {
    const auto M = static_cast<std::size_t>(s.M), N = static_cast<std::size_t>(s.N), K = static_cast<std::size_t>(s.K);
    const auto A = random_bf16(M * K, 1), B = random_bf16(K * N, 2);
    under_all_schedules([&](auto) {
      std::vector<float> C(M * N);
      example::product(A.data(), B.data(), C.data(), s.M, s.N, s.K, nullptr);
      CHECK(close(C, plain_product(A, B, M, N, K)));
    });
  }
}

}  // namespace emulator_matrix
