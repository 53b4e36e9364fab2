// JSON (RFC 8259): what metadata, stages and logs are written in, and values out of it, which are taken only where they
// are what they should be. Internal: for definitions alone.
//
// As much as the library needs. What it reads and writes, it reads and writes as nlohmann-json does, to the byte; that
// library's one header and a call took longer to compile than the layers do.
#pragma once

#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config.hpp"

namespace musicgen::inline MUSICGEN_ABI::detail {

/// A value: null, true or false, a number, a text, a list, or an object, whose members are in the order of their names.
/// For one thread at a time.
class Json {
 public:
  /// `none`: what was to be read is no JSON
  enum class Kind : std::uint8_t { none, null, boolean, natural, negative, real, text, list, object };

  Json() = default;  ///< null
  Json(bool value) : kind_(Kind::boolean), whole_(value ? 1 : 0) {}
  template <std::integral T>
  requires(!std::same_as<T, bool>) Json(T value)
      : kind_(value < 0 ? Kind::negative : Kind::natural), whole_(static_cast<std::uint64_t>(value)) {}
  Json(double value) : kind_(Kind::real), real_(value) {}
  Json(std::string value) : kind_(Kind::text), text_(std::move(value)) {}
  Json(const char* value) : Json(std::string(value)) {}
  template <class T>
  Json(const std::vector<T>& values) : kind_(Kind::list), values_(values.begin(), values.end()) {}
  template <class T>
  Json(const std::map<std::string, T>& members) : kind_(Kind::object) {
    for (const auto& [name, value] : members) (*this)[name] = value;
  }
  [[nodiscard]] static Json none() { return of_kind(Kind::none); }
  [[nodiscard]] static Json list() { return of_kind(Kind::list); }
  [[nodiscard]] static Json object() { return of_kind(Kind::object); }

  [[nodiscard]] Kind kind() const { return kind_; }
  [[nodiscard]] bool is_object() const { return kind_ == Kind::object; }
  [[nodiscard]] bool is_list() const { return kind_ == Kind::list; }
  [[nodiscard]] bool is_text() const { return kind_ == Kind::text; }

  [[nodiscard]] bool boolean() const { return whole_ != 0; }
  /// Of a number that is whole; the two's complement of a negative one.
  [[nodiscard]] std::uint64_t whole() const { return whole_; }
  [[nodiscard]] double number() const;  ///< of any number
  [[nodiscard]] const std::string& text() const { return text_; }
  /// Of a list, or of an object's members, in the order of `names()`.
  [[nodiscard]] const std::vector<Json>& values() const { return values_; }
  [[nodiscard]] const std::vector<std::string>& names() const { return names_; }

  /// The member of that name; nullptr if there is none, or this is no object.
  [[nodiscard]] const Json* find(std::string_view name) const;
  [[nodiscard]] bool contains(std::string_view name) const { return find(name) != nullptr; }
  /// The member of that name, null at first. Only for objects.
  Json& operator[](std::string_view name);
  /// Only for lists.
  void add(Json value) { values_.push_back(std::move(value)); }

  /// As text, without blanks. A number that is not finite is null.
  /// @throws Error  for a text that is not UTF-8
  [[nodiscard]] std::string dump() const;

 private:
  static Json of_kind(Kind kind) {
    Json j;
    j.kind_ = kind;
    return j;
  }
  [[nodiscard]] std::size_t place_of(std::string_view name) const;
  void write(std::string& out) const;

  Kind kind_ = Kind::null;
  std::uint64_t whole_ = 0;
  double real_ = 0;
  std::string text_;
  std::vector<Json> values_;
  std::vector<std::string> names_;  // ascending
};

/// The value that a text says; `none` if it is no JSON, or lists lie in lists over 200 deep. Of members of one name the
/// last counts.
[[nodiscard]] Json parse_json(std::string_view text);
/// The same for the bytes of a file.
[[nodiscard]] inline Json parse_json(std::span<const unsigned char> bytes) {
  return parse_json(std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
}

template <class T>
struct JsonValue;

template <>
struct JsonValue<bool> {
  static std::optional<bool> of(const Json& j) {
    return j.kind() == Json::Kind::boolean ? std::optional(j.boolean()) : std::nullopt;
  }
};
template <>
struct JsonValue<std::string> {
  static std::optional<std::string> of(const Json& j) { return j.is_text() ? std::optional(j.text()) : std::nullopt; }
};
template <std::integral T>
requires(!std::same_as<T, bool>) struct JsonValue<T> {
  static std::optional<T> of(const Json& j) {
    const auto negative = static_cast<std::int64_t>(j.whole());
    if (j.kind() == Json::Kind::natural && std::in_range<T>(j.whole())) return static_cast<T>(j.whole());
    if (j.kind() == Json::Kind::negative && std::in_range<T>(negative)) return static_cast<T>(negative);
    return std::nullopt;
  }
};
template <std::floating_point T>
struct JsonValue<T> {
  static std::optional<T> of(const Json& j) {
    const auto value = static_cast<T>(j.number());  // no number: not finite
    return std::isfinite(value) ? std::optional(value) : std::nullopt;
  }
};
template <class T>
struct JsonValue<std::vector<T>> {
  static std::optional<std::vector<T>> of(const Json& j) {
    if (!j.is_list()) return std::nullopt;
    std::vector<T> all;
    for (const Json& element : j.values()) {
      auto value = JsonValue<T>::of(element);
      if (!value) return std::nullopt;
      all.push_back(std::move(*value));
    }
    return all;
  }
};

/// The value if it is a `T`: a whole number that fits, a finite number, a text, a list of them; nothing otherwise.
template <class T>
[[nodiscard]] std::optional<T> json_value(const Json& j) {
  return JsonValue<T>::of(j);
}

}  // namespace musicgen::inline MUSICGEN_ABI::detail

#ifndef MUSICGEN_COMPILED
#include "json.ipp"
#endif
