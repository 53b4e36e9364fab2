// Definitions of model_file.hpp.
#pragma once

#include <algorithm>
#include <cmath>
#include <string_view>
#include <utility>

#include "../core/error.hpp"
#include "metadata.hpp"
#include "model_file.hpp"

namespace musicgen::inline MUSICGEN_ABI {

template <Backend B>
void save_model(const std::filesystem::path& path, const Model<B>& model, Precision storage) {
  to_safetensors(model, storage).write(path);
}

template <Backend B>
Model<B> load_model(const std::filesystem::path& path) {
  return from_safetensors<B>(Safetensors::read(path));
}

template <Backend B>
Model<B> parse_model(std::span<const std::byte> bytes, const std::filesystem::path& name) {
  return from_safetensors<B>(Safetensors::parse(bytes, name));
}

template <Backend B>
Safetensors to_safetensors(const Model<B>& model, Precision storage) {
  Safetensors file;
  file.metadata()["musicgen"] = to_metadata(model.config());
  add_parameters<B>(file, model.weights(), "", storage);
  return file;
}

template <Backend B>
Model<B> from_safetensors(const Safetensors& file) {
  ModelConfig config = config_of(file);
  auto weights = read_parameters<B>(file, config.dimensions);
  return Model<B>(std::move(config), std::move(weights));
}

MUSICGEN_INLINE ModelConfig config_of(const Safetensors& file) {
  const auto found = file.metadata().find("musicgen");
  ModelConfig config = parse_metadata(found == file.metadata().end() ? std::string_view() : found->second, file.path());
  require_dimensions([&](const std::string& name) { return file.entry(name).shape; }, config.dimensions, file.path());
  return config;
}

template <Backend B>
void add_parameters(Safetensors& file, const typename B::Parameters& parameters, const std::string& prefix,
                    Precision storage) {
  const typename B::HostParameters& host = B::to_host(parameters);  // no copy if they are on the host
  for (const auto& t : host.tensors()) {
    const std::span<const typename B::Scalar> values(t.values);
    if (storage == Precision::int8 && t.shape.size() == 2)
      file.add_int8(prefix + t.name, t.shape, values);
    else if (storage == Precision::bf16)
      file.add_bf16(prefix + t.name, t.shape, values);
    else
      file.add(prefix + t.name, t.shape, values);
  }
}

template <Backend B>
typename B::Parameters read_parameters(const Safetensors& file, const Dimensions& d, const std::string& prefix) {
  auto p = B::HostParameters::zeros(d);
  for (auto& t : p.tensors()) {
    file.read_into(prefix + t.name, t.shape, t.values);
    if (!std::all_of(t.values.begin(), t.values.end(), [](auto x) { return std::isfinite(x); }))
      throw file_error(file.path(), "tensor \"" + prefix + t.name + "\" has a number that is not finite");
  }
  return B::from_host(std::move(p));
}

}  // namespace musicgen::inline MUSICGEN_ABI
