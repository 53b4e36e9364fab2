#include "embedding.cuh"

#include <algorithm>
#include <musicgen/backend/cuda/embedding.hpp>
#include <musicgen/core/error.hpp>
#include <string>
#include <utility>

#include "launch.hpp"
#include "product.hpp"

namespace musicgen::inline MUSICGEN_ABI::cuda {

void Batch::assign(std::span<const Token> new_inputs, std::span<const Token> new_targets, int vocabulary) {
  const auto refuse = [&](const char* what, Token token, const char* place, std::size_t at) {
    throw Error(std::string(what) + " " + std::to_string(token) + place + std::to_string(at) + ": the vocabulary has " +
                std::to_string(vocabulary) + " tokens");
  };
  for (std::size_t i = 0; i < new_inputs.size(); ++i)
    if (new_inputs[i] < 0 || new_inputs[i] >= vocabulary) refuse("embedding: token", new_inputs[i], " at position ", i);
  for (std::size_t i = 0; i < new_targets.size(); ++i)
    if (new_targets[i] != no_token && (new_targets[i] < 0 || new_targets[i] >= vocabulary))
      refuse("loss: target", new_targets[i], " in row ", i);

  synchronize();  // an earlier copy from this buffer has finished
  V = vocabulary;
  inputs = static_cast<int>(new_inputs.size());
  targets = static_cast<int>(new_targets.size());
  on_host.resize(numbers(V, inputs, targets));
  int* const tokens = std::copy(new_inputs.begin(), new_inputs.end(), on_host.data()) - inputs;
  int *const order = tokens + inputs, *const begins = order + inputs;
  std::fill(begins, begins + V + 1, 0);
  for (const Token token : new_inputs) ++begins[token];
  for (int v = 0, before = 0; v <= V; ++v) before += std::exchange(begins[v], before);
  for (int i = 0; i < inputs; ++i) order[begins[tokens[i]]++] = i;
  std::copy_backward(begins, begins + V, begins + V + 1);  // each now points to the beginning of the next token
  begins[0] = 0;
  int* const end = std::copy(new_targets.begin(), new_targets.end(), begins + V + 1);
  *end = static_cast<int>(new_targets.size() - static_cast<std::size_t>(std::count(end - targets, end, no_token)));
  on_device.resize(on_host.size());
  copy(on_device.data(), on_host.data(), on_host.size() * sizeof(int));
}

void embedding_forward(const Weights& w, const Batch& batch, Matrix<float>& table, GruSaved& first_layer) {
  const int H = w.exact.layout->dimensions.H;
  table.resize(batch.V, 4 * H);
  gru_inputs({w.exact, nullptr}, 0, {w.exact.embedding()}, table.view());  // a table is small: always in fp32
  first_layer.gates.exact.resize(batch.inputs, 4 * H);
  kernels::gather_rows(table.data(), batch.tokens(), batch.inputs, 4 * H, first_layer.gates.exact.data(), launches());
}

void embedding_backward(const Weights& w, const Batch& batch, const GruSaved& first_layer, Matrix<float>& table,
                        const Tensors<float>& gradients) {
  table.resize(batch.V, first_layer.gates.exact.columns());
  kernels::sum_by_token(first_layer.gates.exact.data(), batch.order(), batch.begins(), batch.V, table.columns(),
                        table.data(), launches());
  gru_inputs_backward({w.exact, nullptr}, 0, {w.exact.embedding()}, {table.view()}, gradients.embedding(), 1,
                      gradients.gru(0).w_ih);
}

}  // namespace musicgen::inline MUSICGEN_ABI::cuda
