#include <musicgen/backend/cpu/packed_weights.hpp>

#include "instruction_sets.hpp"
#include "numeric.hpp"

using namespace musicgen;
using namespace musicgen::cpu;
using musicgen::test::Dense;
using musicgen::test::random_dense;
using musicgen::test::relative_difference;

namespace {

/// The weights as stored in this precision.
Dense<double> as_stored(const Dense<float>& w, Precision precision) {
  Dense<double> stored = w.cast<double>();
  if (precision == Precision::bf16)
    for (Index i = 0; i < w.size(); ++i) stored.data()[i] = static_cast<double>(from_bf16(to_bf16(w.data()[i])));
  if (precision == Precision::int8)
    for (Index n = 0; n < w.cols(); ++n) {
      const double step = static_cast<double>(w.col(n).cwiseAbs().maxCoeff()) / 127;
      if (step > 0) stored.col(n) = (stored.col(n) / step).array().round() * step;
    }
  return stored;
}

/// y += x W of a few matrices side by side, panel by panel, as threads would divide them.
template <class Scalar>
Dense<Scalar> product_of(const PackedWeights<Scalar>& w, const Dense<Scalar>& x, Dense<Scalar> y, Index parts) {
  std::vector<std::int8_t> scratch(
      static_cast<std::size_t>(x.rows() * PackedWeights<Scalar>::quantized_stride(x.cols())));
  for (Index part = 0; part < parts; ++part)
    w.add_product(Matrix<Scalar>(view(x)), view(y), w.panels() * part / parts, w.panels() * (part + 1) / parts,
                  scratch.data());
  return y;
}

void check_precision(Precision precision, double tolerance) {
  for (const Index K : {1, 2, 3, 5, 37, 256, 259, 600})
    for (const Index N : {1, 7, 16, 33, 70})
      for (const Index rows : {1, 2, 5, 9}) {
        std::vector<Dense<float>> weights;
        std::vector<View<const float>> views;
        const std::vector<Index> at{0, N + 2, 2 * N + 3};
        for (std::uint64_t i = 0; i < 3; ++i) weights.push_back(random_dense<float>(K, N, i));
        weights[1].col(0).setZero();
        for (const auto& w : weights) views.push_back(view(w));
        Dense<float> x = random_dense<float>(rows, K, 7);
        if (precision == Precision::int8) x = (x.array() * 127).round() / 127;
        const auto y = random_dense<float>(rows, 3 * N + 5, 8);
        const PackedWeights<float> streamed(views, at, precision);
        const Dense<float> result = product_of(streamed, x, y, 1);
        Dense<double> exact = y.cast<double>();
        for (std::size_t i = 0; i < 3; ++i)
          exact.middleCols(at[i], N) += x.cast<double>() * as_stored(weights[i], precision);
        INFO(rows << " x " << K << " x " << N);
        CHECK(relative_difference(result, exact) < tolerance);
        CHECK((product_of(streamed, x, y, 3).array() == result.array()).all());
        for (Index r = 0; r < rows; r += 3) {
          const Dense<float> one = x.row(r), to = y.row(r);
          CHECK((product_of(streamed, one, to, 2).array() == result.row(r).array()).all());
        }
      }
}

}  // namespace

TEST_CASE("streamed: products in fp32, bf16 and int8 are those of the weights as stored") {
  test::under_every_isa([] {
    check_precision(Precision::fp32, 2e-6);
    check_precision(Precision::bf16, 2e-6);
    check_precision(Precision::int8, 2e-6);
  });
}

TEST_CASE("streamed: double stays double, whatever the precision") {
  const auto w = random_dense<double>(300, 40, 1), x = random_dense<double>(2, 300, 2);
  const Dense<double> exact = x * w, zero = Dense<double>::Zero(2, 40);
  for (const Precision precision : {Precision::fp32, Precision::bf16, Precision::int8})
    CHECK(relative_difference(product_of(PackedWeights<double>({view(w)}, {0}, precision), x, zero, 1), exact) < 1e-14);
}

TEST_CASE("streamed: a weight that is no number gives none") {
  for (const Precision precision : {Precision::fp32, Precision::bf16, Precision::int8})
    for (const float bad : {std::numeric_limits<float>::quiet_NaN(), INFINITY}) {
      Dense<float> w = random_dense<float>(9, 3, 1);
      const Dense<float> x = Dense<float>::Ones(1, 9), zero = Dense<float>::Zero(1, 3);
      w(4, 1) = bad;
      const auto y = product_of(PackedWeights<float>({view(w)}, {0}, precision), x, zero, 1);
      CHECK(std::isfinite(y(0, 0)));
      CHECK_FALSE(std::isfinite(y(0, 1)));
    }
}

TEST_CASE("streamed: the largest sums of int8 do not saturate") {
  const Index K = 1028, N = 5;
  const Dense<float> w = Dense<float>::Constant(K, N, -3), x = Dense<float>::Constant(1, K, -1);
  const Dense<float> zero = Dense<float>::Zero(1, N);
  test::under_every_isa([&] {
    const PackedWeights<float> streamed({view(w)}, {0}, Precision::int8);
    CHECK(product_of(streamed, x, zero, 1)(0, 0) == Approx(3.0 * K));
    CHECK(product_of(streamed, Dense<float>(-x), zero, 1)(0, N - 1) == Approx(-3.0 * K));
  });
}
