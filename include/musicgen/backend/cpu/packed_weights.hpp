// Internal. Weights as sampling reads them: once per step, from end to end, in as few bytes as the precision allows.
//
//   y (R, N) += x (R, K) W (K, N)
//
// Columns are stored in panels of two vectors (number_formats.hpp says what is in a lane). A single song's row of x is
// multiplied by three panels at a time, with six vectors of sums that do not wait for each other; the rows of many
// songs are multiplied by one panel after another, which stays in the cache for all of them. Each element is summed in
// the same order either way.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <vector>

#include "../../core/aligned.hpp"
#include "../../core/config.hpp"
#include "../../core/thread_pool.hpp"
#include "../backend.hpp"
#include "matrix.hpp"
#include "number_formats.hpp"
#include "packing.hpp"
#include "simd/dispatch.hpp"
#include "simd/elementwise.hpp"
#include "simd/vector.hpp"

namespace musicgen::inline MUSICGEN_ABI::cpu {

static_assert(detail::PlainWords<float>::words_a_block == detail::block_k);  // the sums of training, to the bit

/// One to three matrices (K, N) side by side, with interleaved panels, so that the gates of the same units lie
/// together.
template <class Scalar>
class PackedWeights {
 public:
  PackedWeights() = default;
  /// @param matrices  of the same shape, any strides
  /// @param at        for each matrix, its first column of y
  PackedWeights(const std::vector<View<const Scalar>>& matrices, const std::vector<Index>& at, Precision precision)
      : precision_(std::is_same_v<Scalar, float> ? precision : Precision::fp32),
        K_(matrices[0].rows),
        N_(matrices[0].columns),
        count_(std::ssize(matrices)) {
    isa_ = simd::isa();
    if (precision_ == Precision::int8 && isa_ == simd::Isa::avx512) isa_ = simd::Isa::avx2;  // has no products of bytes
    std::copy(at.begin(), at.end(), at_.begin());
    width_ = panel_vectors * simd::vector_bytes(isa_) / (precision_ == Precision::fp32 ? Index{sizeof(Scalar)} : 4);
    pack(matrices);
  }

  Precision precision() const { return precision_; }
  Index rows() const { return K_; }
  /// Columns of a panel, and panels of one matrix.
  Index width() const { return width_; }
  Index panels() const { return (N_ + width_ - 1) / width_; }
  /// Bytes of a row of quantized inputs.
  static Index quantized_stride(Index K) { return (K + 3) / 4 * 4; }

  /// y += x W on the calling thread, for panels [first, last) of each matrix.
  /// @param x        (R, K), rows adjacent; for int8 in [-1, 1]
  /// @param scratch  R * quantized_stride(K), for int8
  /// @param y        (R, ...), columns adjacent
  void add_product(const Matrix<Scalar>& x, View<Scalar> y, Index first, Index last, std::int8_t* scratch) const {
    const Pass pass{first * count_, last * count_, x.rows(), y};
    if constexpr (std::is_same_v<Scalar, float>) {
      if (precision_ == Precision::bf16)
        return simd::run_with<Panels<detail::Bf16Words>>(isa_, this, &pass, x.data(), K_);
      if (precision_ == Precision::int8) {
        const Index stride = quantized_stride(K_);
        for (Index r = 0; r < x.rows(); ++r) {
          simd::run_with<QuantizeRow>(isa_, K_, x.row(r).data(), scratch + r * stride);
          std::fill(scratch + r * stride + K_, scratch + (r + 1) * stride, std::int8_t{0});
        }
        return simd::run_with<Panels<detail::Int8Words>>(isa_, this, &pass, static_cast<const std::int8_t*>(scratch),
                                                         stride);
      }
    }
    simd::run_with<Panels<detail::PlainWords<Scalar>>>(isa_, this, &pass, x.data(), K_);
  }

 private:
  static constexpr Index panel_vectors = 2, panels_at_once = 3;

  struct Pass {
    Index first, last;  // panels of all matrices
    Index rows;
    View<Scalar> y;
  };

  void pack(const std::vector<View<const Scalar>>& matrices) {
    if constexpr (std::is_same_v<Scalar, float>) {
      if (precision_ == Precision::bf16) return pack_as<detail::Bf16Words>(matrices);
      if (precision_ == Precision::int8) return pack_as<detail::Int8Words>(matrices);
    }
    pack_as<detail::PlainWords<Scalar>>(matrices);
  }

  template <class Format>
  void pack_as(const std::vector<View<const Scalar>>& matrices) {
    using Word = typename Format::Word;
    words_ = (K_ + Format::per_word - 1) / Format::per_word;
    const Index all = panels() * count_;
    data_ = AlignedArray<std::byte>(static_cast<std::size_t>(all * words_ * width_) * sizeof(Word));
    if (precision_ == Precision::int8) {
      scales_ = AlignedArray<float>(static_cast<std::size_t>(all * width_));
      start_ = AlignedArray<std::int32_t>(static_cast<std::size_t>(all * width_));
    }
    thread_pool().parallel_for(all, [&](Index p) { pack_panel<Format>(matrices, p); });
  }

  template <class Format>
  void pack_panel(const std::vector<View<const Scalar>>& matrices, Index p) {
    using Word = typename Format::Word;
    const View<const Scalar> m = matrices[static_cast<std::size_t>(p % count_)];
    const Index first = p / count_ * width_, columns = std::min(width_, N_ - first);
    Word* to = words<Word>(p);
    for (Index n = 0; n < columns; ++n) {
      const Scalar* column = m.data + (first + n) * m.column_stride;
      Scalar scale = 0;
      if (precision_ == Precision::int8) {
        bool finite = true;
        for (Index k = 0; k < K_; ++k) {
          scale = std::max(scale, std::abs(column[k * m.row_stride]));
          finite = finite && std::isfinite(column[k * m.row_stride]);
        }
        // A column that is not finite gives NaN.
        scales_.data()[p * width_ + n] =
            finite ? static_cast<float>(scale / (127 * 127)) : std::numeric_limits<float>::quiet_NaN();
        scale = finite && scale > 0 ? 127 / scale : 0;
      }
      std::int32_t sum = 0;
      for (Index word = 0; word < words_; ++word) {
        std::array<Scalar, 4> values{};
        for (Index i = 0, k = word * Format::per_word; i < Format::per_word && k < K_; ++i, ++k)
          values[static_cast<std::size_t>(i)] = column[k * m.row_stride];
        const Word made = Format::word(values.data(), scale);
        to[word * width_ + n] = made;
        if constexpr (std::is_same_v<Format, detail::Int8Words>)
          for (int i = 0; i < 4; ++i) sum += static_cast<std::int8_t>(made >> 8 * i);
      }
      if (precision_ == Precision::int8 && isa_ >= simd::Isa::avx512_vnni) start_.data()[p * width_ + n] = -128 * sum;
    }
  }

  template <class Word>
  Word* words(Index p) {
    return reinterpret_cast<Word*>(data_.data()) + p * words_ * width_;
  }
  template <class Word>
  const Word* words(Index p) const {
    return reinterpret_cast<const Word*>(data_.data()) + p * words_ * width_;
  }

  /// All rows against the panels of a pass.
  template <class Format>
  struct Panels {
    using Input = typename Format::Input;
    using Sum = typename Format::Sum;
    using Word = typename Format::Word;

    template <int Bytes>
    [[gnu::always_inline]] inline static void run(const PackedWeights* w, const Pass* pass, const Input* x,
                                                  Index x_stride) {
      constexpr int rows_at_once = Bytes == 64 ? 8 : 4;
      Index p = pass->first;
      if (pass->rows == 1)
        for (; p + panels_at_once <= pass->last; p += panels_at_once)
          tile<Bytes, 1, panels_at_once>(*w, *pass, p, 0, x, x_stride);
      for (; p < pass->last; ++p) {
        Index r = 0;
        for (; r + rows_at_once <= pass->rows; r += rows_at_once)
          tile<Bytes, rows_at_once, 1>(*w, *pass, p, r, x, x_stride);
        for (; r < pass->rows; ++r) tile<Bytes, 1, 1>(*w, *pass, p, r, x, x_stride);
      }
    }

   private:
    /// Rows r ... r+R-1 against panels p ... p+P-1.
    template <int Bytes, int R, int P>
    [[gnu::always_inline]] inline static void tile(const PackedWeights& w, const Pass& pass, Index p, Index r,
                                                   const Input* x, Index x_stride) {
      constexpr Index J = panel_vectors, width = J * simd::lanes<Word, Bytes>;
      const Index full = w.K_ / Format::per_word;  // complete words
      const Word* panel[std::size_t{P}];
#pragma GCC unroll 8
      for (int q = 0; q < P; ++q) panel[q] = w.template words<Word>(p + q);
      for (Index block = 0; block < w.words_; block += Format::words_a_block) {
        simd::Vector<Sum, Bytes> sums[std::size_t{R}][std::size_t{P * J}];
        begin<Bytes, R, P>(w, p, sums);
        const Index end = std::min(w.words_, block + Format::words_a_block);
        const Input* inputs[std::size_t{R}];
#pragma GCC unroll 8
        for (int i = 0; i < R; ++i) inputs[i] = x + (r + i) * x_stride + block * Format::per_word;
        Index word = block;
        for (; word < end && (word < full || std::is_same_v<Format, detail::Int8Words>); ++word) {
          multiply<Bytes, R, P>(panel, word * width, inputs, sums);
#pragma GCC unroll 8
          for (int i = 0; i < R; ++i) inputs[i] += Format::per_word;
        }
        if (word < end) {  // K is odd: the last word's other half meets a zero
          Input last[std::size_t{R}][std::size_t{Format::per_word}] = {};
          for (int i = 0; i < R; ++i) {
            last[i][0] = *inputs[i];
            inputs[i] = last[i];
          }
          multiply<Bytes, R, P>(panel, word * width, inputs, sums);
        }
        for (int i = 0; i < R; ++i)
          for (int q = 0; q < P; ++q) store<Bytes>(w, pass, p + q, r + i, &sums[i][q * J]);
      }
    }

    /// sums += inputs times one word of each column.
    /// @param at  of the word in each panel
    template <int Bytes, int R, int P>
    [[gnu::always_inline]] inline static void multiply(
        const Word* const (&panel)[std::size_t{P}], Index at, const Input* const (&inputs)[std::size_t{R}],
        simd::Vector<Sum, Bytes> (&sums)[std::size_t{R}][std::size_t{P * panel_vectors}]) {
#pragma GCC unroll 8
      for (int i = 0; i < R; ++i) {
        const typename Format::template Multiplier<Bytes> m(inputs[i]);
#pragma GCC unroll 8
        for (int j = 0; j < P * panel_vectors; ++j) {
          simd::Vector<Word, Bytes> v;
          simd::load(v, panel[j / panel_vectors] + at + j % panel_vectors * simd::lanes<Word, Bytes>);
          m.add(sums[i][j], v);
        }
      }
    }

    template <int Bytes, int R, int P>
    [[gnu::always_inline]] inline static void begin(
        const PackedWeights& w, Index p,
        simd::Vector<Sum, Bytes> (&sums)[std::size_t{R}][std::size_t{P * panel_vectors}]) {
#pragma GCC unroll 8
      for (int i = 0; i < R; ++i)
#pragma GCC unroll 8
        for (int j = 0; j < P * panel_vectors; ++j) {
          if constexpr (std::is_same_v<Format, detail::Int8Words>)
            simd::load(sums[i][j], w.start_.data() + p * w.width_ + j * simd::lanes<Sum, Bytes>);
          else
            sums[i][j] = simd::Vector<Sum, Bytes>{};
        }
    }

    /// y += sums, of one panel and row.
    template <int Bytes>
    [[gnu::always_inline]] inline static void store(const PackedWeights& w, const Pass& pass, Index p, Index r,
                                                    const simd::Vector<Sum, Bytes>* sums) {
      constexpr Index lanes = simd::lanes<Sum, Bytes>;
      const Index first = p / w.count_ * w.width_;
      Scalar* y = pass.y.data + r * pass.y.row_stride + w.at_[static_cast<std::size_t>(p % w.count_)] + first;
      for (Index j = 0; j < panel_vectors; ++j, y += lanes) {
        const Index count = std::min(lanes, w.N_ - first - j * lanes);
        if (count == lanes)
          give_vector<Bytes>(w, p * w.width_ + j * lanes, sums[j], y, lanes);
        else if (count > 0)
          give_vector<Bytes>(w, p * w.width_ + j * lanes, sums[j], y, count);
      }
    }
    template <int Bytes>
    [[gnu::always_inline]] inline static void give_vector(const PackedWeights& w, Index at,
                                                          const simd::Vector<Sum, Bytes>& sum, Scalar* y, Index count) {
      simd::Vector<Scalar, Bytes> old, more;
      if constexpr (std::is_same_v<Format, detail::Int8Words>) {
        simd::load(more, w.scales_.data() + at);
        more *= __builtin_convertvector(sum, simd::Vector<float, Bytes>);
      } else {
        more = sum;
      }
      simd::load_part(old, y, count);
      old += more;
      simd::store_part(old, y, count);
    }
  };

  Precision precision_ = Precision::fp32;
  simd::Isa isa_ = simd::Isa::baseline;  // for which the panels are packed
  Index K_ = 0, N_ = 0, count_ = 1, width_ = 1, words_ = 0;
  std::array<Index, 3> at_{};
  AlignedArray<std::byte> data_;
  AlignedArray<float> scales_;        // of int8: s / 127 of each column
  AlignedArray<std::int32_t> start_;  // of int8: initial sums
};

}  // namespace musicgen::inline MUSICGEN_ABI::cpu
