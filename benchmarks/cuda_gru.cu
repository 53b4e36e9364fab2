// The steps of a GRU layer on a GPU: all of them in one launch, in each compiled shape, and with a launch per step.
// Without the inputs' products; "step" is the seconds per step.
#include <kernels/elementwise.cuh>
#include <kernels/gru_persistent.cuh>
#include <kernels/launch.hpp>
#include <musicgen/backend/cuda/adam.hpp>
#include <musicgen/backend/cuda/gru.hpp>
#include <musicgen/backend/cuda/kernel_policy.hpp>

#include "cuda_gru.hpp"

namespace {

using namespace musicgen;
using namespace musicgen::benchmarks::gpu;
using namespace musicgen::kernels;

GruLimits limits() {
  const device::Limits found = device::limits();
  return {found.multiprocessors, found.shared_bytes};
}

/// @param shape  one of the compiled shapes; -1: the plan's own choice
template <class Operand, bool backward>
void in_one_launch(benchmark::State& state, int B, int H, int shape) {
  using Forward = persistent::ForwardShapes<Operand>;
  using Backward = persistent::BackwardShapes<Operand>;
  const auto plans = backward ? Backward::plans(B, H, limits()) : Forward::plans(B, H, limits());
  const GruPlan best = backward ? Backward::plan(B, H, limits()) : Forward::plan(B, H, limits());
  const GruPlan plan = shape < 0 ? best : plans.at(static_cast<std::size_t>(shape));
  if (!plan.supported) return state.SkipWithError("does not fit");

  const std::size_t outputs = std::size_t(B) * std::size_t(H);
  const cuda::Buffer<float> weights = random_numbers(3 * std::size_t(H) * std::size_t(H));
  cuda::Buffer<Operand> w_hh(weights.size());
  if constexpr (std::is_same_v<Operand, float>)
    w_hh = weights;
  else
    kernels::round(weights.data(), static_cast<std::int64_t>(weights.size()), w_hh.data(), cuda::launches());
  cuda::Buffer<float> gates = random_numbers(T * 4 * outputs), h = random_numbers((T + 1) * outputs);
  const cuda::Buffer<float> dh = random_numbers(T * outputs);
  cuda::Buffer<bf16> gates_rounded(gates.size()), h_rounded(h.size());
  cuda::Buffer<unsigned char> workspace(plan.workspace_bytes);
  constexpr bool in_bf16 = !std::is_same_v<Operand, float>;
  measure_steps(state, B, H, bytes_of_steps(B, H, backward, in_bf16), in_bf16, [&] {
    if constexpr (backward)
      gru_steps_backward<Operand>(
          plan, {B, T, H, w_hh.data(), h.data(), dh.data(), gates.data(), gates_rounded.data(), workspace.data()},
          cuda::launches());
    else
      gru_steps_forward<Operand>(
          plan, {B, T, H, w_hh.data(), gates.data(), h.data(), h_rounded.data(), workspace.data()}, cuda::launches());
  });
}

/// A launch and a product per step; backward with the gradient of w_hh, which is one more product of the same size.
template <bool in_bf16, bool backward>
void a_launch_a_step(benchmark::State& state, int B, int H) {
  const Dimensions d{V, 32, H, 1};
  cuda::Parameters weights = cuda::Parameters::zeros(d), gradients = weights;
  fill(weights.values.data(), weights.values.size());
  cuda::Buffer<cuda::bf16> rounded;
  const cuda::Weights w = cuda::weights_for_products(weights, in_bf16 ? Precision::bf16 : Precision::fp32, rounded);
  cuda::GruSaved saved;
  cuda::Matrix<float> dh;
  resize_random(saved.gates.exact, T * B, 4 * H);
  resize_random(dh, T * B, H);
  cuda::kernels_in_use() = cuda::Kernels::plain;
  const auto forward = [&] { cuda::gru_steps(w, 0, B, nullptr, saved); };
  forward();
  const double bytes = bytes_of_steps(B, H, backward, in_bf16);
  if constexpr (backward)
    measure_steps(state, B, H, bytes, in_bf16,
                  [&] { cuda::gru_steps_backward(w, 0, B, saved, dh, gradients.tensors().gru(0)); });
  else
    measure_steps(state, B, H, bytes, in_bf16, forward);
  cuda::kernels_in_use() = cuda::Kernels::resident;
}

template <class Operand, bool backward>
void add_shapes(const std::string& name, int shapes) {
  for (int shape = -1; shape < shapes; ++shape)
    add(name + (shape < 0 ? "" : "/shape " + std::to_string(shape)),
        [shape](benchmark::State& state, int B, int H) { in_one_launch<Operand, backward>(state, B, H, shape); });
}

const bool registered = [] {
  add_shapes<bf16, false>("gru/forward/bf16", 3);
  add_shapes<bf16, true>("gru/backward/bf16", 3);
  add_shapes<float, false>("gru/forward/fp32", 2);
  add_shapes<float, true>("gru/backward/fp32", 2);
  add("gru/a launch a step/forward/bf16", a_launch_a_step<true, false>);
  add("gru/a launch a step/backward/bf16", a_launch_a_step<true, true>);
  add("gru/a launch a step/forward/fp32", a_launch_a_step<false, false>);
  add("gru/a launch a step/backward/fp32", a_launch_a_step<false, true>);
  return true;
}();

}  // namespace
