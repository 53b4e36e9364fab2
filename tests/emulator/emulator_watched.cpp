// Watched kernels: reads of shared memory that nobody has written, and reads that only look like it.
#include <catch.hpp>
#include <cstdint>
#include <kernels/device.cuh>
#include <string>
#include <vector>

#include "example.cuh"

namespace emulator_watched {

using namespace musicgen;
using Catch::Contains;
using Catch::Matchers::Equals;
using device::bf16;
using emulator::under_all_schedules;

using Kernel = void (*)(const float* x, float* y);

/// Launches three blocks of a warp, with 1000 bytes of dynamic shared memory.
void launch(Kernel kernel) {
  alignas(16) static float x[128], y[128];
  device::launch(kernel, 3, 32, 1000, nullptr, x, y);
}

void check_right(Kernel kernel) {
  under_all_schedules([&](auto) { CHECK_NOTHROW(launch(kernel)); });
}

void check_reported(Kernel kernel, const std::string& words) {
  under_all_schedules([&](auto) { CHECK_THROWS_WITH(launch(kernel), Contains(words)); });
}

const std::string unwritten = "read of shared memory that nobody has written: block ",
                  awaited = "read of shared memory that a copy leads to, before its wait: block ";

constexpr int line_of_barrier = __LINE__ + 6;

template <bool all>
__global__ void sum_of_written(const float*, float* y) {
  MUSICGEN_SHARED(float, parts, [32]);
  if (all || threadIdx.x != 7) parts[threadIdx.x] = 1;
  __syncthreads();
  float sum = 0;
  for (int i = 0; i < 32; ++i) sum += parts[i];
  y[threadIdx.x] = sum;
}

TEST_CASE("emulator: a read of what was never written says who reads what") {
  CHECK_THROWS_WITH(launch(sum_of_written<false>),
                    Equals("read of shared memory that nobody has written: block (0, 0, 0), thread 31 (last seen at "
                           "__syncthreads (emulator_watched.cpp:" +
                           std::to_string(line_of_barrier) + ")): byte 28 of shared array \"parts\" of 128 bytes"));
  check_reported(sum_of_written<false>, unwritten);
  check_right(sum_of_written<true>);
}

template <int distance>
__global__ void neighbour(const float* x, float* y) {
  auto* own = device::dynamic_shared<float>() + threadIdx.x;
  *own = x[threadIdx.x];
  __syncthreads();
  y[threadIdx.x] = own[distance];
}

TEST_CASE("emulator: a read of one more than was written is reported") {
  check_right(neighbour<0>);
  check_reported(neighbour<1>, "thread 31 (last seen at __syncthreads");
  check_reported(neighbour<1>, ": byte 128 of dynamic shared memory of 1000 bytes");
}

// Up to 16 bytes lie between an array and the protected page.
template <int first, bool writes>
__global__ void outside(const float*, float* y) {
  auto* shared = device::dynamic_shared<float>();
  if (writes)
    shared[first] = 1;
  else
    y[0] = shared[first];
}

TEST_CASE("emulator: a kernel that is watched cannot even read just outside of shared memory") {
  check_reported(outside<250, false>, "(last seen at its start): 0 bytes after the end of dynamic shared memory");
  check_reported(outside<251, false>, "4 bytes after the end of dynamic shared memory of 1000 bytes");
  check_reported(outside<-1, false>, "4 bytes before the start of dynamic shared memory of 1000 bytes");
  check_reported(outside<250, true>, "0 bytes after the end of dynamic shared memory of 1000 bytes");
}

template <class T, int written>
__global__ void part_of(const float*, float* y) {
  MUSICGEN_SHARED(T, whole, [32]);
  auto* bytes = reinterpret_cast<unsigned char*>(&whole[threadIdx.x]);
  for (int i = 0; i < written; ++i) bytes[i] = 0;
  __syncwarp();
  *reinterpret_cast<T*>(y) = whole[threadIdx.x];
}

struct Wide {
  float x[6];
};

TEST_CASE("emulator: reads of every size are reported") {
  check_reported(part_of<char, 0>, " of shared array \"whole\" of 32 bytes");
  check_reported(part_of<std::uint16_t, 1>, " of shared array \"whole\" of 64 bytes");
  check_reported(part_of<float, 3>, " of shared array \"whole\" of 128 bytes");
  check_reported(part_of<double, 4>, " of shared array \"whole\" of 256 bytes");
  check_reported(part_of<float4, 12>, " of shared array \"whole\" of 512 bytes");
  check_reported(part_of<Wide, 20>, " of shared array \"whole\" of 768 bytes");
  check_right(part_of<char, 1>);
  check_right(part_of<std::uint16_t, 2>);
  check_right(part_of<float, 4>);
  check_right(part_of<double, 8>);
  check_right(part_of<float4, 16>);
  check_right(part_of<Wide, 24>);
}

template <int last_that_writes>
__global__ void what_another_block_wrote(const float*, float* y) {
  MUSICGEN_SHARED(float, parts, [32]);
  if (blockIdx.x <= last_that_writes) parts[threadIdx.x] = 1;
  y[threadIdx.x] = parts[threadIdx.x];
}

TEST_CASE("emulator: what another block has left in shared memory is not written") {
  check_reported(what_another_block_wrote<1>, "nobody has written: block (2, 0, 0), thread ");
  check_right(what_another_block_wrote<2>);
}

enum class Copying { right, no_wait, late_wait, not_all };

template <Copying how>
__global__ void copied(const float* x, float* y) {
  MUSICGEN_SHARED(float4, staged, [32]);
  if (how != Copying::not_all || threadIdx.x < 31) device::copy_async<16>(&staged[threadIdx.x], &x[4 * threadIdx.x]);
  device::copy_async_commit();
  if constexpr (how == Copying::late_wait)
    device::copy_async_wait<1>();
  else if constexpr (how != Copying::no_wait)
    device::copy_async_wait<0>();
  __syncthreads();
  y[threadIdx.x] = staged[31 - threadIdx.x].y;
}

TEST_CASE("emulator: a read of what a copy leads to, before its wait, is reported") {
  check_right(copied<Copying::right>);
  check_reported(copied<Copying::no_wait>, awaited);
  check_reported(copied<Copying::no_wait>, " of shared array \"staged\" of 512 bytes");
  check_reported(copied<Copying::late_wait>, awaited);
  check_reported(copied<Copying::not_all>, "thread 0 (last seen at __syncthreads");
  check_reported(copied<Copying::not_all>, ": byte 500 of shared array \"staged\" of 512 bytes");
}

template <int columns>
__global__ void matrix_rows(const float*, float* y) {
  MUSICGEN_SHARED(bf16, tile, [32][24]);  // wider than the rows, because of the banks
  for (int i = 0; i < columns; ++i) tile[threadIdx.x][i] = device::to_bf16(1);
  __syncwarp();
  std::uint32_t d[4];
  device::ldmatrix_x4(d, &tile[threadIdx.x][8]);
  y[threadIdx.x] = static_cast<float>(d[0]);
}

TEST_CASE("emulator: ldmatrix of what was never written is reported") {
  check_right(matrix_rows<16>);
  check_reported(matrix_rows<15>, "(last seen at ldmatrix (emulator_watched.cpp:");
  check_reported(matrix_rows<15>, " of shared array \"tile\" of 1536 bytes");
}

template <bool begun>
__global__ void counted(const float*, float* y) {
  MUSICGEN_SHARED(int, count, [1]);
  if (begun && threadIdx.x == 0) count[0] = 0;
  __syncthreads();
  atomicAdd(&count[0], 1);
  __syncthreads();
  y[threadIdx.x] = static_cast<float>(count[0]);
}

TEST_CASE("emulator: an atomic on what was never written is reported") {
  check_right(counted<true>);
  check_reported(counted<false>, "(last seen at atomicAdd (emulator_watched.cpp:");
}

// Bytes written one by one and read together, the padding of rows and of structs, zeros that a copy leaves where
// something else was.
__global__ void looks_like_it(const float* x, float* y) {
  struct Named {
    double value;
    int index;
  };
  MUSICGEN_SHARED(unsigned char, bytes, [32][16]);
  MUSICGEN_SHARED(float, padded, [8][33]);
  MUSICGEN_SHARED(float4, copies, [32]);
  MUSICGEN_SHARED(Named, best, [32]);
  for (unsigned char& byte : bytes[threadIdx.x]) byte = 0;
  for (unsigned row = 0; row < 8; ++row) padded[row][threadIdx.x] = static_cast<float>(row);
  copies[threadIdx.x] = make_float4(1, 1, 1, 1);
  best[threadIdx.x] = {1.0, 2};
  __syncthreads();
  device::copy_async_or_zero<16>(&copies[threadIdx.x], x, threadIdx.x == 0);
  device::copy_async_commit();
  device::copy_async_wait<0>();
  __syncthreads();
  const Named& named = best[31 - threadIdx.x];
  y[threadIdx.x] = reinterpret_cast<const float4*>(bytes)[31 - threadIdx.x].w + padded[threadIdx.x % 8][threadIdx.x] +
                   copies[31 - threadIdx.x].z + static_cast<float>(named.value) + static_cast<float>(named.index);
}

TEST_CASE("emulator: what was written piece by piece, or is not read, is not reported") {
  check_right(looks_like_it);
}

TEST_CASE("emulator: the examples read what was written") {
  std::vector<bf16> A(40 * 32), B(32 * 16);
  std::vector<float> x(3 * 500), y(40 * 16), W(64 * 64), h(2 * 64);
  under_all_schedules([&](auto) {
    unsigned counter = 0, progress = 0;
    CHECK_NOTHROW(example::sum_rows(x.data(), 3, 500, y.data(), nullptr));
    CHECK_NOTHROW(example::product(A.data(), B.data(), y.data(), 40, 16, 32, nullptr));
    CHECK_NOTHROW(example::recurrence<64>(W.data(), h.data(), 3, &counter, &progress, nullptr));
  });
}

}  // namespace emulator_watched
