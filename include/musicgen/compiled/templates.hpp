// The templates that programs use, for both backends. musicgen.hpp includes this where MUSICGEN_COMPILED is defined, as
// it is for whoever links musicgen::compiled: that library has them, and nobody else compiles them again.
#pragma once

#include <filesystem>
#include <span>
#include <vector>

#ifdef MUSICGEN_HAS_CUDA
#include "../backend/cuda/cuda.hpp"
#endif
#include "../core/config.hpp"
#include "../evaluate/likelihood.hpp"
#include "../model.hpp"
#include "../sample/sampler.hpp"
#include "../train/trainer.hpp"

#ifndef MUSICGEN_INSTANCE
#define MUSICGEN_INSTANCE extern template
#endif

#define MUSICGEN_INSTANCES(B)                                                                                  \
  MUSICGEN_INSTANCE class Model<B>;                                                                            \
  MUSICGEN_INSTANCE class Trainer<B>;                                                                          \
  MUSICGEN_INSTANCE class Sampler<B>;                                                                          \
  MUSICGEN_INSTANCE void save_model(const std::filesystem::path&, const Model<B>&, Precision);                 \
  MUSICGEN_INSTANCE Model<B> load_model(const std::filesystem::path&);                                         \
  MUSICGEN_INSTANCE Safetensors to_safetensors(const Model<B>&, Precision);                                    \
  MUSICGEN_INSTANCE Model<B> from_safetensors(const Safetensors&);                                             \
  MUSICGEN_INSTANCE std::vector<Likelihood> likelihoods(Model<B>&, std::span<const Song* const>);              \
  MUSICGEN_INSTANCE std::vector<Likelihood> sampled_likelihoods(const Model<B>&, std::span<const Song* const>, \
                                                                Precision, int);

#define MUSICGEN_CPU_INSTANCES \
  MUSICGEN_INSTANCES(Cpu)

#define MUSICGEN_CUDA_INSTANCES MUSICGEN_INSTANCES(Cuda)

#if defined(MUSICGEN_COMPILED) && !defined(MUSICGEN_DEFINING)
namespace musicgen::inline MUSICGEN_ABI {
MUSICGEN_CPU_INSTANCES
#ifdef MUSICGEN_HAS_CUDA
MUSICGEN_CUDA_INSTANCES
#endif
}  // namespace musicgen::inline MUSICGEN_ABI
#endif
