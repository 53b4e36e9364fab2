// Definitions of attention_cache.hpp.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <type_traits>

#include "attention_cache.hpp"
#include "number_formats.hpp"
#include "simd/arithmetic.hpp"
#include "simd/elementwise.hpp"
#include "simd/rows.hpp"

namespace musicgen::inline MUSICGEN_ABI::cpu {

template <class Scalar>
AttentionParts<Scalar>::AttentionParts(Index B, Index window, Index H)
    : most((window + 1 + block - 1) / block),
      sums(B * most, simd::padded(H)),
      largest(B * most, 1),
      total(B * most, 1),
      exponentials(B * most, block) {}

template <class Scalar>
void AttentionParts<Scalar>::join(Index b, Index blocks, Index first, Index count, Scalar* context) const {
  Scalar* c = context + first;
  std::fill_n(c, count, Scalar(0));
  if (blocks == 0) return;
  const Scalar m = *std::max_element(&largest(b * most, 0), &largest(b * most, 0) + blocks);
  Scalar all = 0;
  for (Index i = b * most; i < b * most + blocks; ++i) {
    const Scalar factor = std::exp(largest(i, 0) - m);
    all += factor * total(i, 0);
    simd::transform_row(
        count, c, [&](const auto& sum, const auto& part) { return sum + factor * part; }, &sums(i, first));
  }
  simd::transform_row(count, c, [&](const auto& sum) { return sum / all; });
}

template <class Scalar>
AttentionCache<Scalar>::AttentionCache(Index B, Index window, Index H, Precision precision, AttentionOptions options)
    : places_(window + 1), n_(simd::padded(H)), options_(options) {
  const auto size = static_cast<std::size_t>(B * (places_ + 1) * n_);
  if (!std::is_same_v<Scalar, float> || precision == Precision::fp32)
    whole_.resize(size);
  else if (precision == Precision::bf16)
    words_.resize(size / 2);
  else
    bytes_.resize(size);
}

template <class Scalar>
bool AttentionCache<Scalar>::same_kind(const AttentionCache& other) const {
  return options_ == other.options_ && places_ == other.places_ && n_ == other.n_ &&
         whole_.size() == other.whole_.size() && words_.size() == other.words_.size() &&
         bytes_.size() == other.bytes_.size();
}

template <class Scalar>
void AttentionCache<Scalar>::attend(std::int64_t steps, Index b, Index block, const Scalar* h,
                                    AttentionParts<Scalar>& parts) const {
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

template <class Scalar>
void AttentionCache<Scalar>::store(std::int64_t steps, Index b, Index first, Index count, const Scalar* h) {
  const Index place = steps % places_;
  put(b * (places_ + 1) + place, first, count, h);
  if (place == 0) put(b * (places_ + 1) + places_, first, count, h);
}

template <class Scalar>
void AttentionCache<Scalar>::put(Index row, Index first, Index count, const Scalar* h) {
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
template <class Scalar>
template <class Stored>
void AttentionCache<Scalar>::attend_rows(const Block& block, const Stored* rows, Index stride, const Scalar* h,
                                         AttentionParts<Scalar>& parts, Scalar unit) const {
  const auto [count, own, part] = block;
  std::array<Scalar, AttentionParts<Scalar>::block> scores;
  simd::run<simd::Dots<Scalar>>(count, n_, rows, h, scores.data());
  const Scalar factor = static_cast<Scalar>(options_.scale) * unit;
  for (Index i = 0; i < count; ++i) scores[static_cast<std::size_t>(i)] *= factor;
  constexpr Scalar none = std::numeric_limits<Scalar>::lowest() / 2;
  if (own >= 0 && own < count) scores[static_cast<std::size_t>(own)] = none;
  const Scalar m = *std::max_element(scores.begin(), scores.begin() + count);
  simd::run<simd::Exponentials<Scalar>>(count, m, scores.data());
  Scalar sum = 0;
  for (Index i = 0; i < count; ++i) sum += scores[static_cast<std::size_t>(i)];
  parts.largest(part, 0) = m;
  parts.total(part, 0) = sum;
  std::copy_n(scores.begin(), count, parts.exponentials.row(part).data());
  for (Index i = 0; i < count; ++i) scores[static_cast<std::size_t>(i)] *= unit;
  const Stored* values = options_.value == AttentionValue::successor ? rows + stride : rows;
  simd::run<simd::WeightedSum<Scalar>>(count, n_, values, static_cast<const Scalar*>(scores.data()),
                                       parts.sums.row(part).data());
}

}  // namespace musicgen::inline MUSICGEN_ABI::cpu
