// musicgen on an NVIDIA GPU: Model<Cuda>, Trainer<Cuda>, Sampler<Cuda>. For programs that link musicgen::cuda.
#pragma once

#include "backend/cuda/cuda.hpp"
