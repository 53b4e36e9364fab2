// What kernels/device.cuh includes if the compiler is not nvcc: the part of CUDA's language that our kernels use, in
// ordinary C++, and the emulator's half of kernels/device.cuh. A kernel's threads are fibers; see docs/cuda.md.
#pragma once

#include "cuda_functions.hpp"
#include "cuda_types.hpp"
#include "device_emulated.hpp"
#include "engine/engine.hpp"
#include "engine/schedule.hpp"
