// The model that a program works with.
#pragma once

#include <filesystem>
#include <musicgen/model/bundled_model.hpp>
#include <musicgen/model/model_file.hpp>

/// The model in a file, or the bundled model if no file is named.
/// @throws musicgen::Error  naming the file and what is wrong with it
template <musicgen::Backend B = musicgen::Cpu>
musicgen::Model<B> given_model(const std::filesystem::path& file) {
  return file.empty() ? musicgen::bundled_model<B>() : musicgen::load_model<B>(file);
}
