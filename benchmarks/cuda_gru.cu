// The steps of a GRU layer on a GPU: the persistent kernels in all their shapes, and cuDNN. T = 256. Compiled by nvcc,
// apart from the other benchmarks; "step" is the seconds that a step takes.
//
// cuDNN gets the inputs' part of the gates for nothing as well: CUDNN_SKIP_INPUT has no weights for them. It computes
// in fp16 with fp32 sums, persistent (if it can) and not.
#include <benchmark/benchmark.h>
#include <cuda_runtime.h>
#include <cudnn.h>

#include <kernels/gru_persistent.cuh>
#include <stdexcept>
#include <vector>

namespace {

using namespace musicgen;
using namespace musicgen::kernels;

constexpr int T = 256;

void check(cudaError_t status) {
  if (status != cudaSuccess) throw std::runtime_error(cudaGetErrorString(status));
}
void check(cudnnStatus_t status) {
  if (status != CUDNN_STATUS_SUCCESS) throw std::runtime_error(cudnnGetErrorString(status));
}

/// Memory on the GPU, all zeros.
class Zeros {
 public:
  explicit Zeros(std::size_t bytes) {
    check(cudaMalloc(&data_, bytes + 16));
    check(cudaMemset(data_, 0, bytes + 16));
  }
  ~Zeros() { cudaFree(data_); }
  Zeros(const Zeros&) = delete;
  Zeros& operator=(const Zeros&) = delete;

  template <class Element>
  operator Element*() const {
    return static_cast<Element*>(data_);
  }

 private:
  void* data_ = nullptr;
};

GruLimits limits() {
  cudaDeviceProp properties;
  check(cudaGetDeviceProperties(&properties, 0));
  return {properties.multiProcessorCount, properties.sharedMemPerBlockOptin};
}

/// Times launch(), which may throw, by the GPU's own clock.
template <class Launch>
void measure(benchmark::State& state, double B, double H, Launch&& launch) {
  cudaEvent_t begin, end;
  check(cudaEventCreate(&begin));
  check(cudaEventCreate(&end));
  launch();
  for (auto _ : state) {
    check(cudaEventRecord(begin));
    launch();
    check(cudaEventRecord(end));
    check(cudaEventSynchronize(end));
    float milliseconds = 0;
    check(cudaEventElapsedTime(&milliseconds, begin, end));
    state.SetIterationTime(milliseconds / 1e3);
  }
  using benchmark::Counter;
  const auto each = Counter::kIsIterationInvariantRate;
  state.counters["step"] = Counter(T, static_cast<Counter::Flags>(each | Counter::kInvert));  // seconds
  state.counters["FLOP/s"] = Counter(6 * T * B * H * H, each);
  check(cudaEventDestroy(begin));
  check(cudaEventDestroy(end));
}

// Arguments: B, H, shape; -1 is the plan's own choice.
template <class Operand, bool backward>
void persistent_gru(benchmark::State& state) {
  const int B = static_cast<int>(state.range(0)), H = static_cast<int>(state.range(1));
  const int shape = static_cast<int>(state.range(2));
  using Forward = persistent::ForwardShapes<Operand>;
  using Backward = persistent::BackwardShapes<Operand>;
  const auto plans = backward ? Backward::plans(B, H, limits()) : Forward::plans(B, H, limits());
  const GruPlan best = backward ? Backward::plan(B, H, limits()) : Forward::plan(B, H, limits());
  const GruPlan plan = shape < 0 ? best : plans.at(static_cast<std::size_t>(shape));
  if (!plan.supported) return state.SkipWithError("does not fit");

  const std::size_t state_floats = std::size_t(B) * std::size_t(H);
  const Zeros w_hh(3 * sizeof(Operand) * std::size_t(H) * std::size_t(H)), workspace(plan.workspace_bytes);
  const Zeros gates(sizeof(float) * T * 4 * state_floats), gates_rounded(sizeof(bf16) * T * 4 * state_floats);
  const Zeros h(sizeof(float) * (T + 1) * state_floats), h_rounded(sizeof(bf16) * (T + 1) * state_floats);
  const Zeros dh(sizeof(float) * T * state_floats);
  measure(state, B, H, [&] {
    if constexpr (backward)
      gru_steps_backward<Operand>(plan, {B, T, H, w_hh, h, dh, gates, gates_rounded, workspace}, nullptr);
    else
      gru_steps_forward<Operand>(plan, {B, T, H, w_hh, gates, h, h_rounded, workspace}, nullptr);
  });
}

template <bool backward>
void cudnn_gru(benchmark::State& state) {
  const int B = static_cast<int>(state.range(0)), H = static_cast<int>(state.range(1));
  const auto algorithm = static_cast<cudnnRNNAlgo_t>(state.range(2));
  cudnnHandle_t handle;
  check(cudnnCreate(&handle));
  cudnnDropoutDescriptor_t dropout;
  check(cudnnCreateDropoutDescriptor(&dropout));
  check(cudnnSetDropoutDescriptor(dropout, handle, 0, nullptr, 0, 1));
  cudnnRNNDescriptor_t rnn;
  check(cudnnCreateRNNDescriptor(&rnn));
  check(cudnnSetRNNDescriptor_v8(rnn, algorithm, CUDNN_GRU, CUDNN_RNN_DOUBLE_BIAS, CUDNN_UNIDIRECTIONAL,
                                 CUDNN_SKIP_INPUT, CUDNN_DATA_HALF, CUDNN_DATA_FLOAT, CUDNN_TENSOR_OP_MATH, H, H, H, 1,
                                 dropout, CUDNN_RNN_PADDED_IO_DISABLED));
  const std::vector<int> lengths(static_cast<std::size_t>(B), T);
  cudnnRNNDataDescriptor_t x_shape;
  check(cudnnCreateRNNDataDescriptor(&x_shape));
  check(cudnnSetRNNDataDescriptor(x_shape, CUDNN_DATA_HALF, CUDNN_RNN_DATA_LAYOUT_SEQ_MAJOR_PACKED, T, B, H,
                                  lengths.data(), nullptr));
  const int dimensions[] = {1, B, H}, strides[] = {B * H, H, 1};
  cudnnTensorDescriptor_t h_shape;
  check(cudnnCreateTensorDescriptor(&h_shape));
  check(cudnnSetTensorNdDescriptor(h_shape, CUDNN_DATA_HALF, 3, dimensions, strides));

  std::size_t weight_bytes = 0, work_bytes = 0, reserve_bytes = 0;
  check(cudnnGetRNNWeightSpaceSize(handle, rnn, &weight_bytes));
  const auto mode = CUDNN_FWD_MODE_TRAINING;
  const cudnnStatus_t possible = cudnnGetRNNTempSpaceSizes(handle, rnn, mode, x_shape, &work_bytes, &reserve_bytes);
  if (possible != CUDNN_STATUS_SUCCESS) return state.SkipWithError(cudnnGetErrorString(possible));
  const std::size_t sequence_bytes = 2 * std::size_t{T} * std::size_t(B) * std::size_t(H);
  const Zeros x(sequence_bytes), y(sequence_bytes), dx(sequence_bytes), dy(sequence_bytes);
  const Zeros weights(weight_bytes), work(work_bytes), reserve(reserve_bytes), device_lengths(4 * std::size_t(B));
  check(cudaMemcpy(device_lengths, lengths.data(), 4 * std::size_t(B), cudaMemcpyHostToDevice));
  const int* const n = device_lengths;
  const auto forward = [&] {
    check(cudnnRNNForward(handle, rnn, mode, n, x_shape, x, x_shape, y, h_shape, nullptr, nullptr, h_shape, nullptr,
                          nullptr, weight_bytes, weights, work_bytes, work, reserve_bytes, reserve));
  };
  forward();
  measure(state, B, H, [&] {
    if constexpr (backward)
      check(cudnnRNNBackwardData_v8(handle, rnn, n, x_shape, y, dy, x_shape, dx, h_shape, nullptr, nullptr, nullptr,
                                    h_shape, nullptr, nullptr, nullptr, weight_bytes, weights, work_bytes, work,
                                    reserve_bytes, reserve));
    else
      forward();
  });
  check(cudnnDestroyTensorDescriptor(h_shape));
  check(cudnnDestroyRNNDataDescriptor(x_shape));
  check(cudnnDestroyRNNDescriptor(rnn));
  check(cudnnDestroyDropoutDescriptor(dropout));
  check(cudnnDestroy(handle));
}

void sizes(benchmark::internal::Benchmark* b) {
  b->ArgNames({"B", "H", "shape"})->ArgsProduct({{1, 32, 256}, {256, 1028, 2048}, {-1, 0, 1, 2}})->UseManualTime();
}
void sizes_fp32(benchmark::internal::Benchmark* b) {
  b->ArgNames({"B", "H", "shape"})->ArgsProduct({{1, 32, 256}, {256, 1028}, {-1, 0, 1}})->UseManualTime();
}
void sizes_cudnn(benchmark::internal::Benchmark* b) {
  b->ArgNames({"B", "H", "algorithm"})
      ->ArgsProduct({{1, 32, 256}, {256, 1028, 2048}, {CUDNN_RNN_ALGO_PERSIST_STATIC, CUDNN_RNN_ALGO_STANDARD}})
      ->UseManualTime();
}
BENCHMARK_TEMPLATE(persistent_gru, bf16, false)->Name("gru/forward/bf16")->Apply(sizes);
BENCHMARK_TEMPLATE(persistent_gru, bf16, true)->Name("gru/backward/bf16")->Apply(sizes);
BENCHMARK_TEMPLATE(persistent_gru, float, false)->Name("gru/forward/fp32")->Apply(sizes_fp32);
BENCHMARK_TEMPLATE(persistent_gru, float, true)->Name("gru/backward/fp32")->Apply(sizes_fp32);
BENCHMARK_TEMPLATE(cudnn_gru, false)->Name("cudnn/forward/fp16")->Apply(sizes_cudnn);
BENCHMARK_TEMPLATE(cudnn_gru, true)->Name("cudnn/backward/fp16")->Apply(sizes_cudnn);

}  // namespace

BENCHMARK_MAIN();
