// Memory, stream and products of a GPU, from CUDA's runtime and cuBLAS. The emulator's version is
// tests/emulator/runtime.cpp.
#include <cublas_v2.h>
#include <cuda_runtime.h>

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <musicgen/backend/cuda/graph_capture.hpp>
#include <musicgen/backend/cuda/memory.hpp>
#include <musicgen/core/error.hpp>
#include <source_location>
#include <string>

#include "check.hpp"
#include "product.hpp"

namespace musicgen::inline MUSICGEN_ABI::cuda {

static void check(cublasStatus_t status, std::source_location at = std::source_location::current()) {
  if (status != CUBLAS_STATUS_SUCCESS) throw Error(std::string("cuBLAS: ") + cublasGetStatusString(status) + where(at));
}

namespace {

std::string gigabytes(std::size_t bytes) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f GB", static_cast<double>(bytes) * 1e-9);
  return text;
}

std::atomic<std::size_t> allocation_count = 0, allocated_bytes = 0, replay_count = 0;
bool recording = false;

/// The process's resources on the device. Never freed: CUDA may have ended before static objects are destroyed.
struct Context {
  cudaStream_t stream{};
  cudaMemPool_t pool{};
  cublasHandle_t cublas{};
  void* workspace{};

  static Context& get() {
    static Context& context = *new Context;
    return context;
  }

 private:
  Context() {
    if (const std::string reason = why_not_available(); !reason.empty()) throw Error(reason);
    check(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
    int device = 0;
    std::uint64_t all = UINT64_MAX;  // keep freed memory for the next allocation
    check(cudaGetDevice(&device));
    check(cudaDeviceGetDefaultMemPool(&pool, device));
    check(cudaMemPoolSetAttribute(pool, cudaMemPoolAttrReleaseThreshold, &all));
    constexpr std::size_t workspace_bytes = std::size_t{32} << 20;  // its own, so that it can be part of a graph
    check(cudaMallocAsync(&workspace, workspace_bytes, stream));
    check(cublasCreate(&cublas));
    check(cublasSetStream(cublas, stream));
    check(cublasSetWorkspace(cublas, workspace, workspace_bytes));
  }
};

template <class T>
void multiply_on_gpu(cudaDataType type, View<const T> a, View<const T> b, View<float> c, float alpha, float beta,
                     const Batches& batches) {
  // cuBLAS stores by columns, so our matrices, stored by rows, are transposed: c' = b' a'.
  const auto op = [](bool transposed) { return transposed ? CUBLAS_OP_T : CUBLAS_OP_N; };
  check(cublasGemmStridedBatchedEx(
      Context::get().cublas, op(b.transposed), op(a.transposed), c.columns, c.rows, a.columns, &alpha, b.data, type,
      static_cast<int>(b.stride), batches.b, a.data, type, static_cast<int>(a.stride), batches.a, &beta, c.data,
      CUDA_R_32F, static_cast<int>(c.stride), batches.c, batches.count, CUBLAS_COMPUTE_32F, CUBLAS_GEMM_DEFAULT));
}

}  // namespace

std::string why_not_available() {
  int devices = 0;
  if (const cudaError_t status = cudaGetDeviceCount(&devices); status != cudaSuccess) {
    cudaGetLastError();
    int driver = 0, runtime = 0;  // 1000 major + 10 minor
    if (cudaDriverGetVersion(&driver) == cudaSuccess && driver == 0) return "CUDA: there is no NVIDIA driver";
    if (status != cudaErrorInsufficientDriver || cudaRuntimeGetVersion(&runtime) != cudaSuccess)
      return std::string("CUDA: ") + cudaGetErrorString(status);
    const auto text = [](int version) {
      return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
    };
    return "CUDA: the driver is for CUDA up to " + text(driver) + ", and this program is made with " + text(runtime);
  }
  cudaDeviceProp properties{};
  int device = 0;
  if (devices == 0 || cudaGetDevice(&device) != cudaSuccess ||
      cudaGetDeviceProperties(&properties, device) != cudaSuccess)
    return "CUDA: there is no GPU";
  const std::string gpu = std::string("CUDA: ") + properties.name;
  if (properties.major < 8)
    return gpu + " has compute capability " + std::to_string(properties.major) + "." +
           std::to_string(properties.minor) + ", and 8.0 is needed";
  const auto lacks = [&](cudaDeviceAttr attribute) {
    int there = 0;
    return cudaDeviceGetAttribute(&there, attribute, device) != cudaSuccess || !there;
  };
  if (lacks(cudaDevAttrMemoryPoolsSupported)) return gpu + " has no memory pools, which are needed";
  if (lacks(cudaDevAttrCooperativeLaunch)) return gpu + " has no cooperative launches, which are needed";
  // Makes the context without any other effect: another process may have the GPU for itself.
  if (const cudaError_t status = cudaFree(nullptr); status != cudaSuccess) {
    cudaGetLastError();
    return gpu + ": " + cudaGetErrorString(status);
  }
  return "";
}

std::string device_name() {
  int device = 0;
  cudaDeviceProp properties{};
  check(cudaGetDevice(&device));
  check(cudaGetDeviceProperties(&properties, device));
  return std::string(properties.name) + ", " + gigabytes(properties.totalGlobalMem);
}

Stream stream() {
  return reinterpret_cast<Stream>(Context::get().stream);
}

void synchronize() {
  check(cudaStreamSynchronize(Context::get().stream));
}

void* allocate(std::size_t bytes) {
  if (recording) throw Error("CUDA: memory is asked for by work that is recorded");
  ++allocation_count;
  void* memory = nullptr;
  const cudaError_t status = cudaMallocAsync(&memory, bytes, Context::get().stream);
  if (status == cudaErrorMemoryAllocation) {
    cudaGetLastError();
    std::size_t free = 0, total = 0;
    cudaMemGetInfo(&free, &total);
    throw Error("CUDA: out of memory: " + gigabytes(bytes) + " more are needed, " + gigabytes(free) + " of " +
                gigabytes(total) + " are free; a smaller batch or shorter windows need less");
  }
  check(status);
  allocated_bytes += bytes;
  return memory;
}

std::size_t allocations() {
  return allocation_count;
}
std::size_t bytes_in_use() {
  return allocated_bytes;
}
std::size_t peak_bytes() {
  std::uint64_t bytes = 0;
  check(cudaMemPoolGetAttribute(Context::get().pool, cudaMemPoolAttrReservedMemHigh, &bytes));
  return bytes;
}

void release(void* memory, std::size_t bytes) noexcept {
  if (!memory) return;
  allocated_bytes -= bytes;
  cudaFreeAsync(memory, Context::get().stream);
}

void* allocate_host(std::size_t bytes) {
  Context::get();  // throws the reason if there is no device
  void* memory = nullptr;
  check(cudaMallocHost(&memory, bytes));
  return memory;
}

void release_host(void* memory) noexcept {
  if (!memory) return;
  cudaStreamSynchronize(Context::get().stream);  // a copy from it may still be running
  cudaFreeHost(memory);
}

void copy(void* to, const void* from, std::size_t bytes) {
  check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDefault, Context::get().stream));
}

void set_zero(void* memory, std::size_t bytes) {
  check(cudaMemsetAsync(memory, 0, bytes, Context::get().stream));
}

Recording record(const std::function<void()>& work) {
  const cudaStream_t stream = Context::get().stream;
  if (cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal) != cudaSuccess) {
    cudaGetLastError();
    return nullptr;
  }
  bool possible = true;
  recording = true;
  try {
    work();
  } catch (const std::exception&) {  // is thrown again when the work runs without a graph
    possible = false;
  }
  recording = false;
  cudaGraph_t graph{};
  cudaGraphExec_t executable{};
  possible = cudaStreamEndCapture(stream, &graph) == cudaSuccess && possible &&
             cudaGraphInstantiate(&executable, graph, 0) == cudaSuccess;
  if (graph) cudaGraphDestroy(graph);
  cudaGetLastError();
  return possible ? reinterpret_cast<Recording>(executable) : nullptr;
}

void replay(Recording work) {
  ++replay_count;
  check(cudaGraphLaunch(reinterpret_cast<cudaGraphExec_t>(work), Context::get().stream));
}

void release_recording(Recording work) noexcept {
  if (work) cudaGraphExecDestroy(reinterpret_cast<cudaGraphExec_t>(work));
}

std::size_t replays() {
  return replay_count;
}

void multiply(View<const float> a, View<const float> b, View<float> c, float alpha, float beta,
              const Batches& batches) {
  multiply_on_gpu(CUDA_R_32F, a, b, c, alpha, beta, batches);
}

void multiply(View<const bf16> a, View<const bf16> b, View<float> c, float alpha, float beta, const Batches& batches) {
  multiply_on_gpu(CUDA_R_16BF, a, b, c, alpha, beta, batches);
}

}  // namespace musicgen::inline MUSICGEN_ABI::cuda
