// Values from JSON that came from outside, taken only if they have the right type and range.
#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config.hpp"

namespace musicgen::inline MUSICGEN_ABI::detail {

/// The value of a text; "discarded" if it is not JSON.
inline nlohmann::json parse_json(std::string_view text) {
  return nlohmann::json::parse(text.data(), text.data() + text.size(), nullptr, /*allow_exceptions=*/false);
}
/// The same for the bytes of a file.
inline nlohmann::json parse_json(std::span<const unsigned char> bytes) {
  return parse_json(std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
}

/// "is not JSON: line 3, column 7": where a text stops being JSON.
inline std::string json_fault(std::string_view text) {
  std::size_t end = text.size();
  try {
    [[maybe_unused]] const auto value = nlohmann::json::parse(text.data(), text.data() + text.size());
  } catch (const nlohmann::json::parse_error& error) {
    end = std::min(end, std::max<std::size_t>(error.byte, 1) - 1);
  }
  const std::string_view before = text.substr(0, end);
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  const auto column = end - (before.rfind('\n') + 1) + 1;
  return "is not JSON: line " + std::to_string(line) + ", column " + std::to_string(column);
}

template <class T>
struct JsonValue {
  static std::optional<T> of(const nlohmann::json& j) {
    try {
      return j.get<T>();
    } catch (const nlohmann::json::exception&) {
      return std::nullopt;
    }
  }
};

/// nlohmann-json converts any number to any other type, whether it fits or not.
template <std::integral T>
requires(!std::same_as<T, bool>) struct JsonValue<T> {
  static std::optional<T> of(const nlohmann::json& j) {
    if (j.is_number_unsigned()) return if_fits(j.get<std::uint64_t>());
    if (j.is_number_integer()) return if_fits(j.get<std::int64_t>());
    return std::nullopt;
  }

 private:
  template <class From>
  static std::optional<T> if_fits(From x) {
    return std::in_range<T>(x) ? std::optional(static_cast<T>(x)) : std::nullopt;
  }
};

template <std::floating_point T>
struct JsonValue<T> {
  static std::optional<T> of(const nlohmann::json& j) {
    if (!j.is_number() || !std::isfinite(j.get<T>())) return std::nullopt;
    return j.get<T>();
  }
};

template <class T>
struct JsonValue<std::vector<T>> {
  static std::optional<std::vector<T>> of(const nlohmann::json& j) {
    if (!j.is_array()) return std::nullopt;
    std::vector<T> all;
    for (const auto& element : j) {
      auto value = JsonValue<T>::of(element);
      if (!value) return std::nullopt;
      all.push_back(std::move(*value));
    }
    return all;
  }
};

/// The value if it is a `T`: a whole number that fits, a finite number, a text, or a list of these; otherwise nothing.
template <class T>
std::optional<T> json_value(const nlohmann::json& j) {
  return JsonValue<T>::of(j);
}

}  // namespace musicgen::inline MUSICGEN_ABI::detail
