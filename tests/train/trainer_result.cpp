// After training, a model is the best one of the run.
#include <algorithm>
#include <catch.hpp>
#include <musicgen/model/model_file.hpp>
#include <type_traits>

#include "data_files.hpp"
#include "train/runs.hpp"

using namespace musicgen;
using namespace musicgen::test::runs;

TEST_CASE("trainer: after a run the model is the best one, and says of which step") {
  const test::TemporaryDirectory folder;
  TrainerOptions options = quick(60);
  options.schedule = {.learning_rate = 0.03, .warmup_steps = 0, .final_fraction = 1};  // high: it gets worse again
  options.checkpoint = folder / "m.safetensors";
  options.validate_every = 4;
  Model<> model(tiny());
  Trainer trainer(model, corpus(), options);
  std::vector<std::pair<double, std::int64_t>> validations;
  const auto note = [&](const Progress& p) {
    if (p.validation_loss) validations.emplace_back(*p.validation_loss, p.step);
    return p.step != 40;
  };
  const auto require_best = [&](const TrainingResult& result, const Trainer<>& of, const Model<>& best) {
    const auto [loss, step] = *std::min_element(validations.begin(), validations.end());
    REQUIRE(step < of.state().step);
    CHECK(result.steps == of.state().step);
    CHECK(result.model_step == step);
    CHECK(of.state().best_step == step);
    CHECK(result.validation_loss == loss);
    const Model<> file = load_model(options.checkpoint), last = load_model(last_checkpoint(options.checkpoint));
    CHECK(file.weights().embedding == best.weights().embedding);
    CHECK(last.weights().embedding != best.weights().embedding);
  };
  require_best(trainer.run(note), trainer, model);

  // A resumed run goes on from the last weights. It finds nothing better, so the best stay the same.
  options.steps = 44;
  Model<> again(tiny(), 99);
  Trainer resumed(again, corpus(), options);
  REQUIRE(resumed.resume());
  const TrainingResult result = resumed.run(note);
  REQUIRE(validations.back().first > std::min_element(validations.begin(), validations.end())->first);
  require_best(result, resumed, again);
}

TEST_CASE("trainer: run() goes on from the last weights, though the model has had the best ones meanwhile") {
  TrainerOptions options = quick(30);
  options.schedule = {.learning_rate = 0.03, .warmup_steps = 0, .final_fraction = 1};
  options.validate_every = 2;
  Model<> whole(tiny()), parts(tiny());
  Trainer uninterrupted(whole, corpus(), options), interrupted(parts, corpus(), options);
  const Run expected = run(uninterrupted);
  std::vector<double> losses;
  std::size_t went_back = 0;
  for (const std::int64_t stop : {9, 17, 23, 30}) {
    const Run part = run(interrupted, [&](const Progress& p) { return p.step < stop; });
    losses.insert(losses.end(), part.losses.begin(), part.losses.end());
    went_back += interrupted.state().best_step < interrupted.state().step;
  }
  CHECK(losses == expected.losses);
  CHECK(went_back > 0);
}

TEST_CASE("trainer: the model learns what its music is like") {
  Model<> model(tiny());
  TrainingResult result = Trainer(model, corpus(), quick(1)).run();
  CHECK(model.config().profile == corpus().profile());
  CHECK(model.config().profile.usual_length);
  CHECK(result.steps == 1);
  Model<> unchanged(model.config(), model.weights());
  result = Trainer(unchanged, corpus(), quick(1)).run([](const Progress&) { return false; });
  CHECK(result.model_step == 1);
}

TEST_CASE("trainer: takes no model and no corpus that would be gone") {
  STATIC_REQUIRE(std::is_constructible_v<Trainer<>, Model<>&, const Corpus&, TrainerOptions>);
  STATIC_REQUIRE(std::is_constructible_v<Trainer<>, Model<>&, Corpus&, TrainerOptions>);
  STATIC_REQUIRE_FALSE(std::is_constructible_v<Trainer<>, Model<>&, Corpus, TrainerOptions>);
  STATIC_REQUIRE_FALSE(std::is_constructible_v<Trainer<>, Model<>, const Corpus&, TrainerOptions>);
  STATIC_REQUIRE_FALSE(std::is_constructible_v<Trainer<>, Model<>, Corpus, TrainerOptions>);
}
