// Internal: reads the zip archives that torch.save writes (PyTorch 1.6 and later): a pickle of the objects, and a file
// with the bytes of each storage, of which tensors are views.
//
//   NAME/data.pkl     the pickle; a storage is ("storage", torch.FloatStorage, key, device, elements), kept outside; a
//                     tensor is a call of torch._utils._rebuild_tensor_v2(storage, offset, sizes, strides, ...)
//   NAME/data/KEY     the bytes of the storage with that key
//   NAME/byteorder    "little" or "big"; little if it is missing (before PyTorch 2.1)
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../core/bf16.hpp"
#include "../core/config.hpp"
#include "../core/error.hpp"
#include "../core/tensor.hpp"
#include "../core/text.hpp"
#include "pickle.hpp"
#include "zip_archive.hpp"

namespace musicgen::inline MUSICGEN_ABI::detail {

/// An element of HalfStorage: 1 bit for the sign, 5 for the exponent, 10 for the fraction (IEEE 754).
struct Half {
  std::uint16_t bits;
  explicit operator double() const {
    const int exponent = bits >> 10 & 31, fraction = bits & 1023;
    const double size = exponent == 31  ? (fraction == 0 ? HUGE_VAL : std::nan(""))
                        : exponent == 0 ? std::ldexp(fraction, -24)
                                        : std::ldexp(1024 + fraction, exponent - 25);
    return (bits & 0x8000) == 0 ? size : -size;
  }
};
/// An element of BFloat16Storage.
struct Bf16 {
  std::uint16_t bits;
  explicit operator double() const { return static_cast<double>(from_bf16(bits)); }
};

/// A tensor as its pickle describes it, not yet checked against the storage.
struct TorchTensor {
  std::string_view storage_type;  ///< "torch.FloatStorage"
  std::string_view storage;       ///< key
  std::int64_t storage_size;      ///< elements
  std::int64_t offset;            ///< elements
  Shape shape, strides;           ///< of the same size, not negative
};

inline constexpr std::array<std::string_view, 17> torch_names{
    "torch._utils._rebuild_tensor_v2",
    "torch._utils._rebuild_parameter",
    "torch.FloatStorage",
    "torch.DoubleStorage",
    "torch.HalfStorage",
    "torch.BFloat16Storage",
    "torch.LongStorage",  // not weights, but often beside them
    "torch.IntStorage",
    "torch.ShortStorage",
    "torch.CharStorage",
    "torch.ByteStorage",
    "torch.BoolStorage",
    "torch.Size",
    "collections.Counter",
    "_codecs.encode",  // bytes
    "builtins.set",
    "__builtin__.set"};

/// @return  `bytes`
/// @throws Error  if they are not such an archive, saying what they are, and how PyTorch converts it
inline std::span<const unsigned char> require_archive(std::span<const unsigned char> bytes,
                                                      const std::filesystem::path& file) {
  const std::string_view all(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  constexpr std::string_view legacy("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19", 14);
  if (all.starts_with("PK\3\4")) return bytes;
  if (all.starts_with(legacy))
    throw file_error(file, "is in PyTorch's format from before 1.6; convert it in Python: torch.save(torch.load(\"" +
                               file.filename().string() + R"(", map_location="cpu"), "new.pt"))");
  throw file_error(file, 0, "is not a PyTorch checkpoint");
}

/// The objects and tensors in such an archive. To be used by one thread at a time.
class TorchArchive {
 public:
  /// @param bytes  of the file; must outlive this
  /// @param file   its name, for errors
  /// @throws Error  if it is not an archive of torch.save, or contains anything but tensors and containers
  TorchArchive(std::span<const unsigned char> bytes, std::filesystem::path file)
      : file_(std::move(file)), size_(bytes.size()), zip_(require_archive(bytes, file_), file_) {
    folder_ = find_folder();
    if (zip_.contains(folder_ + "constants.pkl"))
      throw file_error(file_, "is a TorchScript archive; convert it in Python: torch.save(torch.jit.load(\"" +
                                  file_.filename().string() + R"(", "cpu").state_dict(), "new.pt"))");
    if (zip_.contains(folder_ + "byteorder")) {
      const auto order = zip_.read(folder_ + "byteorder");
      const std::string text(order.begin(), order.end());
      if (text != "little" && text != "big")
        throw file_error(file_, "has the unknown byte order \"" + printable(text) + '"');
      big_endian_ = text == "big";
    }
    pickle_ = zip_.read(folder_ + "data.pkl");
    unpickler_.emplace(pickle_, torch_names, file_.string() + ": " + printable(folder_ + "data.pkl"));
    root_ = unpickler_->run();
  }

  [[nodiscard]] const std::filesystem::path& file() const { return file_; }
  [[nodiscard]] std::size_t size() const { return size_; }  ///< bytes
  [[nodiscard]] const PickleValue& root() const { return root_; }

  /// An entry beside the pickle; nothing if there is none.
  [[nodiscard]] std::optional<std::vector<unsigned char>> entry(const std::string& name) const {
    return zip_.contains(folder_ + name) ? std::optional(zip_.read(folder_ + name)) : std::nullopt;
  }

  /// A value as a tensor, or as the tensor of a parameter.
  /// @return  nothing if it is not a tensor
  [[nodiscard]] static std::optional<TorchTensor> tensor(const PickleValue& value) {
    if (const PickleObject* parameter = arguments_of(value, "torch._utils._rebuild_parameter"))
      return parameter->values.empty() ? std::nullopt : rebuilt(parameter->values[0]);
    return rebuilt(value);
  }

  /// Copies a tensor of one or two dimensions, row by row and converted.
  /// @param name  for errors
  /// @throws Error  if the tensor extends beyond its storage, does not consist of floating-point numbers, or has one
  /// that
  ///                is not finite
  template <class T>
  void copy(const TorchTensor& tensor, const std::string& name, std::span<T> out) {
    const auto bad = [&](const std::string& what) { return file_error(file_, "tensor \"" + name + "\" " + what); };
    if (!fits(tensor)) throw bad("reaches beyond its storage");
    const auto copy_as = [&]<class From>(From) {
      copy_elements<From>(tensor, storage(tensor, sizeof(From), name), out);
    };
    if (tensor.storage_type == "torch.FloatStorage")
      copy_as(float{});
    else if (tensor.storage_type == "torch.DoubleStorage")
      copy_as(double{});
    else if (tensor.storage_type == "torch.HalfStorage")
      copy_as(Half{});
    else if (tensor.storage_type == "torch.BFloat16Storage")
      copy_as(Bf16{});
    else
      throw bad("is not of floating-point numbers but a " + std::string(tensor.storage_type));
    if (!std::all_of(out.begin(), out.end(), [](T x) { return std::isfinite(x); }))
      throw bad("has a value that is not a finite number");
  }

 private:
  /// The folder of the pickle, including its slash.
  std::string find_folder() const {
    std::optional<std::string> folder;
    constexpr std::string_view pickle = "data.pkl";
    for (const std::string& name : zip_.names()) {
      if (!name.ends_with(pickle)) continue;
      const std::string before = name.substr(0, name.size() - pickle.size());
      if (std::count(before.begin(), before.end(), '/') != 1 || before.back() != '/') continue;
      if (folder) throw file_error(file_, "has more than one data.pkl");
      folder = before;
    }
    if (!folder)
      throw file_error(file_, "is a zip archive, but not a PyTorch checkpoint: it has no data.pkl in a folder");
    return *folder;
  }

  static std::optional<TorchTensor> rebuilt(const PickleValue& value) {
    const PickleObject* arguments = arguments_of(value, "torch._utils._rebuild_tensor_v2");
    // storage, offset, sizes, strides, requires_grad, hooks; a seventh would mark a conjugate or a negative
    if (arguments == nullptr || arguments->values.size() != 6) return std::nullopt;
    const auto& values = arguments->values;
    const PickleObject* outside = object_of(values[0], PickleObject::Kind::persistent);
    const PickleObject* storage =
        outside == nullptr ? nullptr : object_of(outside->values[0], PickleObject::Kind::tuple);
    if (storage == nullptr || storage->values.size() != 5) return std::nullopt;
    const auto is = std::get_if<std::string_view>(&storage->values[0]);
    const PickleObject* type = object_of(storage->values[1], PickleObject::Kind::global);
    const auto key = std::get_if<std::string_view>(&storage->values[2]);
    const auto size = count(storage->values[4]), offset = count(values[1]);
    auto shape = counts(values[2]), strides = counts(values[3]);
    if (is == nullptr || *is != "storage" || type == nullptr || key == nullptr || !size || !offset || !shape ||
        !strides || shape->size() != strides->size())
      return std::nullopt;
    return TorchTensor{type->name, *key, *size, *offset, std::move(*shape), std::move(*strides)};
  }
  /// A whole number that is not negative.
  static std::optional<std::int64_t> count(const PickleValue& value) {
    const auto number = std::get_if<std::int64_t>(&value);
    return number != nullptr && *number >= 0 ? std::optional(*number) : std::nullopt;
  }
  static std::optional<Shape> counts(const PickleValue& value) {
    const PickleObject* tuple = object_of(value, PickleObject::Kind::tuple);
    if (tuple == nullptr) return std::nullopt;
    Shape all;
    for (const PickleValue& element : tuple->values) {
      const auto number = count(element);
      if (!number) return std::nullopt;
      all.push_back(*number);
    }
    return all;
  }

  /// Whether all elements lie within the storage.
  static bool fits(const TorchTensor& t) {
    if (std::count(t.shape.begin(), t.shape.end(), 0) > 0) return true;
    std::int64_t left = t.storage_size - 1 - t.offset;  // elements beyond the first
    for (std::size_t i = 0; i < t.shape.size() && left >= 0; ++i) {
      if (t.strides[i] > 0 && t.shape[i] - 1 > left / t.strides[i]) return false;
      left -= (t.shape[i] - 1) * t.strides[i];
    }
    return left >= 0;
  }

  /// The bytes of a tensor's storage, read once.
  const std::vector<unsigned char>& storage(const TorchTensor& tensor, std::size_t element, const std::string& name) {
    const std::string key(tensor.storage);
    auto found = storages_.find(key);
    if (found == storages_.end()) found = storages_.emplace(key, zip_.read(folder_ + "data/" + key)).first;
    const auto size = static_cast<std::uint64_t>(tensor.storage_size), bytes = std::uint64_t{found->second.size()};
    if (bytes % element != 0 || bytes / element != size)
      throw file_error(file_, "tensor \"" + name + "\" wants " + std::to_string(size) + " elements of " +
                                  std::to_string(element) + " bytes in entry \"data/" + printable(key) +
                                  "\", which has " + std::to_string(bytes) + " bytes");
    return found->second;
  }

  template <class From, class T>
  void copy_elements(const TorchTensor& t, const std::vector<unsigned char>& bytes, std::span<T> out) const {
    const std::int64_t row_stride = t.shape.size() == 2 ? t.strides[0] : 0;
    const std::int64_t columns = t.shape.back(), column_stride = t.strides.back();
    std::int64_t row = 0, column = 0;
    for (T& element : out) {
      const auto at = static_cast<std::size_t>(t.offset + row * row_stride + column * column_stride) * sizeof(From);
      std::array<unsigned char, sizeof(From)> stored;
      std::memcpy(stored.data(), bytes.data() + at, sizeof stored);
      if (big_endian_) std::reverse(stored.begin(), stored.end());
      element = static_cast<T>(static_cast<double>(std::bit_cast<From>(stored)));
      if (++column == columns) column = 0, ++row;
    }
  }

  std::filesystem::path file_;
  std::size_t size_;
  ZipReader zip_;
  std::string folder_;  // "NAME/"
  bool big_endian_ = false;
  std::vector<unsigned char> pickle_;
  std::optional<Unpickler> unpickler_;  // owns what root_ refers to
  PickleValue root_;
  std::map<std::string, std::vector<unsigned char>> storages_;  // by key
};

}  // namespace musicgen::inline MUSICGEN_ABI::detail
