#include "embedding.cuh"

#include <algorithm>
#include <musicgen/backend/cuda/embedding.hpp>
#include <musicgen/core/error.hpp>
#include <span>
#include <string>
#include <utility>

#include "launch.hpp"
#include "product.hpp"

namespace musicgen::inline MUSICGEN_ABI::cuda {

namespace {

[[noreturn]] void refuse(const char* what, Token token, const char* place, std::size_t at, const std::string& range) {
  throw Error(std::string(what) + " " + std::to_string(token) + place + std::to_string(at) + ": " + range);
}

void require_in_range(const Sequences& s, const Dimensions& d) {
  const std::string tokens = "the vocabulary has " + std::to_string(d.V) + " tokens";
  for (std::size_t i = 0; i < s.inputs.size(); ++i)
    if (s.inputs[i] < 0 || s.inputs[i] >= d.V) refuse("embedding: token", s.inputs[i], " at position ", i, tokens);
  for (std::size_t i = 0; i < s.contexts.size(); ++i)
    if (s.contexts[i] < d.V || s.contexts[i] >= d.V + d.C)
      refuse("embedding: context", s.contexts[i], " in place ", i,
             "they begin at " + std::to_string(d.V) + ", and the model has " + std::to_string(d.C));
  for (std::size_t i = 0; i < s.targets.size(); ++i)
    if (s.targets[i] != no_token && (s.targets[i] < 0 || s.targets[i] >= d.V))
      refuse("loss: target", s.targets[i], " in row ", i, tokens);
}

[[noreturn]] void refuse_count(const char* what, std::size_t count, std::size_t inputs) {
  throw Error(std::to_string(count) + " " + what + " for " + std::to_string(inputs) + " inputs");
}

/// Contexts of an input.
int parts_of(const Sequences& s) {
  if (s.contexts.empty()) return 0;
  if (s.inputs.empty() || s.contexts.size() % s.inputs.size() != 0)
    refuse_count("contexts", s.contexts.size(), s.inputs.size());
  return static_cast<int>(s.contexts.size() / s.inputs.size());
}

/// Positions by the row of the embedding that they have, and ascending for each.
/// @param order   (N * (1 + parts))  @param begins  (rows + 1)
void sort_by_row(std::span<const Token> tokens, std::span<const Token> contexts, std::size_t parts, int rows,
                 int* order, int* begins) {
  std::fill(begins, begins + rows + 1, 0);
  for (const Token token : tokens) ++begins[token];
  for (const Token row : contexts) ++begins[row];
  for (int row = 0, before = 0; row <= rows; ++row) before += std::exchange(begins[row], before);
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const int position = static_cast<int>(i);
    order[begins[tokens[i]]++] = position;
    for (const Token row : contexts.subspan(i * parts, parts)) order[begins[row]++] = position;
  }
  std::copy_backward(begins, begins + rows, begins + rows + 1);  // each has come to the next one's beginning
  begins[0] = 0;
}

}  // namespace

void Batch::assign(const Sequences& s, const Dimensions& d) {
  require_in_range(s, d);
  const int parts = parts_of(s);
  const std::span<const std::int32_t> known = d.places ? s.places : std::span<const std::int32_t>();
  if (!known.empty() && known.size() != s.inputs.size()) refuse_count("places", known.size(), s.inputs.size());

  synchronize();  // what was copied from here before has arrived
  sizes = {d.V + d.C, static_cast<int>(s.inputs.size()), parts, static_cast<int>(known.size()),
           static_cast<int>(s.targets.size())};
  on_host.resize(sizes.numbers());
  int* const order =
      std::copy(s.contexts.begin(), s.contexts.end(), std::copy(s.inputs.begin(), s.inputs.end(), on_host.data()));
  int* const begins = order + embedded();
  sort_by_row(s.inputs, s.contexts, static_cast<std::size_t>(parts), sizes.rows, order, begins);
  int* const targets = std::copy(known.begin(), known.end(), begins + sizes.rows + 1);
  int* const end = std::copy(s.targets.begin(), s.targets.end(), targets);
  *end = sizes.targets - static_cast<int>(std::count(targets, end, no_token));
  on_device.resize(on_host.size());
  copy(on_device.data(), on_host.data(), on_host.size() * sizeof(int));
}

void embedding_table(const Weights& w, Matrix<float>& table) {
  const Dimensions& d = w.exact.layout->dimensions;
  const Weights exact{w.exact, nullptr};  // a table is small: always in fp32
  const Factor rows{w.exact.embedding()};
  table.resize(d.V + d.C, 4 * d.H);
  gru_inputs(exact, 0, rows.row_range(0, d.V), table.view().row_range(0, d.V));
  if (d.C == 0) return;
  const View<float> contexts = table.view().row_range(d.V, d.C);
  set_zero(contexts.data, Matrix<float>::bytes(d.C, 4 * d.H));
  add_gru_inputs(exact, 0, rows.row_range(d.V, d.C), contexts);
}

void embedding_forward(const Weights& w, const Batch& batch, Matrix<float>& table, GruSaved& first_layer) {
  const int columns = 4 * w.exact.layout->dimensions.H, N = batch.sizes.inputs;
  embedding_table(w, table);
  first_layer.gates.exact.resize(N, columns);
  kernels::gather_rows(table.data(), {batch.tokens(), batch.contexts(), batch.sizes.parts}, N, columns,
                       first_layer.gates.exact.data(), launches());
}

void embedding_backward(const Weights& w, const Batch& batch, const GruSaved& first_layer, Matrix<float>& table,
                        const Tensors<float>& gradients) {
  table.resize(batch.sizes.rows, first_layer.gates.exact.columns());
  kernels::sum_by_token(first_layer.gates.exact.data(), batch.order(), batch.begins(), batch.sizes.rows,
                        table.columns(), table.data(), launches());
  gru_inputs_backward({w.exact, nullptr}, 0, {w.exact.embedding()}, {table.view()}, gradients.embedding(), 1,
                      gradients.gru(0).w_ih);
}

}  // namespace musicgen::inline MUSICGEN_ABI::cuda
