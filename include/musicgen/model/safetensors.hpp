// The safetensors format: named tensors and text metadata in one file (github.com/huggingface/safetensors, format).
//
//   8 bytes    length n of the header, little-endian
//   n bytes    JSON: {"name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [first, last]}, ...}, where
//              "__metadata__" is not a tensor but a map of texts
//   the rest   the tensors' bytes, row-major, little-endian; offsets count from here
//
// A matrix in eight bits, by a convention of this library, is two tensors: "NAME", I8, q in -127..127, and
// "NAME.scale", F32, with one number s for each row; its elements are s q.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "../core/config.hpp"
#include "../core/tensor.hpp"

namespace musicgen::inline MUSICGEN_ABI {

/// A file of tensors, in memory. A value type: threads may share a const one.
class Safetensors {
 public:
  struct Entry {
    std::string dtype;
    Shape shape;
    std::size_t first, size;  ///< bytes within data
  };

  /// @throws Error  naming the file and the byte, or the tensor, if the file is incomplete or inconsistent
  [[nodiscard]] static Safetensors read(const std::filesystem::path& file);
  /// The same from the bytes of a file.
  /// @param name  of the file, for errors
  /// @throws Error  as read()
  [[nodiscard]] static Safetensors parse(std::span<const std::byte> bytes, const std::filesystem::path& name);

  /// Writes atomically: the file is always complete, either the old one or the new one.
  /// @throws Error  if it cannot be written
  void write(const std::filesystem::path& file) const;

  /// @tparam T       float, double or std::int64_t
  /// @param  values  one for each element of the shape
  template <class T>
  void add(const std::string& name, const Shape& shape, std::span<const T> values);
  /// The same, rounded to bf16, in half the bytes.
  /// @tparam T  float or double, as below
  template <class T>
  void add_bf16(const std::string& name, const Shape& shape, std::span<const T> values);
  /// A matrix (N, K) in a quarter of the bytes: q = round(w / s), s = max |w| / 127 over the row. Rounding it again
  /// changes nothing.
  /// @throws Error  for a number that is not finite as float
  template <class T>
  void add_int8(const std::string& name, const Shape& shape, std::span<const T> values);

  const std::filesystem::path& path() const { return file_; }  ///< where it was read from, if anywhere
  const std::map<std::string, Entry>& entries() const { return entries_; }
  [[nodiscard]] bool contains(const std::string& name) const { return entries_.contains(name); }
  std::map<std::string, std::string>& metadata() { return metadata_; }
  const std::map<std::string, std::string>& metadata() const { return metadata_; }

  /// @throws Error  naming the file and the tensor, if there is no tensor of that name
  [[nodiscard]] const Entry& entry(const std::string& name) const;
  /// The values of a tensor, converted to float, double or std::int64_t.
  /// @throws Error  if there is no tensor of that name
  template <class T>
  [[nodiscard]] std::vector<T> values(const std::string& name) const;
  /// Copies a tensor into place, converted to float or double.
  /// @param out     with as many elements as the shape
  /// @throws Error  naming the tensor and both shapes if they differ
  template <class T>
  void read_into(const std::string& name, const Shape& shape, std::span<T> out) const;

 private:
  void add_bytes(const std::string& name, const char* dtype, const Shape& shape, std::span<const std::byte> bytes);
  template <class T>
  void copy(const std::string& name, const Entry& e, std::span<T> out) const;
  template <class T>
  void copy_int8(const std::string& name, const Entry& e, std::span<T> out) const;

  std::filesystem::path file_;
  std::map<std::string, Entry> entries_;
  std::map<std::string, std::string> metadata_;
  std::vector<std::byte> data_;
};

}  // namespace musicgen::inline MUSICGEN_ABI

#ifndef MUSICGEN_COMPILED
#include "safetensors.ipp"
#endif
