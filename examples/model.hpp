// The model that a program works with.
#pragma once

#include <filesystem>
#include <musicgen/model/bundled_model.hpp>
#include <musicgen/model/model_file.hpp>

/// No file, or "bundled", means the bundled model.
inline bool names_bundled_model(const std::filesystem::path& file) {
  return file.empty() || file == "bundled";
}

/// Whether the model in a file, or the bundled one, has parts that other backends lack: contexts and copying.
/// @throws musicgen::Error  naming the file and what is wrong with it
inline bool runs_on_cpu_only(const std::filesystem::path& file) {
  const musicgen::ModelConfig config = musicgen::config_of(
      names_bundled_model(file) ? musicgen::Safetensors::parse(musicgen::bundled_model_bytes(), "the bundled model")
                                : musicgen::Safetensors::read(file));
  return config.dimensions.C > 0 || config.dimensions.copies;
}

/// The model in a file, or the bundled model if no file is named.
/// @throws musicgen::Error  naming the file and what is wrong with it
template <musicgen::Backend B = musicgen::Cpu>
musicgen::Model<B> given_model(const std::filesystem::path& file) {
  return names_bundled_model(file) ? musicgen::bundled_model<B>() : musicgen::load_model<B>(file);
}
