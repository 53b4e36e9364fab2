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
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <vector>

#include "../../core/aligned.hpp"
#include "../../core/config.hpp"
#include "../backend.hpp"
#include "matrix.hpp"
#include "number_formats.hpp"
#include "simd/elementwise.hpp"
#include "simd/rows.hpp"

namespace musicgen::inline MUSICGEN_ABI::cpu {

/// What the blocks of all songs come to.
template <class Scalar>
struct AttentionParts {
  static constexpr Index block = 64;  ///< outputs

  AttentionParts() = default;
  AttentionParts(Index B, Index window, Index H)
      : most((window + 1 + block - 1) / block),
        sums(B * most, simd::padded(H)),
        largest(B * most, 1),
        total(B * most, 1) {}

  /// Columns first ... first+count-1 of a song's context; 0 without blocks.
  void join(Index b, Index blocks, Index first, Index count, Scalar* context) const {
    Eigen::Map<RowVector<Scalar>> c(context + first, count);
    c.setZero();
    if (blocks == 0) return;
    const Scalar m = largest.middleRows(b * most, blocks).maxCoeff();
    Scalar all = 0;
    for (Index i = b * most; i < b * most + blocks; ++i) {
      const Scalar factor = std::exp(largest(i, 0) - m);
      all += factor * total(i, 0);
      c += factor * sums.row(i).segment(first, count);
    }
    c /= all;
  }

  Index most = 0;                 ///< blocks of a song
  Matrix<Scalar> sums;            ///< (B*most, H padded)  p_b
  Matrix<Scalar> largest, total;  ///< (B*most, 1)  m_b, e_b
};

/// The last outputs of several songs: as they are, in bf16, or, since they lie in [-1, 1], as bytes round(127 h).
template <class Scalar>
class AttentionCache {
 public:
  AttentionCache() = default;
  /// @param precision  doubles stay doubles
  AttentionCache(Index B, Index window, Index H, Precision precision, AttentionOptions options)
      : places_(window + 1), n_(simd::padded(H)), options_(options) {
    const auto size = static_cast<std::size_t>(B * (places_ + 1) * n_);
    if (!std::is_same_v<Scalar, float> || precision == Precision::fp32)
      whole_.resize(size);
    else if (precision == Precision::bf16)
      words_.resize(size / 2);
    else
      bytes_.resize(size);
  }

  Index window() const { return places_ - 1; }
  AttentionOptions options() const { return options_; }
  bool same_kind(const AttentionCache& other) const {
    return options_ == other.options_ && places_ == other.places_ && n_ == other.n_ &&
           whole_.size() == other.whole_.size() && words_.size() == other.words_.size() &&
           bytes_.size() == other.bytes_.size();
  }
  /// Blocks of a song to attend over after so many earlier steps, the new output being there too.
  Index blocks(std::int64_t steps) const {
    return steps == 0 ? 0 : (held(steps) + AttentionParts<Scalar>::block - 1) / AttentionParts<Scalar>::block;
  }

  /// Attends over one block of a song, when the new output has been stored.
  /// @param h  (H padded), that output
  void attend(std::int64_t steps, Index b, Index block, const Scalar* h, AttentionParts<Scalar>& parts) const {
    constexpr Index most = AttentionParts<Scalar>::block;
    const Index first = block * most;
    const Block own{std::min(held(steps) - first, most), steps % places_ - first, b * parts.most + block};
    const Index at = (b * (places_ + 1) + first) * n_;
    if (!whole_.empty()) return attend_rows(own, whole_.data() + at, n_, h, parts);
    if constexpr (std::is_same_v<Scalar, float>) {
      if (!words_.empty())
        attend_rows(own, words_.data() + at / 2, n_ / 2, h, parts);
      else
        attend_rows(own, bytes_.data() + at, n_, h, parts, Scalar(1) / 127);
    }
  }

  /// Columns first ... first+count-1 of the output after `steps` steps take the oldest one's place; whole groups
  /// (simd/rows.hpp).
  void store(std::int64_t steps, Index b, Index first, Index count, const Scalar* h) {
    const Index place = steps % places_;
    put(b * (places_ + 1) + place, first, count, h);
    if (place == 0) put(b * (places_ + 1) + places_, first, count, h);
  }

 private:
  /// A part of a song's ring.
  struct Block {
    Index count;  ///< outputs
    Index own;    ///< where among them the new one is, if it is
    Index part;   ///< where the sums go
  };

  /// Places in use after so many earlier steps.
  Index held(std::int64_t steps) const { return std::min<Index>(steps + 1, places_); }

  void put(Index row, Index first, Index count, const Scalar* h) {
    const Index at = row * n_;
    if (!whole_.empty()) {
      std::copy_n(h + first, count, whole_.data() + at + first);
      return;
    }
    if constexpr (std::is_same_v<Scalar, float>)
      if (!bytes_.empty()) return simd::run<QuantizeRow>(count, h + first, bytes_.data() + at + first);
    for (Index i = first; i < first + count; i += simd::group)
      for (Index j = i; j < i + simd::group / 2; ++j)
        words_[static_cast<std::size_t>((at + i) / 2 + j - i)] =
            to_bf16(static_cast<float>(h[j])) |
            static_cast<std::uint32_t>(to_bf16(static_cast<float>(h[j + simd::group / 2]))) << 16;
  }

  /// @param stride  of the rows  @param unit  what a stored 1 stands for
  template <class Stored>
  void attend_rows(const Block& block, const Stored* rows, Index stride, const Scalar* h, AttentionParts<Scalar>& parts,
                   Scalar unit = 1) const {
    const auto [count, own, part] = block;
    std::array<Scalar, AttentionParts<Scalar>::block> scores;
    simd::run<simd::Dots<Scalar>>(count, n_, rows, h, scores.data());
    const Scalar factor = static_cast<Scalar>(options_.scale) * unit;
    for (Index i = 0; i < count; ++i) scores[static_cast<std::size_t>(i)] *= factor;
    if (own >= 0 && own < count) scores[static_cast<std::size_t>(own)] = std::numeric_limits<Scalar>::lowest() / 2;
    const Scalar m = *std::max_element(scores.begin(), scores.begin() + count);
    simd::run<simd::Exponentials<Scalar>>(count, m, scores.data());
    Scalar sum = 0;
    for (Index i = 0; i < count; ++i) sum += scores[static_cast<std::size_t>(i)];
    parts.largest(part, 0) = m;
    parts.total(part, 0) = sum;
    for (Index i = 0; i < count; ++i) scores[static_cast<std::size_t>(i)] *= unit;
    const Stored* values = options_.value == AttentionValue::successor ? rows + stride : rows;
    simd::run<simd::WeightedSum<Scalar>>(count, n_, values, static_cast<const Scalar*>(scores.data()),
                                         parts.sums.row(part).data());
  }

  Index places_ = 0, n_ = 0;  // n: elements of a row, padded
  AttentionOptions options_{};
  AlignedVector<Scalar> whole_;         // (B, places + 1, n)
  AlignedVector<std::uint32_t> words_;  // or the same in bf16, two a word
  AlignedVector<std::int8_t> bytes_;    // or in eight bits
};

}  // namespace musicgen::inline MUSICGEN_ABI::cpu
