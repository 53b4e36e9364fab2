// All steps of a GRU layer backward in one launch: gru_persistent.cuh has the derivation and the costs.
#pragma once

#include "gru_persistent_plan.cuh"

namespace musicgen::inline MUSICGEN_ABI::kernels {

/// Back through all steps of a layer. Gradients of weights, biases and inputs follow from its results by products.
template <class Operand>
struct GruStepsBackward {
  int B, T, H;
  const Operand* w_hh;  ///< (3H, H)  U_r, U_z, U_n
  const float* h;       ///< ((T+1)*B, H)  h_{-1}, h_0, ... h_{T-1}; the last is not read
  const float* dh;      ///< (T*B, H)  with respect to the outputs
  float* gates;         ///< (T*B, 4H)  in: r | z | q | n; out: dr | dz | dq | dn before the activations
  bf16* rounded;        ///< (T*B, 4H)  the same in bf16; nullptr: not wanted
  void* workspace;      ///< GruPlan::workspace_bytes
};

namespace persistent {

template <class Shape>
__global__ void __launch_bounds__(Shape::threads, 1)
    gru_persistent_backward_kernel(GruStepsBackward<typename Shape::Operand> p, GruPlan plan) {
  using Operand = typename Shape::Operand;
  using Block = GruBlock<Shape, 1, 3>;
  struct Kept {
    float r, z, q, n, h_before, dh;
  };
  struct Gradients {
    float dr, dz, dq, dn;
  };
  const Block block(plan, p.B, p.H, p.workspace);
  const std::ptrdiff_t H = p.H;
  const auto row = [&](int t, const auto& cell) { return std::ptrdiff_t{t} * p.B + cell.sequence; };

  const typename Block::Weights weights(3 * plan.steps, [&](int a, int k) {
    const int unit = k % plan.padded_units(), gate = k / plan.padded_units(), into = block.first_unit() + a;
    return unit < p.H && into < p.H ? p.w_hh[(gate * H + unit) * H + into] : Operand{};
  });

  Kept saved[Shape::cells];  // for the next pass, or for the next step's first one
  const auto load_kept = [&](int t, int pass) {
#pragma unroll
    for (int i = 0; i < Shape::cells; ++i) {
      const auto cell = block.cell(pass, i);
      const float* a = p.gates + row(t, cell) * 4 * H + cell.unit;
      const std::ptrdiff_t at = row(t, cell) * H + cell.unit;
      saved[i] = cell.inside ? Kept{a[0], a[H], a[2 * H], a[3 * H], p.h[at], p.dh[at]} : Kept{};
    }
  };
  load_kept(p.T - 1, block.first_pass());

  for (int t = p.T - 1; t >= 0; --t)
    for (int pass = block.first_pass(); pass < plan.passes; pass += plan.groups) {
      const int later_steps = p.T - 1 - t;
      if (later_steps > 0) block.multiply(pass, later_steps, weights, block.published(t + 1, pass));
      Gradients gradients[Shape::cells] = {};
#pragma unroll
      for (int i = 0; i < Shape::cells; ++i) {
        const auto cell = block.cell(pass, i);
        if (!cell.exists) continue;
        const auto& [r, z, q, n, h_before, dh_out] = saved[i];
        auto& [dr, dz, dq, dn] = gradients[i];
        const float dh = later_steps > 0 ? dh_out + block.carry(pass, i) + block.sum(0, cell) : dh_out;
        dn = dh * (1 - z) * (1 - n * n);
        dz = dh * (h_before - n) * z * (1 - z);
        dr = dn * q * r * (1 - r);
        dq = dn * r;
        block.carry(pass, i) = dh * z;
        Operand* published = block.published(t, pass);
        block.publish(published, 0, cell, dr);
        block.publish(published, 1, cell, dz);
        block.publish(published, 2, cell, dq);
      }
      block.arrive(pass);

      // Results that no block waits for.
#pragma unroll
      for (int i = 0; i < Shape::cells; ++i) {
        const auto cell = block.cell(pass, i);
        if (!cell.inside) continue;
        const std::ptrdiff_t at = row(t, cell) * 4 * H + cell.unit;
        const float a[] = {gradients[i].dr, gradients[i].dz, gradients[i].dq, gradients[i].dn};
#pragma unroll
        for (int gate = 0; gate < 4; ++gate) {
          p.gates[at + gate * H] = a[gate];
          if (p.rounded) p.rounded[at + gate * H] = device::to_bf16(a[gate]);
        }
      }
      const bool last = pass + plan.groups >= plan.passes;
      if (!last || t > 0) load_kept(last ? t - 1 : t, last ? block.first_pass() : pass + plan.groups);
    }
}

template <class Shape>
struct Backward {
  static GruPlan plan(int B, int H, const GruLimits& limits) { return plan_gru<Shape, 1, 3>(B, H, limits); }

  static void launch(const GruPlan& plan, const GruStepsBackward<typename Shape::Operand>& p, device::Stream stream) {
    clear_counters(plan, p.workspace, stream);
    device::launch_cooperative(gru_persistent_backward_kernel<Shape>, plan.grid(), Shape::threads, plan.shared_bytes,
                               stream, p, plan);
  }
};

}  // namespace persistent
}  // namespace musicgen::inline MUSICGEN_ABI::kernels
