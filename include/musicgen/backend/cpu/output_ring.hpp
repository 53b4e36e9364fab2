// Attention of a new output over the earlier ones, which lie in a ring: the last `window` of each song.
//
//   score_s = h . h_s        c = sum_s exp(score_s) h_s / sum_s exp(score_s)
//
// A block of the ring is read from memory once, for scores and weighted sum alike, with a maximum of its own:
//
//   m_b = max score        e_b = sum exp(score_s - m_b)        p_b = sum exp(score_s - m_b) h_s
//   m = max m_b            c = sum_b exp(m_b - m) p_b / sum_b exp(m_b - m) e_b
//
// (Milakov, Gimelshein: "Online normalizer calculation for softmax", 2018). Blocks are the same whoever computes them.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <type_traits>
#include <vector>

#include "../../core/aligned.hpp"
#include "../backend.hpp"
#include "matrix.hpp"
#include "number_formats.hpp"
#include "simd/elementwise.hpp"
#include "simd/rows.hpp"

namespace musicgen::cpu {

/// What the blocks of all songs come to.
template <class Scalar>
struct AttentionParts {
  static constexpr Index block = 64;  ///< outputs

  AttentionParts() = default;
  AttentionParts(Index B, Index window, Index H)
      : most((window + block - 1) / block), sums(B * most, simd::padded(H)), largest(B * most, 1), total(B * most, 1) {}

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
class OutputRing {
 public:
  OutputRing() = default;
  /// @param precision  doubles stay doubles
  OutputRing(Index B, Index window, Index H, Precision precision) : window_(window), n_(simd::padded(H)) {
    const auto size = static_cast<std::size_t>(B * window * n_);
    if (!std::is_same_v<Scalar, float> || precision == Precision::fp32)
      whole_.resize(size);
    else if (precision == Precision::bf16)
      words_.resize(size / 2);
    else
      bytes_.resize(size);
  }

  Index window() const { return window_; }
  bool same_size(const OutputRing& other) const {
    return window_ == other.window_ && n_ == other.n_ && whole_.size() == other.whole_.size() &&
           words_.size() == other.words_.size() && bytes_.size() == other.bytes_.size();
  }
  /// Blocks of a song that hold something after so many steps.
  Index blocks(std::int64_t steps) const {
    return (std::min<Index>(steps, window_) + AttentionParts<Scalar>::block - 1) / AttentionParts<Scalar>::block;
  }

  /// Attends over one block of a song.
  /// @param h  (H padded)
  void attend(std::int64_t steps, Index b, Index block, const Scalar* h, AttentionParts<Scalar>& parts) const {
    constexpr Index most = AttentionParts<Scalar>::block;
    const Index first = block * most, count = std::min(std::min<Index>(steps, window_) - first, most);
    const Index at = (b * window_ + first) * n_, part = b * parts.most + block;
    if (!whole_.empty()) return attend_rows(count, whole_.data() + at, h, parts, part);
    if constexpr (std::is_same_v<Scalar, float>) {
      if (!words_.empty())
        attend_rows(count, words_.data() + at / 2, h, parts, part);
      else
        attend_rows(count, bytes_.data() + at, h, parts, part, Scalar(1) / 127);
    }
  }

  /// Columns first ... first+count-1 of the output after `steps` steps take the oldest one's place; `first` begins a
  /// group (simd/rows.hpp).
  void store(std::int64_t steps, Index b, Index first, Index count, const Scalar* h) {
    const Index at = (b * window_ + steps % window_) * n_;
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

 private:
  /// @param unit  what a stored 1 stands for
  template <class Stored>
  void attend_rows(Index count, const Stored* rows, const Scalar* h, AttentionParts<Scalar>& parts, Index part,
                   Scalar unit = 1) const {
    std::array<Scalar, AttentionParts<Scalar>::block> scores;
    simd::run<simd::Dots<Scalar>>(count, n_, rows, h, scores.data());
    for (Index i = 0; i < count; ++i) scores[static_cast<std::size_t>(i)] *= unit;
    const Scalar m = *std::max_element(scores.begin(), scores.begin() + count);
    simd::run<simd::Exponentials<Scalar>>(count, m, scores.data());
    Scalar sum = 0;
    for (Index i = 0; i < count; ++i) sum += scores[static_cast<std::size_t>(i)];
    parts.largest(part, 0) = m;
    parts.total(part, 0) = sum;
    for (Index i = 0; i < count; ++i) scores[static_cast<std::size_t>(i)] *= unit;
    simd::run<simd::WeightedSum<Scalar>>(count, n_, rows, static_cast<const Scalar*>(scores.data()),
                                         parts.sums.row(part).data());
  }

  Index window_ = 0, n_ = 0;            // n: elements of a row, padded
  AlignedVector<Scalar> whole_;         // (B, window, n)
  AlignedVector<std::uint32_t> words_;  // or the same in bf16, two a word
  AlignedVector<std::int8_t> bytes_;    // or in eight bits
};

}  // namespace musicgen::cpu
