// A named array of numbers in memory: for going through parameters, saving them and comparing them.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "config.hpp"

namespace musicgen::inline MUSICGEN_ABI {

using Shape = std::vector<std::int64_t>;

/// "(48, 16)"
[[nodiscard]] std::string to_string(const Shape& shape);

[[nodiscard]] std::int64_t element_count(const Shape& shape);

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

#ifndef MUSICGEN_COMPILED
#include "tensor.ipp"
#endif
