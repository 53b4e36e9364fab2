// The persistent GRU kernels against the reference in double.
#include <catch.hpp>
#include <emulator/global_memory.hpp>
#include <musicgen/backend/cpu/gru.hpp>
#include <type_traits>
#include <vector>

#include <kernels/gru_persistent.cuh>
#include "../backend/cpu/numeric.hpp"

namespace kernels_gru_persistent {

using namespace musicgen;
using namespace musicgen::kernels;
using cpu::GruParameters;
using cpu::GruSaved;
using cpu::Index;
using cpu::Matrix;
using emulator::Global;
using emulator::under_all_schedules;
using test::converted;
using test::random_matrix;
using test::relative_difference;

/// A layer and a sequence, and what the reference makes of them.
struct Example {
  Example(int B_, int T_, int H_) : B(B_), T(T_), H(H_) {
    p.w_hh = random_matrix<double>(3 * H, H, 1, 1 / std::sqrt(H));
    p.b_ih = p.b_hh = cpu::RowVector<double>::Zero(3 * H);
    inputs = random_matrix<double>(T * B, 4 * H, 2);
    h0 = random_matrix<double>(B, H, 3);
    dh = random_matrix<double>(T * B, H, 4);
    forward.gates = inputs;
    cpu::gru_steps(p, B, &h0, forward);
    backward = forward;
    GruParameters<double> sums{{}, Matrix<double>::Zero(3 * H, H), p.b_ih, p.b_hh};
    cpu::gru_steps_backward(p, B, backward, dh, sums);
  }

  template <class Operand>
  Global<Operand> weights() const {
    Global<Operand> w;
    for (Index i = 0; i < p.w_hh.size(); ++i) {
      const auto x = static_cast<float>(p.w_hh.data()[i]);
      if constexpr (std::is_same_v<Operand, bf16>)
        w.push_back(device::to_bf16(x));
      else
        w.push_back(x);
    }
    return w;
  }

  int B, T, H;
  GruParameters<double> p;
  Matrix<double> inputs, h0, dh;
  GruSaved<double> forward, backward;
};

double worst_of_gates(const Matrix<float>& gates, const Matrix<double>& expected) {
  const Index H = gates.cols() / 4;
  double worst = 0;
  for (Index i = 0; i < 4; ++i)
    worst = std::max(
        worst, relative_difference(map(gates).middleCols(i * H, H).eval(), map(expected).middleCols(i * H, H).eval()));
  return worst;
}

bool is_rounded(const Matrix<float>& x, const bf16* rounded) {
  for (Index i = 0; i < x.size(); ++i)
    if (device::to_bf16(x.data()[i]).bits != rounded[i].bits) return false;
  return true;
}

/// The largest difference, relative to the largest value of its kind.
template <class Operand, class Launch>
double forward_difference(const Example& e, const GruPlan& plan, Launch&& launch) {
  const auto w_hh = e.weights<Operand>();
  Matrix<float> gates = converted<float>(e.inputs), h = Matrix<float>::Constant((e.T + 1) * e.B, e.H, NAN);
  map(h).topRows(e.B) = map(e.h0).cast<float>();
  Global<uint4> workspace(plan.workspace_bytes / sizeof(uint4), uint4{~0u, ~0u, ~0u, ~0u});
  Global<bf16> rounded(static_cast<std::size_t>(h.size()), bf16{0xFFFF});
  launch(plan, GruStepsForward<Operand>{e.B, e.T, e.H, w_hh.data(), gates.data(), h.data(), rounded.data(),
                                        workspace.data()});
  CHECK(is_rounded(cpu::matrix_of(map(h).bottomRows(e.T * e.B)), rounded.data() + e.B * e.H));
  CHECK(rounded[0].bits == 0xFFFF);
  return std::max(relative_difference(h, e.forward.h), worst_of_gates(gates, e.forward.gates));
}

template <class Operand, class Launch>
double backward_difference(const Example& e, const GruPlan& plan, Launch&& launch) {
  const auto w_hh = e.weights<Operand>();
  Matrix<float> gates = converted<float>(e.forward.gates);
  const Matrix<float> h = converted<float>(e.forward.h), dh = converted<float>(e.dh);
  Global<uint4> workspace(plan.workspace_bytes / sizeof(uint4), uint4{~0u, ~0u, ~0u, ~0u});
  Global<bf16> rounded(static_cast<std::size_t>(gates.size()));
  launch(plan, GruStepsBackward<Operand>{e.B, e.T, e.H, w_hh.data(), h.data(), dh.data(), gates.data(), rounded.data(),
                                         workspace.data()});
  CHECK(is_rounded(gates, rounded.data()));
  return worst_of_gates(gates, e.backward.gates);
}

template <class Operand>
constexpr double tolerance = std::is_same_v<Operand, bf16> ? 2e-2 : 1e-5;

template <class Operand>
void check(const Example& e, const GruPlan& forward, const GruPlan& backward) {
  CAPTURE(e.B, e.T, e.H, sizeof(Operand), forward.shape, backward.shape);
  REQUIRE(forward.supported);
  REQUIRE(backward.supported);
  const auto run_forward = [](const auto& plan, const auto& p) { gru_steps_forward<Operand>(plan, p, nullptr); };
  const auto run_backward = [](const auto& plan, const auto& p) { gru_steps_backward<Operand>(plan, p, nullptr); };
  CHECK(forward_difference<Operand>(e, forward, run_forward) < tolerance<Operand>);
  CHECK(backward_difference<Operand>(e, backward, run_backward) < tolerance<Operand>);
}

/// As the plans want it.
template <class Operand>
void check(const Example& e, const GruLimits& limits = {}) {
  check<Operand>(e, plan_gru_steps_forward<Operand>(e.B, e.H, limits),
                 plan_gru_steps_backward<Operand>(e.B, e.H, limits));
}

TEST_CASE("kernel: the persistent GRU agrees with the reference, forward and backward") {
  const auto [B, T, H] = GENERATE(table<int, int, int>({{1, 1, 8},
                                                        {1, 5, 20},
                                                        {3, 2, 50},
                                                        {3, 5, 130},
                                                        {17, 1, 20},
                                                        {17, 2, 8},
                                                        {17, 5, 50},
                                                        {32, 2, 130},
                                                        {32, 5, 20}}));
  const Example e(B, T, H);
  under_all_schedules([&](auto) {
    check<float>(e);
    check<bf16>(e);
  });
}

template <class Operand>
void check_every_shape(const Example& e) {
  const auto forward = persistent::ForwardShapes<Operand>::plans(e.B, e.H, {});
  const auto backward = persistent::BackwardShapes<Operand>::plans(e.B, e.H, {});
  REQUIRE(forward.size() == backward.size());
  for (std::size_t i = 0; i < forward.size(); ++i) check<Operand>(e, forward[i], backward[i]);
}

TEST_CASE("kernel: the persistent GRU in every shape that is compiled") {
  const Example e(19, 3, 50);
  under_all_schedules([&](auto) {
    check_every_shape<float>(e);
    check_every_shape<bf16>(e);
  });
}

/// Shapes that are not compiled otherwise.
template <class ForwardShape, class BackwardShape = ForwardShape>
void check_shapes(const Example& e) {
  using Operand = typename ForwardShape::Operand;
  using Forward = persistent::Forward<ForwardShape>;
  using Backward = persistent::Backward<BackwardShape>;
  const auto run_forward = [](const auto& plan, const auto& p) { Forward::launch(plan, p, nullptr); };
  const auto run_backward = [](const auto& plan, const auto& p) { Backward::launch(plan, p, nullptr); };
  under_all_schedules([&](auto) {
    CHECK(forward_difference<Operand>(e, Forward::plan(e.B, e.H, {}), run_forward) < tolerance<Operand>);
    CHECK(backward_difference<Operand>(e, Backward::plan(e.B, e.H, {}), run_backward) < tolerance<Operand>);
  });
}

// Few warps, so that each has many steps, most of them in shared memory, and a thread several cells.
TEST_CASE("kernel: the persistent GRU with weights in shared memory") {
  const Example e(9, 3, 130);
  check_shapes<GruShape<bf16, 16, 8, 1, 8, 2>>(e);
  check_shapes<GruShape<bf16, 16, 16, 3, 4, 1>>(e);
  check_shapes<GruShape<bf16, 32, 8, 2, 2, 3>>(e);
}

TEST_CASE("kernel: the persistent GRU where a block has several passes") {
  const Example e(35, 3, 20);
  const GruLimits limits{.multiprocessors = 4};
  CHECK(plan_gru_steps_forward<bf16>(e.B, e.H, limits).passes_of_a_block() > 1);
  CHECK(plan_gru_steps_backward<float>(e.B, e.H, limits).passes_of_a_block() > 1);
  under_all_schedules([&](auto) {
    check<float>(e, limits);
    check<bf16>(e, limits);
  });
}

TEST_CASE("kernel: the persistent GRU at its full size") {
  check<bf16>(Example(32, 2, 1028));
}

TEST_CASE("kernel: the persistent GRU and what does not fit") {
  CHECK(plan_gru_steps_forward<bf16>(32, 2112).supported);
  CHECK(plan_gru_steps_backward<bf16>(32, 2112).supported);
  CHECK_FALSE(plan_gru_steps_forward<bf16>(32, 2113).supported);
  CHECK_FALSE(plan_gru_steps_backward<bf16>(32, 2113).supported);
  CHECK(plan_gru_steps_forward<float>(32, 1120).supported);
  CHECK(plan_gru_steps_backward<float>(32, 1120).supported);
  CHECK_FALSE(plan_gru_steps_forward<float>(32, 1136).supported);
  CHECK_FALSE(plan_gru_steps_forward<bf16>(32, 1028, {.multiprocessors = 32}).supported);
  CHECK(plan_gru_steps_forward<bf16>(32, 1028, {.multiprocessors = 33}).supported);
}

TEST_CASE("kernel: the persistent GRU of no steps") {
  Example e(2, 1, 8);
  e.T = 0;
  const GruPlan plan = plan_gru_steps_forward<float>(e.B, e.H);
  const Global<float> w_hh = e.weights<float>();
  const GruStepsForward<float> nothing{e.B, 0, e.H, w_hh.data(), nullptr, nullptr, nullptr, nullptr};
  CHECK_NOTHROW(gru_steps_forward(plan, nothing, nullptr));
}

}  // namespace kernels_gru_persistent
