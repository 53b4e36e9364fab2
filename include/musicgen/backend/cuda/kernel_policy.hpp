// Which kernels the layers use, and how work is handed to the device.
#pragma once

#include "../../core/config.hpp"

namespace musicgen::inline MUSICGEN_ABI::cuda {

enum class Kernels {
  resident,  ///< where they fit: a GRU layer's steps in one launch, its weights on the chip; attention in one pass
  plain      ///< a launch per step, scores in memory: for any size, and for comparison
};

/// @return  what the whole process uses, to be changed by assignment; `resident` at the start
inline Kernels& kernels_in_use() {
  static Kernels kernels = Kernels::resident;
  return kernels;
}

/// Whether work that is the same in every step is recorded (graph_capture.hpp); true at the start.
inline bool& recordings_in_use() {
  static bool in_use = true;
  return in_use;
}

}  // namespace musicgen::inline MUSICGEN_ABI::cuda
