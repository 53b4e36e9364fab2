// Models on disk and in memory: safetensors with PyTorch's names for the weights, everything else in the metadata.
// docs/formats.md describes the format.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>

#include "../backend/cpu/cpu.hpp"
#include "../core/config.hpp"
#include "model.hpp"
#include "safetensors.hpp"

namespace musicgen::inline MUSICGEN_ABI {

/// Writes the model atomically.
/// @param storage  of the weights: fp32 unchanged (a model in double stays in double), bf16 in half the bytes, int8 in
///                 a quarter (matrices; biases unchanged)
/// @throws Error   if it cannot be written; in int8, for a weight that is not finite
template <Backend B>
void save_model(const std::filesystem::path& path, const Model<B>& model, Precision storage = Precision::fp32);

/// @throws Error  naming the file and what is wrong with it
template <Backend B = Cpu>
[[nodiscard]] Model<B> load_model(const std::filesystem::path& path);

/// A model from the bytes of its file, which need not outlive the call: they may be compiled into the program.
/// @param name    of the file, for errors
/// @throws Error  as load_model()
template <Backend B = Cpu>
[[nodiscard]] Model<B> parse_model(std::span<const std::byte> bytes, const std::filesystem::path& name = "model");

/// The model as a file of tensors.
/// @param storage  as of save_model()
/// @throws Error   in int8, for a weight that is not finite
template <Backend B>
[[nodiscard]] Safetensors to_safetensors(const Model<B>& model, Precision storage = Precision::fp32);

/// @throws Error  as load_model()
template <Backend B = Cpu>
[[nodiscard]] Model<B> from_safetensors(const Safetensors& file);

/// The configuration of the model in a file, without its weights.
/// @throws Error  as load_model()
[[nodiscard]] ModelConfig config_of(const Safetensors& file);

/// Adds tensors with a network's shapes to a file, their names prefixed by `prefix`: weights, or an optimizer's
/// moments.
template <Backend B>
void add_parameters(Safetensors& file, const typename B::Parameters& parameters, const std::string& prefix = "",
                    Precision storage = Precision::fp32);

/// The reverse.
/// @throws Error  for a tensor that is missing, has another shape, or a number that is not finite
template <Backend B>
[[nodiscard]] typename B::Parameters read_parameters(const Safetensors& file, const Dimensions& d,
                                                     const std::string& prefix = "");

}  // namespace musicgen::inline MUSICGEN_ABI

#ifndef MUSICGEN_COMPILED
#include "model_file.ipp"
#endif
