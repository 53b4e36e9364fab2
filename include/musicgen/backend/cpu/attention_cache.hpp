// Attention of a new output over the earlier ones, which lie in a ring: the last `window` of each song, and the new
// one.
//
//   score_s = g h . h_s      c = sum_s exp(score_s) v_s / sum_s exp(score_s)        v_s = h_s or h_{s+1}
//
// The new one is a value of the one before it, and no key: it gets the lowest score that there is. The ring's first row
// lies behind its last one again, so that v_s is always one row further.
//
// A block of the ring is read from memory once, for scores and weighted sum alike, with a maximum of its own:
//
//   m_b = max score        e_b = sum exp(score_s - m_b)        p_b = sum exp(score_s - m_b) v_s
//   m = max m_b            c = sum_b exp(m_b - m) p_b / sum_b exp(m_b - m) e_b
//
// (Milakov, Gimelshein: "Online normalizer calculation for softmax", 2018). Blocks are the same whoever computes them.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "../../core/aligned.hpp"
#include "../../core/config.hpp"
#include "../backend.hpp"
#include "matrix.hpp"

namespace musicgen::inline MUSICGEN_ABI::cpu {

/// What the blocks of all songs come to.
template <class Scalar>
struct AttentionParts {
  static constexpr Index block = 64;  ///< outputs

  AttentionParts() = default;
  AttentionParts(Index B, Index window, Index H);

  /// Calls `take(place, weight)` for each of the `held` places of a song's ring.
  template <class Take>
  void for_each_weight(Index b, Index held, Take&& take) const {
    const Index first = b * most, last = first + (held + block - 1) / block;
    const Scalar m = *std::max_element(&largest(first, 0), &largest(last - 1, 0) + 1);
    Scalar all = 0;
    for (Index i = first; i < last; ++i) all += std::exp(largest(i, 0) - m) * total(i, 0);
    for (Index i = first; i < last; ++i) {
      const Scalar factor = std::exp(largest(i, 0) - m) / all;
      const Index from = (i - first) * block;
      for (Index place = from; place < std::min(from + block, held); ++place)
        take(place, factor * exponentials(i, place - from));
    }
  }

  /// Columns first ... first+count-1 of a song's context; 0 without blocks.
  void join(Index b, Index blocks, Index first, Index count, Scalar* context) const;

  Index most = 0;                 ///< blocks of a song
  Matrix<Scalar> sums;            ///< (B*most, H padded)  p_b
  Matrix<Scalar> largest, total;  ///< (B*most, 1)  m_b, e_b
  Matrix<Scalar> exponentials;    ///< (B*most, block)  exp(score_s - m_b)
};

/// The last outputs of several songs: as they are, in bf16, or, since they lie in [-1, 1], as bytes round(127 h).
template <class Scalar>
class AttentionCache {
 public:
  AttentionCache() = default;
  /// @param precision  doubles stay doubles
  AttentionCache(Index B, Index window, Index H, Precision precision, AttentionOptions options);

  Index window() const { return places_ - 1; }
  Index places() const { return places_; }
  /// Places in use after so many earlier steps.
  Index held(std::int64_t steps) const { return steps + 1 < places_ ? static_cast<Index>(steps + 1) : places_; }
  AttentionOptions options() const { return options_; }
  bool same_kind(const AttentionCache& other) const;
  /// Blocks of a song to attend over after so many earlier steps, the new output being there too.
  Index blocks(std::int64_t steps) const {
    return steps == 0 ? 0 : (held(steps) + AttentionParts<Scalar>::block - 1) / AttentionParts<Scalar>::block;
  }

  /// Attends over one block of a song, when the new output has been stored.
  /// @param h  (H padded), that output
  void attend(std::int64_t steps, Index b, Index block, const Scalar* h, AttentionParts<Scalar>& parts) const;

  /// Columns first ... first+count-1 of the output after `steps` steps take the oldest one's place; whole groups
  /// (simd/rows.hpp).
  void store(std::int64_t steps, Index b, Index first, Index count, const Scalar* h);

 private:
  /// A part of a song's ring.
  struct Block {
    Index count;  ///< outputs
    Index own;    ///< where among them the new one is, if it is
    Index part;   ///< where the sums go
  };

  void put(Index row, Index first, Index count, const Scalar* h);
  template <class Stored>
  void attend_rows(const Block& block, const Stored* rows, Index stride, const Scalar* h, AttentionParts<Scalar>& parts,
                   Scalar unit = 1) const;

  Index places_ = 0, n_ = 0;  // n: elements of a row, padded
  AttentionOptions options_{};
  AlignedVector<Scalar> whole_;         // (B, places + 1, n)
  AlignedVector<std::uint32_t> words_;  // or the same in bf16, two a word
  AlignedVector<std::int8_t> bytes_;    // or in eight bits
};

}  // namespace musicgen::inline MUSICGEN_ABI::cpu

#ifndef MUSICGEN_COMPILED
#include "attention_cache.ipp"
#endif
