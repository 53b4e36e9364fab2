// generate with a model of beats: plans asked for, saved and read again.
#include <algorithm>
#include <catch.hpp>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "data_files.hpp"
#include "examples/programs.hpp"
#include "tokens/songs.hpp"

using namespace musicgen;
using namespace musicgen::test;
using Catch::Contains;

namespace {

/// A model of beats that has learned nothing but to let time pass.
std::string model_of_beats(const Workplace& place) {
  const Vocabulary vocabulary = Vocabulary::beats();
  ModelConfig config = presets::small(vocabulary);
  config.dimensions.E = 8;
  config.dimensions.H = 16;
  config.profile.programs = {40, 41, 0};
  config.canonical = true;
  Model<> model(config, 3);
  for (const Token time : vocabulary.tokens(TokenKind::time)) model.weights().head.b2[time] += 2;
  const std::string file = place / "beats.safetensors";
  save_model(file, model);
  return file;
}

}  // namespace

TEST_CASE("examples: generate keeps to a plan, and saves the one that the song got") {
  const Workplace place;
  const std::string model = model_of_beats(place);
  const auto generate = [&](const std::vector<std::string>& more) {
    place.output("generate", joined({"--model", model, "--out", place / "song.mid", "--save-plan", place / "got.json",
                                     "--save-tokens", place / "words"},
                                    more));
    return nlohmann::json::parse(content(place / "got.json"));
  };
  const std::vector<std::string> asked{"--key", "E minor", "--tempo",  "97",       "--meter",
                                       "3/4",   "--form",  "i1 A2 o1", "--chords", "C G Am7 F"};
  const auto got = generate(asked);
  CHECK(got.at("key") == "E minor");
  CHECK(got.at("tempo") == 97);
  CHECK(got.at("meter") == "3/4");
  CHECK(got.at("form") == "i1 A2 o1");
  const char* const chords[] = {"C:maj", "G:maj", "A:min", "F:maj"};
  REQUIRE(got.at("chords").size() >= 3);
  for (std::size_t i = 0; i < got.at("chords").size(); ++i)
    CHECK(got.at("chords")[i] == nlohmann::json{{"bar", i + 1}, {"beat", 1}, {"chord", chords[i]}});
  const Score song = read_midi(place / "song.mid", {.strict = true});
  REQUIRE(song.time_signatures.size() == 1);
  CHECK(song.time_signatures[0].numerator == 3);
  CHECK(song.key_signatures == std::vector<KeySignature>{{0, 1, true}});
  CHECK(song.markers.size() == 3);
  CHECK(lines(content(place / "words")).front() == "^");
  CHECK(lines(content(place / "words"))[1] == "|");

  // What it saved gives the same plan, and the same song with the same seed.
  const std::string bytes = content(place / "song.mid"), plan = content(place / "got.json");
  write(place / "plan.json", plan);
  CHECK(generate({"--plan", place / "plan.json"}) == got);
  CHECK((content(place / "song.mid") == bytes));
  CHECK(generate({"--plan", place / "plan.json", "--seed", "5"}) == got);
  CHECK((content(place / "song.mid") != bytes));
  // Options beside it count instead of its part.
  const auto other = generate({"--plan", place / "plan.json", "--tempo", "61", "--bars", "3"});
  CHECK(other.at("tempo") == 61);
  CHECK(other.at("key") == "E minor");
  CHECK(other.at("form") != "i1 A2 o1");
  CHECK((generate(joined(asked, {"--threads", "2"})) == got));
  CHECK((content(place / "song.mid") == bytes));
}

TEST_CASE("examples: songs in beats have whole bars within their seconds, and several have plans of their own") {
  const Workplace place;
  const std::string model = model_of_beats(place);
  place.output("generate", {"--model", model, "--out", place / "song.mid", "--seconds", "11", "--tempo", "120",
                            "--meter", "4/4", "--count", "3", "--save-plan", place / "plan.json"});
  for (int i = 1; i <= 3; ++i) {
    const std::string number = std::to_string(i);
    CHECK(read_midi(place / ("song-" + number + ".mid"), {.strict = true}).duration() <= 10 + 1e-6);
    CHECK(nlohmann::json::parse(content(place / ("plan-" + number + ".json"))).at("tempo") == 120);
  }
  CHECK((content(place / "plan-1.json") != content(place / "plan-2.json")));
}

TEST_CASE("examples: a prompt goes on in beats, or is refused with the reason") {
  const Workplace place;
  const std::string model = model_of_beats(place);
  write_midi(place / "mine.mid", compose(3, {.max_seconds = 60}));
  const auto go_on = [&](const std::vector<std::string>& more) {
    return place.run("generate", joined({"--model", model, "--out", place / "song.mid", "--prompt", place / "mine.mid",
                                         "--prompt-seconds", "9"},
                                        more));
  };
  CHECK(go_on({"--seconds", "20"}).status == 0);
  CHECK(read_midi(place / "song.mid", {.strict = true}).duration() > 8);
  CHECK(go_on({"--form", "x2 o1"}).status == 0);
  CHECK(read_midi(place / "song.mid").markers.back().text == "o");
  const Finished refused = go_on({"--meter", "7/8"});
  CHECK(refused.status == 1);
  CHECK(lines(refused.err).size() == 1);
  CHECK_THAT(refused.err, Contains("mine.mid") && Contains("another metre"));
  write_midi(place / "mine.mid", score_without_beat());
  const Finished no_beat = go_on({});
  CHECK(no_beat.status == 1);
  CHECK_THAT(no_beat.err, Contains("mine.mid") && Contains("no beat: "));
  const Finished by_the_bundled_model =
      place.run("generate", {"--prompt", place / "mine.mid", "--out", place / "s.mid"});
  CHECK(by_the_bundled_model.status == 1);
  CHECK_THAT(by_the_bundled_model.err, Contains("pop909-performance.safetensors"));
}

TEST_CASE("examples: plans that cannot be are refused in a line") {
  const Workplace place;
  const std::string model = model_of_beats(place), performances = place.model();
  const auto fails = [&](const std::string& file, const std::vector<std::string>& more, int status, const char* said) {
    const Finished finished =
        place.run("generate", joined({"--model", file, "--out", place / "song.mid", "--seconds", "5"}, more));
    INFO(more.at(0) << ' ' << finished.err);
    CHECK(finished.status == status);
    CHECK(lines(finished.err).size() == 1);
    CHECK_THAT(finished.err, Contains(said));
  };
  for (const std::vector<std::string>& option : {std::vector<std::string>{"--tempo", "96"},
                                                 {"--meter", "3/4"},
                                                 {"--form", "A8"},
                                                 {"--bars", "8"},
                                                 {"--chords", "C G"},
                                                 {"--plan", place / "none.json"},
                                                 {"--save-plan", place / "plan.json"}})
    fails(performances, option, 2, "the model has no plan");
  fails(model, {"--tempo", "20"}, 2, "--tempo");
  fails(model, {"--meter", "3/5"}, 2, "a metre is one of");
  fails(model, {"--form", "A65"}, 2, "1 to 64");
  fails(model, {"--form", "8A"}, 2, "a form is phrases");
  fails(model, {"--form", "A8", "--bars", "8"}, 2, "--form");
  fails(model, {"--chords", "C H"}, 2, "a chord is a letter");
  fails(model, {"--key", "H"}, 2, "a key is a letter");
  fails(model, {"--no-grammar"}, 2, "models of performances");
  fails(model, {"--plan", place / "none.json"}, 1, "none.json");
  write(place / "plan.json", R"({"tempo": 9})");
  fails(model, {"--plan", place / "plan.json"}, 1, "plan.json: plan: a tempo of 9");
  write(place / "plan.json", "{}");
  fails(model, {"--plan", place / "plan.json", "--save-plan", place / "plan.json"}, 1, "is named twice");
}

TEST_CASE("examples: the model of beats in the repository lets a chorus return") {
  const Workplace place;
  place.output("generate",
               {"--model", (source_dir() / "examples/models/pop909.safetensors").string(), "--count", "6", "--seed",
                "1", "--form", "i2 A4 B4 A4 o1", "--tempo", "120", "--meter", "4/4", "--out", place / "song.mid"});
  std::size_t all = 0, again = 0;
  for (int i = 1; i <= 6; ++i) {
    const Score song = read_midi(place / ("song-" + std::to_string(i) + ".mid"), {.strict = true});
    REQUIRE(song.markers.size() == 5);
    CHECK(song.duration() > 28);  // 15 bars of two seconds
    CHECK(song.duration() < 30.1);
    const std::int64_t phrase = song.markers[2].tick - song.markers[1].tick;
    const auto melody_from = [&](std::int64_t start) {
      std::set<std::pair<std::int64_t, int>> melody;
      for (const Track& track : song.tracks)
        if (track.name == "MELODY" || &track == &song.tracks.front())
          for (const TickNote& note : track.notes)
            if (note.start >= start && note.start < start + phrase) melody.insert({note.start - start, note.pitch});
      return melody;
    };
    const auto first = melody_from(song.markers[1].tick), second = melody_from(song.markers[3].tick);
    all += second.size();
    again += static_cast<std::size_t>(
        std::count_if(second.begin(), second.end(), [&](const auto& note) { return first.contains(note); }));
  }
  INFO(again << " of " << all << " notes of choruses are those of the first");
  CHECK(all > 40);
  CHECK(static_cast<double>(again) > 0.25 * static_cast<double>(all));  // half of them; by chance a tenth
}
