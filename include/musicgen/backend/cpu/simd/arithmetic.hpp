// Sums and products of rows, element by element, on vectors of 16 bytes whatever the processor has: they are bound by
// memory, and round alike everywhere.
#pragma once

#include <cmath>
#include <cstddef>

#include "../../../core/config.hpp"
#include "elementwise.hpp"
#include "vector.hpp"

namespace musicgen::inline MUSICGEN_ABI::cpu::simd {

/// y[i] := f(y[i], x[i]...) for `n` elements; f is given vectors of them.
template <class Scalar, class F, class... X>
[[gnu::flatten]] inline void transform_row(Index n, Scalar* y, F f, const X*... x) {
  using V = Vector<Scalar, 16>;
  constexpr Index width = lanes<Scalar, 16>;
  const auto part = [&](Index i, Index count) {
    const auto loaded = [&](const Scalar* from) {
      V v;
      load_part(v, from + i, count);
      return v;
    };
    store_part(V(f(loaded(y), loaded(x)...)), y + i, count);
  };
  Index i = 0;
  for (; i + width <= n; i += width) part(i, width);
  if (i < n) part(i, n - i);
}

/// v := its elements' square roots, rounded correctly
template <class V>
[[gnu::always_inline]] inline void square_root(V& v) {
  for (std::size_t i = 0; i < sizeof v / sizeof v[0]; ++i) v[i] = std::sqrt(v[i]);
}

/// y += x
template <class Scalar>
void add_row(Index n, const Scalar* x, Scalar* y) {
  transform_row(
      n, y, [](const auto& to, const auto& from) { return to + from; }, x);
}

}  // namespace musicgen::inline MUSICGEN_ABI::cpu::simd
