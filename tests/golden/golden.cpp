// Reference models computed with PyTorch in float64 (make.py): everything must come out the same.
#include <musicgen/model.hpp>
#include <musicgen/train/safetensors.hpp>
#include <musicgen/train/sequences.hpp>

#include "backend/cpu/numeric.hpp"
#include "data_files.hpp"

using namespace musicgen;
using musicgen::test::relative_difference;
namespace fs = std::filesystem;

namespace {

struct Case {
  Safetensors file;
  Batch batch;
  Dimensions dimensions;
  double forcing, clip, learning_rate;

  explicit Case(const fs::path& path) : file(Safetensors::read(path)) {
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
    const auto given = file.values<Token>("input"), wanted = file.values<Token>("target");
    for (int b = 0; b < batch.B; ++b) {
      batch.tokens.insert(batch.tokens.end(), given.begin() + b * input[1], given.begin() + (b + 1) * input[1]);
      batch.tokens.insert(batch.tokens.end(), wanted.begin() + b * target[1], wanted.begin() + (b + 1) * target[1]);
    }
  }
};

template <class Scalar>
void check(const Case& c, double tolerance) {
  using B = BasicCpu<Scalar>;
  ModelConfig config;
  config.dimensions = c.dimensions;
  Model<B> model(config);
  for (auto& t : model.weights().tensors()) c.file.read_into("weight." + t.name, t.shape, t.values);
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
      for (const auto& t : model.gradients().tensors()) {
        INFO("gradient of " << t.name);
        CHECK(relative_difference(t.values, c.file.values<double>("grad." + t.name)) < tolerance);
      }
    }
    B::update(model.weights(), model.gradients(), m, v, step, c.learning_rate, {.clip = c.clip});
  }
  for (const auto& t : model.weights().tensors()) {
    INFO("after three steps: " << t.name);
    CHECK(relative_difference(t.values, c.file.values<double>("adam3." + t.name)) < tolerance);
  }
}

/// @return  how many there were
int check_folder(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder))
    if (const auto name = entry.path().filename().string();
        name.starts_with("model_") && name.ends_with(".safetensors"))
      files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  for (const auto& file : files) {
    INFO(file);
    const Case c(file);
    check<double>(c, 1e-9);
    check<float>(c, 1e-4);
  }
  return static_cast<int>(files.size());
}

}  // namespace

TEST_CASE("golden: the project's own reference models") {
  CHECK(check_folder(test::source_dir() / "tests" / "golden") == 3);
}

TEST_CASE("golden: every reference model in MUSICGEN_GOLDEN_DIR") {
  const auto folder = test::golden_dir();
  if (!folder) return test::skip("no folder of reference models: set MUSICGEN_GOLDEN_DIR");
  CHECK(check_folder(*folder) > 0);
}
