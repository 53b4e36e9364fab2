// A named array of numbers somewhere in memory: how parameters are walked over, saved and compared.
#pragma once

#include <cstdint>
#include <functional>
#include <numeric>
#include <span>
#include <string>
#include <vector>

#include "config.hpp"

namespace musicgen::inline MUSICGEN_ABI {

using Shape = std::vector<std::int64_t>;

/// "(48, 16)"
inline std::string to_string(const Shape& shape) {
  std::string text = "(";
  for (std::size_t i = 0; i < shape.size(); ++i) text += (i ? ", " : "") + std::to_string(shape[i]);
  return text + ")";
}

inline std::int64_t element_count(const Shape& shape) {
  return std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
}

struct NamedShape {
  std::string name;
  Shape shape;
};

template <class Scalar>
struct TensorView {
  std::string name;
  Shape shape;
  std::span<Scalar> values;  ///< row-major
};

}  // namespace musicgen::inline MUSICGEN_ABI
