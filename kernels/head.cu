#include "head.cuh"

#include <algorithm>
#include <musicgen/backend/cuda/head.hpp>

#include "column_sums.cuh"
#include "launch.hpp"
#include "product.hpp"

namespace musicgen::inline MUSICGEN_ABI::cuda {

namespace {

std::size_t partial_sums(int N, int H, int V) {
  return std::max(kernels::column_sums_memory(N, V), kernels::column_sums_memory(N, H));
}

}  // namespace

std::size_t head_bytes(int N, int H, int V, Precision products) {
  return 2 * FactorMatrix::bytes(N, H, products == Precision::bf16) + sizeof(float) * partial_sums(N, H, V);
}

void head_forward(const Weights& w, const Factor& h, const Factor& c, HeadSaved& saved, FactorMatrix& logits) {
  const HeadTensors<const float> p = w.exact.head();
  const int N = h.exact.rows, H = h.exact.columns, V = p.w2.rows;
  const bool rounded = w.rounded != nullptr;
  const Factor w1 = w.factor(p.w1).t(), w2 = w.factor(p.w2).t();
  saved.u.resize(N, H, rounded);
  product(h, w1.row_range(0, H), saved.u.exact.view(), 0);
  product(c, w1.row_range(H, H), saved.u.exact.view(), 1);
  kernels::tanh_rows(p.b1, N, H, saved.u.exact.data(), device_bf16(saved.u.rounded_data()), launches());
  logits.resize(N, V, rounded);
  kernels::fill_rows(p.b2, N, V, logits.exact.data(), launches());
  product(saved.u.view(), w2, logits.exact.view(), 1);
}

void head_backward(const Weights& w, const Factor& h, const Factor& c, HeadSaved& saved, const Factor& dlogits,
                   View<float> dh, Matrix<float>& dc, const HeadTensors<float>& gradients) {
  const HeadTensors<const float> p = w.exact.head();
  const int N = h.exact.rows, H = h.exact.columns, V = p.w2.rows;
  saved.partial_sums.resize(partial_sums(N, H, V));
  product(dlogits.t(), saved.u.view(), gradients.w2, 1);
  kernels::add_column_sums(dlogits.exact.data, N, V, V, saved.partial_sums.data(), gradients.b2, launches());

  saved.dv.resize(N, H, w.rounded != nullptr);
  product(dlogits, w.factor(p.w2), saved.dv.exact.view(), 0);
  kernels::tanh_backward(saved.u.exact.data(), std::int64_t{N} * H, saved.dv.exact.data(),
                         device_bf16(saved.dv.rounded_data()), launches());

  const Factor dv = saved.dv.view(), w1 = w.factor(p.w1);
  product(dv.t(), h, gradients.w1.column_range(0, H), 1);
  product(dv.t(), c, gradients.w1.column_range(H, H), 1);
  kernels::add_column_sums(dv.exact.data, N, H, H, saved.partial_sums.data(), gradients.b1, launches());
  dc.resize(N, H);
  product(dv, w1.column_range(0, H), dh, 1);
  product(dv, w1.column_range(H, H), dc.view(), 0);
}

}  // namespace musicgen::inline MUSICGEN_ABI::cuda
