// The work of a block of decode.cuh, phase by phase.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>

#include "decode_layout.cuh"
#include "device.cuh"

namespace musicgen::inline MUSICGEN_ABI::kernels::resident {

__device__ inline float sigmoid(float x) {
  return 1 / (1 + expf(-x));
}

/// h_t from sums before the gates, n without r q, and h_{t-1}.
__device__ inline float gru_unit(float r, float z, float q, float n, float before) {
  n = tanhf(n + sigmoid(r) * q);
  return n + sigmoid(z) * (before - n);
}

/// This lane's part of the products of a row with the vectors of several songs, which are `width` apart.
template <int songs>
__device__ void multiply_row(const float* row, const float* x, int width, float (&sum)[songs]) {
#pragma unroll 2  // enough loads in flight, without spilling registers
  for (int k = static_cast<int>(threadIdx.x) % device::warp_size * 4; k < width; k += device::warp_size * 4) {
    const float4 w = *reinterpret_cast<const float4*>(row + k);
#pragma unroll
    for (int b = 0; b < songs; ++b) {
      const float4 y = *reinterpret_cast<const float4*>(x + b * width + k);
      sum[b] += w.x * y.x + w.y * y.y + w.z * y.z + w.w * y.w;
    }
  }
}
template <int songs>
__device__ void multiply_row(const device::bf16* row, const float* x, int width, float (&sum)[songs]) {
  for (int k = static_cast<int>(threadIdx.x) % device::warp_size * 8; k < width; k += device::warp_size * 8) {
    const uint4 w = *reinterpret_cast<const uint4*>(row + k);
    const auto low = [](std::uint32_t pair) { return __uint_as_float(pair << 16); };
    const auto high = [](std::uint32_t pair) { return __uint_as_float(pair & 0xffff0000u); };
#pragma unroll
    for (int b = 0; b < songs; ++b) {
      const float4 y0 = *reinterpret_cast<const float4*>(x + b * width + k);
      const float4 y1 = *reinterpret_cast<const float4*>(x + b * width + k + 4);
      sum[b] += low(w.x) * y0.x + high(w.x) * y0.y + low(w.y) * y0.z + high(w.y) * y0.w;
      sum[b] += low(w.z) * y1.x + high(w.z) * y1.y + low(w.w) * y1.z + high(w.w) * y1.w;
    }
  }
}

__device__ inline float loaded(float x) {
  return x;
}
__device__ inline float loaded(device::bf16 x) {
  return device::to_float(x);
}

/// All threads must call the same functions in the same order.
template <class Weight, int songs>
class DecodeBlock {
 public:
  __device__ DecodeBlock(const DecodeBuffers<Weight>& buffers, const DecodeShared<songs>& shared)
      : shape_(buffers.shape),
        weights_(buffers.weights),
        state_(buffers.state),
        work_(buffers.work),
        most_units_((shape_.H + static_cast<int>(gridDim.x) - 1) / static_cast<int>(gridDim.x)),
        first_unit_(share_of(shape_.H, blockIdx.x)),
        units_(share_of(shape_.H, blockIdx.x + 1) - first_unit_),
        first_token_(share_of(shape_.V, blockIdx.x)),
        tokens_(share_of(shape_.V, blockIdx.x + 1) - first_token_),
        shared_(shared),
        place_(static_cast<int>(*state_.steps % shape_.W)),
        filled_(static_cast<int>(*state_.steps < shape_.W ? *state_.steps : shape_.W)),
        steps_(*state_.steps) {}

  /// Feeds a token to each song.
  /// @param tokens  (B)
  /// @param logits  (B, V), assigned
  __device__ void step(device::GridBarrier& barrier, const int* tokens, float* logits) {
    fetch_state();
    first_layer(tokens);
    __syncthreads();
    const float* x = shared_.h0;
    for (int l = 1; l < shape_.L; ++l) {
      multiply(shape_.w_ih(l), 3, units_, x,
               [&](int gate, int j, int b, float sum) { shared_.sums[own(gate, j, b)] = sum; });
      __syncthreads();
      gates(l);
      barrier.arrive();
      prepare_next(l - 1, x);
      barrier.wait();
      load(shared_.x, state_.h + l * shape_.B * shape_.width());
      __syncthreads();
      x = shared_.x;
    }
    scores(x);
    barrier.arrive();
    prepare_next(shape_.L - 1, x);
    multiply(shape_.w1_h(), 2, units_, x, [&](int which, int j, int b, float sum) {
      (which == 0 ? shared_.before_tanh : shared_.v)[own(0, j, b)] = sum;
    });
    store_output(x);
    barrier.wait();
    store_first_layer();
    if (shape_.value_offset == 1) {  // the value of the new output belongs to the last one
      store_values();
      __syncthreads();
    }
    for (int b = 0; b < shape_.B; ++b) attend(b);
    if (shape_.value_offset == 0) store_values();
    head(barrier, logits);
    if (blockIdx.x == 0 && thread() == 0) *state_.steps = steps_ + 1;
  }

 private:
  __device__ static int thread() { return static_cast<int>(threadIdx.x); }
  __device__ static int threads() { return static_cast<int>(blockDim.x); }
  __device__ static int lane() { return thread() % device::warp_size; }
  __device__ static int warp() { return thread() / device::warp_size; }
  __device__ static int warps() { return threads() / device::warp_size; }
  __device__ static int share_of(int n, unsigned block) {
    return static_cast<int>(static_cast<std::uint64_t>(n) * block / gridDim.x);
  }

  // The indices of this block's units, in shared memory and in the state.
  __device__ int own(int row, int j, int b) const { return (row * most_units_ + j) * songs + b; }
  __device__ int in_h(int l, int j, int b) const { return (l * shape_.B + b) * shape_.width() + first_unit_ + j; }
  __device__ int in_uh(int l, int gate, int j, int b) const {
    return ((l * shape_.B + b) * 3 + gate) * shape_.H + first_unit_ + j;
  }
  __device__ std::size_t in_values(int j, int b, int place) const {
    return product(b * shape_.H + first_unit_ + j, shape_.W) + static_cast<std::size_t>(place);
  }

  /// Loads what the step before has left.
  __device__ void fetch_state() const {
    load(shared_.h0, state_.h);
    const int all = units_ * shape_.B;
    for (int i = all + thread(); i < shape_.L * all; i += threads()) {
      const int l = i / all, j = i / shape_.B % units_, b = i % shape_.B;
      shared_.own_h[own(l, j, b)] = state_.h[in_h(l, j, b)];
      for (int gate = 0; gate < 3; ++gate) shared_.own_uh[own(3 * l + gate, j, b)] = state_.uh[in_uh(l, gate, j, b)];
    }
  }

  /// Loads (B, H), which other blocks may have written in this launch, from global into shared memory.
  __device__ void load(float* to, const float* from) const {
    const int width = shape_.width();
    for (int b = 0; b < songs; ++b)
      for (int k = thread(); k < width; k += threads())
        to[b * width + k] = b < shape_.B && k < shape_.H ? __ldcg(&from[b * width + k]) : 0.0f;
  }

  /// The i-th of this block's rows of a matrix.
  __device__ const Weight* row(int matrix, int i) const {
    const int first = matrix == shape_.w2() ? first_token_ : first_unit_;
    return weights_.rows + shape_.row(matrix, first + i) * static_cast<std::size_t>(shape_.width());
  }

  /// Products of this block's rows of neighbouring matrices with x, one warp per row: give(matrix, row, song, sum).
  template <class Give>
  __device__ void multiply(int first_matrix, int matrices, int rows, const float* x, Give&& give) const {
    for (int task = warp(); task < matrices * rows; task += warps()) {
      float sum[songs] = {};
      multiply_row<songs>(row(first_matrix + task / rows, task % rows), x, shape_.width(), sum);
#pragma unroll
      for (int b = 0; b < songs; ++b) {
        sum[b] = device::warp_sum(sum[b]);
        if (lane() == 0 && b < shape_.B) give(task / rows, task % rows, b, sum[b]);
      }
    }
  }

  /// The whole h0, in every block.
  __device__ void first_layer(const int* tokens) const {
    const int H = shape_.H, parity = static_cast<int>(steps_ % 2);
    for (int b = 0; b < shape_.B; ++b) {
      const float* a = weights_.table + product(__ldg(&tokens[b]), 4, H);
      const float* uh = state_.uh0 + (parity * shape_.B + b) * 3 * H;
      float* h = shared_.h0 + b * shape_.width();
      for (int j = thread(); j < H; j += threads())
        h[j] = gru_unit(a[j] + __ldcg(&uh[j]), a[H + j] + __ldcg(&uh[H + j]), a[2 * H + j] + __ldcg(&uh[2 * H + j]),
                        a[3 * H + j], h[j]);
    }
  }

  /// This block's units of layer l > 0, from the sums.
  __device__ void gates(int l) const {
    const float* bias = weights_.biases + product(l, 4, shape_.H) + first_unit_;
    for (int i = thread(); i < units_ * shape_.B; i += threads()) {
      const int j = i / shape_.B, b = i % shape_.B, H = shape_.H;
      const auto sum = [&](int gate) { return shared_.sums[own(gate, j, b)]; };
      const auto uh = [&](int gate) { return shared_.own_uh[own(3 * l + gate, j, b)]; };
      state_.h[in_h(l, j, b)] =
          gru_unit(bias[j] + sum(0) + uh(0), bias[H + j] + sum(1) + uh(1), bias[2 * H + j] + uh(2),
                   bias[3 * H + j] + sum(2), shared_.own_h[own(l, j, b)]);
    }
  }

  /// U_l h^l for the next step.
  __device__ void prepare_next(int l, const float* h) const {
    float* uh0 = state_.uh0 + static_cast<int>((steps_ + 1) % 2) * shape_.B * 3 * shape_.H;
    float* to = l == 0 ? uh0 : state_.uh;
    multiply(shape_.w_hh(l), 3, units_, h, [&](int gate, int j, int b, float sum) { to[in_uh(l, gate, j, b)] = sum; });
  }

  /// The scores of this block's places in the ring.
  __device__ void scores(const float* h) const {
    const int G = static_cast<int>(gridDim.x), me = static_cast<int>(blockIdx.x);
    const int places = filled_ > me ? (filled_ - me + G - 1) / G : 0;
    for (int task = warp(); task < places * shape_.B; task += warps()) {
      const int b = task / places, place = me + task % places * G;
      float sum[1] = {};
      multiply_row<1>(state_.outputs + product(b * shape_.W + place, shape_.width()), h + b * shape_.width(),
                      shape_.width(), sum);
      sum[0] = device::warp_sum(sum[0]);
      if (lane() == 0) work_.scores[b * shape_.W + place] = shape_.scale * sum[0];
    }
  }

  /// Stores this block's units of h0; no block needs those of the step before any more.
  __device__ void store_first_layer() const {
    for (int i = thread(); i < units_ * shape_.B; i += threads()) {
      const int j = i / shape_.B, b = i % shape_.B;
      state_.h[in_h(0, j, b)] = shared_.h0[b * shape_.width() + first_unit_ + j];
    }
  }

  /// Replaces the oldest output by h, in the block that owns its place and has computed its score.
  __device__ void store_output(const float* h) const {
    if (static_cast<int>(blockIdx.x) != place_ % static_cast<int>(gridDim.x)) return;
    for (int b = 0; b < shape_.B; ++b)
      for (int k = thread(); k < shape_.width(); k += threads())
        state_.outputs[product(b * shape_.W + place_, shape_.width()) + static_cast<std::size_t>(k)] =
            stored_as<Weight>(h[b * shape_.width() + k]);
  }

  /// Replaces the oldest value by W1b h, for this block's units.
  __device__ void store_values() const {
    for (int i = thread(); i < units_ * shape_.B; i += threads())
      state_.values[in_values(i / shape_.B, i % shape_.B, place_)] =
          stored_as<Weight>(shared_.v[own(0, i / shape_.B, i % shape_.B)]);
  }

  /// u of a song, for this block's units.
  __device__ void attend(int b) const {
    float* e = shared_.weights;
    float* parts = shared_.parts;
    float largest = -INFINITY, sum = 0;
    for (int s = thread(); s < filled_; s += threads()) {
      e[s] = __ldcg(&work_.scores[b * shape_.W + s]);
      largest = fmaxf(largest, e[s]);
    }
    largest = joined(device::warp_max(largest), parts, [](float x, float y) { return fmaxf(x, y); });
    for (int s = thread(); s < filled_; s += threads()) sum += e[s] = expf(e[s] - largest);
    sum = joined(device::warp_sum(sum), parts, [](float x, float y) { return x + y; });
    for (int j = warp(); j < units_; j += warps()) {
      const Weight* v = state_.values + in_values(j, b, 0);
      float c = 0;
      for (int s = lane(); s < filled_; s += device::warp_size) {
        const int at = s + shape_.value_offset;
        c += e[s] * loaded(v[at == shape_.W ? 0 : at]);
      }
      c = device::warp_sum(c);
      if (lane() == 0)
        work_.u[b * shape_.width() + first_unit_ + j] =
            tanhf(shared_.before_tanh[own(0, j, b)] + weights_.b1[first_unit_ + j] + (filled_ > 0 ? c / sum : 0.0f));
    }
    __syncthreads();  // before the next song's scores and the new values are written
  }

  /// The sum or maximum of all warps' values.
  template <class Join>
  __device__ static float joined(float value, float* parts, Join&& join) {
    if (lane() == 0) parts[warp()] = value;
    __syncthreads();
    value = parts[0];
    for (int w = 1; w < warps(); ++w) value = join(value, parts[w]);
    __syncthreads();
    return value;
  }

  __device__ void head(device::GridBarrier& barrier, float* logits) const {
    barrier.arrive_and_wait();
    load(shared_.x, work_.u);
    __syncthreads();
    multiply(shape_.w2(), 1, tokens_, shared_.x, [&](int, int i, int b, float sum) {
      logits[b * shape_.V + first_token_ + i] = sum + weights_.b2[first_token_ + i];
    });
  }

  DecodeShape shape_;
  DecodeWeights<Weight> weights_;
  DecodeState<Weight> state_;
  DecodeWork work_;
  int most_units_, first_unit_, units_;  // of all blocks; of this one
  int first_token_, tokens_;
  DecodeShared<songs> shared_;
  int place_, filled_;  // of the ring: where the next output goes, and how many there are
  std::int64_t steps_;
};

}  // namespace musicgen::inline MUSICGEN_ABI::kernels::resident
