// Definitions of backend.hpp.
#pragma once

#include <ostream>
#include <string>

#include "backend.hpp"

namespace musicgen::inline MUSICGEN_ABI {

MUSICGEN_INLINE std::vector<NamedShape> tensor_shapes(const Dimensions& d) {
  const std::int64_t V = d.V, E = d.E, H = d.H;
  std::vector<NamedShape> all{{"embed.weight", {V + d.C, E}}};
  for (int l = 0; l < d.L; ++l) {
    const std::string layer = std::to_string(l);
    all.push_back({"gru.weight_ih_l" + layer, {3 * H, l == 0 ? E : H}});
    all.push_back({"gru.weight_hh_l" + layer, {3 * H, H}});
    all.push_back({"gru.bias_ih_l" + layer, {3 * H}});
    all.push_back({"gru.bias_hh_l" + layer, {3 * H}});
  }
  all.push_back({"combine_ctx.weight", {H, 2 * H}});
  all.push_back({"combine_ctx.bias", {H}});
  all.push_back({"hidden2vocab.weight", {d.outputs(), H}});
  all.push_back({"hidden2vocab.bias", {d.outputs()}});
  return all;
}

MUSICGEN_INLINE std::ostream& operator<<(std::ostream& out, const AttentionOptions& options) {
  out << (options.value == AttentionValue::match ? "matches" : "successors");
  return options.scale == 1 ? out : out << ", scaled by " << options.scale;
}

}  // namespace musicgen::inline MUSICGEN_ABI
