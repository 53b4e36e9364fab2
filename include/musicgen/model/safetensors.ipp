// Definitions of safetensors.hpp.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <nlohmann/json.hpp>
#include <type_traits>
#include <utility>

#include "../core/bf16.hpp"
#include "../core/error.hpp"
#include "../core/files.hpp"
#include "../core/json.hpp"
#include "safetensors.hpp"

namespace musicgen::inline MUSICGEN_ABI {

static_assert(std::endian::native == std::endian::little, "safetensors are read and written as they lie in memory");

namespace detail {

template <class T>
constexpr const char* dtype_name() {
  if constexpr (std::is_same_v<T, float>)
    return "F32";
  else if constexpr (std::is_same_v<T, double>)
    return "F64";
  else if constexpr (std::is_same_v<T, std::int64_t>)
    return "I64";
  else
    static_assert(sizeof(T) == 0, "no such dtype");
}

/// Bytes per element; 0 for a dtype that is not supported.
inline std::size_t dtype_size(const std::string& dtype) {
  if (dtype == "F64" || dtype == "I64") return 8;
  if (dtype == "F32" || dtype == "I32") return 4;
  if (dtype == "BF16") return 2;
  return dtype == "I8" ? 1 : 0;
}

inline std::string scale_of(const std::string& name) {
  return name + ".scale";
}

/// Reads a tensor from the header.
/// @param data_size  bytes of all tensors
/// @throws Error     unless the tensor lies within them
inline Safetensors::Entry parse_entry(const std::string& name, const nlohmann::json& entry, std::size_t data_size,
                                      const std::filesystem::path& file) {
  const auto bad = [&](const std::string& what) { return file_error(file, 8, "tensor \"" + name + "\": " + what); };
  const auto field = [&](const char* key) {
    return entry.is_object() && entry.contains(key) ? entry[key] : nlohmann::json();
  };
  const nlohmann::json dtype = field("dtype"), shape = field("shape"), offsets = field("data_offsets");
  const auto is_count = [](const nlohmann::json& x) { return x.is_number_unsigned(); };
  if (!dtype.is_string() || !shape.is_array() || !offsets.is_array() || offsets.size() != 2 ||
      !std::all_of(shape.begin(), shape.end(), is_count) || !std::all_of(offsets.begin(), offsets.end(), is_count))
    throw bad("needs a dtype, a shape and two data_offsets");
  Safetensors::Entry e{dtype.get<std::string>(), {}, offsets[0].get<std::size_t>(), 0};
  const std::size_t last = offsets[1].get<std::size_t>(), size = dtype_size(e.dtype);
  if (size == 0) throw bad("dtype \"" + e.dtype + "\" is not supported");
  std::size_t bytes = size;
  for (const auto& x : shape) {
    const auto extent = x.get<std::uint64_t>();
    if (extent != 0 && bytes > data_size / extent) throw bad("its data go beyond the end of the file: cut short");
    bytes *= static_cast<std::size_t>(extent);
    e.shape.push_back(static_cast<std::int64_t>(extent));
  }
  if (e.first > last || last > data_size) throw bad("its data go beyond the end of the file: cut short");
  if (last - e.first != bytes) throw bad("shape " + to_string(e.shape) + " and data_offsets do not agree");
  e.size = bytes;
  return e;
}

/// The texts in the header's metadata; other values are ignored.
/// @throws Error  if it is not a JSON object
inline std::map<std::string, std::string> parse_texts(const nlohmann::json& entry, const std::filesystem::path& file) {
  if (!entry.is_object()) throw file_error(file, 8, "the metadata is not a JSON object");
  std::map<std::string, std::string> texts;
  for (const auto& [key, value] : entry.items())
    if (value.is_string()) texts[key] = value.get<std::string>();
  return texts;
}

/// Converts numbers of type `From`, at any alignment.
template <class From, class T>
void convert_numbers(const std::byte* from, std::span<T> out) {
  for (std::size_t i = 0; i < out.size(); ++i) {
    From x;
    std::memcpy(&x, from + i * sizeof x, sizeof x);
    out[i] = static_cast<T>(x);
  }
}

}  // namespace detail

MUSICGEN_INLINE Safetensors Safetensors::read(const std::filesystem::path& file) {
  const auto bytes = read_bytes(file);
  return parse(std::as_bytes(std::span(bytes)), file);
}

MUSICGEN_INLINE Safetensors Safetensors::parse(std::span<const std::byte> bytes, const std::filesystem::path& name) {
  Safetensors all;
  all.file_ = name;
  std::uint64_t n = 0;
  if (bytes.size() < 8) throw file_error(name, bytes.size(), "ends within the length of the safetensors header");
  std::memcpy(&n, bytes.data(), 8);
  if (n > bytes.size() - 8)
    throw file_error(name, 0,
                     "the header's length, " + std::to_string(n) +
                         ", goes beyond the end of the file: cut short, or no safetensors");
  const auto text = bytes.subspan(8, n);
  const auto header = detail::parse_json(std::string_view(reinterpret_cast<const char*>(text.data()), text.size()));
  if (!header.is_object()) throw file_error(name, 8, "the header is not a JSON object");
  const auto data = bytes.subspan(8 + n);
  all.data_.assign(data.begin(), data.end());
  for (const auto& [key, entry] : header.items()) {
    if (key == "__metadata__")
      all.metadata_ = detail::parse_texts(entry, name);
    else
      all.entries_[key] = detail::parse_entry(key, entry, data.size(), name);
  }
  return all;
}

MUSICGEN_INLINE void Safetensors::write(const std::filesystem::path& file) const {
  // Large elements first, so that each tensor begins at a multiple of its element size.
  std::vector<std::pair<std::string, Entry>> tensors(entries_.begin(), entries_.end());
  std::stable_sort(tensors.begin(), tensors.end(), [](const auto& a, const auto& b) {
    return std::pair(detail::dtype_size(b.second.dtype), a.second.first) <
           std::pair(detail::dtype_size(a.second.dtype), b.second.first);
  });
  nlohmann::json header = nlohmann::json::object();
  if (!metadata_.empty()) header["__metadata__"] = metadata_;
  std::size_t first = 0;
  for (const auto& [name, e] : tensors) {
    header[name] = {{"dtype", e.dtype}, {"shape", e.shape}, {"data_offsets", {first, first + e.size}}};
    first += e.size;
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');  // tensors begin at a multiple of 8
  const std::uint64_t n = text.size();
  AtomicFile out(file);
  out.write(&n, sizeof n);
  out.write(text);
  for (const auto& [name, e] : tensors) out.write(data_.data() + e.first, e.size);
  out.commit();
}

template <class T>
void Safetensors::add(const std::string& name, const Shape& shape, std::span<const T> values) {
  add_bytes(name, detail::dtype_name<T>(), shape, std::as_bytes(values));
}

template <class T>
void Safetensors::add_bf16(const std::string& name, const Shape& shape, std::span<const T> values) {
  std::vector<std::uint16_t> rounded(values.size());
  std::transform(values.begin(), values.end(), rounded.begin(), [](T x) { return to_bf16(static_cast<float>(x)); });
  add_bytes(name, "BF16", shape, std::as_bytes(std::span(rounded)));
}

template <class T>
void Safetensors::add_int8(const std::string& name, const Shape& shape, std::span<const T> values) {
  const auto rows = static_cast<std::size_t>(shape[0]), columns = rows == 0 ? 0 : values.size() / rows;
  std::vector<std::int8_t> rounded(values.size());
  std::vector<float> scales(rows);
  for (std::size_t n = 0; n < rows; ++n) {
    const auto row = values.subspan(n * columns, columns);
    T largest = 0;
    for (const T w : row) {
      if (!std::isfinite(static_cast<float>(w))) throw Error("tensor \"" + name + "\" has a number that is not finite");
      largest = std::max(largest, std::abs(w));
    }
    scales[n] = static_cast<float>(largest / 127);
    for (std::size_t k = 0; k < columns && largest > 0; ++k)
      rounded[n * columns + k] = static_cast<std::int8_t>(std::lrint(row[k] / largest * 127));
  }
  add_bytes(name, "I8", shape, std::as_bytes(std::span(rounded)));
  add_bytes(detail::scale_of(name), "F32", {shape[0]}, std::as_bytes(std::span(scales)));
}

MUSICGEN_INLINE const Safetensors::Entry& Safetensors::entry(const std::string& name) const {
  const auto found = entries_.find(name);
  if (found == entries_.end()) throw file_error(file_, "has no tensor \"" + name + "\"");
  return found->second;
}

template <class T>
std::vector<T> Safetensors::values(const std::string& name) const {
  const Entry& e = entry(name);
  std::vector<T> out(static_cast<std::size_t>(element_count(e.shape)));
  copy(name, e, std::span(out));
  return out;
}

template <class T>
void Safetensors::read_into(const std::string& name, const Shape& shape, std::span<T> out) const {
  const Entry& e = entry(name);
  if (e.shape != shape)
    throw file_error(file_,
                     "tensor \"" + name + "\" has shape " + to_string(e.shape) + ", expected " + to_string(shape));
  copy(name, e, out);
}

MUSICGEN_INLINE void Safetensors::add_bytes(const std::string& name, const char* dtype, const Shape& shape,
                                            std::span<const std::byte> bytes) {
  const std::size_t first = data_.size();
  data_.insert(data_.end(), bytes.begin(), bytes.end());
  entries_[name] = {dtype, shape, first, bytes.size()};
}

template <class T>
void Safetensors::copy(const std::string& name, const Entry& e, std::span<T> out) const {
  const std::byte* from = data_.data() + e.first;
  if (e.dtype == "F32")
    detail::convert_numbers<float>(from, out);
  else if (e.dtype == "F64")
    detail::convert_numbers<double>(from, out);
  else if (e.dtype == "I64")
    detail::convert_numbers<std::int64_t>(from, out);
  else if (e.dtype == "I32")
    detail::convert_numbers<std::int32_t>(from, out);
  else if (e.dtype == "I8")
    copy_int8(name, e, out);
  else  // BF16
    for (std::size_t i = 0; i < out.size(); ++i) {
      std::uint16_t half;
      std::memcpy(&half, from + i * sizeof half, sizeof half);
      out[i] = static_cast<T>(from_bf16(half));
    }
}

template <class T>
void Safetensors::copy_int8(const std::string& name, const Entry& e, std::span<T> out) const {
  const std::string scale = detail::scale_of(name);
  const Shape rows(e.shape.begin(), e.shape.begin() + (e.shape.empty() ? 0 : 1));
  if (!contains(scale) || entry(scale).dtype == "I8")
    throw file_error(file_, "tensor \"" + name + "\" is in eight bits, and there is no \"" + scale + "\" in more");
  std::vector<double> scales(static_cast<std::size_t>(element_count(rows)));
  read_into<double>(scale, rows, scales);
  const std::size_t columns = scales.empty() ? 0 : out.size() / scales.size();
  for (std::size_t i = 0; i < out.size(); ++i) {
    std::int8_t q;
    std::memcpy(&q, data_.data() + e.first + i, 1);
    out[i] = static_cast<T>(scales[i / columns] * q);
  }
}

}  // namespace musicgen::inline MUSICGEN_ABI
