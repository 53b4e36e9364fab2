#include <musicgen/backend/cuda/loss.hpp>

#include <musicgen/backend/cpu/loss.hpp>

#include "device.hpp"

using namespace musicgen;
using test::on_host;
using test::random_floats;
using test::relative_difference;

namespace {

void check(const cpu::Matrix<double>& logits, const std::vector<Token>& targets) {
  INFO("N " << logits.rows() << " V " << logits.cols());
  cpu::Matrix<double> gradient = logits;
  std::vector<double> nll;
  const double expected = cpu::softmax_cross_entropy<double>(gradient, targets, nll);
  cuda::Batch batch;
  batch.assign({1, 0, static_cast<int>(logits.rows()), {}, targets}, {static_cast<int>(logits.cols())});
  cuda::FactorMatrix found = test::factor_on_device(logits, Precision::bf16);
  cuda::LossSaved saved;
  cuda::softmax_cross_entropy(found, batch, saved);
  cuda::synchronize();
  CHECK(saved.on_host[0] == Approx(expected).epsilon(test::fp32_tolerance));
  CHECK(relative_difference(on_host(saved.nll.data(), nll.size()), nll) < test::fp32_tolerance);
  CHECK(relative_difference(on_host(found.exact), gradient) < test::fp32_tolerance);
  // What products in bf16 take is its rounding, to the bit.
  const auto rounded = on_host(found.rounded.data(), found.rounded.size());
  const auto again = test::factor_on_device(test::converted<double>(on_host(found.exact)), Precision::bf16);
  const auto bits = on_host(again.rounded.data(), rounded.size());
  CHECK(std::equal(rounded.begin(), rounded.end(), bits.begin(), [](auto a, auto b) { return a.bits == b.bits; }));
}

std::vector<Token> some_targets(int N, int V) {
  Random random(4);
  std::vector<Token> targets;
  for (int i = 0; i < N; ++i) targets.push_back(i % 5 == 1 ? no_token : random.between(0, V - 1));
  return targets;
}

}  // namespace

TEST_CASE("kernels: loss, value and gradient are the CPU's") {
  for (const auto& [N, V] : {std::pair(1, 19), {3 * 17, 310}, {32 * 17, 19}, {9, 31}, {9, 33}})
    check(random_floats(N, V, 2, 5), some_targets(N, V));
  check(random_floats(2, 19, 2), {no_token, no_token});
  check(cpu::matrix_of(400 * cpu::map(random_floats(3, 19, 2))), {0, 3, 18});
}

TEST_CASE("kernels: loss under all schedules") {
  test::under_all_schedules([] { check(random_floats(17, 70, 2, 5), some_targets(17, 70)); });
}
