// What kernels/device.cuh includes where the compiler is not nvcc: CUDA's language, as far as kernels here use it, in
// ordinary C++, and the device's half of kernels/device.cuh. A kernel's threads are fibers; see docs/cuda.md.
#pragma once

#include "cuda_functions.hpp"
#include "cuda_types.hpp"
#include "device_emulated.hpp"
#include "engine/engine.hpp"
#include "engine/schedule.hpp"
