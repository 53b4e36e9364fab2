#include "loss.cuh"

#include <musicgen/backend/cuda/loss.hpp>

#include "launch.hpp"

namespace musicgen::cuda {

void softmax_cross_entropy(FactorMatrix& logits, const Batch& batch, LossKept& kept) {
  const int N = logits.exact.rows(), V = logits.exact.columns();
  kept.nll.resize(static_cast<std::size_t>(N));
  kept.mean.resize(1);
  kept.on_host.resize(1);
  kernels::cross_entropy(batch.target_tokens(), batch.target_count(), N, V, logits.exact.data(),
                         device_bf16(logits.rounded_data()), kept.nll.data(), launches());
  kernels::mean(kept.nll.data(), N, batch.target_count(), kept.mean.data(), launches());
  copy(kept.on_host.data(), kept.mean.data(), sizeof(double));
}

}  // namespace musicgen::cuda
