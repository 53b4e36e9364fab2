// How the work of a persistent GRU kernel is divided among the multiprocessors, and whether it fits.
#pragma once

#include <algorithm>
#include <array>
#include <utility>

#include "gru_persistent_slice.cuh"

namespace musicgen::inline MUSICGEN_ABI::kernels {

/// What a GPU offers; by default an H100.
struct GruLimits {
  int multiprocessors = 132;
  std::size_t shared_bytes = 227 * 1024;  ///< per block, at most
};

/// Block (x, y) has the units from x * units on, and the passes y, y + groups, ... of `rows` sequences each.
struct GruPlan {
  bool supported = false;
  int shape = 0;        ///< index of the compiled shape
  int steps = 0;        ///< hidden units, padded, in steps of 16
  int unit_blocks = 0;  ///< blocks that share sequences and wait for each other
  int groups = 0;       ///< independent groups of blocks
  int passes = 0;       ///< of all groups together
  std::size_t shared_bytes = 0;
  std::size_t workspace_bytes = 0;  ///< of global memory, aligned to 16; need not be initialized
  std::size_t fetched_bytes = 0;    ///< per block and time step, of what others have published

  __host__ __device__ int padded_units() const { return steps * persistent::step_width; }
  int passes_of_a_block() const { return (passes + groups - 1) / groups; }
  dim3 grid() const { return dim3(static_cast<unsigned>(unit_blocks), static_cast<unsigned>(groups)); }
};

namespace persistent {

inline constexpr int counter_stride = 32;  // so that each has its own cache line

inline int divide_up(int a, int b) {
  return (a + b - 1) / b;
}

/// @param outputs  rows of W for each unit of a block: 3 forward, 1 backward
/// @param inputs   K over the padded hidden units: 1 forward, 3 backward
template <class Shape, int outputs, int inputs>
GruPlan plan_gru(int B, int H, const GruLimits& limits) {
  constexpr int A = outputs * Shape::units, R = Shape::rows;
  using Operand = typename Shape::Operand;
  using Weights = Slice<Operand, A, Shape>;
  GruPlan plan;
  plan.unit_blocks = divide_up(H, Shape::units);
  plan.steps = plan.unit_blocks * (Shape::units / step_width);
  plan.passes = divide_up(B, R);
  plan.groups = std::min(plan.passes, limits.multiprocessors / plan.unit_blocks);
  if (plan.groups == 0) return plan;
  const auto block_passes = static_cast<std::size_t>(plan.passes_of_a_block());
  const auto pass_bytes = sizeof(Operand) * R * static_cast<std::size_t>(inputs * plan.padded_units());
  plan.shared_bytes = Weights::shared_bytes(inputs * plan.steps) + Parts<A, R, Shape::warps>::bytes +
                      block_passes * (sizeof(float) * Shape::threads * Shape::cells);
  plan.workspace_bytes = static_cast<std::size_t>(plan.passes) * (2 * pass_bytes + sizeof(unsigned) * counter_stride);
  plan.fetched_bytes = block_passes * pass_bytes;
  plan.supported = plan.shared_bytes <= limits.shared_bytes;
  return plan;
}

/// A block's place in the plan, and what the kernels of both directions have in common.
template <class Shape, int outputs, int inputs>
class GruBlock {
 public:
  using Operand = typename Shape::Operand;
  static constexpr int R = Shape::rows, units = Shape::units;
  using Weights = Slice<Operand, outputs * units, Shape>;
  using Sums = Parts<outputs * units, R, Shape::warps>;
  static_assert(Weights::scratch_bytes <= Sums::bytes);

  /// A unit of a sequence, for which a thread does everything but the product.
  struct Cell {
    int unit_of_block, unit, row, sequence;
    bool exists;  ///< a block can have fewer cells than threads
    bool inside;  ///< not padding
  };

  __device__ GruBlock(const GruPlan& plan, int B, int H, void* workspace)
      : plan_(plan), B_(B), H_(H), counters_(static_cast<unsigned*>(workspace)) {
    device::require_cooperative();
    unsigned char* shared = device::dynamic_shared<unsigned char>() + Weights::shared_bytes(inputs * plan.steps);
    sums_.parts = reinterpret_cast<float*>(shared);
    carry_ = sums_.parts + Sums::bytes / sizeof(float) + threadIdx.x;
    published_ = reinterpret_cast<Operand*>(counters_ + plan.passes * counter_stride);
  }

  __device__ static int first_unit() { return static_cast<int>(blockIdx.x) * units; }
  __device__ static int first_pass() { return static_cast<int>(blockIdx.y); }

  /// A warp's cells are 8 adjacent units of 4 sequences.
  __device__ Cell cell(int pass, int i) const {
    i = static_cast<int>(threadIdx.x) + i * Shape::threads;
    const int unit = i / (8 * R) * 8 + i % 8, row = i / 8 % R;
    const bool exists = unit < units, inside = exists && first_unit() + unit < H_ && pass * R + row < B_;
    return {unit, first_unit() + unit, row, pass * R + row, exists, inside};
  }

  /// A number that the thread keeps for a cell from step to step.
  __device__ float& carry(int pass, int i) const {
    return carry_[(pass / plan_.groups * Shape::cells + i) * Shape::threads];
  }

  /// (inputs * padded units, R) of a pass, in operand order, for even and for odd times.
  __device__ Operand* published(int time, int pass) const {
    const int size = inputs * plan_.padded_units() * R;
    return published_ + static_cast<std::size_t>(time % 2 * plan_.passes + pass) * static_cast<std::size_t>(size);
  }
  /// @param input  which of the inputs
  __device__ void publish(Operand* published, int input, const Cell& cell, float x) const {
    published[Weights::place(input * plan_.padded_units() + cell.unit, cell.row)] = Weights::operand(x);
  }

  /// Announces that this block has published its part of a time step.
  __device__ void arrive(int pass) const {
    __syncthreads();
    if (threadIdx.x == 0) device::add_release(&counters_[pass * counter_stride], 1);
  }

  /// Waits until all blocks have arrived `times` times, and multiplies W by what they have published: sum().
  __device__ void multiply(int pass, int times, const Weights& weights, const Operand* published) const {
    if (threadIdx.x == 0) {
      const unsigned goal = static_cast<unsigned>(times) * static_cast<unsigned>(plan_.unit_blocks);
      while (static_cast<int>(device::load_acquire(&counters_[pass * counter_stride]) - goal) < 0) {
      }  // a difference, since the counter may wrap around
    }
    __syncthreads();
    weights.multiply(published, sums_.parts);
    __syncthreads();
  }
  /// @param output  which of the outputs
  __device__ float sum(int output, const Cell& cell) const {
    return sums_.sum(output * units + cell.unit_of_block, cell.row);
  }

 private:
  GruPlan plan_;
  int B_, H_;
  unsigned* counters_;  // [passes][counter_stride]
  Operand* published_;  // [2][passes][inputs * padded units * R]
  Sums sums_;
  float* carry_;  // [passes of the block * cells][threads], starting at this thread
};

/// The shapes that a direction is compiled for.
template <template <class> class Direction, class... Shapes>
struct ShapeList {
  /// One for each shape.
  static std::array<GruPlan, sizeof...(Shapes)> plans(int B, int H, const GruLimits& limits) {
    std::array<GruPlan, sizeof...(Shapes)> all = {Direction<Shapes>::plan(B, H, limits)...};
    for (std::size_t i = 0; i < all.size(); ++i) all[i].shape = static_cast<int>(i);
    return all;
  }

  /// The best plan: the one that fetches least, since fetching takes most of a step; then the one with the fewest
  /// passes.
  static GruPlan plan(int B, int H, const GruLimits& limits) {
    GruPlan best;
    for (const GruPlan& plan : plans(B, H, limits)) {
      if (!plan.supported) continue;
      const auto costs = [](const GruPlan& p) { return std::pair(p.fetched_bytes, p.passes_of_a_block()); };
      if (!best.supported || costs(plan) < costs(best)) best = plan;
    }
    return best;
  }

  template <class Arguments>
  static void launch(const GruPlan& plan, const Arguments& p, device::Stream stream) {
    if (p.T == 0) return;
    int index = 0;
    ((plan.shape == index++ ? Direction<Shapes>::launch(plan, p, stream) : void()), ...);
  }
};

inline void clear_counters(const GruPlan& plan, void* workspace, device::Stream stream) {
  const int count = plan.passes * counter_stride;
  device::launch(clear_counters_kernel, static_cast<unsigned>(divide_up(count, 128)), 128, 0, stream,
                 static_cast<unsigned*>(workspace), count);
}

}  // namespace persistent
}  // namespace musicgen::inline MUSICGEN_ABI::kernels
