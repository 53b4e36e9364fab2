// Definitions of model.hpp.
#pragma once

#include <cmath>
#include <new>
#include <string>
#include <utility>

#include "../core/error.hpp"
#include "../core/random.hpp"
#include "../core/tensor.hpp"
#include "model.hpp"

namespace musicgen::inline MUSICGEN_ABI {

template <Backend B>
Model<B>::Model(ModelConfig config, std::uint64_t seed) : config_(std::move(config)) {
  require_valid(config_);
  constexpr double address_space = 0x1p47;
  const double bytes = static_cast<double>(parameter_count()) * sizeof(Scalar);
  try {
    if (bytes > address_space) throw std::bad_alloc();
    weights_ = drawn(config_, seed);
  } catch (const std::bad_alloc&) {
    const Dimensions& d = config_.dimensions;
    throw Error("model: out of memory: with embedding " + std::to_string(d.E) + ", hidden " + std::to_string(d.H) +
                " and layers " + std::to_string(d.L) + " the weights alone take " +
                std::to_string(std::llround(std::ceil(bytes / 0x1p30))) + " GiB");
  }
}

template <Backend B>
Model<B>::Model(const Model& other) = default;
template <Backend B>
Model<B>::Model(Model&& other) noexcept = default;
template <Backend B>
Model<B>& Model<B>::operator=(const Model& other) = default;
template <Backend B>
Model<B>& Model<B>::operator=(Model&& other) noexcept = default;
template <Backend B>
Model<B>::~Model() = default;

template <Backend B>
Model<B>::Model(ModelConfig config, Parameters weights) : config_(std::move(config)), weights_(std::move(weights)) {
  require_valid(config_);
  const typename B::HostParameters& host = B::to_host(weights_);  // no copy if they are on the host
  const auto found = host.tensors();
  const auto expected = tensor_shapes(config_.dimensions);
  if (found.size() != expected.size())
    throw Error("model: " + std::to_string(found.size()) + " weights, expected " + std::to_string(expected.size()));
  for (std::size_t i = 0; i < found.size(); ++i)
    if (found[i].shape != expected[i].shape)
      throw Error("model: tensor \"" + expected[i].name + "\" has shape " + to_string(found[i].shape) + ", expected " +
                  to_string(expected[i].shape));
}

template <Backend B>
const Vocabulary& Model<B>::vocabulary() const {
  if (!config_.vocabulary) throw Error("the model has no vocabulary");
  return *config_.vocabulary;
}

template <Backend B>
std::int64_t Model<B>::parameter_count() const {
  std::int64_t count = 0;
  for (const auto& t : tensor_shapes(config_.dimensions)) count += element_count(t.shape);
  return count;
}

template <Backend B>
void Model<B>::set_products(Precision products) {
  if (products == Precision::int8) throw Error("products are computed in fp32 or bf16, not in int8");
  products_ = products;
}

template <Backend B>
double Model<B>::forward(const Sequences& batch) {
  products_of_forward_ = products_;
  const Pass pass = upload(batch, activations_, true);
  compute_logits(pass, activations_);
  B::loss(pass, activations_);
  return loss();
}

template <Backend B>
void Model<B>::forward_backward(const Sequences& batch) {
  const Pass pass = upload(batch, activations_, true);
  B::capture(weights_, gradients_, pass, activations_, [&] {
    compute_logits(pass, activations_);
    B::loss(pass, activations_);
    backward_of(pass);
  });
}

template <Backend B>
void Model<B>::backward(const Sequences& batch) {
  Pass pass = pass_of(batch, true);
  pass.products = products_of_forward_;
  backward_of(pass);
}

template <Backend B>
void Model<B>::backward_of(const Pass& pass) {
  if (has_gradients_)
    gradients_.set_zero();
  else
    gradients_ = B::zeros(config_.dimensions);
  has_gradients_ = true;
  B::head_backward(weights_, pass, activations_, gradients_);
  B::attend_backward(pass, activations_);
  B::gru_stack_backward(weights_, pass, activations_, gradients_);
  B::embed_backward(weights_, pass, activations_, gradients_);
}

template <Backend B>
auto Model<B>::logits(const Sequences& batch, Workspace& workspace) const -> Logits {
  const Pass pass = upload(batch, workspace, false);
  compute_logits(pass, workspace);
  return B::logits(pass, workspace);
}

template <Backend B>
auto Model<B>::nll(const Sequences& batch, Workspace& workspace) const -> std::span<const Scalar> {
  const Pass pass = upload(batch, workspace, false);
  compute_logits(pass, workspace);
  B::loss(pass, workspace);
  return B::nll(workspace);
}

template <Backend B>
typename B::Decoder Model<B>::decoder(int batch, int window, Precision precision) const {
  return typename B::Decoder(weights_, batch, window, precision, config_.attention);
}

template <Backend B>
auto Model<B>::drawn(const ModelConfig& config, std::uint64_t seed) -> Parameters {
  auto weights = B::HostParameters::zeros(config.dimensions);
  std::uint64_t stream = 0;
  for (auto& t : weights.tensors()) {
    Random random(seed, stream++);
    const double H = config.dimensions.H;
    const double widened = t.name == "hidden2vocab.weight" ? config.initialization.output : 1;
    const double bound = widened / std::sqrt(t.name.starts_with("combine") ? 2 * H : H);
    // Contexts begin at zero: drawn as widely as tokens, they would drown them out.
    const Dimensions& d = config.dimensions;
    const bool embedding = t.name == "embed.weight";
    for (Scalar& w :
         t.values.first(embedding ? static_cast<std::size_t>(d.V) * static_cast<std::size_t>(d.E) : t.values.size()))
      w = static_cast<Scalar>(t.name == "embed.weight" ? config.initialization.embedding * random.normal()
                                                       : (2 * random.uniform() - 1) * bound);
  }
  return B::from_host(std::move(weights));
}

template <Backend B>
Pass Model<B>::pass_of(const Sequences& batch, bool for_backward) const {
  return {batch, products_, config_.attention, config_.dimensions.copies, for_backward};
}

template <Backend B>
Pass Model<B>::upload(const Sequences& batch, Workspace& workspace, bool for_backward) const {
  const Pass pass = pass_of(batch, for_backward);
  B::upload(weights_, pass, workspace);
  return pass;
}

template <Backend B>
void Model<B>::compute_logits(const Pass& pass, Workspace& workspace) const {
  B::embed(weights_, pass, workspace);
  B::gru_stack_forward(weights_, pass, workspace);
  B::attend(pass, workspace);
  B::head(weights_, pass, workspace);
}

}  // namespace musicgen::inline MUSICGEN_ABI
