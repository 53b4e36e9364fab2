// CUDA's errors as an Error that names the place of the call.
#pragma once

#include <cuda_runtime.h>

#include <musicgen/core/error.hpp>
#include <source_location>
#include <string>

namespace musicgen::inline MUSICGEN_ABI::cuda {

/// " (file:line)"
inline std::string where(const std::source_location& at) {
  return " (" + std::string(at.file_name()) + ":" + std::to_string(at.line()) + ")";
}

/// @throws Error  unless it is a success
inline void check(cudaError_t status, std::source_location at = std::source_location::current()) {
  if (status == cudaSuccess) return;
  cudaGetLastError();  // clears the error, so that a later call does not report it again
  throw Error(std::string("CUDA: ") + cudaGetErrorString(status) + where(at));
}

}  // namespace musicgen::inline MUSICGEN_ABI::cuda
