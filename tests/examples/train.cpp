// Training from the command line, and what becomes of the model.
#include <catch.hpp>
#include <cmath>
#include <musicgen/data/corpus.hpp>
#include <nlohmann/json.hpp>

#include "examples/training.hpp"

using namespace musicgen;
using namespace musicgen::test;

TEST_CASE("examples: compose, train, generate, evaluate and inspect, one after the other") {
  const TrainingPlace place;
  place.output("compose", {"--out", place / "composed", "--count", "5"});
  const std::string model = place / "m.safetensors";
  const std::string said = place.output(
      "train", place.command("m", 150, {"--data", place / "composed", "--learning-rate", "0.02", "--threads", "2"}));
  CHECK_THAT(said, Catch::Contains("5 songs (4 train, 1 validation)") && Catch::Contains("embedding 8, hidden 16") &&
                       Catch::Contains("step 150") && Catch::Contains("validation") && Catch::Contains("finished"));

  const auto found = nlohmann::json::parse(place.output("evaluate", {"--model", model, "--data", place / "composed"}));
  CHECK(found.at("nats_per_token") < 4.5);  // at first log 405, which is 6
  place.output("generate", {"--model", model, "--out", place / "song.mid", "--seconds", "20"});
  const Score song = read_midi(place / "song.mid", {.strict = true});
  CHECK(song.duration() <= 20);
  CHECK(song.notes().size() > 10);
  CHECK_THAT(place.output("inspect", {model}), Catch::Contains("embedding 8, hidden 16, layers 1"));
  CHECK_THAT(place.output("inspect", {place / "m.last.safetensors"}), Catch::Contains("step 150"));
}

TEST_CASE("examples: one song, one note and one token are told in the singular") {
  const Workplace place;
  CHECK_THAT(place.output("compose", {"--out", place / "composed", "--count", "1"}), Catch::StartsWith("1 song, "));
  const Note note{0, 1, 60, 64, 0};
  write_midi(place / "one.mid", Score::from_notes(std::span(&note, 1)));
  CHECK_THAT(place.output("inspect", {place / "one.mid"}), Catch::Contains(" s, 1 note, not counting drums\n") &&
                                                               Catch::Contains("    1 note\n") &&
                                                               !Catch::Contains(" 1 tempo changes"));
}

TEST_CASE("examples: the same seed trains the same model, on any number of threads") {
  const TrainingPlace place;
  for (const std::string threads : {"1", "2", "3"})
    place.output("train", place.command(threads, 30, {"--threads", threads}));
  place.output("train", place.command("again", 30));
  place.output("train", place.command("other", 30, {"--seed", "4"}));
  for (const std::string name : {"2", "3", "again"}) {
    CHECK((place.model_bytes(name) == place.model_bytes("1")));
    CHECK((place.tensors(name) == place.tensors("1")));
  }
  CHECK((place.model_bytes("other") != place.model_bytes("1")));
}

TEST_CASE("examples: the log has a line a step") {
  const TrainingPlace place;
  place.output("train", place.command("m", 30, {"--log", place / "log.jsonl"}));
  const auto steps = place.log("log.jsonl");
  REQUIRE(steps.size() == 30);
  for (std::size_t i = 0; i < steps.size(); ++i) {
    CHECK(steps[i].at("step") == i + 1);
    CHECK(std::isfinite(steps[i].at("loss").get<double>()));
    CHECK(steps[i].at("gradient_norm") > 0);
    CHECK(steps[i].contains("validation_loss") == (i == 29));  // the last step validates
  }
}

TEST_CASE("examples: stages from a file follow each other") {
  const TrainingPlace place;
  write(place / "two.json",
        R"([{"name": "a", "input_length": [5, 9], "target_length": 4, "end_probability": 0, "max_steps": 6},
                                {"name": "b", "target_length": 20, "teacher_forcing": 0.5, "learning_rate": 0.001}])");
  place.output("train", place.command("m", 15, {"--stages", place / "two.json", "--log", place / "log.jsonl"}));
  const auto steps = place.log("log.jsonl");
  REQUIRE(steps.size() == 15);
  for (std::size_t i = 0; i < steps.size(); ++i) CHECK(steps[i].at("stage") == (i < 6 ? 1 : 2));
  CHECK(steps[5].at("tokens") == 6 * 4 * 4);  // steps, batch, targets
  CHECK(steps[5].contains("validation_loss"));
}

TEST_CASE("examples: both presets and both named kinds of stages train") {
  const TrainingPlace place;
  for (const std::string preset : {"small", "original"})
    for (const std::string stages : {"all-positions", "original"})
      CHECK_THAT(place.output("train", place.command("m", 2, {"--preset", preset, "--stages", stages})),
                 Catch::Contains("finished at step 2"));
}

TEST_CASE("examples: attention and optimizer are chosen, and kept by what goes on") {
  const TrainingPlace place;
  const std::string said =
      place.output("train", place.command("m", 2, {"--attention", "match", "--optimizer", "adamw"}));
  CHECK_THAT(said, Catch::Contains("attention over matches, AdamW"));
  CHECK(load_model(place / "m.safetensors").config().attention.value == AttentionValue::match);
  CHECK_THAT(place.output("train", place.command("other", 2)), Catch::Contains("attention over successors, Muon"));
  CHECK((place.model_bytes("m") != place.model_bytes("other")));
  CHECK_THAT(place.output("inspect", {place / "m.safetensors"}), Catch::Contains("attention over matches"));

  const auto refused = [&](const Finished& finished, const std::string& reason) {
    CHECK(finished.status == 1);
    CHECK_THAT(finished.err, Catch::Contains(reason));
  };
  refused(place.run("train", place.command("n", 1, {"--init", place / "m.safetensors", "--attention", "successor"})),
          "--attention: the model to start from has the other one");
  CHECK_THAT(place.output("train", place.command("scaled", 2, {"--attention-scale", "0.5"})),
             Catch::Contains("attention over successors, scaled by 0.5, Muon"));
  CHECK((place.model_bytes("scaled") != place.model_bytes("other")));
  const auto goes_on = [&](const std::vector<std::string>& more) {
    std::vector<std::string> options{"--init", place / "scaled.safetensors"};
    options.insert(options.end(), more.begin(), more.end());
    return place.output("train", place.command("on", 1, options));
  };
  CHECK_THAT(goes_on({}), Catch::Contains("attention over successors, scaled by 0.5, Muon"));
  CHECK_THAT(goes_on({"--attention-scale", "2"}), Catch::Contains("attention over successors, scaled by 2, Muon"));
  auto resumed = place.command("m", 4);
  resumed.push_back("--resume");
  refused(place.run("train", resumed), "are those of AdamW alone");
}

TEST_CASE("examples: embeddings begin narrow where that was found to pay") {
  const TrainingPlace place;
  const auto width = [&](const std::string& name, const std::vector<std::string>& options) {
    place.output("train", place.command(name, 1, joined({"--learning-rate", "1e-9"}, options)));
    double sum = 0;
    const auto embedding = place.tensors(name).at("embed.weight");
    for (const float x : embedding) sum += static_cast<double>(x) * static_cast<double>(x);
    return std::sqrt(sum / static_cast<double>(embedding.size()));
  };
  CHECK(width("a", {}) == Approx(0.25).margin(0.02));
  CHECK(width("b", {"--attention", "match"}) == Approx(1).margin(0.08));
  CHECK(width("c", {"--optimizer", "adamw"}) == Approx(1).margin(0.08));
  CHECK(width("d", {"--preset", "original"}) == Approx(1).margin(0.08));
}

TEST_CASE("examples: the README's program trains the model that `train` does, and its songs are like its music") {
  const TrainingPlace place;
  place.output("train", {"--data", place.data(), "--out", place / "program.safetensors", "--steps", "3", "--language",
                         "performance"});
  {
    const auto corpus = Corpus::open(place.data());
    Model<> model(presets::small(corpus));
    Trainer trainer(model, corpus, {.steps = 3, .checkpoint = place / "readme.safetensors"});
    trainer.run();
    save_model(place / "saved.safetensors", model);
  }
  CHECK((place.model_bytes("readme") == place.model_bytes("program")));
  CHECK((place.model_bytes("saved") == place.model_bytes("program")));

  const auto model = load_model(place / "readme.safetensors");
  const MusicProfile& profile = model.config().profile;
  REQUIRE(profile.max_note_length);
  REQUIRE(profile.usual_length);
  // After three steps it is noise still, in the tracks and with the lengths of its music, and not in all sixteen tracks
  // with notes that do not end.
  const double longest = std::max(1.0, std::chrono::duration<double>(*profile.max_note_length).count());
  REQUIRE(longest < 8);
  Sampler sampler(model);
  const Score song = sampler.song(std::chrono::seconds(10));
  CHECK(song.notes().size() > 100);
  CHECK(song.tracks.size() == profile.programs.size());
  for (const Note& note : song.notes()) REQUIRE(note.end - note.start < longest + 0.02);
}

TEST_CASE("examples: fine-tuning starts from the bundled model, as the README's program does") {
  const TrainingPlace place;
  const std::string said = place.output(
      "train", {"--data", place.data(), "--out", place / "program.safetensors", "--steps", "1", "--init", "bundled"});
  CHECK_THAT(said, Catch::Contains("hidden 384") && Catch::Contains("the model of step 1, validation loss "));
  auto model = bundled_model();
  const auto corpus = Corpus::open(place.data(), {.vocabulary = model.vocabulary()});
  TrainerOptions options = presets::fine_tuning(model.vocabulary());
  options.steps = 1;
  options.checkpoint = place / "readme.safetensors";
  Trainer trainer(model, corpus, options);
  trainer.run();
  CHECK((place.model_bytes("readme") == place.model_bytes("program")));
}

TEST_CASE("examples: songs are transposed, played faster and louder as asked") {
  const TrainingPlace place;
  place.output("train", place.command("as they are", 3));
  place.output("train",
               place.command("neutral", 3, {"--transpose", "0", "0", "--tempo", "1", "1", "--velocity", "0", "0"}));
  CHECK((place.model_bytes("neutral") == place.model_bytes("as they are")));
  for (const auto& [option, low, high] :
       {std::tuple("--transpose", "1", "2"), {"--tempo", "1.1", "1.2"}, {"--velocity", "3", "4"}}) {
    INFO(option);
    place.output("train", place.command("changed", 3, {option, low, high}));
    CHECK((place.model_bytes("changed") != place.model_bytes("as they are")));
  }
}

TEST_CASE("examples: training ends when its minutes are over") {
  const TrainingPlace place;
  const auto begin = std::chrono::steady_clock::now();
  place.output("train", {"--data", place.data(), "--out", place / "m.safetensors", "--hidden", "16", "--layers", "1",
                         "--batch", "4", "--minutes", "0.02", "--stages", place.stages(), "--language", "performance"});
  CHECK(std::chrono::steady_clock::now() - begin > std::chrono::milliseconds(1200));
  CHECK(fs::exists(place / "m.safetensors"));
}

TEST_CASE("examples: a cache changes nothing but the time") {
  const TrainingPlace place;
  place.output("train", place.command("plain", 5));
  for (const std::string name : {"first", "second"}) {
    place.output("train", place.command(name, 5, {"--cache", place / "cache"}));
    CHECK((place.model_bytes(name) == place.model_bytes("plain")));
  }
  CHECK(fs::exists(place / "cache"));
}

TEST_CASE("examples: fine-tuning starts from another model's weights") {
  const TrainingPlace place;
  place.output("train", place.command("first", 150, {"--learning-rate", "0.02"}));
  const std::string first = place / "first.safetensors";
  const std::string said =
      place.output("train", place.command("tuned", 1, {"--init", first, "--learning-rate", "1e-9"}));
  CHECK_THAT(said, Catch::Contains("hidden 16"));
  const Model<> untuned = load_model(first), tuned = load_model(place / "tuned.safetensors");
  const Corpus corpus = Corpus::from_folder(place.data());
  CHECK(corpus.profile().usual_velocity);
  for (const Model<>& model : {untuned, tuned}) CHECK(model.config().profile == corpus.profile());
  const auto before = untuned.weights().tensors(), after = tuned.weights().tensors();
  REQUIRE(after.size() == before.size());
  for (std::size_t i = 0; i < before.size(); ++i)
    for (std::size_t j = 0; j < before[i].values.size(); ++j)
      REQUIRE(std::abs(after[i].values[j] - before[i].values[j]) < 1e-6f);

  // It grows, and does not shrink.
  const std::vector<std::string> growing{"--init", first, "--hidden", "24", "--learning-rate", "1e-9"};
  CHECK_THAT(place.output("train", place.command("grown", 1, growing)), Catch::Contains("hidden 24"));
  CHECK(load_model(place / "grown.safetensors").dimensions().H == 24);
  place.output("train", place.command("grown", 2, joined(growing, {"--resume"})));
  const auto refused = [&](const char* name, std::vector<std::string> arguments, const char* units,
                           const char* reason) {
    const Finished finished =
        place.run("train", place.command(name, 3, joined({"--init", first, "--hidden", units}, arguments)));
    CHECK(finished.status == 1);
    CHECK_THAT(finished.err, Catch::Contains("--hidden") && Catch::Contains(reason));
  };
  refused("smaller", {}, "8", "has 16 hidden units, and cannot have fewer");
  refused("grown", {"--resume"}, "32", "to go on with has 24 hidden units, and cannot have another number of them");

  // And it learns on: other songs, from a loss far below a new model's, which is log 405 or 6.
  place.songs("others", 4);
  place.output("train", place.command("on", 20, {"--init", first, "--data", place / "others", "--log", place / "log"}));
  CHECK(place.log("log").front().at("loss") < 5);
  CHECK((place.model_bytes("on") != place.model_bytes("first")));
}
