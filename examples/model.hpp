// The model that a program works with.
#pragma once

#include <filesystem>
#include <musicgen/model/bundled_model.hpp>
#include <musicgen/model/model_file.hpp>

/// No file, or "bundled", means the bundled model.
inline bool names_bundled_model(const std::filesystem::path& file) {
  return file.empty() || file == "bundled";
}

/// For music without a beat, as it is said where the bundled model cannot serve.
inline constexpr const char* performance_model = "examples/models/pop909-performance.safetensors";

/// `Dimensions::on_cpu_only()` of the model in a file, or of the bundled one.
/// @throws musicgen::Error  naming the file and what is wrong with it
inline bool runs_on_cpu_only(const std::filesystem::path& file) {
  using musicgen::Safetensors;
  return musicgen::config_of(names_bundled_model(file)
                                 ? Safetensors::parse(musicgen::bundled_model_bytes(), "the bundled model")
                                 : Safetensors::read(file))
      .dimensions.on_cpu_only();
}

/// The model in a file, or the bundled one.
/// @throws musicgen::Error  naming the file and what is wrong with it
template <musicgen::Backend B = musicgen::Cpu>
musicgen::Model<B> given_model(const std::filesystem::path& file) {
  return names_bundled_model(file) ? musicgen::bundled_model<B>() : musicgen::load_model<B>(file);
}
