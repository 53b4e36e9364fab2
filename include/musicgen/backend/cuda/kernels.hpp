// Which kernels the layers use.
#pragma once

namespace musicgen::cuda {

enum class Kernels {
  resident,  ///< where they fit: a GRU layer's steps in one launch, its weights on the chip; attention in one pass
  plain      ///< a launch a step, scores in memory: for any size, and to compare with
};

/// @return  what all of the process uses from then on; `resident` at the start
inline Kernels& kernels_in_use() {
  static Kernels kernels = Kernels::resident;
  return kernels;
}

}  // namespace musicgen::cuda
