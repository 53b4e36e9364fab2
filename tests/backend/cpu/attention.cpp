#include <musicgen/backend/cpu/attention.hpp>

#include "numeric.hpp"

using namespace musicgen;
using namespace musicgen::cpu;
using musicgen::test::random_matrix;

TEST_CASE("attention: contexts follow the equations, and are zero where nothing came before") {
  const auto [B, T, Q, H] = GENERATE(table<Index, Index, Index, Index>({{1, 1, 1, 3}, {2, 7, 7, 5}, {3, 150, 90, 6}}));
  const auto options =
      GENERATE(AttentionOptions(AttentionValue::match), AttentionOptions(AttentionValue::successor, 0.3f));
  const auto h = random_matrix<double>(T * B, H, 1, 2);
  Matrix<double> context, context_kept;
  AttentionSaved<double> saved;
  attention_forward<double>(view(h), B, Q, options, context, nullptr);
  attention_forward<double>(view(h), B, Q, options, context_kept, &saved);
  CHECK(context == context_kept);
  for (Index b = 0; b < B; ++b)
    for (Index q = 0; q < Q; ++q) {
      const Index t = T - Q + q;
      Eigen::RowVectorXd expected = Eigen::RowVectorXd::Zero(H);
      double sum = 0;
      for (Index s = 0; s < t; ++s) {
        const double weight =
            std::exp(static_cast<double>(options.scale) * map(h).row(t * B + b).dot(map(h).row(s * B + b)));
        expected += weight * map(h).row((options.value == AttentionValue::match ? s : s + 1) * B + b);
        sum += weight;
      }
      if (t > 0) expected /= sum;
      CHECK((map(context).row(q * B + b) - expected).cwiseAbs().maxCoeff() < 1e-12);
    }
}

TEST_CASE("attention: gradient agrees with central differences") {
  const auto [B, T, Q, H] =
      GENERATE(table<Index, Index, Index, Index>({{1, 1, 1, 3}, {2, 6, 6, 4}, {2, 8, 3, 4}, {1, 70, 68, 2}}));
  const auto options =
      GENERATE(AttentionOptions(AttentionValue::match), AttentionOptions(AttentionValue::successor, 0.3f));
  auto h = random_matrix<double>(T * B, H, 1);
  const auto weights = random_matrix<double>(Q * B, H, 2);
  Matrix<double> context, dh = Matrix<double>::Zero(T * B, H);
  AttentionSaved<double> saved;
  attention_forward<double>(view(h), B, Q, options, context, &saved);
  attention_backward<double>(view(h), B, Q, options, saved, weights, view(dh));
  test::check_gradient(h, dh, [&] {
    Matrix<double> c;
    attention_forward<double>(view(h), B, Q, options, c, nullptr);
    return test::dot(c, weights);
  });
}

TEST_CASE("attention: large scores do not overflow") {
  const auto h = random_matrix<float>(20, 4, 1, 40);  // products reach thousands
  Matrix<float> context;
  attention_forward<float>(view(h), 1, 20, AttentionValue::match, context, nullptr);
  CHECK(map(context).allFinite());
}
