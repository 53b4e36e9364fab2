// What models add to attention's pairs of a query and a key beside products: places of a form, and copying. Twins:
// backend/cpu/attention.hpp, copying.hpp; derivation: docs/attention.md.
//
//   score_ts += [place_s = place_t] worth_t      dworth_t = sum over s with place_s = place_t of the scores' gradients
//   found_t = sum over s with after_s = target_t of a_ts        da_ts -= share_t where after_s = target_t
//
// Numbers of all sequences lie by time, as the outputs do: query row*B + b, key s*B + b.
#pragma once

#include "device.cuh"

namespace musicgen::inline MUSICGEN_ABI::kernels {

/// Keys at a query's place in the form are preferred.
struct PreferredPlaces {
  const int* keys = nullptr;     ///< the keys' places; nullptr: none is preferred
  const int* queries = nullptr;  ///< the queries'; negative: like no other
  const float* worth = nullptr;  ///< (queries), w . h_t
  float* dworth = nullptr;       ///< (queries), assigned by a backward pass

  __device__ bool equal(int query, int key) const { return keys && queries[query] >= 0 && keys[key] == queries[query]; }
  /// @param from  the first query of several
  PreferredPlaces of_queries_from(std::int64_t from) const {
    if (!keys) return {};
    return {keys, queries + from, worth + from, dworth ? dworth + from : nullptr};
  }
};

/// What came after the keys is copied.
struct CopiedTokens {
  const int* after = nullptr;     ///< the tokens after the keys; nullptr: the model does not copy
  const int* targets = nullptr;   ///< (queries)
  float* found = nullptr;         ///< (queries), assigned by a forward pass: the weights of what the target came after
  const float* shares = nullptr;  ///< (queries), for the backward pass

  __device__ bool equal(int query, int key) const { return after && after[key] == targets[query]; }
  CopiedTokens of_queries_from(std::int64_t from) const {
    if (!after) return {};
    return {after, targets + from, found ? found + from : nullptr, shares ? shares + from : nullptr};
  }
};

}  // namespace musicgen::inline MUSICGEN_ABI::kernels
