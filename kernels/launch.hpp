// Connects the backend, which does not mention CUDA, with the launchers of kernels.
#pragma once

#include <musicgen/backend/cuda/matrix.hpp>

#include "device.cuh"

namespace musicgen::inline MUSICGEN_ABI::cuda {

/// The stream, in the type that launchers take.
inline device::Stream launches() {
  return reinterpret_cast<device::Stream>(stream());
}

static_assert(sizeof(bf16) == sizeof(device::bf16));
inline device::bf16* device_bf16(bf16* p) {
  return reinterpret_cast<device::bf16*>(p);
}
inline const device::bf16* device_bf16(const bf16* p) {
  return reinterpret_cast<const device::bf16*>(p);
}

}  // namespace musicgen::inline MUSICGEN_ABI::cuda
