#include <musicgen/backend/cpu/simd/elementwise.hpp>

#include "../instruction_sets.hpp"
#include "../numeric.hpp"

using namespace musicgen;
using namespace musicgen::cpu;

namespace {

template <class Function>
struct Apply {
  template <int Bytes>
  [[gnu::always_inline]] inline static void at(simd::Index i, simd::Index count, float* x) {
    simd::Vector<float, Bytes> v;
    simd::load_part(v, x + i, count);
    Function::template run<Bytes>(v);
    simd::store_part(v, x + i, count);
  }
};
struct Exp {
  template <int Bytes>
  [[gnu::always_inline]] inline static void run(simd::Vector<float, Bytes>& v) {
    simd::exp<Bytes>(v);
  }
  static double exact(double x) { return std::exp(x); }
};
struct Sigmoid {
  template <int Bytes>
  [[gnu::always_inline]] inline static void run(simd::Vector<float, Bytes>& v) {
    simd::sigmoid<Bytes>(v);
  }
  static double exact(double x) { return 1 / (1 + std::exp(-x)); }
};
struct Tanh {
  template <int Bytes>
  [[gnu::always_inline]] inline static void run(simd::Vector<float, Bytes>& v) {
    simd::tanh<Bytes>(v);
  }
  static double exact(double x) { return std::tanh(x); }
};

/// The largest error over [-range, range] in units of the last place.
template <class Function>
double worst_error(float range) {
  std::vector<float> x, y;
  for (int i = -200'003; i <= 200'003; ++i) x.push_back(range * static_cast<float>(i) / 200'003);
  y = x;
  simd::run<simd::OverRow<float, Apply<Function>>>(static_cast<simd::Index>(y.size()), y.data());
  double worst = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double exact = Function::exact(static_cast<double>(x[i]));
    const float near = static_cast<float>(std::abs(exact));
    const double ulp = static_cast<double>(std::nextafter(near, INFINITY) - near);
    worst = std::max(worst, std::abs(static_cast<double>(y[i]) - exact) / ulp);
  }
  return worst;
}

}  // namespace

TEST_CASE("simd: exp, sigmoid and tanh are as exact as they say") {
  musicgen::test::under_every_isa([] {
    CHECK(worst_error<Exp>(87) < 2);
    CHECK(worst_error<Sigmoid>(80) < 4);
    CHECK(worst_error<Tanh>(20) < 4);
    CHECK(worst_error<Tanh>(0.7f) < 4);
  });
}

TEST_CASE("simd: far arguments neither overflow nor turn into NaN") {
  std::vector<float> x{-1e30f, -200, 200, 1e30f};
  simd::run<simd::OverRow<float, Apply<Sigmoid>>>(4, x.data());
  CHECK((x[0] < 1e-37f && x[1] < 1e-37f && x[2] == 1 && x[3] == 1));
  x = {-1e30f, -200, 200, 1e30f};
  simd::tanh_row(x.data(), 4);
  CHECK(x == std::vector<float>{-1, -1, 1, 1});
}

TEST_CASE("simd: softmax of a row") {
  for (const simd::Index n : {1, 3, 8, 19, 405}) {
    auto x = test::random_dense<double>(1, n, 5, 20);
    const auto exact = x;
    const double log_sum = simd::softmax_row(x.data(), n);
    const double sum = exact.array().exp().sum();
    CHECK(log_sum == Approx(std::log(sum)).epsilon(1e-14));
    CHECK(test::relative_difference(x, (exact.array().exp() / sum).matrix().eval()) < 1e-14);
  }
}

TEST_CASE("simd: an element does not depend on where in the row it stands") {
  const auto x = test::random_matrix<float>(1, 29, 6, 5);
  Matrix<float> whole = x;
  simd::tanh_row(whole.data(), 29);
  for (Index i = 0; i < 29; ++i) {
    float alone = x(0, i);
    simd::tanh_row(&alone, 1);
    CHECK(alone == whole(0, i));
  }
}
