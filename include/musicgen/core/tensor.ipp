// Definitions of tensor.hpp.
#pragma once

#include <functional>
#include <numeric>

#include "tensor.hpp"

namespace musicgen::inline MUSICGEN_ABI {

MUSICGEN_INLINE std::string to_string(const Shape& shape) {
  std::string text = "(";
  for (std::size_t i = 0; i < shape.size(); ++i) text += (i ? ", " : "") + std::to_string(shape[i]);
  return text + ")";
}

MUSICGEN_INLINE std::int64_t element_count(const Shape& shape) {
  return std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
}

}  // namespace musicgen::inline MUSICGEN_ABI
