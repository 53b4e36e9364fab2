// Checkpoints built piece by piece, both like those of torch.save and unlike them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <map>
#include <musicgen/core/tensor.hpp>
#include <musicgen/import/pickle_writer.hpp>
#include <musicgen/import/torch.hpp>
#include <musicgen/import/zip_archive.hpp>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace musicgen::test {

using musicgen::detail::PickleCode;
using musicgen::detail::Pickler;
using Bytes = std::vector<unsigned char>;

inline Bytes bytes_of(std::string_view text) {
  return Bytes(text.begin(), text.end());
}
/// The bytes of numbers in memory.
template <class T>
std::string raw(const std::vector<T>& numbers) {
  return {reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(T)};
}

/// An archive of these entries.
inline Bytes zipped(const std::map<std::string, std::string>& entries) {
  musicgen::detail::ZipWriter writer;
  for (const auto& [name, content] : entries) writer.add(name, content);
  return writer.bytes();
}
/// Replaces every occurrence of `from` by `to`, which has the same length.
inline Bytes replaced(Bytes bytes, std::string_view from, std::string_view to) {
  const Bytes wanted = bytes_of(from);
  for (auto at = bytes.begin(); (at = std::search(at, bytes.end(), wanted.begin(), wanted.end())) != bytes.end();)
    at = std::copy(to.begin(), to.end(), at);
  return bytes;
}

struct StoredTensor {
  std::string storage_type, key;
  std::int64_t storage_size, offset;
  Shape shape, strides;
};

inline void add(Pickler& pickle, const Shape& numbers) {
  pickle.code(PickleCode::mark);
  for (const std::int64_t number : numbers) pickle.number(number);
  pickle.code(PickleCode::tuple);
}
/// Pushes a tensor.
inline void add(Pickler& pickle, const StoredTensor& t) {
  pickle.global("torch._utils", "_rebuild_tensor_v2").code(PickleCode::mark);
  pickle.code(PickleCode::mark).text("storage").global("torch", t.storage_type).text(t.key).text("cpu");
  pickle.number(t.storage_size).code(PickleCode::tuple).code(PickleCode::binpersid).number(t.offset);
  add(pickle, t.shape);
  add(pickle, t.strides);
  pickle.code(PickleCode::newfalse).code(PickleCode::empty_dict).code(PickleCode::tuple).code(PickleCode::reduce);
}
/// A dictionary with one tensor.
inline std::string dictionary_of(const std::string& name, const StoredTensor& tensor) {
  Pickler pickle;
  pickle.code(PickleCode::empty_dict).text(name);
  add(pickle, tensor);
  return pickle.code(PickleCode::setitem).code(PickleCode::stop).bytes();
}

/// A model without a vocabulary: V 5, E 2, H 3, L 2.
inline Model<> tiny_model(std::uint64_t seed = 1) {
  return Model<>({{5, 2, 3, 2}, std::nullopt, {}, false}, seed);
}
inline bool same_weights(const Model<>& a, const Model<>& b) {
  const auto x = a.weights().tensors(), y = b.weights().tensors();
  return std::equal(x.begin(), x.end(), y.begin(), y.end(), [](const auto& s, const auto& t) {
    return s.name == t.name && s.shape == t.shape && std::equal(s.values.begin(), s.values.end(), t.values.begin());
  });
}

/// A model's tensors, each with its own storage, as entries for zipped(), and the pickle code that pushes them.
struct StateDict {
  std::map<std::string, std::string> entries;
  std::vector<std::pair<std::string, StoredTensor>> tensors;

  explicit StateDict(const Model<>& model) {
    for (const auto& t : model.weights().tensors()) {
      const std::string key = std::to_string(tensors.size());
      entries["x/data/" + key] = raw(std::vector<float>(t.values.begin(), t.values.end()));
      tensors.push_back({t.name, {"FloatStorage", key, std::ssize(t.values), 0, t.shape, strides(t.shape)}});
    }
  }
  StoredTensor& operator[](const std::string& name) {
    return std::find_if(tensors.begin(), tensors.end(), [&](const auto& t) { return t.first == name; })->second;
  }
  void add_to(Pickler& pickle, const std::string& prefix = "") const {
    pickle.code(PickleCode::empty_dict).code(PickleCode::mark);
    for (const auto& [name, tensor] : tensors) {
      pickle.text(prefix + name);
      add(pickle, tensor);
    }
    pickle.code(PickleCode::setitems);
  }
  /// A checkpoint with this pickle; by default only the state dict.
  Bytes checkpoint(std::string pickle = "") const {
    if (pickle.empty()) {
      Pickler alone;
      add_to(alone);
      pickle = alone.code(PickleCode::stop).bytes();
    }
    auto all = entries;
    all["x/data.pkl"] = pickle;
    all["x/version"] = "3\n";
    return zipped(all);
  }

 private:
  static Shape strides(const Shape& shape) { return shape.size() == 2 ? Shape{shape[1], 1} : Shape{1}; }
};

/// Why a checkpoint is refused; otherwise nothing.
inline std::string checkpoint_refusal(std::span<const unsigned char> bytes) {
  try {
    static_cast<void>(parse_torch(bytes, "t.pt"));
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}

}  // namespace musicgen::test
