#include <catch.hpp>
#include <fstream>
#include <musicgen/core/files.hpp>
#include <musicgen/core/thread_pool.hpp>
#include <musicgen/data/composer.hpp>
#include <musicgen/model/model_file.hpp>
#include <musicgen/train/trainer.hpp>
#include <nlohmann/json.hpp>

#include "data_files.hpp"
#include "threads.hpp"
#include "train/runs.hpp"

using namespace musicgen;
using namespace musicgen::test::runs;

TEST_CASE("trainer: learns") {
  Model<> model(tiny());
  TrainerOptions options = quick(150);
  options.schedule.learning_rate = 1e-2;
  Trainer trainer(model, corpus(), options);
  const Run result = run(trainer);
  REQUIRE(result.losses.size() == 150);
  CHECK(result.losses.front() > 5);
  CHECK(result.losses.back() < 4.2);
  CHECK(result.validations.size() == 30);
  CHECK(result.validations.back() < result.validations.front() - 1);
}

TEST_CASE("trainer: the same losses for 1, 2 and 3 threads") {
  std::vector<std::vector<double>> losses;
  for (const int threads : {1, 2, 3}) {
    const test::Threads pool(threads);
    Model<> model(tiny());
    TrainerOptions options = quick(12);
    options.optimizer.muon = 3;
    Trainer trainer(model, corpus(), options);
    losses.push_back(run(trainer).losses);
  }
  CHECK(losses[0] == losses[1]);
  CHECK(losses[0] == losses[2]);
}

TEST_CASE("trainer: a resumed run has the losses and weights of an uninterrupted one, bit for bit") {
  const test::TemporaryDirectory folder;
  for (const double forcing : {1.0, 0.5}) {
    TrainerOptions options = quick(20);
    options.optimizer.muon = forcing < 1 ? 3 : 0;
    options.stages = {{.input_length = {3, 9}, .target_length = 12, .teacher_forcing = forcing, .max_steps = 8},
                      {.input_length = {1, 1}, .target_length = 20, .teacher_forcing = forcing}};
    options.augmentation = {.transpose = {-3, 3}, .tempo = {0.9, 1.1}};
    options.checkpoint = folder / "whole.safetensors";
    options.log = folder / "whole.jsonl";
    Model<> whole(tiny());
    Trainer uninterrupted(whole, corpus(), options);
    const Run expected = run(uninterrupted);

    options.checkpoint = folder / "parts.safetensors";
    options.log = folder / "parts.jsonl";
    std::vector<double> losses;
    Model<> parts(tiny());
    for (const std::int64_t stop : {1, 7, 8, 13, 20}) {
      Model<> fresh(tiny(), /*seed=*/99);
      Trainer trainer(fresh, corpus(), options);
      CHECK(trainer.resume() == (stop > 1));
      if (stop == 1) {
        Trainer first(parts, corpus(), options);
        const auto part = run(first, [&](const Progress& p) { return p.step < stop; });
        losses.insert(losses.end(), part.losses.begin(), part.losses.end());
        continue;
      }
      const auto part = run(trainer, [&](const Progress& p) { return p.step < stop; });
      losses.insert(losses.end(), part.losses.begin(), part.losses.end());
      parts = fresh;
    }
    CHECK(losses == expected.losses);
    const auto a = std::as_const(whole).weights().tensors(), b = std::as_const(parts).weights().tensors();
    for (std::size_t i = 0; i < a.size(); ++i)
      CHECK(std::equal(a[i].values.begin(), a[i].values.end(), b[i].values.begin()));
    CHECK(read_bytes(folder / "whole.safetensors") == read_bytes(folder / "parts.safetensors"));
    for (const char* name : {"whole.last.safetensors", "parts.last.safetensors"})
      std::filesystem::remove(folder / name);
  }
}

TEST_CASE("trainer: a run goes on with its optimizer and attention, not with others") {
  const test::TemporaryDirectory folder;
  for (const double muon : {0.0, 3.0}) {
    TrainerOptions options = quick(2);
    options.optimizer.muon = muon;
    options.checkpoint = folder / "m.safetensors";
    Model<> model(tiny());
    Trainer(model, corpus(), options).run();
    CHECK(Trainer(model, corpus(), options).resume());
    ModelConfig other = tiny();
    other.attention = AttentionValue::successor;
    Model<> successor(other);
    CHECK_THROWS_WITH(Trainer(successor, corpus(), options).resume(), Catch::Contains("or another attention"));
    other.attention = {tiny().attention.value, 2};
    Model<> scaled(other);
    CHECK_THROWS_WITH(Trainer(scaled, corpus(), options).resume(), Catch::Contains("or another attention"));
    options.optimizer.muon = 3 - muon;
    Trainer trainer(model, corpus(), options);
    CHECK_THROWS_WITH(trainer.resume(),
                      Catch::Contains(muon > 0 ? "are those of Muon, the run is to go on with AdamW alone"
                                               : "are those of AdamW alone, the run is to go on with Muon"));
  }
}

TEST_CASE("trainer: stages are left at max_steps, and by a mean that one batch cannot trip") {
  Model<> model(tiny());
  TrainerOptions options = quick(120);
  options.stages = {{.target_length = 8, .leave_below = 100, .max_steps = 70},
                    {.target_length = 8, .max_steps = 7},
                    {.target_length = 8}};
  Trainer trainer(model, corpus(), options);
  const Run result = run(trainer);
  // Every loss is under 100, but the mean needs `smoothing_steps` of them.
  CHECK(std::count(result.stages.begin(), result.stages.end(), 1u) == static_cast<std::ptrdiff_t>(smoothing_steps));
  CHECK(std::count(result.stages.begin(), result.stages.end(), 2u) == 7);
  CHECK(result.stages.back() == 3);
}

TEST_CASE("trainer: a stage is left when validation stops improving, and a run ends early") {
  Model<> model(tiny());
  TrainerOptions options = quick(400);
  options.schedule = {.learning_rate = 0.5, .warmup_steps = 0, .final_fraction = 1};  // far too high: no improvement
  options.stages = {{.target_length = 8, .patience = 3}, {.target_length = 8}};
  options.early_stop = 6;
  Trainer trainer(model, corpus(), options);
  const Run result = run(trainer);
  CHECK(result.stages.back() == 2);
  CHECK(result.losses.size() < 400);
  CHECK(trainer.state().finished);
}

TEST_CASE("trainer: a run that ended early has ended, unless stages are added") {
  const test::TemporaryDirectory folder;
  TrainerOptions options = quick(400);
  options.schedule = {.learning_rate = 0.5, .warmup_steps = 0, .final_fraction = 1};
  options.stages = {{.target_length = 8}, {.target_length = 8}, {.target_length = 8}};
  options.early_stop = 3;
  options.checkpoint = folder / "m.safetensors";
  Model<> model(tiny());
  Trainer trainer(model, corpus(), options);
  trainer.run();
  REQUIRE(trainer.state().finished);
  REQUIRE(trainer.state().stage == 0);
  const auto steps = trainer.state().step;
  Model<> again(tiny());
  Trainer resumed(again, corpus(), options);
  REQUIRE(resumed.resume());
  resumed.run();
  CHECK(resumed.state().step == steps);
  options.stages.push_back({.name = "more", .target_length = 8});
  options.steps = steps + 2;
  Model<> longer(tiny());
  Trainer more(longer, corpus(), options);
  REQUIRE(more.resume());
  more.run();
  CHECK(more.state().step == steps + 2);
  CHECK(more.state().stage == 3);
}

TEST_CASE("trainer: a loss that is not finite stops the run and keeps the last good checkpoint") {
  const test::TemporaryDirectory folder;
  Model<> model(tiny());
  TrainerOptions options = quick(50);
  options.checkpoint = folder / "m.safetensors";
  options.save_interval = std::chrono::nanoseconds(1);  // before every step
  Trainer trainer(model, corpus(), options);
  const auto spoil = [&](const Progress& p) {
    if (p.step == 6) model.weights().embedding.setConstant(std::numeric_limits<float>::quiet_NaN());
    return true;
  };
  CHECK_THROWS_WITH(trainer.run(spoil),
                    Catch::Contains("after 6 steps the loss is not finite; the checkpoint of step 5 is kept in"));
  CHECK(cpu::map(load_model(folder / "m.last.safetensors").weights().embedding).allFinite());
  CHECK(cpu::map(load_model(folder / "m.safetensors").weights().embedding).allFinite());
  Model<> again(tiny());
  Trainer resumed(again, corpus(), options);
  REQUIRE(resumed.resume());
  CHECK(resumed.state().step == 5);
}

TEST_CASE("trainer: a step that ruins the weights is noticed though it is the last") {
  const test::TemporaryDirectory folder;
  Model<> model(tiny());
  TrainerOptions options = quick(1);
  options.checkpoint = folder / "m.safetensors";
  options.schedule = {.learning_rate = 1e38, .warmup_steps = 0, .final_fraction = 1};
  Trainer trainer(model, corpus(), options);
  CHECK_THROWS_WITH(trainer.run(), Catch::Contains("after 1 steps") && Catch::Contains("is not finite"));
  CHECK_FALSE(std::filesystem::exists(folder / "m.safetensors"));
  CHECK_FALSE(std::filesystem::exists(folder / "m.last.safetensors"));
}

TEST_CASE("trainer: without validation too a step that ruins the weights is noticed") {
  const test::TemporaryDirectory folder;
  Model<> model(tiny());
  TrainerOptions options = quick(1);
  options.checkpoint = folder / "m.safetensors";
  options.schedule = {.learning_rate = std::numeric_limits<double>::max(), .warmup_steps = 0, .final_fraction = 1};
  const Corpus alone = composed_corpus(false);
  REQUIRE(alone.indices(Split::validation).empty());
  Trainer trainer(model, alone, options);
  CHECK_THROWS_WITH(trainer.run(), Catch::Contains("after 1 steps a weight is not finite"));
  CHECK_FALSE(std::filesystem::exists(folder / "m.safetensors"));
}

TEST_CASE("trainer: fine-tuning starts where another model ended") {
  Model<> model(tiny());
  TrainerOptions options = quick(100);
  options.schedule.learning_rate = 1e-2;
  Trainer(model, corpus(), options).run();
  Model<> tuned(model.config(), model.weights());
  Trainer trainer(tuned, corpus(), quick(1));
  CHECK(run(trainer).losses.front() < 4.5);
}

TEST_CASE("trainer: the log has a line a step, and none of steps that were lost") {
  const test::TemporaryDirectory folder;
  Model<> model(tiny());
  TrainerOptions options = quick(9);
  options.checkpoint = folder / "m.safetensors";
  options.log = folder / "log.jsonl";
  Trainer trainer(model, corpus(), options);
  run(trainer, [](const Progress& p) { return p.step < 5; });
  std::ofstream(options.log, std::ios::app) << "{\"step\": 6, \"loss\": 1}\n{\"step\": 7, \"lo";  // then it was killed
  Model<> again(tiny());
  Trainer resumed(again, corpus(), options);
  REQUIRE(resumed.resume());
  run(resumed);
  std::ifstream in(options.log);
  std::int64_t step = 0;
  for (std::string line; std::getline(in, line);) {
    const auto j = nlohmann::json::parse(line);
    CHECK(j["step"] == ++step);
    CHECK(j["loss"] > 3);
    CHECK(j.contains("validation_loss") == (step % 5 == 0 || step == 9));
  }
  CHECK(step == 9);
}

TEST_CASE("trainer: a file that is no log is not overwritten") {
  const test::TemporaryDirectory folder;
  TrainerOptions options = quick(1);
  options.log = folder / "song.mid";
  for (const std::string content : {"MThd\nand so on", "one line", "{\"a\": 1}\n", "{\"step\": 1}\n[]\n"}) {
    write_bytes(options.log, content);
    Model<> model(tiny());
    Trainer trainer(model, corpus(), options);
    CHECK_THROWS_WITH(trainer.run(), Catch::Contains("is not from a training log"));
    CHECK(read_bytes(options.log).size() == content.size());
  }
  options.log = "/dev/null";
  Model<> model(tiny());
  CHECK_NOTHROW(Trainer(model, corpus(), options).run());
}

TEST_CASE("trainer: a training state that cannot be is refused") {
  const test::TemporaryDirectory folder;
  TrainerOptions options = quick(2);
  options.checkpoint = folder / "m.safetensors";
  const auto last = last_checkpoint(options.checkpoint);
  Model<> model(tiny());
  Trainer(model, corpus(), options).run();
  const Safetensors good = Safetensors::read(last);
  const auto refused = [&](const char* key, const nlohmann::json& value, const std::string& part) {
    Safetensors bad = good;
    auto state = nlohmann::json::parse(bad.metadata()["training"]);
    state[key] = value;
    bad.metadata()["training"] = state.dump();
    bad.write(last);
    Trainer trainer(model, corpus(), options);
    CHECK_THROWS_WITH(trainer.resume(), Catch::Contains("m.last.safetensors: ") && Catch::Contains(part));
  };
  refused("step", -1, "a number that cannot be");
  refused("step", 1.5, "\"step\"");
  refused("step", std::numeric_limits<std::int64_t>::max(), "a number that cannot be");
  refused("seconds", 1e300, "a number that cannot be");
  refused("stage", 7, "a number that cannot be");
  refused("stage", -1, "\"stage\"");
  refused("seconds", nullptr, "\"seconds\"");
  refused("recent_losses", std::vector<double>(smoothing_steps + 1, 2.0), "a number that cannot be");
  refused("recent_losses", "low", "\"recent_losses\"");
}

TEST_CASE("trainer: what cannot work is refused before it starts") {
  Model<> model(tiny());
  TrainerOptions options = quick(1);
  options.checkpoint = "/no/such/folder/m.safetensors";
  CHECK_THROWS_WITH(Trainer(model, corpus(), options),
                    Catch::Contains("/no/such/folder/m.safetensors: cannot be written"));
  options = quick(1);
  options.stages.clear();
  CHECK_THROWS_WITH(Trainer(model, corpus(), options), "training: there are no stages");
  options = quick(1);
  options.batch = 65536;
  CHECK_THROWS_WITH(Trainer(model, corpus(), options), "batch is 65536, expected 1 to 65535");
  options = quick(1);
  options.augmentation.tempo = {2, 1};
  CHECK_THROWS_WITH(Trainer(model, corpus(), options), Catch::StartsWith("tempo is "));
  options = quick(1);
  options.stages = {Stage{}, Stage{.target_length = 0}};  // a later one, too
  CHECK_THROWS_WITH(Trainer(model, corpus(), options), "target_length is 0, expected at least 1");
  options = quick(1);
  options.validation_window = 1;  // one input token, and none to predict
  CHECK_THROWS_WITH(Trainer(model, corpus(), options), "training: validation_window is 1, expected at least 2");
  options.validation_window = 2;
  CHECK_NOTHROW(Trainer(model, corpus(), options));
  const Vocabulary vocabulary = Vocabulary::standard();
  const Encoded song = encode(compose(1), vocabulary);
  const Corpus to_judge({make_song("one", Split::validation, song.tokens, song.programs, vocabulary)});
  CHECK_THROWS_WITH(Trainer(model, to_judge, quick(1)), "training: the corpus has no songs to train on");
  ModelConfig other = tiny();
  std::vector<std::string> names = corpus().vocabulary().names();
  std::reverse(names.begin(), names.end());
  other.vocabulary = Vocabulary::from_names(names);
  Model<> stranger(other);
  CHECK_THROWS_WITH(Trainer(stranger, corpus(), quick(1)),
                    "training: the model's vocabulary is not the corpus's: open that with the model's");
}

TEST_CASE("trainer: without validation songs the model is what was trained last") {
  const test::TemporaryDirectory folder;
  const Vocabulary vocabulary = Vocabulary::standard();
  Encoded song = encode(compose(1), vocabulary);
  const Corpus one({make_song("one", Split::train, song.tokens, song.programs, vocabulary)});
  Model<> model(tiny());
  TrainerOptions options = quick(3);
  options.checkpoint = folder / "m.safetensors";
  Trainer(model, one, options).run();
  CHECK(load_model(folder / "m.safetensors").weights().embedding == model.weights().embedding);
}
