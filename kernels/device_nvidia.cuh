// The device's half of device.cuh, for NVIDIA GPUs of compute capability 8.0 or later.
// tests/emulator/device_emulated.hpp is the other one.
#pragma once

#include <cuda_bf16.h>
#include <cuda_runtime.h>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <source_location>
#include <type_traits>

#include "check.hpp"

/// An array in shared memory, aligned to 16 bytes: MUSICGEN_SHARED(float, tile, [32][33]);
#define MUSICGEN_SHARED(Element, name, ...) __shared__ __align__(16) Element name __VA_ARGS__

namespace musicgen::inline MUSICGEN_ABI::device {

using Stream = cudaStream_t;

// --- Launches --------------------------------------------------------------------------------------------------------

namespace detail {

/// More shared memory than every GPU has must be asked for.
template <class Kernel>
void allow_shared(Kernel* kernel, std::size_t shared_bytes, const std::source_location& at) {
  if (shared_bytes <= 48 * 1024) return;
  const auto bytes = static_cast<int>(shared_bytes);
  cuda::check(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, bytes), at);
}

}  // namespace detail

/// How many blocks, and the place of the launch, for errors. From a number, too, which is why it is a template.
struct Grid {
  template <std::convertible_to<dim3> Blocks>
  Grid(const Blocks& how_many, std::source_location place = std::source_location::current())
      : blocks(how_many), at(place) {}

  dim3 blocks;
  std::source_location at;
};

/// Starts `kernel` on `stream` and returns at once. Blocks run in any order, and not all at the same time.
/// @throws Error  if the launch is refused: too many threads, too much shared memory, no device
template <class... Parameters>
void launch(void (*kernel)(Parameters...), Grid grid, dim3 block, std::size_t shared_bytes, Stream stream,
            std::type_identity_t<Parameters>... arguments) {
  detail::allow_shared(kernel, shared_bytes, grid.at);
  kernel<<<grid.blocks, block, shared_bytes, stream>>>(arguments...);
  cuda::check(cudaGetLastError(), grid.at);
}

/// The same, but all blocks run at the same time, and may use a GridBarrier; refused if they do not fit.
template <class... Parameters>
void launch_cooperative(void (*kernel)(Parameters...), Grid grid, dim3 block, std::size_t shared_bytes, Stream stream,
                        std::type_identity_t<Parameters>... arguments) {
  detail::allow_shared(kernel, shared_bytes, grid.at);
  void* addresses[] = {&arguments..., nullptr};  // the last one for kernels without parameters
  cuda::check(cudaLaunchCooperativeKernel(kernel, grid.blocks, block, addresses, shared_bytes, stream), grid.at);
}

__device__ inline void require_cooperative() {}  // only the emulator knows

/// What the GPU in use offers to a launch.
struct Limits {
  int multiprocessors;
  std::size_t shared_bytes;  ///< a block can have
};

inline Limits limits() {
  int device = 0, multiprocessors = 0, shared_bytes = 0;
  cuda::check(cudaGetDevice(&device));
  cuda::check(cudaDeviceGetAttribute(&multiprocessors, cudaDevAttrMultiProcessorCount, device));
  cuda::check(cudaDeviceGetAttribute(&shared_bytes, cudaDevAttrMaxSharedMemoryPerBlockOptin, device));
  return {multiprocessors, static_cast<std::size_t>(shared_bytes)};
}

// --- Shared memory ---------------------------------------------------------------------------------------------------

/// The block's dynamic shared memory, aligned to 16 bytes.
template <class T>
__device__ T* dynamic_shared() {
  extern __shared__ __align__(16) unsigned char dynamic_shared_bytes[];
  return reinterpret_cast<T*>(dynamic_shared_bytes);
}

__device__ inline std::uint32_t shared_address(const void* p) {
  return static_cast<std::uint32_t>(__cvta_generic_to_shared(p));
}

// --- Tensor cores ----------------------------------------------------------------------------------------------------

__host__ __device__ inline std::uint16_t round_to_bf16(float x) {
  return __bfloat16_as_ushort(__float2bfloat16_rn(x));
}

/// C += A B by a warp, A (16, 16) by rows and B (16, 8) by columns in bf16, C (16, 8) in fp32. With g = lane / 4 and
/// p = 2 (lane % 4), a lane holds
///
///   a[0] = A[g][p, p+1]    a[1] = A[g+8][p, p+1]    a[2] = A[g][p+8, p+9]    a[3] = A[g+8][p+8, p+9]
///   b[0] = B[p, p+1][g]    b[1] = B[p+8, p+9][g]
///   c[0], c[1] = C[g][p, p+1]                       c[2], c[3] = C[g+8][p, p+1]
__device__ inline void mma_bf16(float (&c)[4], const std::uint32_t (&a)[4], const std::uint32_t (&b)[2]) {
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, "
      "%3};"
      : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

/// Four matrices (8, 8) of 16-bit numbers from shared memory into d[0] to d[3]. Lane i gives the address of row i % 8
/// of matrix i / 8, 16 bytes aligned to 16, and gets elements p, p+1 of row g. With rows `row + lane % 16` and columns
/// from `lane / 16 * 8` of a matrix stored by rows, d is mma_bf16's a.
__device__ inline void ldmatrix_x4(std::uint32_t (&d)[4], const void* row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(d[0]), "=r"(d[1]), "=r"(d[2]), "=r"(d[3])
               : "r"(shared_address(row))
               : "memory");
}

/// The same of their transposes: a lane gets element g of rows p, p+1. Of a B stored by rows, d[0] and d[1] are
/// mma_bf16's b for columns 0 to 7, d[2] and d[3] for 8 to 15, with the same addresses as above.
__device__ inline void ldmatrix_x4_trans(std::uint32_t (&d)[4], const void* row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(d[0]), "=r"(d[1]), "=r"(d[2]), "=r"(d[3])
               : "r"(shared_address(row))
               : "memory");
}

// --- Asynchronous copies ---------------------------------------------------------------------------------------------

/// 4, 8 or 16 bytes from global to shared memory, both aligned to as many, or as many zeros unless `inside`. They are
/// there, for the thread itself, after the wait for the group that it has committed them in; for others, after a
/// barrier that follows.
template <int bytes>
__device__ void copy_async_or_zero(void* shared, const void* global, bool inside) {
  static_assert(bytes == 4 || bytes == 8 || bytes == 16);
  const int used = inside ? bytes : 0;
  if constexpr (bytes == 16)  // which need not go through the first cache
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(shared_address(shared)), "l"(global), "r"(used)
                 : "memory");
  else
    asm volatile("cp.async.ca.shared.global [%0], [%1], %2, %3;" ::"r"(shared_address(shared)), "l"(global), "n"(bytes),
                 "r"(used)
                 : "memory");
}

template <int bytes>
__device__ void copy_async(void* shared, const void* global) {
  copy_async_or_zero<bytes>(shared, global, true);
}

__device__ inline void copy_async_commit() {
  asm volatile("cp.async.commit_group;" ::: "memory");
}

/// Until at most the `pending` groups committed last are outstanding.
template <int pending>
__device__ void copy_async_wait() {
  asm volatile("cp.async.wait_group %0;" ::"n"(pending) : "memory");
}

// --- Counters in global memory ---------------------------------------------------------------------------------------

/// What a thread did before its release, and what its block did before a barrier in front of that, is seen by who loads
/// the value, or a later one, with load_acquire.
__device__ inline unsigned load_acquire(const unsigned* p) {
  unsigned value;
  asm volatile("ld.acquire.gpu.global.u32 %0, [%1];" : "=r"(value) : "l"(p) : "memory");
  return value;
}
__device__ inline void store_release(unsigned* p, unsigned value) {
  asm volatile("st.release.gpu.global.u32 [%0], %1;" ::"l"(p), "r"(value) : "memory");
}
__device__ inline void add_release(unsigned* p, unsigned value) {
  asm volatile("red.release.gpu.global.add.u32 [%0], %1;" ::"l"(p), "r"(value) : "memory");
}

/// x, of which the compiler does not know that it may have been computed before.
__device__ inline int computed_here(int x) {
  asm volatile("" : "+r"(x));
  return x;
}

}  // namespace musicgen::inline MUSICGEN_ABI::device
