// What a model's file contains besides weights: the metadata "musicgen", in JSON. docs/formats.md describes it.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "../core/config.hpp"
#include "../core/tensor.hpp"
#include "config.hpp"

namespace musicgen::inline MUSICGEN_ABI {

/// The version of files that are written; older ones can be read.
inline constexpr int model_file_version = 3;

[[nodiscard]] std::string to_metadata(const ModelConfig& config);

/// @param text  empty: there is no such entry
/// @param file  its name, for errors
/// @throws Error  naming the field, or as require_valid(config) with the file's name
[[nodiscard]] ModelConfig parse_metadata(std::string_view text, const std::filesystem::path& file);

/// Rejects sizes that the tensors in the file do not have, before memory for them is allocated.
/// @param shape_of  gives the shape of a tensor by its name
/// @throws Error    naming the tensor and both shapes
void require_dimensions(const std::function<Shape(const std::string&)>& shape_of, const Dimensions& d,
                        const std::filesystem::path& file);

}  // namespace musicgen::inline MUSICGEN_ABI

#ifndef MUSICGEN_COMPILED
#include "metadata.ipp"
#endif
