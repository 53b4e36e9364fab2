#include <musicgen/backend/cpu/attention_cache.hpp>
#include <musicgen/backend/cpu/number_formats.hpp>
#include <musicgen/backend/cpu/simd/rows.hpp>

#include "instruction_sets.hpp"
#include "numeric.hpp"

using namespace musicgen;
using namespace musicgen::cpu;

namespace {

/// A row with the zeros that a ring wants after it.
template <class Scalar>
Matrix<Scalar> padded_row(const Matrix<Scalar>& m, Index row) {
  Matrix<Scalar> result = Matrix<Scalar>::Zero(1, simd::padded(m.cols()));
  map(result).leftCols(m.cols()) = map(m).row(row);
  return result;
}

/// An output as the ring keeps it.
template <class Scalar>
Eigen::RowVectorXd kept_row(const Matrix<Scalar>& outputs, Index row, Precision precision) {
  Eigen::RowVectorXd saved = map(outputs).row(row).template cast<double>();
  if (std::is_same_v<Scalar, float> && precision == Precision::bf16)
    for (double& x : saved) x = static_cast<double>(from_bf16(to_bf16(static_cast<float>(x))));
  if (std::is_same_v<Scalar, float> && precision == Precision::int8)
    for (double& x : saved) x = std::nearbyint(127 * x) / 127;
  return saved;
}

/// The contexts of B songs for output T, against softmax over the last `window` before it, in double.
template <class Scalar>
void check(Index B, Index T, Index window, Index H, Precision precision, AttentionOptions options, double tolerance) {
  INFO(B << " songs, " << T << " outputs, a window of " << window << ", H " << H);
  AttentionCache<Scalar> ring(B, window, H, precision, options);
  AttentionParts<Scalar> parts(B, window, H);
  const auto outputs = test::random_matrix<Scalar>((T + 1) * B, H, 1);
  for (Index t = 0; t <= T; ++t)
    for (Index b = 0; b < B; ++b) ring.store(t, b, 0, simd::padded(H), padded_row(outputs, t * B + b).data());
  REQUIRE(ring.blocks(T) == (T == 0 ? 0 : (std::min(T, window) + 1 + 63) / 64));
  for (Index b = 0; b < B; ++b) {
    const auto query = padded_row(outputs, T * B + b);
    for (Index block = 0; block < ring.blocks(T); ++block) ring.attend(T, b, block, query.data(), parts);
    Matrix<Scalar> context = Matrix<Scalar>::Constant(1, H, 99);
    parts.join(b, ring.blocks(T), 0, H / 2, context.data());
    parts.join(b, ring.blocks(T), H / 2, H - H / 2, context.data());

    Eigen::RowVectorXd exact = Eigen::RowVectorXd::Zero(H);
    double sum = 0;
    for (Index t = std::max<Index>(0, T - window); t < T; ++t) {
      const double weight =
          std::exp(static_cast<double>(options.scale) *
                   kept_row(outputs, t * B + b, precision).dot(map(outputs).row(T * B + b).template cast<double>()));
      sum += weight;
      exact += weight * kept_row(outputs, (options.value == AttentionValue::match ? t : t + 1) * B + b, precision);
    }
    if (T > 0) exact /= sum;
    CHECK(test::relative_difference(context, exact) < tolerance);
  }
}

}  // namespace

TEST_CASE("output ring: attends over the last outputs, as they are, in bf16 and in bytes") {
  test::under_every_isa([] {
    for (const Index H : {1, 5, 32, 77, 300})
      for (const AttentionOptions options :
           {AttentionOptions(AttentionValue::match), AttentionOptions(AttentionValue::successor, 0.3f)})
        for (const auto& [T, window] : {std::pair<Index, Index>(0, 4),
                                        {1, 1},
                                        {2, 1},
                                        {3, 1},
                                        {3, 64},
                                        {64, 64},
                                        {128, 64},
                                        {129, 64},
                                        {200, 130},
                                        {201, 65},
                                        {262, 130}}) {
          check<float>(2, T, window, H, Precision::fp32, options, 1e-5);
          check<float>(2, T, window, H, Precision::bf16, options, 1e-5);
          check<float>(2, T, window, H, Precision::int8, options, 1e-5);
          check<double>(1, T, window, H, Precision::fp32, options, 1e-13);
          check<double>(1, T, window, H, Precision::int8, options, 1e-13);
        }
  });
}

TEST_CASE("output ring: large scores do not overflow") {
  AttentionCache<float> ring(1, 200, 32, Precision::fp32, AttentionValue::match);
  AttentionParts<float> parts(1, 200, 32);
  Matrix<float> row = Matrix<float>::Zero(1, 32);
  for (Index t = 0; t < 200; ++t) {
    row(0, 0) = static_cast<float>(t);
    ring.store(t, 0, 0, 32, row.data());
  }
  row(0, 0) = 100;  // scores up to 19,900
  ring.store(200, 0, 0, 32, row.data());
  for (Index block = 0; block < ring.blocks(200); ++block) ring.attend(200, 0, block, row.data(), parts);
  Matrix<float> context(1, 32);
  parts.join(0, ring.blocks(200), 0, 32, context.data());
  CHECK(context(0, 0) == Approx(199));
  CHECK(context(0, 1) == 0);
}
