// Definitions of json.hpp.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <limits>

#include "error.hpp"
#include "json.hpp"

namespace musicgen::inline MUSICGEN_ABI::detail {

MUSICGEN_INLINE double Json::number() const {
  if (kind_ == Kind::natural) return static_cast<double>(whole_);
  if (kind_ == Kind::negative) return static_cast<double>(static_cast<std::int64_t>(whole_));
  return kind_ == Kind::real ? real_ : std::numeric_limits<double>::quiet_NaN();
}

MUSICGEN_INLINE std::size_t Json::place_of(std::string_view name) const {
  return static_cast<std::size_t>(std::lower_bound(names_.begin(), names_.end(), name) - names_.begin());
}

MUSICGEN_INLINE const Json* Json::find(std::string_view name) const {
  const std::size_t place = place_of(name);
  return place < names_.size() && names_[place] == name ? &values_[place] : nullptr;
}

MUSICGEN_INLINE Json& Json::operator[](std::string_view name) {
  const std::size_t place = place_of(name);
  if (place == names_.size() || names_[place] != name) {
    names_.insert(names_.begin() + static_cast<std::ptrdiff_t>(place), std::string(name));
    values_.insert(values_.begin() + static_cast<std::ptrdiff_t>(place), Json());
  }
  return values_[place];
}

/// Bytes of the UTF-8 character that `text` begins with; 0 if it begins with none (Unicode 15, table 3-7).
MUSICGEN_INLINE std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t length = first < 0xC2 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : first < 0xF5 ? 4 : 0;
  if (length == 0 || text.size() < length) return 0;
  const unsigned low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
  const unsigned high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
  if (byte(1) < low || byte(1) > high) return 0;
  for (std::size_t i = 2; i < length; ++i)
    if (byte(i) < 0x80 || byte(i) > 0xBF) return 0;
  return length;
}

MUSICGEN_INLINE void write_json_text(std::string_view text, std::string& out) {
  constexpr std::string_view digits = "0123456789abcdef", special = "\"\\\b\f\n\r\t", letters = "\"\\bfnrt";
  out += '"';
  while (!text.empty()) {
    const std::size_t length = utf8_length(text), found = special.find(text[0]);
    if (length == 0) throw Error("json: a text is not UTF-8");
    if (found != std::string_view::npos)
      (out += '\\') += letters[found];
    else if (static_cast<unsigned char>(text[0]) < 0x20)
      ((out += "\\u00") += digits[static_cast<std::size_t>(text[0]) / 16]) +=
          digits[static_cast<std::size_t>(text[0]) % 16];
    else
      out += text.substr(0, length);
    text.remove_prefix(length);
  }
  out += '"';
}

/// The shortest digits that say it, with an exponent below 1e-5 and from 1e15 on.
MUSICGEN_INLINE void write_json_number(double value, std::string& out) {
  if (!std::isfinite(value)) {
    out += "null";
    return;
  }
  char buffer[32];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific).ptr;
  std::string_view text(buffer, static_cast<std::size_t>(end - buffer));  // -d.ddde-dd
  if (text[0] == '-') {
    out += '-';
    text.remove_prefix(1);
  }
  const std::size_t e = text.find('e');
  std::string digits(1, text[0]);
  if (e > 2) digits += text.substr(2, e - 2);
  int exponent = 0;
  std::from_chars(text.data() + e + (text[e + 1] == '+' ? 2 : 1), text.data() + text.size(), exponent);
  const int count = static_cast<int>(digits.size());
  if (value == 0) {
    out += "0.0";
  } else if (exponent >= 0 && exponent < 15) {
    const int whole = exponent + 1;
    if (count <= whole)
      (out += digits).append(static_cast<std::size_t>(whole - count), '0') += ".0";
    else
      ((out += digits.substr(0, static_cast<std::size_t>(whole))) += '.') +=
          digits.substr(static_cast<std::size_t>(whole));
  } else if (exponent < 0 && exponent >= -4) {
    ((out += "0.").append(static_cast<std::size_t>(-exponent - 1), '0')) += digits;
  } else {
    out += digits[0];
    if (count > 1) (out += '.') += digits.substr(1);
    out += text.substr(e);
  }
}

MUSICGEN_INLINE void Json::write(std::string& out) const {
  switch (kind_) {
    case Kind::none:
      out += "<discarded>";
      break;
    case Kind::null:
      out += "null";
      break;
    case Kind::boolean:
      out += boolean() ? "true" : "false";
      break;
    case Kind::natural:
      out += std::to_string(whole_);
      break;
    case Kind::negative:
      out += std::to_string(static_cast<std::int64_t>(whole_));
      break;
    case Kind::real:
      write_json_number(real_, out);
      break;
    case Kind::text:
      write_json_text(text_, out);
      break;
    case Kind::list:
    case Kind::object:
      out += is_list() ? '[' : '{';
      for (std::size_t i = 0; i < values_.size(); ++i) {
        if (i > 0) out += ',';
        if (is_object()) {
          write_json_text(names_[i], out);
          out += ':';
        }
        values_[i].write(out);
      }
      out += is_list() ? ']' : '}';
  }
}

MUSICGEN_INLINE std::string Json::dump() const {
  std::string out;
  write(out);
  return out;
}

/// Reads a text from its beginning. Each function says whether what it is for was there, and leaves the text behind it.
class JsonReader {
 public:
  explicit JsonReader(std::string_view text) : text_(text) {}

  bool read_all(Json& j) {
    if (text_.starts_with("\xEF\xBB\xBF")) text_.remove_prefix(3);
    if (!read_value(j, 0)) return false;
    skip_blanks();
    return text_.empty() || text_[0] == '\0';
  }

 private:
  static constexpr int most_depth = 200;

  void skip_blanks() { text_.remove_prefix(std::min(text_.find_first_not_of(" \t\n\r"), text_.size())); }
  bool skip(std::string_view word) {
    if (!text_.starts_with(word)) return false;
    text_.remove_prefix(word.size());
    return true;
  }
  bool is_digit(std::size_t at) const { return at < text_.size() && text_[at] >= '0' && text_[at] <= '9'; }

  bool read_value(Json& j, int depth);
  bool read_members(Json& j, int depth);
  bool read_number(Json& j);
  bool read_text(std::string& text);
  bool read_escape(std::string& text);
  bool read_four_digits(unsigned& code);

  std::string_view text_;
};

MUSICGEN_INLINE bool JsonReader::read_value(Json& j, int depth) {
  skip_blanks();
  if (text_.empty() || depth > most_depth) return false;
  if (skip("null"))
    j = Json();
  else if (skip("true"))
    j = Json(true);
  else if (skip("false"))
    j = Json(false);
  else if (text_[0] == '"') {
    std::string text;
    if (!read_text(text)) return false;
    j = Json(std::move(text));
  } else if (text_[0] == '[' || text_[0] == '{') {
    return read_members(j, depth);
  } else {
    return read_number(j);
  }
  return true;
}

MUSICGEN_INLINE bool JsonReader::read_members(Json& j, int depth) {
  const bool is_list = skip("[");
  if (!is_list) text_.remove_prefix(1);
  const std::string_view end = is_list ? "]" : "}";
  j = is_list ? Json::list() : Json::object();
  skip_blanks();
  if (skip(end)) return true;
  do {
    std::string name;
    Json value;
    skip_blanks();
    if (!is_list) {
      if (text_.empty() || text_[0] != '"' || !read_text(name)) return false;
      skip_blanks();
      if (!skip(":")) return false;
    }
    if (!read_value(value, depth + 1)) return false;
    if (is_list)
      j.add(std::move(value));
    else
      j[name] = std::move(value);
    skip_blanks();
  } while (skip(","));
  return skip(end);
}

MUSICGEN_INLINE bool JsonReader::read_number(Json& j) {
  const bool is_negative = text_.starts_with('-');
  std::size_t n = is_negative ? 1 : 0;
  const auto digits = [&] {
    if (!is_digit(n)) return false;
    while (is_digit(n)) ++n;
    return true;
  };
  if (n < text_.size() && text_[n] == '0')
    ++n;
  else if (!digits())
    return false;
  bool is_whole = true;
  if (n < text_.size() && text_[n] == '.') {
    ++n;
    is_whole = false;
    if (!digits()) return false;
  }
  if (n < text_.size() && (text_[n] == 'e' || text_[n] == 'E')) {
    ++n;
    is_whole = false;
    if (n < text_.size() && (text_[n] == '+' || text_[n] == '-')) ++n;
    if (!digits()) return false;
  }
  const char *first = text_.data(), *last = first + n;
  text_.remove_prefix(n);
  std::uint64_t natural = 0;
  std::int64_t negative = 0;
  if (is_whole && !is_negative && std::from_chars(first, last, natural).ec == std::errc()) {
    j = Json(natural);
  } else if (is_whole && is_negative && std::from_chars(first, last, negative).ec == std::errc()) {
    j = Json(negative);
  } else {
    double real = 0;
    const auto fault = std::from_chars(first, last, real).ec;
    if (fault != std::errc()) real = std::strtod(std::string(first, last).c_str(), nullptr);  // too small, or too large
    if (!std::isfinite(real)) return false;
    j = Json(real);
  }
  return true;
}

MUSICGEN_INLINE bool JsonReader::read_text(std::string& text) {
  text_.remove_prefix(1);
  while (!text_.empty()) {
    if (skip("\"")) return true;
    if (text_[0] == '\\') {
      if (!read_escape(text)) return false;
      continue;
    }
    const std::size_t length = utf8_length(text_);
    if (length == 0 || static_cast<unsigned char>(text_[0]) < 0x20) return false;
    text += text_.substr(0, length);
    text_.remove_prefix(length);
  }
  return false;
}

MUSICGEN_INLINE bool JsonReader::read_four_digits(unsigned& code) {
  if (text_.size() < 4) return false;
  const auto [end, fault] = std::from_chars(text_.data(), text_.data() + 4, code, 16);
  if (fault != std::errc() || end != text_.data() + 4) return false;
  text_.remove_prefix(4);
  return true;
}

MUSICGEN_INLINE bool JsonReader::read_escape(std::string& text) {
  constexpr std::string_view letters = "\"\\/bfnrt", meant = "\"\\/\b\f\n\r\t";
  if (text_.size() < 2) return false;
  const std::size_t found = letters.find(text_[1]);
  const bool is_code = text_[1] == 'u';
  text_.remove_prefix(2);
  if (!is_code) {
    if (found == std::string_view::npos) return false;
    text += meant[found];
    return true;
  }
  unsigned code = 0, low = 0;
  if (!read_four_digits(code) || (code >= 0xDC00 && code < 0xE000)) return false;
  if (code >= 0xD800 && code < 0xDC00) {  // the first of a pair
    if (!skip("\\u") || !read_four_digits(low) || low < 0xDC00 || low >= 0xE000) return false;
    code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
  }
  const auto add = [&](unsigned byte) { text += static_cast<char>(static_cast<unsigned char>(byte)); };
  if (code < 0x80) {
    add(code);
  } else {
    if (code < 0x800) {
      add(0xC0 | code >> 6);
    } else {
      if (code < 0x10000) {
        add(0xE0 | code >> 12);
      } else {
        add(0xF0 | code >> 18);
        add(0x80 | (code >> 12 & 0x3F));
      }
      add(0x80 | (code >> 6 & 0x3F));
    }
    add(0x80 | (code & 0x3F));
  }
  return true;
}

MUSICGEN_INLINE Json parse_json(std::string_view text) {
  Json j;
  return JsonReader(text).read_all(j) ? j : Json::none();
}

}  // namespace musicgen::inline MUSICGEN_ABI::detail
