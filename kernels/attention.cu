#include "attention.cuh"

#include <algorithm>
#include <musicgen/backend/cuda/attention.hpp>
#include <musicgen/backend/cuda/kernel_policy.hpp>

#include "attention_fused.cuh"
#include "elementwise.cuh"
#include "launch.hpp"
#include "product.hpp"

namespace musicgen::inline MUSICGEN_ABI::cuda {

namespace {

/// The number of queries computed together: a compromise between few, which skips most of the pairs with s >= t, and
/// many, which makes large products.
constexpr int query_block = 256;

/// The rows of a time-major (n*B, H) matrix that belong to sequence 0; each further sequence starts H later.
template <class T>
View<T> sequence(View<T> m, int B) {
  return {m.data, m.rows / B, m.columns, m.stride * B};
}

/// A block of queries: `rows` of them from time t on, which together see `earlier` keys.
struct Queries {
  int first, rows, t, earlier;
};

template <class Body>
void for_query_blocks(int T, int Q, const Body& body) {
  for (int q = 0; q < Q; q += query_block) {
    const int rows = std::min(query_block, Q - q), t = T - Q + q;
    body(Queries{q, rows, t, t + rows - 1});
  }
}

std::size_t offset(int rows, int columns) {
  return static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns);
}

/// The value of output s is at s plus this.
int value_offset(AttentionValue value) {
  return value == AttentionValue::successor ? 1 : 0;
}

/// Weights in memory.
void plain_forward(View<const float> h, int B, int Q, AttentionOptions options, Matrix<float>& context,
                   AttentionSaved& saved, bool keep) {
  const int T = h.rows / B, H = h.columns, kept_rows = keep ? Q : std::min(Q, query_block);
  saved.weights.resize(B * kept_rows, T);
  const View<const float> keys = sequence(h, B);
  const View<float> contexts = sequence(context.view(), B);
  for_query_blocks(T, Q, [&](const Queries& block) {
    if (block.earlier == 0) return set_zero(context.data(), offset(B, H) * sizeof(float));  // the first of all
    const std::int64_t stride = std::int64_t{kept_rows} * T;
    const View<float> a{saved.weights.data() + (keep ? offset(block.first, T) : 0), block.rows, block.earlier, T};
    multiply(keys.row_range(block.t, block.rows), keys.row_range(0, block.earlier).t(), a, options.scale, 0,
             {B, H, H, stride});
    kernels::softmax_of_earlier({B, block.rows, stride, T, block.earlier, block.t}, a.data, launches());
    multiply(View<const float>(a), keys.row_range(value_offset(options.value), block.earlier),
             contexts.row_range(block.first, block.rows), 1, 0, {B, stride, H, H});
  });
}

void plain_backward(View<const float> h, int B, int Q, AttentionOptions options, AttentionSaved& saved,
                    const Matrix<float>& dcontext, View<float> dh) {
  const int T = h.rows / B, H = h.columns, block_rows = std::min(Q, query_block);
  saved.dweights.resize(B * block_rows, T);
  const View<const float> keys = sequence(h, B), dcontexts = sequence(dcontext.view(), B);
  const View<float> dkeys = sequence(dh, B);
  for_query_blocks(T, Q, [&](const Queries& block) {
    if (block.earlier == 0) return;
    const std::int64_t stride = std::int64_t{Q} * T, dstride = std::int64_t{block_rows} * T;
    const View<const float> a{saved.weights.data() + offset(block.first, T), block.rows, block.earlier, T};
    const View<float> ds{saved.dweights.data(), block.rows, block.earlier, T};
    const View<const float> queries = keys.row_range(block.t, block.rows), earlier = keys.row_range(0, block.earlier),
                            values = keys.row_range(value_offset(options.value), block.earlier),
                            dc = dcontexts.row_range(block.first, block.rows);
    multiply(dc, values.t(), ds, 1, 0, {B, H, H, dstride});  // dA
    kernels::softmax_of_earlier_backward({B, block.rows, stride, T, block.earlier, block.t}, a.data,
                                         {B, block.rows, dstride, T, block.earlier, block.t}, ds.data, launches());
    multiply(View<const float>(ds), earlier, dkeys.row_range(block.t, block.rows), options.scale, 1,
             {B, dstride, H, H});
    multiply(View<const float>(ds).t(), queries, dkeys.row_range(0, block.earlier), options.scale, 1,
             {B, dstride, H, H});
    multiply(a.t(), dc, dkeys.row_range(value_offset(options.value), block.earlier), 1, 1, {B, stride, H, H});
  });
}

/// One pass, in the precision of the products with the contexts.
bool fits_one_pass(int H, AttentionValue value) {
  return kernels_in_use() == Kernels::resident &&
         kernels::fused::supports(H, value_offset(value), device::limits().shared_bytes);
}

}  // namespace

std::size_t attention_bytes(int B, int T, int Q, int H, AttentionValue value) {
  if (fits_one_pass(H, value)) return 2 * Matrix<float>::bytes(Q, B);
  return Matrix<float>::bytes(B * Q, T) + Matrix<float>::bytes(B * std::min(Q, query_block), T);
}

void attention_forward(View<const float> h, int B, int Q, AttentionOptions options, FactorMatrix& context,
                       AttentionSaved& saved, bool keep, bool with_rounded) {
  const int T = h.rows / B, H = h.columns;
  context.resize(Q * B, H, with_rounded);
  saved.one_pass = fits_one_pass(H, options.value);
  if (saved.one_pass) {
    saved.in_bf16 = with_rounded;
    saved.lse.resize(offset(Q, B));
    kernels::FusedAttention x{B, T, Q, H, h.data, context.exact.data(), saved.lse.data()};
    x.value_offset = value_offset(options.value);
    x.scale = options.scale;
    with_rounded ? kernels::attention_fused_forward<kernels::InBf16>(x, launches())
                 : kernels::attention_fused_forward<kernels::InFp32>(x, launches());
  } else {
    plain_forward(h, B, Q, options, context.exact, saved, keep);
  }
  if (bf16* rounded = context.rounded_data())
    kernels::round(context.exact.data(), std::int64_t{Q} * B * H, device_bf16(rounded), launches());
}

void attention_backward(View<const float> h, int B, int Q, AttentionOptions options, AttentionSaved& saved,
                        Matrix<float>& context, const Matrix<float>& dcontext, View<float> dh) {
  if (!saved.one_pass) return plain_backward(h, B, Q, options, saved, dcontext, dh);
  saved.dots.resize(offset(Q, B));
  kernels::FusedAttention x{B, h.rows / B, Q, h.columns, h.data, context.data(), saved.lse.data()};
  x.dcontext = dcontext.data();
  x.D = saved.dots.data();
  x.dh = dh.data;
  x.value_offset = value_offset(options.value);
  x.scale = options.scale;
  saved.in_bf16 ? kernels::attention_fused_backward<kernels::InBf16>(x, launches())
                : kernels::attention_fused_backward<kernels::InFp32>(x, launches());
}

void attention_step(View<const float> output, View<float> ring, int B, std::int64_t steps, AttentionOptions options,
                    Matrix<float>& weights, View<float> context) {
  const int H = output.columns, window = ring.rows / B, count = static_cast<int>(std::min<std::int64_t>(steps, window));
  const View<const float> places = sequence(View<const float>(ring), B);
  const View<float> a{weights.data(), 1, count, count}, contexts = sequence(context, B);
  if (count > 0) {
    multiply(sequence(output, B), places.row_range(0, count).t(), a, options.scale, 0, {B, H, H, count});
    kernels::softmax_of_earlier({B, 1, count, count, count, count}, a.data, launches());
  } else {
    set_zero(context.data, offset(B, H) * sizeof(float));
  }
  const auto sum = [&](int first, int values, int n, float beta) {
    if (n > 0)
      multiply(View<const float>(a).column_range(first, n), places.row_range(values, n), contexts, 1, beta,
               {B, count, H, H});
  };
  if (options.value == AttentionValue::match) sum(0, 0, count, 0);
  copy(ring.row_range(static_cast<int>(steps % window) * B, B).data, output.data, offset(B, H) * sizeof(float));
  if (options.value == AttentionValue::successor) {  // of the last place in the first
    const int before_the_end = std::min(count, window - 1);
    sum(0, 1, before_the_end, 0);
    sum(before_the_end, 0, count - before_the_end, before_the_end > 0 ? 1.0f : 0.0f);
  }
}

}  // namespace musicgen::inline MUSICGEN_ABI::cuda
