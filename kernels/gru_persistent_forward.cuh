// All steps of a GRU layer forward in one launch: gru_persistent.cuh has the derivation and the costs.
#pragma once

#include "gru_persistent_plan.cuh"

namespace musicgen::inline MUSICGEN_ABI::kernels {

/// All steps of a layer, from the input part of its gates.
template <class Operand>
struct GruStepsForward {
  int B, T, H;
  const Operand* w_hh;  ///< (3H, H)  U_r, U_z, U_n
  float* gates;         ///< (T*B, 4H)  in: r | z | q | n before the activations, without U h; out: the gates
  float* h;             ///< ((T+1)*B, H)  h_{-1}, which is given, h_0, ... h_{T-1}
  bf16* h_rounded;      ///< ((T+1)*B, H)  h in bf16, except h_{-1}, which is not touched; nullptr: not wanted
  void* workspace;      ///< GruPlan::workspace_bytes
};

namespace persistent {

template <class Shape>
__global__ void __launch_bounds__(Shape::threads, 1)
    gru_persistent_forward_kernel(GruStepsForward<typename Shape::Operand> p, GruPlan plan) {
  using Operand = typename Shape::Operand;
  using Block = GruBlock<Shape, 3, 1>;
  struct Gates {
    float r, z, q, n;
  };
  const Block block(plan, p.B, p.H, p.workspace);
  const std::ptrdiff_t H = p.H;
  const auto row = [&](int t, const auto& cell) { return std::ptrdiff_t{t} * p.B + cell.sequence; };

  const typename Block::Weights weights(plan.steps, [&](int a, int k) {
    const int unit = block.first_unit() + a % Shape::units, gate = a / Shape::units;
    return unit < p.H && k < p.H ? p.w_hh[(gate * H + unit) * H + k] : Operand{};
  });

  Gates inputs[Shape::cells];  // of the next pass, or of the next step's first one
  const auto load_inputs = [&](int t, int pass) {
#pragma unroll
    for (int i = 0; i < Shape::cells; ++i) {
      const auto cell = block.cell(pass, i);
      const float* a = p.gates + row(t, cell) * 4 * H + cell.unit;
      inputs[i] = cell.inside ? Gates{a[0], a[H], a[2 * H], a[3 * H]} : Gates{};
    }
  };

  for (int pass = block.first_pass(); pass < plan.passes; pass += plan.groups) {
#pragma unroll
    for (int i = 0; i < Shape::cells; ++i) {
      const auto cell = block.cell(pass, i);
      if (!cell.exists) continue;
      const float h = cell.inside ? p.h[row(0, cell) * H + cell.unit] : 0;
      block.carry(pass, i) = h;
      block.publish(block.published(0, pass), 0, cell, h);
    }
    block.arrive(pass);
  }
  load_inputs(0, block.first_pass());

  for (int t = 0; t < p.T; ++t)
    for (int pass = block.first_pass(); pass < plan.passes; pass += plan.groups) {
      block.multiply(pass, t + 1, weights, block.published(t, pass));
      Gates gates[Shape::cells] = {};
#pragma unroll
      for (int i = 0; i < Shape::cells; ++i) {
        const auto cell = block.cell(pass, i);
        if (!cell.exists) continue;
        auto& [r, z, q, n] = gates[i];
        r = sigmoid(inputs[i].r + block.sum(0, cell));
        z = sigmoid(inputs[i].z + block.sum(1, cell));
        q = inputs[i].q + block.sum(2, cell);
        n = tanhf(inputs[i].n + r * q);
        const float h = n + z * (block.carry(pass, i) - n);
        block.carry(pass, i) = h;
        block.publish(block.published(t + 1, pass), 0, cell, h);
      }
      block.arrive(pass);

      // Results that no block waits for.
#pragma unroll
      for (int i = 0; i < Shape::cells; ++i) {
        const auto cell = block.cell(pass, i);
        if (!cell.inside) continue;
        float* a = p.gates + row(t, cell) * 4 * H + cell.unit;
        a[0] = gates[i].r;
        a[H] = gates[i].z;
        a[2 * H] = gates[i].q;
        a[3 * H] = gates[i].n;
        const std::ptrdiff_t at = row(t + 1, cell) * H + cell.unit;
        p.h[at] = block.carry(pass, i);
        if (p.h_rounded) p.h_rounded[at] = device::to_bf16(block.carry(pass, i));
      }
      const bool last = pass + plan.groups >= plan.passes;
      if (!last || t + 1 < p.T) load_inputs(last ? t + 1 : t, last ? block.first_pass() : pass + plan.groups);
    }
}

template <class Shape>
struct Forward {
  static GruPlan plan(int B, int H, const GruLimits& limits) { return plan_gru<Shape, 3, 1>(B, H, limits); }

  static void launch(const GruPlan& plan, const GruStepsForward<typename Shape::Operand>& p, device::Stream stream) {
    clear_counters(plan, p.workspace, stream);
    device::launch_cooperative(gru_persistent_forward_kernel<Shape>, plan.grid(), Shape::threads, plan.shared_bytes,
                               stream, p, plan);
  }
};

}  // namespace persistent
}  // namespace musicgen::inline MUSICGEN_ABI::kernels
