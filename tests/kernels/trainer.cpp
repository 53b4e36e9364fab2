// Training through kernels: what the CPU does, step by step.
#include <musicgen/cuda.hpp>
#include <musicgen/evaluate/likelihood.hpp>
#include <musicgen/train/trainer.hpp>

#include "data/corpora.hpp"
#include "data_files.hpp"
#include "device.hpp"
#include "train/runs.hpp"

using namespace musicgen;

namespace {

using test::runs::corpus;

TrainerOptions quick(std::int64_t steps) {
  TrainerOptions o = test::runs::quick(steps);
  o.stages = stages::all_positions(12);
  o.batch = 3;
  o.schedule = {.learning_rate = 1e-2, .warmup_steps = 2};
  return o;
}

/// Losses and norms, and what validation comes to.
template <Backend B>
std::vector<double> losses(Model<B>& model, const Corpus& songs, TrainerOptions options) {
  Trainer<B> trainer(model, songs, options);
  std::vector<double> all;
  trainer.run([&](const Progress& p) {
    all.push_back(p.loss);
    all.push_back(p.gradient_norm);
    if (p.validation_loss) all.push_back(*p.validation_loss);
    return true;
  });
  return all;
}
template <Backend B>
std::vector<double> losses(TrainerOptions options) {
  Model<B> model({{405, 8, 20, 2}, corpus().vocabulary(), {}, true}, 3);
  return losses(model, corpus(), options);
}

}  // namespace

TEST_CASE("kernels: ten training steps follow the CPU's losses") {
  const auto expected = losses<BasicCpu<double>>(quick(10)), found = losses<Cuda>(quick(10));
  REQUIRE(found.size() == expected.size());
  REQUIRE(found.size() == 22);
  for (std::size_t i = 0; i < found.size(); ++i) CHECK(found[i] == Approx(expected[i]).epsilon(1e-4));
  CHECK(found[20] < found[0] - 0.3);  // and learn
}

TEST_CASE("kernels: a model of beats learns, is validated and knows songs as on the CPU") {
  const Corpus songs = test::beats_corpus(3);
  ModelConfig config = presets::small(songs);
  config.dimensions.E = 8;
  config.dimensions.H = 20;
  Model<Cuda> model = test::model_with_contexts(config, 3);
  auto reference = test::copied<BasicCpu<double>>(model);
  TrainerOptions options = quick(5);
  options.stages = stages::all_positions(24);
  const auto expected = losses(reference, songs, options), found = losses(model, songs, options);
  REQUIRE(found.size() == expected.size());
  REQUIRE(found.size() == 11);
  for (std::size_t i = 0; i < found.size(); ++i) CHECK(found[i] == Approx(expected[i]).epsilon(1e-4));
  Song song = songs.songs()[2];
  song.tokens.resize(300);
  const std::vector<const Song*> last{&song};
  CHECK(likelihood(model, last).nats_per_token() == Approx(likelihood(reference, last).nats_per_token()).epsilon(1e-4));
}

TEST_CASE("kernels: in bf16 training follows the CPU's losses to two digits") {
  TrainerOptions options = quick(5);
  const auto exact = losses<BasicCpu<double>>(options);
  options.products = Precision::bf16;
  const auto found = losses<Cuda>(options);
  REQUIRE(found.size() == exact.size());
  for (std::size_t i = 0; i < found.size(); ++i) CHECK(found[i] == Approx(exact[i]).epsilon(2e-2));
}

TEST_CASE("kernels: a run that was interrupted goes on as if it had not been, to the bit") {
  const test::TemporaryDirectory folder;
  TrainerOptions options = quick(6);
  options.checkpoint = folder / "m.safetensors";
  const ModelConfig config{{405, 8, 20, 2}, corpus().vocabulary(), {}, true};
  Model<Cuda> model(config, 3), again(config, 4);
  std::vector<double> whole, rest;
  {
    Trainer<Cuda> trainer(model, corpus(), options);
    trainer.run([&](const Progress& p) { return p.step < 3; });
  }
  Trainer<Cuda> resumed(again, corpus(), options);
  REQUIRE(resumed.resume());
  resumed.run([&](const Progress& p) { return rest.push_back(p.loss), true; });
  Model<Cuda> uninterrupted(config, 3);
  options.checkpoint.clear();
  Trainer<Cuda>(uninterrupted, corpus(), options).run([&](const Progress& p) { return whole.push_back(p.loss), true; });
  REQUIRE(rest.size() == 3);
  CHECK(std::vector<double>(whole.end() - 3, whole.end()) == rest);
  // The checkpoint is any other's.
  CHECK(load_model<Cpu>(folder / "m.safetensors").dimensions() == config.dimensions);
}

TEST_CASE("kernels: songs are as likely as on the CPU") {
  const ModelConfig config{{405, 8, 20, 2}, corpus().vocabulary(), {}, true};
  Model<Cpu> expected(config, 3);
  Model<Cuda> found(config, 3);
  const std::vector<const Song*> songs{&corpus().songs()[0], &corpus().songs()[1]};
  CHECK(likelihood(found, songs).nats_per_token() ==
        Approx(likelihood(expected, songs).nats_per_token()).epsilon(1e-5));
}
