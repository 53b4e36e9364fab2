// The rival of cuda_gru.cu: cuDNN's GRU. Without cuDNN this file is left out.
//
// Like ours, it gets the inputs' part of the gates for free: CUDNN_SKIP_INPUT has no weights for them. It computes in
// fp16 with fp32 sums, persistent (if it can) and not.
#include <cudnn.h>

#include <utility>

#include "cuda_gru.hpp"

namespace {

using namespace musicgen;
using namespace musicgen::benchmarks::gpu;

void check(cudnnStatus_t status) {
  if (status != CUDNN_STATUS_SUCCESS) throw Error(std::string("cuDNN: ") + cudnnGetErrorString(status));
}

using Memory = cuda::Buffer<std::uint16_t>;

/// Halves between 0.03 and 0.12, of either sign.
Memory random_halves(std::size_t bytes) {
  static const std::vector<std::uint16_t> numbers = [] {
    Random random(1);
    std::vector<std::uint16_t> drawn(std::size_t{1} << 20);
    for (auto& x : drawn) x = static_cast<std::uint16_t>(0x2800 | random.below(0x800) | random.below(2) << 15);
    return drawn;
  }();
  Memory memory(bytes / 2);
  for (std::size_t at = 0; at < memory.size(); at += numbers.size())
    cuda::copy(memory.data() + at, numbers.data(), 2 * std::min(numbers.size(), memory.size() - at));
  return memory;
}
Memory zeros(std::size_t bytes) {
  Memory memory((bytes + 15) / 2);
  memory.set_zero();
  return memory;
}

template <bool backward>
void cudnn_gru(benchmark::State& state, int B, int H, cudnnRNNAlgo_t algorithm) {
  cudnnHandle_t handle;
  check(cudnnCreate(&handle));
  check(cudnnSetStream(handle, stream()));
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
  const Memory x = random_halves(sequence_bytes), dy = random_halves(sequence_bytes),
               weights = random_halves(weight_bytes);
  Memory y = zeros(sequence_bytes), dx = zeros(sequence_bytes), work = zeros(work_bytes),
         reserve = zeros(reserve_bytes);
  cuda::Buffer<int> device_lengths(lengths.size());
  cuda::copy(device_lengths.data(), lengths.data(), lengths.size() * sizeof(int));
  const int* const n = device_lengths.data();
  const auto forward = [&] {
    check(cudnnRNNForward(handle, rnn, mode, n, x_shape, x.data(), x_shape, y.data(), h_shape, nullptr, nullptr,
                          h_shape, nullptr, nullptr, weight_bytes, weights.data(), work_bytes, work.data(),
                          reserve_bytes, reserve.data()));
  };
  forward();
  measure_steps(state, B, H, 0, true, [&] {
    if constexpr (backward)
      check(cudnnRNNBackwardData_v8(handle, rnn, n, x_shape, y.data(), dy.data(), x_shape, dx.data(), h_shape, nullptr,
                                    nullptr, nullptr, h_shape, nullptr, nullptr, nullptr, weight_bytes, weights.data(),
                                    work_bytes, work.data(), reserve_bytes, reserve.data()));
    else
      forward();
  });
  check(cudnnDestroyTensorDescriptor(h_shape));
  check(cudnnDestroyRNNDataDescriptor(x_shape));
  check(cudnnDestroyRNNDescriptor(rnn));
  check(cudnnDestroyDropoutDescriptor(dropout));
  check(cudnnDestroy(handle));
}

const bool registered = [] {
  for (const auto& [name, algorithm] :
       {std::pair("persistent", CUDNN_RNN_ALGO_PERSIST_STATIC), {"standard", CUDNN_RNN_ALGO_STANDARD}}) {
    const auto add_direction = [&, &name = name, &algorithm = algorithm](const char* direction, auto run) {
      add(std::string("cudnn/") + direction + "/fp16/" + name,
          [run, algorithm](benchmark::State& state, int B, int H) { run(state, B, H, algorithm); });
    };
    add_direction("forward", cudnn_gru<false>);
    add_direction("backward", cudnn_gru<true>);
  }
  return true;
}();

}  // namespace
