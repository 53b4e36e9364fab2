// A reference model with PyTorch's results, and the check of a backend against them.
#pragma once

#include <cmath>
#include <filesystem>
#include <musicgen/model.hpp>
#include <musicgen/train/sequences.hpp>
#include <string>
#include <vector>

#include "backend/cpu/numeric.hpp"

namespace musicgen::test {

struct GoldenCase {
  Safetensors file;
  Batch batch;
  Dimensions dimensions;
  double forcing, clip, learning_rate;

  explicit GoldenCase(const std::filesystem::path& path) : file(Safetensors::read(path)) {
    const Shape input = file.entry("input").shape, target = file.entry("target").shape;
    const Shape embedding = file.entry("weight.embed.weight").shape,
                combine = file.entry("weight.combine_ctx.weight").shape;
    const auto number = [&](const char* key) { return std::stod(file.metadata().at(key)); };
    dimensions = {static_cast<int>(embedding[0]), static_cast<int>(embedding[1]), static_cast<int>(combine[0]),
                  static_cast<int>(number("layers"))};
    forcing = number("forcing");
    clip = number("clip");
    learning_rate = file.metadata().contains("lr") ? number("lr") : 0.01;
    batch.B = static_cast<int>(input[0]);
    batch.input_length = static_cast<int>(input[1]);
    batch.target_length = static_cast<int>(target[1]);
    const auto given = file.values<std::int64_t>("input"), wanted = file.values<std::int64_t>("target");
    for (int b = 0; b < batch.B; ++b) {
      batch.tokens.insert(batch.tokens.end(), given.begin() + b * input[1], given.begin() + (b + 1) * input[1]);
      batch.tokens.insert(batch.tokens.end(), wanted.begin() + b * target[1], wanted.begin() + (b + 1) * target[1]);
    }
  }
};

/// Checks logits, loss, gradients and three steps of Adam.
template <Backend B>
void check_golden(const GoldenCase& c, double tolerance) {
  ModelConfig config;
  config.dimensions = c.dimensions;
  Model<B> model(config, read_parameters<B>(c.file, c.dimensions, "weight."));
  auto m = B::zeros(c.dimensions), v = B::zeros(c.dimensions);
  const Dimensions d = c.dimensions;

  for (int step = 1; step <= 3; ++step) {
    TrainingSequences sequences;
    sequences.assign(c.batch, Vocabulary::standard());
    if (c.forcing < 1) sequences.force(model, c.forcing, Random(1));
    const Sequences batch = sequences.view();
    if (step == 1) {
      const auto expected = c.file.values<double>("logits");  // (B, Q, V); ours are (Q*B, V)
      const auto& logits = model.logits(batch);
      std::vector<double> ours(expected.size());
      for (int b = 0; b < batch.B; ++b)
        for (int q = 0; q < batch.Q; ++q)
          for (int k = 0; k < d.V; ++k)
            ours[static_cast<std::size_t>((b * batch.Q + q) * d.V + k)] =
                static_cast<double>(logits(q * batch.B + b, k));
      CHECK(relative_difference(ours, expected) < tolerance);
    }
    const double loss = model.forward(batch);
    model.backward(batch);
    if (step == 1) {
      CHECK(std::abs(loss / c.file.values<double>("loss")[0] - 1) < tolerance);
      const double norm = std::sqrt(B::squared_norm(model.gradients()));
      CHECK(std::abs(norm / c.file.values<double>("grad_norm")[0] - 1) < tolerance);
      const auto& gradients = B::to_host(model.gradients());
      for (const auto& t : gradients.tensors()) {
        INFO("gradient of " << t.name);
        CHECK(relative_difference(t.values, c.file.values<double>("grad." + t.name)) < tolerance);
      }
    }
    B::update(model.weights(), model.gradients(), m, v, step, c.learning_rate, {.clip = c.clip});
  }
  const auto& weights = B::to_host(model.weights());
  for (const auto& t : weights.tensors()) {
    INFO("after three steps: " << t.name);
    CHECK(relative_difference(t.values, c.file.values<double>("adam3." + t.name)) < tolerance);
  }
}

/// Calls body(case) for every model in a folder. @return  how many there were
template <class Body>
int for_each_golden_case(const std::filesystem::path& folder, const Body& body) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (const auto name = entry.path().filename().string();
        name.starts_with("model_") && name.ends_with(".safetensors"))
      files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  for (const auto& file : files) {
    INFO(file);
    body(GoldenCase(file));
  }
  return static_cast<int>(files.size());
}

}  // namespace musicgen::test
