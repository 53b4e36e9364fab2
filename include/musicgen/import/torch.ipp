// Definitions of torch.hpp.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string_view>
#include <type_traits>
#include <utility>

#include "../core/error.hpp"
#include "../core/files.hpp"
#include "../core/json.hpp"
#include "../core/tensor.hpp"
#include "../core/text.hpp"
#include "../model/metadata.hpp"
#include "pickle_writer.hpp"
#include "torch.hpp"
#include "torch_archive.hpp"

namespace musicgen::inline MUSICGEN_ABI {

namespace detail {

/// Keys under which training programs store the state dict beside other things.
inline constexpr std::array<const char*, 3> torch_state_dict_keys{"state_dict", "model_state_dict", "model"};

/// The weights in a checkpoint, by name.
class TorchStateDict {
 public:
  struct Entry {
    Shape shape;
    TorchTensor tensor;
  };

  /// @throws Error  if the checkpoint has no such weights, or weights with more elements than it has bytes
  TorchStateDict(TorchArchive& archive, TorchReport& report) : archive_(archive) {
    const PickleObject& weights = find_weights(report);
    report.prefix = find_prefix(weights);
    auto left = static_cast<std::int64_t>(archive.size());
    for_each_item(weights, [&](std::string_view key, const PickleValue& value) {
      const auto tensor = TorchArchive::tensor(value);
      if (!tensor || !key.starts_with(report.prefix)) {
        report.ignored.push_back(printable(key));
        return;
      }
      const std::string name(key.substr(report.prefix.size()));
      left -= require_small(name, tensor->shape, left);
      entries_.insert_or_assign(name, Entry{tensor->shape, *tensor});
    });
  }

  /// @throws Error  naming the file and the tensor, if there is none of that name
  const Entry& entry(const std::string& name) const {
    const auto found = entries_.find(name);
    if (found == entries_.end()) throw file_error(archive_.file(), "has no tensor \"" + name + "\"");
    return found->second;
  }

  /// The sizes of the network, from the shapes of its weights.
  /// @throws Error  if they are not those of this network
  Dimensions dimensions() const {
    const auto extent = [&](const char* name, std::size_t axis) {
      const Shape& shape = entry(name).shape;
      if (shape.size() != 2 || shape[axis] < 1 || shape[axis] > std::numeric_limits<int>::max() / 3)
        throw file_error(archive_.file(), std::string("tensor \"") + name + "\" has shape " + to_string(shape) +
                                              ", which no layer of this network has");
      return static_cast<int>(shape[axis]);
    };
    Dimensions d{extent("embed.weight", 0), extent("embed.weight", 1), extent("hidden2vocab.weight", 1), 0};
    while (entries_.contains("gru.weight_ih_l" + std::to_string(d.L))) ++d.L;
    if (d.L == 0) entry("gru.weight_ih_l0");  // throws that it is missing
    require_dimensions([&](const std::string& name) { return entry(name).shape; }, d, archive_.file());
    return d;
  }

  /// Copies every weight into place.
  /// @throws Error  naming a tensor that is missing, has another shape, or does not belong to the network
  template <class Parameters>
  void read_into(Parameters& parameters) {
    std::set<std::string> missed;
    for (const auto& [name, entry] : entries_) missed.insert(name);
    for (auto& t : parameters.tensors()) {
      const Entry& e = entry(t.name);
      if (e.shape != t.shape)
        throw file_error(archive_.file(), "tensor \"" + t.name + "\" has shape " + to_string(e.shape) + ", expected " +
                                              to_string(t.shape));
      archive_.copy(e.tensor, t.name, t.values);
      missed.erase(t.name);
    }
    if (!missed.empty())
      throw file_error(archive_.file(), "has the tensor \"" + printable(*missed.begin()) +
                                            "\", which this network has not: it would compute something else");
  }

 private:
  /// Calls f(key, value) for every entry whose key is a text.
  template <class F>
  static void for_each_item(const PickleObject& dictionary, F&& f) {
    for (std::size_t i = 0; i + 1 < dictionary.values.size(); i += 2)
      if (const auto key = std::get_if<std::string_view>(&dictionary.values[i])) f(*key, dictionary.values[i + 1]);
  }
  static bool is_embedding(std::string_view key) { return key == "embed.weight" || key.ends_with(".embed.weight"); }

  static const PickleObject* as_weights(const PickleValue& value) {
    const PickleObject* dictionary = object_of(value, PickleObject::Kind::dictionary);
    bool found = false;
    if (dictionary != nullptr)
      for_each_item(*dictionary, [&](std::string_view key, const PickleValue&) { found |= is_embedding(key); });
    return found ? dictionary : nullptr;
  }

  const PickleObject& find_weights(TorchReport& report) const {
    const PickleValue& root = archive_.root();
    if (const PickleObject* all = as_weights(root)) return *all;
    const PickleObject* dictionary = object_of(root, PickleObject::Kind::dictionary);
    if (dictionary == nullptr) throw file_error(archive_.file(), "holds no dictionary, and so no state dict");
    const PickleObject* weights = nullptr;
    for (const char* wanted : torch_state_dict_keys)
      for_each_item(*dictionary, [&](std::string_view key, const PickleValue& value) {
        if (weights != nullptr || key != wanted) return;
        weights = as_weights(value);
        if (weights != nullptr) report.key = wanted;
      });
    std::string keys;
    for_each_item(*dictionary, [&](std::string_view key, const PickleValue&) {
      if (key == report.key) return;
      report.ignored.push_back(printable(key));
      if (keys.size() < 200) keys += (keys.empty() ? "" : ", ") + report.ignored.back();
    });
    if (weights == nullptr)
      throw file_error(archive_.file(),
                       "has no \"embed.weight\", neither at the top nor under \"state_dict\", "
                       "\"model_state_dict\" or \"model\"; its keys: " +
                           keys);
    return *weights;
  }

  /// The prefix of the names of this network's weights.
  std::string find_prefix(const PickleObject& weights) const {
    std::set<std::string_view> names;
    for_each_item(weights, [&](std::string_view key, const PickleValue&) {
      if (is_embedding(key)) names.insert(key);
    });
    if (names.size() > 1 && !names.contains("embed.weight"))
      throw file_error(archive_.file(), "has more than one network: \"" + printable(*names.begin()) + "\" and \"" +
                                            printable(*names.rbegin()) + '"');
    const std::string_view name = names.contains("embed.weight") ? "embed.weight" : *names.begin();
    return std::string(name.substr(0, name.size() - std::string_view("embed.weight").size()));
  }

  /// @return  the number of elements of the shape, at most `left`
  std::int64_t require_small(const std::string& name, const Shape& shape, std::int64_t left) const {
    std::int64_t count = 1;
    for (const std::int64_t extent : shape) {
      if (extent > 0 && count > left / extent)
        throw file_error(archive_.file(), "tensor \"" + printable(name) + "\" has shape " +
                                              printable(to_string(shape)) + ", too large for a file of this size");
      count *= extent;
    }
    return count;
  }

  TorchArchive& archive_;
  std::map<std::string, Entry> entries_;
};

/// What a file written by save_torch() has besides the weights.
inline std::optional<ModelConfig> torch_config(const TorchArchive& archive) {
  const auto text = archive.entry("extra/musicgen.json");
  if (!text) return std::nullopt;
  const auto j = parse_json(*text);
  if (!j.is_object()) throw file_error(archive.file(), "entry \"extra/musicgen.json\" is not a JSON object");
  return parse_metadata({reinterpret_cast<const char*>(text->data()), text->size()}, archive.file());
}

/// The call that makes a tensor from a whole storage.
inline void add_tensor(Pickler& pickle, const std::string& name, const Shape& shape, const char* storage_type,
                       const std::string& key) {
  const auto numbers = [&](const Shape& all) {
    pickle.code(PickleCode::mark);
    for (const std::int64_t number : all) pickle.number(number);
    pickle.code(PickleCode::tuple);
  };
  pickle.text(name).global("torch._utils", "_rebuild_tensor_v2").code(PickleCode::mark);
  pickle.code(PickleCode::mark).text("storage").global("torch", storage_type).text(key).text("cpu");
  pickle.number(element_count(shape)).code(PickleCode::tuple).code(PickleCode::binpersid);
  pickle.number(0);
  numbers(shape);
  numbers(shape.size() == 2 ? Shape{shape[1], 1} : Shape{1});
  pickle.code(PickleCode::newfalse).global("collections", "OrderedDict").code(PickleCode::empty_tuple);
  pickle.code(PickleCode::reduce).code(PickleCode::tuple).code(PickleCode::reduce);
}

}  // namespace detail

template <Backend B>
Model<B> parse_torch(std::span<const unsigned char> bytes, const std::filesystem::path& file,
                     std::optional<Vocabulary> vocabulary, TorchReport* report) {
  TorchReport found;
  detail::TorchArchive archive(bytes, file);
  detail::TorchStateDict state(archive, found);
  const auto told = detail::torch_config(archive);
  const Dimensions d = state.dimensions();
  if (told && told->dimensions != d)
    throw file_error(file, "entry \"extra/musicgen.json\" tells of another model than this");
  ModelConfig config = told.value_or(ModelConfig{d, std::nullopt, {}, /*canonical=*/false});
  if (vocabulary && vocabulary->size() != d.V)
    throw file_error(file, "tensor \"embed.weight\" has shape " + to_string(state.entry("embed.weight").shape) +
                               ", but the vocabulary has " + std::to_string(vocabulary->size()) + " tokens");
  if (vocabulary) config.vocabulary = std::move(vocabulary);
  auto weights = B::HostParameters::zeros(d);
  state.read_into(weights);
  if (report != nullptr) *report = std::move(found);
  return Model<B>(std::move(config), B::from_host(std::move(weights)));
}

template <Backend B>
Model<B> load_torch(const std::filesystem::path& file, std::optional<Vocabulary> vocabulary, TorchReport* report) {
  return parse_torch<B>(read_bytes(file), file, std::move(vocabulary), report);
}

template <Backend B>
std::vector<unsigned char> torch_bytes(const Model<B>& model) {
  using detail::PickleCode;
  const char* type = std::is_same_v<typename B::Scalar, double> ? "DoubleStorage" : "FloatStorage";
  const std::string config = to_metadata(model.config());
  const auto& weights = B::to_host(model.weights());
  const auto tensors = weights.tensors();
  detail::Pickler pickle;
  pickle.global("collections", "OrderedDict").code(PickleCode::empty_tuple).code(PickleCode::reduce);
  pickle.code(PickleCode::mark);
  for (std::size_t i = 0; i < tensors.size(); ++i)
    detail::add_tensor(pickle, tensors[i].name, tensors[i].shape, type, std::to_string(i));
  pickle.code(PickleCode::setitems).code(PickleCode::stop);

  detail::ZipWriter zip;
  zip.add("model/data.pkl", pickle.bytes());
  zip.add("model/byteorder", "little");
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const auto values = std::as_bytes(tensors[i].values);
    zip.add("model/data/" + std::to_string(i), {reinterpret_cast<const unsigned char*>(values.data()), values.size()});
  }
  zip.add("model/extra/musicgen.json", config);
  zip.add("model/version", "3\n");  // the version of PyTorch's format
  return zip.bytes();
}

template <Backend B>
void save_torch(const std::filesystem::path& file, const Model<B>& model) {
  const auto bytes = torch_bytes(model);
  write_bytes(file, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

}  // namespace musicgen::inline MUSICGEN_ABI
