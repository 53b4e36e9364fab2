#include "loss.cuh"

#include <musicgen/backend/cuda/loss.hpp>

#include "launch.hpp"

namespace musicgen::inline MUSICGEN_ABI::cuda {

void softmax_cross_entropy(FactorMatrix& logits, const Batch& batch, LossSaved& saved, const float* found) {
  const int N = logits.exact.rows(), V = logits.exact.columns();
  saved.nll.resize(static_cast<std::size_t>(N));
  if (found) saved.shares.resize(static_cast<std::size_t>(N));
  saved.mean.resize(1);
  saved.on_host.resize(1);
  kernels::cross_entropy(batch.target_tokens(), batch.target_count(), N, V, logits.exact.data(),
                         device_bf16(logits.rounded_data()), saved.nll.data(), {found, saved.shares.data()},
                         launches());
  kernels::mean(saved.nll.data(), N, batch.target_count(), saved.mean.data(), launches());
  copy(saved.on_host.data(), saved.mean.data(), sizeof(double));
}

}  // namespace musicgen::inline MUSICGEN_ABI::cuda
