// A batch's tokens on the device, and the embedding with the first layer's inputs. Twin: backend/cpu/embedding.hpp.
// Kernels: kernels/embedding.cuh.
#pragma once

#include "../../core/config.hpp"
#include "../backend.hpp"
#include "gru.hpp"
#include "matrix.hpp"
#include "parameters.hpp"

namespace musicgen::inline MUSICGEN_ABI::cuda {

/// How many numbers a batch has of each kind.
struct BatchSizes {
  int rows = 0;     ///< of the embedding: V + C
  int inputs = 0;   ///< N = T*B
  int parts = 0;    ///< contexts of each input
  int places = 0;   ///< N, or 0 if the model has no use for them
  int targets = 0;  ///< Q*B

  /// In all.
  std::size_t numbers() const {
    const auto all_rows = static_cast<std::size_t>(inputs) * static_cast<std::size_t>(1 + parts);
    return 2 * all_rows + static_cast<std::size_t>(rows + 1 + places + targets + 1);
  }
};

/// The tokens, contexts and places, and for each row of the embedding the positions that have it, by which gradients
/// are summed.
struct Batch {
  BatchSizes sizes;
  HostBuffer<int> on_host;
  Buffer<int> on_device;

  const int* tokens() const { return on_device.data(); }           ///< (N)
  const int* contexts() const { return tokens() + sizes.inputs; }  ///< (N, parts)
  const int* order() const { return tokens() + embedded(); }       ///< positions, by row and then ascending
  const int* begins() const { return order() + embedded(); }       ///< (rows + 1), where in `order` each row begins
  const int* places() const { return begins() + sizes.rows + 1; }  ///< (N), if there are any
  const int* target_tokens() const { return places() + sizes.places; }         ///< (Q*B)
  const int* target_count() const { return target_tokens() + sizes.targets; }  ///< (1), of those that are tokens

  /// @param d  what the model has: places of a model that knows none are passed over
  /// @throws Error  naming the first token, context or target out of range, before anything is written
  void assign(const Sequences& new_sequences, const Dimensions& d);

 private:
  int embedded() const { return sizes.inputs * (1 + sizes.parts); }  // rows of the embedding, over all inputs
};

/// What the first layer makes of each row of the embedding. Those of contexts come without the biases, since they are
/// added to a token's.
/// @param table  (V + C, 4H), assigned
void embedding_table(const Weights& w, Matrix<float>& table);

/// What the first layer's steps start from.
/// @param table  (V + C, 4H), memory to work in
void embedding_forward(const Weights& w, const Batch& batch, Matrix<float>& table, GruSaved& first_layer);

/// @param first_layer  after `gru_steps_backward`
/// @param table        (V + C, 4H), memory to work in
/// @param gradients    of the embedding and of the first layer's w_ih: added to
void embedding_backward(const Weights& w, const Batch& batch, const GruSaved& first_layer, Matrix<float>& table,
                        const Tensors<float>& gradients);

}  // namespace musicgen::inline MUSICGEN_ABI::cuda
