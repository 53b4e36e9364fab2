// Vocabularies from files.
#pragma once

#include <algorithm>
#include <filesystem>
#include <musicgen/core/error.hpp>
#include <musicgen/core/files.hpp>
#include <musicgen/core/json.hpp>
#include <musicgen/tokens/vocabulary.hpp>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

/// @throws musicgen::Error  naming the file if it is not a JSON list of tokens
inline musicgen::Vocabulary read_vocabulary(const std::filesystem::path& file) {
  const auto json = musicgen::detail::parse_json(musicgen::read_bytes(file));
  if (!json.is_array() || !std::all_of(json.begin(), json.end(), [](const auto& word) { return word.is_string(); }))
    throw musicgen::file_error(file, "is not a JSON list of words");
  try {
    return musicgen::Vocabulary::from_names(json.get<std::vector<std::string>>());
  } catch (const musicgen::Error& error) {
    throw musicgen::file_error(file, error.what());
  }
}
