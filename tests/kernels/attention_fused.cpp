// Fused attention against the CPU's in double.
#include <emulator/emulator.hpp>
#include <emulator/global_memory.hpp>
#include <kernels/attention_fused.cuh>
#include <musicgen/backend/cpu/attention.hpp>
#include <string>

#include "../backend/cpu/numeric.hpp"

namespace kernels_attention_fused {

using namespace musicgen;
using cpu::Index;
using cpu::Matrix;
using test::random_matrix;
using test::relative_difference;

struct Size {
  int B, T, Q, H;
  AttentionOptions options{};
};

/// What fused attention gives, as the CPU has it in double.
struct Result {
  Matrix<double> context, dh;
};

Result on_the_cpu(const Size& size, const Matrix<float>& h, const Matrix<float>& dcontext) {
  const Matrix<double> H = test::converted<double>(h), dC = test::converted<double>(dcontext);
  cpu::AttentionSaved<double> saved;
  Result result;
  cpu::attention_forward<double>(cpu::view(H), size.B, size.Q, size.options, result.context, &saved);
  result.dh = Matrix<double>::Constant(h.rows(), h.cols(), 1);
  cpu::attention_backward<double>(cpu::view(H), size.B, size.Q, size.options, saved, dC, cpu::view(result.dh));
  return result;
}

/// @param run  runs both passes of a FusedAttention
template <class Run>
Result emulated(const Size& size, const Matrix<float>& h, const Matrix<float>& dcontext, Run&& run) {
  const Index rows = Index{size.Q} * size.B;
  using Floats = emulator::Global<float>;
  const Floats outputs(h.data(), h.data() + h.size()), dcontexts(dcontext.data(), dcontext.data() + dcontext.size());
  Floats contexts(static_cast<std::size_t>(rows * size.H), NAN), dh(outputs.size(), 1);
  Floats lse(static_cast<std::size_t>(rows), NAN), D = lse;
  run(kernels::FusedAttention{size.B, size.T, size.Q, size.H, outputs.data(), contexts.data(), lse.data(),
                              dcontexts.data(), D.data(), dh.data(), size.options.value == AttentionValue::successor,
                              size.options.scale});
  const auto matrix = [&](const Floats& values, Index count) {
    return test::converted<double>(Matrix<float>(cpu::View<const float>(values.data(), count, size.H, size.H)));
  };
  return {matrix(contexts, rows), matrix(dh, h.rows())};
}

template <class Operands>
void both_passes(const kernels::FusedAttention& x) {
  kernels::attention_fused_forward<Operands>(x, nullptr);
  kernels::attention_fused_backward<Operands>(x, nullptr);
}

TEST_CASE("kernel attention_fused: contexts and gradients are the CPU's") {
  auto size = GENERATE(Size{1, 1, 1, 8}, Size{3, 2, 2, 20}, Size{3, 17, 17, 8}, Size{1, 17, 17, 130},
                       Size{2, 41, 23, 20}, Size{1, 35, 3, 37}, Size{1, 3, 3, 600});
  size.options = GENERATE(AttentionOptions(AttentionValue::match), AttentionOptions(AttentionValue::successor, 0.3f));
  CAPTURE(size.B, size.T, size.Q, size.H, static_cast<int>(size.options.value));
  const auto h = random_matrix<float>(size.T * size.B, size.H, 1),
             dc = random_matrix<float>(size.Q * size.B, size.H, 2);
  const Result expected = on_the_cpu(size, h, dc);
  emulator::under_all_schedules([&](emulator::Schedule schedule) {
    CAPTURE(schedule.name());
    const Result fp32 = emulated(size, h, dc, both_passes<kernels::InFp32>);
    CHECK(relative_difference(fp32.context, expected.context) < 1e-5);
    CHECK(relative_difference(fp32.dh, expected.dh) < 1e-5);
    const Result bf16 = emulated(size, h, dc, both_passes<kernels::InBf16>);
    CHECK(relative_difference(bf16.context, expected.context) < 2e-2);
    CHECK(relative_difference(bf16.dh, expected.dh) < 2e-2);
  });
}

/// Outputs as trained models have them: many near 1 and -1, neighbours alike, so that scores reach hundreds and differ
/// by a few.
Matrix<float> saturated(int T, int H) {
  Matrix<float> h(T, H);
  Random random(3);
  for (int t = 0; t < T; ++t)
    for (int j = 0; j < H; ++j)
      h(t, j) = t > 0 && random.uniform() < 0.995 ? h(t - 1, j) * static_cast<float>(0.999 + 0.001 * random.uniform())
                                                  : static_cast<float>(std::tanh(3 * random.normal()));
  return h;
}

template <int scores, int context, int gradient>
struct Terms {
  static constexpr int score_terms = scores, context_terms = context, gradient_terms = gradient;
};

TEST_CASE("kernel attention_fused: scores of hundreds need more than bf16's eight bits") {
  const Size size{1, 60, 60, 400};
  const auto h = saturated(size.T, size.H), dc = random_matrix<float>(size.T, size.H, 4);
  REQUIRE((map(h) * map(h).transpose()).maxCoeff() > 200);
  const Result expected = on_the_cpu(size, h, dc);
  const auto errors = [&](auto run) {
    const Result r = emulated(size, h, dc, run);
    return std::pair(relative_difference(r.context, expected.context), relative_difference(r.dh, expected.dh));
  };
  const auto fp32 = errors(both_passes<kernels::InFp32>), bf16 = errors(both_passes<kernels::InBf16>);
  CHECK(fp32.first < 3e-5);
  CHECK(fp32.second < 3e-5);
  CHECK(bf16.first < 1e-3);
  CHECK(bf16.second < 5e-3);
  CHECK(errors(both_passes<Terms<2, 1, 1>>).second > 1e-2);  // D and da have to be equally good
  CHECK(errors(both_passes<Terms<1, 1, 1>>).first > 1e-2);
}

TEST_CASE("kernel attention_fused: a hidden size whose tiles do not fit is refused by name") {
  CHECK_THROWS_WITH(kernels::attention_fused_forward<kernels::InFp32>({1, 1, 1, 1057}, nullptr),
                    Catch::Contains("hidden size 1057"));
  kernels::FusedAttention with_places{1, 1, 1, 513};
  const int place = 0;
  with_places.places.keys = &place;
  CHECK_THROWS_WITH(kernels::attention_fused_backward<kernels::InFp32>(with_places, nullptr),
                    Catch::Contains("hidden size 513, not 1 to 512, in fp32 with places or copying"));
}

}  // namespace kernels_attention_fused
