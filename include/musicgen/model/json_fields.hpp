// Required members of JSON objects in files. Internal: for definitions only.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "../core/config.hpp"
#include "../core/error.hpp"
#include "../core/json.hpp"

namespace musicgen::inline MUSICGEN_ABI {

/// The member `key` of an object.
/// @throws Error  if it is missing, or not a T
template <class T>
T json_field(const nlohmann::json& j, const char* key, const std::filesystem::path& file) {
  const auto found = j.find(key);
  auto value = found == j.end() ? std::nullopt : detail::json_value<T>(*found);
  if (!value) throw file_error(file, std::string("the metadata lacks \"") + key + "\" or it has the wrong type");
  return std::move(*value);
}

/// The JSON object in an entry of a model's metadata.
/// @throws Error  if it is not one
inline nlohmann::json parse_metadata_entry(std::string_view text, const char* key, const std::filesystem::path& file) {
  auto j = detail::parse_json(text);
  if (!j.is_object())
    throw file_error(file, std::string("its metadata has no \"") + key + "\": not written by musicgen");
  return j;
}

}  // namespace musicgen::inline MUSICGEN_ABI
