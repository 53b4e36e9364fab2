// Operations of the layers on one row at a time. Every element is computed alike wherever it is in its row: the tail of
// a row goes through the same vectors, padded.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

#include "../../../core/config.hpp"
#include "dispatch.hpp"
#include "vector.hpp"

namespace musicgen::inline MUSICGEN_ABI::cpu::simd {

using Index = std::ptrdiff_t;

template <class V, class Scalar>
[[gnu::always_inline]] inline void load_part(V& v, const Scalar* from, Index count) {
  v = V{};
  std::memcpy(&v, from, static_cast<std::size_t>(count) * sizeof(Scalar));
}
template <class V, class Scalar>
[[gnu::always_inline]] inline void store_part(const V& v, Scalar* to, Index count) {
  std::memcpy(to, &v, static_cast<std::size_t>(count) * sizeof(Scalar));
}

/// Runs Body::at<Bytes>(i, count, ...) on whole vectors with a constant count, then once on what is left.
template <class Scalar, class Body>
struct OverRow {
  template <int Bytes, class... Arguments>
  [[gnu::always_inline]] inline static void run(Index n, Arguments... arguments) {
    constexpr Index width = lanes<Scalar, Bytes>;
    Index i = 0;
    for (; i + width <= n; i += width) Body::template at<Bytes>(i, width, arguments...);
    if (i < n) Body::template at<Bytes>(i, n - i, arguments...);
  }
};

/// x := tanh(x)
template <class Scalar>
struct TanhAt {
  template <int Bytes>
  [[gnu::always_inline]] inline static void at(Index i, Index count, Scalar* x) {
    Vector<Scalar, Bytes> v;
    load_part(v, x + i, count);
    tanh<Bytes>(v);
    store_part(v, x + i, count);
  }
};
template <class Scalar>
void tanh_row(Scalar* x, Index n) {
  run<OverRow<Scalar, TanhAt<Scalar>>>(n, x);
}

/// x (n) := softmax(x); returns log sum exp(x).
template <class Scalar>
struct Softmax {
  template <int Bytes>
  [[gnu::always_inline]] inline static void run(Index n, Scalar* x, Scalar* log_sum) {
    constexpr Index width = lanes<Scalar, Bytes>;
    Scalar max = -std::numeric_limits<Scalar>::infinity();
    for (Index i = 0; i < n; ++i) max = std::max(max, x[i]);
    Vector<Scalar, Bytes> sums = {};
    Index i = 0;
    for (; i + width <= n; i += width) exp_part<Bytes>(x + i, width, max, sums);
    if (i < n) exp_part<Bytes>(x + i, n - i, max, sums);
    Scalar sum = 0;
    for (Index j = 0; j < width; ++j) sum += sums[j];
    for (Index j = 0; j < n; ++j) x[j] /= sum;
    *log_sum = max + std::log(sum);
  }

 private:
  template <int Bytes>
  [[gnu::always_inline]] inline static void exp_part(Scalar* x, Index count, Scalar max, Vector<Scalar, Bytes>& sums) {
    Vector<Scalar, Bytes> v;
    load_part(v, x, count);
    v -= max;
    exp<Bytes>(v);
    store_part(v, x, count);
    load_part(v, x, count);  // padding adds 0
    sums += v;
  }
};
template <class Scalar>
Scalar softmax_row(Scalar* x, Index n) {
  if (n == 0) return -std::numeric_limits<Scalar>::infinity();
  Scalar log_sum;
  run<Softmax<Scalar>>(n, x, &log_sum);
  return log_sum;
}

/// x := exp(x - max)
template <class Scalar>
struct Exponentials {
  template <int Bytes>
  [[gnu::always_inline]] inline static void run(Index n, Scalar max, Scalar* x) {
    constexpr Index width = lanes<Scalar, Bytes>;
    for (Index i = 0; i < n; i += width) {
      const Index count = std::min(width, n - i);
      Vector<Scalar, Bytes> v;
      load_part(v, x + i, count);
      v -= max;
      exp<Bytes>(v);
      store_part(v, x + i, count);
    }
  }
};

}  // namespace musicgen::inline MUSICGEN_ABI::cpu::simd
