// A batch's tokens on the device, and the embedding with the first layer's inputs. Twin: backend/cpu/embedding.hpp.
// Kernels: kernels/embedding.cuh.
#pragma once

#include "../../core/config.hpp"
#include "../backend.hpp"
#include "gru.hpp"
#include "matrix.hpp"
#include "parameters.hpp"

namespace musicgen::inline MUSICGEN_ABI::cuda {

/// The tokens, and the positions of each token among the inputs, for summing gradients.
struct Batch {
  int V = 0, inputs = 0, targets = 0;  ///< vocabulary; N = T*B; Q*B
  HostBuffer<int> on_host;
  Buffer<int> on_device;

  static std::size_t numbers(int V, int inputs, int targets) {
    return 2 * static_cast<std::size_t>(inputs) + static_cast<std::size_t>(V + 1 + targets + 1);
  }
  const int* tokens() const { return on_device.data(); }         ///< (N)
  const int* order() const { return tokens() + inputs; }         ///< (N), positions, by token and then ascending
  const int* begins() const { return order() + inputs; }         ///< (V+1), where in `order` each token begins
  const int* target_tokens() const { return begins() + V + 1; }  ///< (Q*B)
  const int* target_count() const { return target_tokens() + targets; }  ///< (1), number of those that are tokens

  /// @throws Error  naming the first token, or target, out of range, before anything is written
  void assign(std::span<const Token> new_inputs, std::span<const Token> new_targets, int vocabulary);
};

/// What the first layer's steps start from.
/// @param table  (V, 4H), workspace
void embedding_forward(const Weights& w, const Batch& batch, Matrix<float>& table, GruSaved& first_layer);

/// @param first_layer  after `gru_steps_backward`
/// @param table        (V, 4H), workspace
/// @param gradients    of the embedding and of the first layer's w_ih: added to
void embedding_backward(const Weights& w, const Batch& batch, const GruSaved& first_layer, Matrix<float>& table,
                        const Tensors<float>& gradients);

}  // namespace musicgen::inline MUSICGEN_ABI::cuda
