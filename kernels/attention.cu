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

/// Rows of a time-major (n*B, H) matrix that belong to sequence 0; the others follow H further each.
template <class T>
View<T> sequence(View<T> m, int B) {
  return {m.data, m.rows / B, m.columns, m.stride * B};
}

/// A block of queries: `rows` of them from time t on, which see `earlier` keys between them.
struct Queries {
  int first, rows, t, earlier;
};

Queries queries_from(int first, int rows, int T, int Q) {
  const int t = T - Q + first;
  return {first, rows, t, t + rows - 1};
}

template <class Body>
void for_query_blocks(int T, int Q, const Body& body) {
  for (int q = 0; q < Q; q += query_block) body(queries_from(q, std::min(query_block, Q - q), T, Q));
}

std::size_t offset(int rows, int columns) {
  return static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns);
}

/// Where the value of output s is: s + this.
int value_offset(AttentionValue value) {
  return value == AttentionValue::successor ? 1 : 0;
}

/// What each output of the last positions makes of its place: w . h_t.
void assign_worth(View<const float> queries, const float* weight, Buffer<float>& worth) {
  const int rows = queries.rows, H = queries.columns;
  worth.resize(offset(rows, 1));
  multiply(queries, View<const float>{weight, H, 1, 1}, {worth.data(), rows, 1, 1}, 1, 0, {});
}

/// The gradients of w and h through it.
void worth_backward(View<const float> queries, const float* weight, const float* dworth, View<float> dqueries,
                    float* dweight) {
  const int rows = queries.rows, H = queries.columns;
  multiply(View<const float>{dworth, rows, 1, 1}, View<const float>{weight, 1, H, H}, dqueries, 1, 1, {});
  multiply(View<const float>{dworth, 1, rows, rows}, queries, View<float>{dweight, 1, H, H}, 1, 1, {});
}

kernels::PreferredPlaces preferred(const AttentionPlaces& places, const float* worth, float* dworth = nullptr) {
  if (!places.keys) return {};
  return {places.keys, places.queries, worth, dworth};
}

kernels::CopiedTokens copied(const AttentionCopies& copies, float* found) {
  if (!copies.after) return {};
  return {copies.after, copies.targets, found, copies.shares};
}

/// Weights of a block of queries.
/// @param a  (rows, earlier), of sequence 0; the others follow `stride` further each
void weights_of_block(View<const float> keys, int B, float scale, const Queries& block,
                      const kernels::PreferredPlaces& places, const kernels::CopiedTokens& copies, View<float> a,
                      std::int64_t stride) {
  const int H = keys.columns;
  const std::int64_t query = std::int64_t{block.first} * B;
  multiply(keys.row_range(block.t, block.rows), keys.row_range(0, block.earlier).t(), a, scale, 0, {B, H, H, stride});
  kernels::softmax_of_earlier({B, block.rows, stride, a.stride, block.earlier, block.t}, places.of_queries_from(query),
                              copies.of_queries_from(query), a.data, launches());
}

/// Weights in memory.
void plain_forward(View<const float> h, int B, int Q, AttentionOptions options, Matrix<float>& context,
                   AttentionSaved& saved, bool keep, const kernels::PreferredPlaces& places,
                   const kernels::CopiedTokens& copies) {
  const int T = h.rows / B, H = h.columns, kept_rows = keep ? Q : std::min(Q, query_block);
  saved.weights.resize(B * kept_rows, T);
  const View<const float> keys = sequence(h, B);
  const View<float> contexts = sequence(context.view(), B);
  for_query_blocks(T, Q, [&](const Queries& block) {
    if (block.earlier == 0) {  // the first of all
      if (copies.found) set_zero(copies.found, offset(B, 1) * sizeof(float));
      return set_zero(context.data(), offset(B, H) * sizeof(float));
    }
    const std::int64_t stride = std::int64_t{kept_rows} * T;
    const View<float> a{saved.weights.data() + (keep ? offset(block.first, T) : 0), block.rows, block.earlier, T};
    weights_of_block(keys, B, options.scale, block, places, copies, a, stride);
    multiply(View<const float>(a), keys.row_range(value_offset(options.value), block.earlier),
             contexts.row_range(block.first, block.rows), 1, 0, {B, stride, H, H});
  });
}

void plain_backward(View<const float> h, int B, int Q, AttentionOptions options, AttentionSaved& saved,
                    const Matrix<float>& dcontext, View<float> dh, const kernels::PreferredPlaces& places,
                    const kernels::CopiedTokens& copies) {
  const int T = h.rows / B, H = h.columns, block_rows = std::min(Q, query_block);
  saved.dweights.resize(B * block_rows, T);
  const View<const float> keys = sequence(h, B), dcontexts = sequence(dcontext.view(), B);
  const View<float> dkeys = sequence(dh, B);
  for_query_blocks(T, Q, [&](const Queries& block) {
    if (block.earlier == 0) {
      if (places.dworth) set_zero(places.dworth, offset(B, 1) * sizeof(float));
      return;
    }
    const std::int64_t stride = std::int64_t{Q} * T, dstride = std::int64_t{block_rows} * T,
                       query = std::int64_t{block.first} * B;
    const View<const float> a{saved.weights.data() + offset(block.first, T), block.rows, block.earlier, T};
    const View<float> ds{saved.dweights.data(), block.rows, block.earlier, T};
    const View<const float> queries = keys.row_range(block.t, block.rows), earlier = keys.row_range(0, block.earlier),
                            values = keys.row_range(value_offset(options.value), block.earlier),
                            dc = dcontexts.row_range(block.first, block.rows);
    multiply(dc, values.t(), ds, 1, 0, {B, H, H, dstride});  // dA
    kernels::softmax_of_earlier_backward(
        {B, block.rows, stride, T, block.earlier, block.t}, a.data, {B, block.rows, dstride, T, block.earlier, block.t},
        places.of_queries_from(query), copies.of_queries_from(query), ds.data, launches());
    multiply(View<const float>(ds), earlier, dkeys.row_range(block.t, block.rows), options.scale, 1,
             {B, dstride, H, H});
    multiply(View<const float>(ds).t(), queries, dkeys.row_range(0, block.earlier), options.scale, 1,
             {B, dstride, H, H});
    multiply(a.t(), dc, dkeys.row_range(value_offset(options.value), block.earlier), 1, 1, {B, stride, H, H});
  });
}

/// One pass, in the precision of what the contexts are multiplied in.
/// @param additions  places or copying
bool fits_one_pass(int H, AttentionValue value, bool additions, bool in_bf16) {
  if (kernels_in_use() != Kernels::resident) return false;
  const int offset = value_offset(value);
  const std::size_t available = device::limits().shared_bytes;
  return in_bf16 ? kernels::fused::supports<kernels::InBf16>(H, offset, additions, available)
                 : kernels::fused::supports<kernels::InFp32>(H, offset, additions, available);
}

void one_pass_forward(kernels::FusedAttention x, Matrix<float>& context, AttentionSaved& saved) {
  saved.lse.resize(offset(x.Q, x.B));
  x.context = context.data();
  x.lse = saved.lse.data();
  saved.in_bf16 ? kernels::attention_fused_forward<kernels::InBf16>(x, launches())
                : kernels::attention_fused_forward<kernels::InFp32>(x, launches());
}

void one_pass_backward(kernels::FusedAttention x, Matrix<float>& context, const Matrix<float>& dcontext, float* dh,
                       AttentionSaved& saved) {
  saved.dots.resize(offset(x.Q, x.B));
  x.context = context.data();
  x.lse = saved.lse.data();
  x.dcontext = dcontext.data();
  x.D = saved.dots.data();
  x.dh = dh;
  saved.in_bf16 ? kernels::attention_fused_backward<kernels::InBf16>(x, launches())
                : kernels::attention_fused_backward<kernels::InFp32>(x, launches());
}

/// What both passes have of it.
kernels::FusedAttention one_pass(View<const float> h, int B, int Q, AttentionOptions options,
                                 const kernels::PreferredPlaces& places, const kernels::CopiedTokens& copies) {
  kernels::FusedAttention x{B, h.rows / B, Q, h.columns, h.data};
  x.value_offset = value_offset(options.value);
  x.scale = options.scale;
  x.places = places;
  x.copied = copies;
  return x;
}

}  // namespace

std::size_t attention_bytes(const Dimensions& d, int B, int T, int Q, AttentionValue value, Precision products) {
  const std::size_t of_queries = Matrix<float>::bytes(Q, B),
                    more = ((d.places ? 2 : 0) + (d.copies ? 1 : 0)) * of_queries;
  if (fits_one_pass(d.H, value, d.places || d.copies, products == Precision::bf16)) return 2 * of_queries + more;
  return Matrix<float>::bytes(B * Q, T) + Matrix<float>::bytes(B * std::min(Q, query_block), T) + more;
}

void attention_forward(View<const float> h, int B, int Q, AttentionOptions options, FactorMatrix& context,
                       AttentionSaved& saved, bool keep, bool with_rounded, const AttentionPlaces& places,
                       const AttentionCopies& copies) {
  const int H = h.columns;
  context.resize(Q * B, H, with_rounded);
  saved.one_pass = fits_one_pass(H, options.value, places.keys || copies.after, with_rounded);
  saved.in_bf16 = with_rounded;
  if (places.keys) assign_worth(h.row_range(h.rows - Q * B, Q * B), places.weight, saved.worth);
  if (copies.after) saved.found.resize(offset(Q, B));
  const auto of_places = preferred(places, saved.worth.data());
  const auto of_copies = copied(copies, saved.found.data());
  if (saved.one_pass)
    one_pass_forward(one_pass(h, B, Q, options, of_places, of_copies), context.exact, saved);
  else
    plain_forward(h, B, Q, options, context.exact, saved, keep, of_places, of_copies);
  if (bf16* rounded = context.rounded_data())
    kernels::round(context.exact.data(), std::int64_t{Q} * B * H, device_bf16(rounded), launches());
}

void attention_backward(View<const float> h, int B, int Q, AttentionOptions options, AttentionSaved& saved,
                        Matrix<float>& context, const Matrix<float>& dcontext, View<float> dh,
                        const AttentionPlaces& places, const AttentionCopies& copies, float* dplace) {
  const int first = h.rows - Q * B;
  if (places.keys) saved.dworth.resize(offset(Q, B));
  const auto of_places = preferred(places, saved.worth.data(), saved.dworth.data());
  const auto of_copies = copied(copies, saved.found.data());
  if (saved.one_pass)
    one_pass_backward(one_pass(h, B, Q, options, of_places, of_copies), context, dcontext, dh.data, saved);
  else
    plain_backward(h, B, Q, options, saved, dcontext, dh, of_places, of_copies);
  if (places.keys)
    worth_backward(h.row_range(first, Q * B), places.weight, saved.dworth.data(), dh.row_range(first, Q * B), dplace);
}

void attention_weights(View<const float> h, int B, int Q, int first, int rows, AttentionOptions options,
                       const AttentionSaved& saved, const AttentionPlaces& places, Matrix<float>& weights) {
  const int T = h.rows / B;
  const Queries block = queries_from(first, rows, T, Q);
  weights.resize(B * rows, T);
  if (block.earlier == 0) return;
  weights_of_block(sequence(h, B), B, options.scale, block, preferred(places, saved.worth.data()), {},
                   {weights.data(), rows, block.earlier, T}, std::int64_t{rows} * T);
}

void attention_step(View<const float> output, View<float> ring, int B, std::int64_t steps, AttentionOptions options,
                    const AttentionPlaces& places, Buffer<float>& worth, Matrix<float>& weights, View<float> context) {
  const int H = output.columns, window = ring.rows / B, count = static_cast<int>(std::min<std::int64_t>(steps, window));
  const View<const float> slots = sequence(View<const float>(ring), B);
  const View<float> a{weights.data(), 1, count, count}, contexts = sequence(context, B);
  if (count > 0) {
    if (places.keys) assign_worth(output, places.weight, worth);
    multiply(sequence(output, B), slots.row_range(0, count).t(), a, options.scale, 0, {B, H, H, count});
    kernels::softmax_of_earlier({B, 1, count, count, count, count}, preferred(places, worth.data()), {}, a.data,
                                launches());
  } else {
    set_zero(context.data, offset(B, H) * sizeof(float));
  }
  const auto sum = [&](int first, int values, int n, float beta) {
    if (n > 0)
      multiply(View<const float>(a).column_range(first, n), slots.row_range(values, n), contexts, 1, beta,
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
