// How a token is chosen on the device: what sample/token_sampler.hpp and sample/processors/pitch_sampling.hpp do.
#pragma once

#include <musicgen/core/config.hpp>

namespace musicgen::inline MUSICGEN_ABI::kernels {

struct SamplingOptions {
  float temperature = 1;        ///< 0: always the most probable
  int top_k = 0;                ///< 0: all
  float top_p = 1;              ///< 1: all
  float min_p = 0;              ///< 0: all
  float pitch_temperature = 1;  ///< over 0
  float pitch_top_p = 1;        ///< 1: all
  float pitch_min_p = 0;        ///< 0: all
};

}  // namespace musicgen::inline MUSICGEN_ABI::kernels
