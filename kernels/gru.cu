#include "gru.cuh"

#include <algorithm>
#include <musicgen/backend/cuda/gru.hpp>
#include <musicgen/backend/cuda/kernel_policy.hpp>

#include "column_sums.cuh"
#include "gru_persistent.cuh"
#include "launch.hpp"
#include "product.hpp"

namespace musicgen::inline MUSICGEN_ABI::cuda {

namespace {

kernels::GruLimits gru_limits() {
  const device::Limits found = device::limits();
  return {found.multiprocessors, found.shared_bytes};
}

/// For the weights as products take them. Not supported: they do not fit on the chip, or there is one step only.
template <class Operand>
kernels::GruPlan forward_plan(int B, int T, int H) {
  if (kernels_in_use() != Kernels::resident || T == 1) return {};
  return kernels::plan_gru_steps_forward<Operand>(B, H, gru_limits());
}
template <class Operand>
kernels::GruPlan backward_plan(int B, int T, int H) {
  if (kernels_in_use() != Kernels::resident || T == 1) return {};
  return kernels::plan_gru_steps_backward<Operand>(B, H, gru_limits());
}

/// @return  false: not supported
template <class Operand>
bool resident_forward(const Operand* w_hh, int B, GruSaved& saved) {
  const int T = saved.gates.exact.rows() / B, H = saved.gates.exact.columns() / 4;
  const kernels::GruPlan plan = forward_plan<Operand>(B, T, H);
  if (!plan.supported) return false;
  saved.workspace.resize(plan.workspace_bytes);
  kernels::gru_steps_forward<Operand>(plan,
                                      {B, T, H, w_hh, saved.gates.exact.data(), saved.h.exact.data(),
                                       device_bf16(saved.h.rounded_data()), saved.workspace.data()},
                                      launches());
  return true;
}
template <class Operand>
bool resident_backward(const Operand* w_hh, int B, GruSaved& saved, const Matrix<float>& dh) {
  const int T = saved.gates.exact.rows() / B, H = saved.gates.exact.columns() / 4;
  const kernels::GruPlan plan = backward_plan<Operand>(B, T, H);
  if (!plan.supported) return false;
  saved.workspace.resize(plan.workspace_bytes);
  kernels::gru_steps_backward<Operand>(plan,
                                       {B, T, H, w_hh, saved.h.exact.data(), dh.data(), saved.gates.exact.data(),
                                        device_bf16(saved.gates.rounded_data()), saved.workspace.data()},
                                       launches());
  return true;
}

/// A launch a step.
/// @param u  (H, 3H)
void plain_forward(const Factor& u, int B, GruSaved& saved) {
  Matrix<float>& gates = saved.gates.exact;
  const int TB = gates.rows(), H = gates.columns() / 4;
  const auto state = static_cast<std::size_t>(B) * static_cast<std::size_t>(H);
  float* h = saved.h.exact.data();
  bf16* rounded = saved.h.rounded_data();
  for (int at = 0; at < TB; at += B, h += state) {
    if (rounded) rounded += state;
    product(saved.h.view().row_range(at, B), u, gates.view().row_range(at, B).column_range(0, 3 * H), 1);
    kernels::gru_gates(gates.view().row_range(at, B).data, h, B, H, h + state, device_bf16(rounded), launches());
  }
}
/// @param u  (3H, H)
void plain_backward(const Factor& u, int B, GruSaved& saved, const Matrix<float>& dh) {
  const int TB = saved.gates.exact.rows(), H = saved.gates.exact.columns() / 4;
  const Factor gates = saved.gates.view();
  saved.carry.set_zero(B, H);
  for (int at = TB - B; at >= 0; at -= B) {
    const auto row = static_cast<std::size_t>(at) * static_cast<std::size_t>(H);
    bf16* rounded = saved.gates.rounded_data();
    kernels::gru_gates_backward(saved.gates.exact.data() + 4 * row, rounded ? device_bf16(rounded + 4 * row) : nullptr,
                                saved.h.exact.data() + row, dh.data() + row, B, H, saved.carry.data(), launches());
    // dh_{t-1} = dh z + (dr | dz | dq) U
    if (at > 0) product(gates.row_range(at, B).column_range(0, 3 * H), u, saved.carry.view(), 1);
  }
}

template <class Operand>
std::size_t chosen_kernels_bytes(int B, int T, int H) {
  const kernels::GruPlan forward = forward_plan<Operand>(B, T, H), backward = backward_plan<Operand>(B, T, H);
  const std::size_t carry = backward.supported ? 0 : Matrix<float>::bytes(B, H);
  return carry +
         std::max(forward.supported ? forward.workspace_bytes : 0, backward.supported ? backward.workspace_bytes : 0);
}

}  // namespace

std::size_t gru_bytes(int B, int T, int H, Precision products) {
  const bool rounded = products == Precision::bf16;
  return FactorMatrix::bytes((T + 1) * B, H, rounded) + FactorMatrix::bytes(T * B, 4 * H, rounded) +
         Matrix<float>::bytes(1, 4 * H) + sizeof(float) * kernels::column_sums_memory(T * B, 4 * H) +
         (rounded ? chosen_kernels_bytes<device::bf16>(B, T, H) : chosen_kernels_bytes<float>(B, T, H));
}

void gru_inputs(const Weights& w, int layer, const Factor& x, View<float> gates) {
  const GruTensors<const float> p = w.exact.gru(layer);
  const int H = gates.columns / 4;
  kernels::gru_biases(p.b_ih, p.b_hh, gates.rows, H, gates.data, launches());
  add_gru_inputs(w, layer, x, gates);
}

void add_gru_inputs(const Weights& w, int layer, const Factor& x, View<float> gates) {
  const int H = gates.columns / 4;
  const Factor to_gates = w.factor(w.exact.gru(layer).w_ih).t();  // (I, 3H)
  product(x, to_gates.column_range(0, 2 * H), gates.column_range(0, 2 * H), 1);
  product(x, to_gates.column_range(2 * H, H), gates.column_range(3 * H, H), 1);
}

void gru_steps(const Weights& w, int layer, int B, const float* h0, GruSaved& saved) {
  Matrix<float>& gates = saved.gates.exact;
  const int TB = gates.rows(), H = gates.columns() / 4;
  saved.h.resize(TB + B, H, w.rounded != nullptr);
  const auto state = static_cast<std::size_t>(B) * static_cast<std::size_t>(H);
  if (h0)
    copy(saved.h.exact.data(), h0, state * sizeof(float));
  else
    set_zero(saved.h.exact.data(), state * sizeof(float));
  bf16* rounded = saved.h.rounded_data();
  if (rounded) kernels::round(saved.h.exact.data(), B * H, device_bf16(rounded), launches());

  const Factor u = w.factor(w.exact.gru(layer).w_hh);  // (3H, H)
  if (rounded ? !resident_forward(device_bf16(u.rounded.data), B, saved) : !resident_forward(u.exact.data, B, saved))
    plain_forward(u.t(), B, saved);
}

void gru_forward(const Weights& w, int layer, const Factor& x, int B, const float* h0, GruSaved& saved) {
  saved.gates.exact.resize(x.exact.rows, 4 * w.exact.layout->dimensions.H);
  gru_inputs(w, layer, x, saved.gates.exact.view());
  gru_steps(w, layer, B, h0, saved);
}

void gru_steps_backward(const Weights& w, int layer, int B, GruSaved& saved, const Matrix<float>& dh,
                        const GruTensors<float>& gradients) {
  const int TB = saved.gates.exact.rows(), H = saved.gates.exact.columns() / 4;
  saved.gates.rounded.resize(w.rounded ? TB : 0, 4 * H);
  const Factor u = w.factor(w.exact.gru(layer).w_hh), gates = saved.gates.view();
  if (w.rounded ? !resident_backward(device_bf16(u.rounded.data), B, saved, dh)
                : !resident_backward(u.exact.data, B, saved, dh))
    plain_backward(u, B, saved, dh);

  product(gates.column_range(0, 3 * H).t(), saved.h.view().row_range(0, TB), gradients.w_hh, 1);
  saved.bias_sums.set_zero(1, 4 * H);
  saved.partial_sums.resize(kernels::column_sums_memory(TB, 4 * H));
  kernels::add_column_sums(saved.gates.exact.data(), TB, 4 * H, 4 * H, saved.partial_sums.data(),
                           saved.bias_sums.data(), launches());
  kernels::gru_bias_gradients(saved.bias_sums.data(), H, gradients.b_ih, gradients.b_hh, launches());
}

void gru_inputs_backward(const Weights& w, int layer, const Factor& x, const Factor& dgates, View<float> dx, float beta,
                         View<float> dw_ih) {
  const int H = dgates.exact.columns / 4;
  const Factor rz = dgates.column_range(0, 2 * H), n = dgates.column_range(3 * H, H);
  product(rz.t(), x, dw_ih.row_range(0, 2 * H), 1);
  product(n.t(), x, dw_ih.row_range(2 * H, H), 1);
  if (!dx.data) return;
  const Factor w_ih = w.factor(w.exact.gru(layer).w_ih);
  product(rz, w_ih.row_range(0, 2 * H), dx, beta);
  product(n, w_ih.row_range(2 * H, H), dx, 1);
}

void gru_backward(const Weights& w, int layer, const Factor& x, int B, GruSaved& saved, const Matrix<float>& dh,
                  Matrix<float>& dx, const GruTensors<float>& gradients) {
  gru_steps_backward(w, layer, B, saved, dh, gradients);
  dx.resize(x.exact.rows, x.exact.columns);
  gru_inputs_backward(w, layer, x, saved.gates.view(), dx.view(), 0, gradients.w_ih);
}

}  // namespace musicgen::inline MUSICGEN_ABI::cuda
