// In which language `train` learns: as performances or in beats.
#include <algorithm>
#include <catch.hpp>
#include <musicgen/core/random.hpp>
#include <musicgen/data/corpus.hpp>
#include <musicgen/train/trainer.hpp>

#include "examples/training.hpp"

using namespace musicgen;
using namespace musicgen::test;

namespace {

/// Arguments that train NAME.safetensors in the language that suits. Its windows for validation are long: one at a
/// time.
std::vector<std::string> suited(const TrainingPlace& place, const std::string& name, int steps,
                                const std::vector<std::string>& more = {}) {
  auto arguments = place.command(name, steps, joined({"--batch", "1"}, more));
  const auto language = std::find(arguments.begin(), arguments.end(), "--language");
  arguments.erase(language, language + 2);
  return arguments;
}

/// The same where it is asked for.
std::vector<std::string> in(const std::string& language, const TrainingPlace& place, const std::string& name, int steps,
                            const std::vector<std::string>& more = {}) {
  return joined(suited(place, name, steps, more), {"--language", language});
}

/// Songs that are played freely.
std::string rubato(const TrainingPlace& place) {
  for (int song = 0; song < 3; ++song) {
    Random random(7, static_cast<std::uint64_t>(song));
    std::vector<Note> notes;
    double at = 0;
    for (int i = 0; i < 300; ++i) {
      at += 0.1 + 0.4 * random.uniform();
      notes.push_back({at, at + 0.3, random.between(50, 73), 64, 0});
    }
    fs::create_directories(place / "rubato");
    write_midi(place / ("rubato/" + std::to_string(song) + ".mid"), Score::from_notes(notes));
  }
  return place / "rubato";
}

bool knows_beats(const TrainingPlace& place, const std::string& name) {
  return load_model(place / (name + ".safetensors")).vocabulary().has_beats();
}

void check_refused(const TrainingPlace& place, const std::vector<std::string>& arguments, int status,
                   const std::string& reason) {
  const auto before = place.files();
  const Finished finished = place.run("train", arguments);
  CHECK(finished.status == status);
  CHECK(lines(finished.err).size() == 1);
  CHECK_THAT(finished.err, Catch::Contains(reason));
  CHECK((place.files() == before));
}

}  // namespace

TEST_CASE("examples: a new model learns songs in the language that suits them, if none is asked for") {
  const TrainingPlace place;
  CHECK_THAT(place.output("train", suited(place, "composed", 1)),
             Catch::StartsWith("in beats: 6 of 6 songs keep to a beat\n"));
  CHECK(knows_beats(place, "composed"));
  CHECK_THAT(place.output("train", suited(place, "rubato", 1, {"--data", rubato(place)})),
             Catch::StartsWith("as performances: 0 of 3 songs keep to a beat\n"));
  CHECK_FALSE(knows_beats(place, "rubato"));
  CHECK_THAT(place.output("train", suited(place, "original", 1, {"--preset", "original"})),
             Catch::StartsWith("as performances: the original's language\n"));
  CHECK_FALSE(knows_beats(place, "original"));

  CHECK_THAT(place.output("train", in("performance", place, "asked", 1)), Catch::StartsWith("6 songs ("));
  CHECK_FALSE(knows_beats(place, "asked"));
  place.output("train", in("beats", place, "asked", 1, {"--preset", "original"}));
  CHECK(knows_beats(place, "asked"));
}

TEST_CASE("examples: the language of a model that is there decides, and no other can be asked for") {
  const TrainingPlace place;
  place.output("train", in("beats", place, "beats", 1));
  place.output("train", in("performance", place, "notes", 1));
  const std::string beats = place / "beats.safetensors", notes = place / "notes.safetensors";
  CHECK_THAT(place.output("train", suited(place, "tuned", 1, {"--init", notes})),
             Catch::StartsWith("as performances: the language of the model to start from\n"));
  CHECK_FALSE(knows_beats(place, "tuned"));
  CHECK_THAT(place.output("train", suited(place, "beats", 2, {"--resume"})),
             Catch::StartsWith("in beats: the language of the model to go on with\n"));
  place.output("train", in("beats", place, "tuned", 1, {"--init", beats}));
  CHECK(knows_beats(place, "tuned"));

  check_refused(place, in("performance", place, "n", 1, {"--init", beats}), 2,
                "--language: the model to start from knows songs in beats");
  check_refused(place, in("beats", place, "n", 1, {"--init", notes}), 2,
                "--language: the model to start from knows songs as performances");
  check_refused(place, in("performance", place, "beats", 3, {"--resume"}), 2,
                "--language: the model to go on with knows songs in beats");
}

TEST_CASE("examples: who starts from the bundled model with songs without a beat is told of the other one") {
  const TrainingPlace place;
  const Finished finished =
      place.run("train", {"--data", rubato(place), "--init", "bundled", "--out", place / "it.safetensors"});
  CHECK(finished.status == 1);
  CHECK_THAT(finished.err, Catch::Contains("--init examples/models/pop909-performance.safetensors"));
}

TEST_CASE("examples: options that mean nothing in the language found are usage errors") {
  const TrainingPlace place;
  const std::string freely = rubato(place);
  check_refused(place, suited(place, "n", 1, {"--transpose", "0", "1"}), 2,
                "--transpose: is for the language of performances, and songs are learned in beats");
  check_refused(place, suited(place, "n", 1, {"--tempo", "0.9", "1"}), 2, "--tempo: is for the language of");
  check_refused(place, suited(place, "n", 1, {"--data", freely, "--leave-out", "0"}), 2,
                "--leave-out: is for the language of beats, and songs are learned as performances");
  check_refused(place, suited(place, "n", 1, {"--data", freely, "--annotations", freely}), 2,
                "--annotations: is for the language of beats");
  check_refused(place, suited(place, "n", 1, {"--annotations", freely}), 1,
                "rubato: has no annotations of these songs");
}

TEST_CASE("examples: training in beats that goes on comes to the same end as if it had never stopped") {
  const TrainingPlace place;
  write(place / "first.json", R"([{"target_length": 63, "max_steps": 4}])");
  write(place / "both.json", R"([{"target_length": 63, "max_steps": 4}, {"target_length": 95}])");
  place.output("train", suited(place, "whole", 7, {"--stages", place / "both.json"}));
  place.output("train", suited(place, "parts", 7, {"--stages", place / "first.json"}));
  REQUIRE(place.checkpoint_step("parts") == 4);
  CHECK((place.model_bytes("parts") != place.model_bytes("whole")));
  CHECK_THAT(place.output("train", suited(place, "parts", 7, {"--stages", place / "both.json", "--resume"})),
             Catch::Contains("resumed at step 4\n") && Catch::Contains("finished at step 7"));
  CHECK((place.model_bytes("parts") == place.model_bytes("whole")));
  CHECK((place.tensors("parts") == place.tensors("whole")));
}

TEST_CASE("examples: in beats `train` trains as its preset says, unless told otherwise") {
  const TrainingPlace place;
  const auto train = [&](const std::string& name, const std::vector<std::string>& more) {
    place.output("train", joined({"--data", place.data(), "--out", place / (name + ".safetensors"), "--steps", "1",
                                  "--embedding", "8", "--hidden", "16", "--layers", "1"},
                                 more));
  };
  train("program", {});
  {
    const auto corpus = Corpus::open(place.data(), {.vocabulary = Vocabulary::beats()});
    ModelConfig config = presets::small(corpus);
    config.dimensions.E = 8;
    config.dimensions.H = 16;
    config.dimensions.L = 1;
    Model<> model(config);
    TrainerOptions options = presets::training(corpus.vocabulary());
    options.steps = 1;
    options.checkpoint = place / "readme.safetensors";
    Trainer trainer(model, corpus, options);
    trainer.run();
  }
  CHECK((place.model_bytes("program") == place.model_bytes("readme")));
  train("the same", {"--leave-out", "0.1", "--velocity", "-2", "2", "--transpose", "0", "0", "--batch", "2"});
  CHECK((place.model_bytes("the same") == place.model_bytes("readme")));
  for (const std::vector<std::string>& other :
       {std::vector<std::string>{"--leave-out", "1"}, {"--velocity", "3", "4"}}) {
    train("other", other);
    CHECK((place.model_bytes("other") != place.model_bytes("readme")));
  }
}
