// hello, generate and evaluate, with a model that has learned nothing.
#include <array>
#include <catch.hpp>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "examples/programs.hpp"

using namespace musicgen;
using namespace musicgen::test;

TEST_CASE("examples: hello writes a minute of music") {
  const Workplace place;
  place.output("hello", {place.model(), place / "song.mid"});
  const Score song = read_midi(place / "song.mid", {.strict = true});
  CHECK(song.duration() > 50);
  CHECK(song.duration() <= 60);
  CHECK(song.programs().size() > 1);
}

TEST_CASE("examples: the bundled model writes music of its own accord") {
  const Workplace place;
  std::set<std::string> beginnings;
  const int songs = 20;
  // Without --model, in whatever folder this runs.
  place.output("generate", {"--count", std::to_string(songs), "--seconds", "60", "--precision", "int8", "--out",
                            place / "song.mid"});
  for (int i = 1; i <= songs; ++i) {
    const Score song = read_midi(place / ("song-" + std::to_string(i) + ".mid"), {.strict = true});
    INFO("song " << i);
    CHECK(song.duration() > 50);
    const auto notes = song.notes();
    REQUIRE(notes.size() > 60);
    std::string beginning;
    for (std::size_t n = 0; n < 12; ++n)
      beginning += std::to_string(notes[n].pitch) + '@' + std::to_string(std::lround(100 * notes[n].start)) + ' ';
    CHECK(beginnings.insert(beginning).second);  // no two begin alike
  }
}

TEST_CASE("examples: the same seed generates the same bytes, on any number of threads") {
  const Workplace place;
  const std::string model = place.model();
  const auto generate = [&](const std::string& seed, const std::string& threads) {
    place.output("generate", {"--model", model, "--out", place / "song.mid", "--seconds", "8", "--seed", seed,
                              "--threads", threads, "--save-tokens", place / "tokens.txt"});
    return content(place / "song.mid") + content(place / "tokens.txt");
  };
  const std::string first = generate("5", "1");
  CHECK((generate("5", "1") == first));
  CHECK((generate("5", "2") == first));
  CHECK((generate("5", "3") == first));
  CHECK((generate("6", "1") != first));
}

TEST_CASE("examples: several songs are numbered, and are those of one after the other") {
  const Workplace place;
  const std::string model = place.model();
  const std::vector<std::string> common{"--model", model, "--tokens", "120", "--seed", "3"};
  const std::string said = place.output(
      "generate", joined(common, {"--out", place / "a.b.mid", "--count", "3", "--save-tokens", place / "words"}));
  CHECK(lines(said).size() == 3);
  for (const int number : {1, 2, 3}) {
    const std::string end = std::to_string(number);
    CHECK_THAT(lines(said)[static_cast<std::size_t>(number - 1)], Catch::Contains("a.b-" + end + ".mid"));
    CHECK(read_midi(place / ("a.b-" + end + ".mid"), {.strict = true}).notes().size() > 5);
    CHECK(lines(content(place / ("words-" + end))).size() > 50);
  }
  CHECK_FALSE(fs::exists(place / "a.b.mid"));
  CHECK_FALSE(fs::exists(place / "a.b-4.mid"));
  place.output("generate", joined(common, {"--out", place / "one.mid"}));
  CHECK((content(place / "one.mid") == content(place / "a.b-1.mid")));
  CHECK((content(place / "one.mid") != content(place / "a.b-2.mid")));
}

TEST_CASE("examples: a song that is written is told, though its picture or its tokens cannot be") {
  const Workplace place;
  if (!fs::exists("/dev/full")) return skip("no /dev/full");
  const std::string song = place / "song.mid";
  for (const std::string option : {"--picture", "--save-tokens"}) {
    INFO(option);
    fs::remove(song);
    const Finished finished =
        place.run("generate", {"--model", place.model(), "--out", song, "--tokens", "50", option, "/dev/full"});
    CHECK(finished.status == 1);
    CHECK_THAT(finished.out, Catch::StartsWith(song + ": "));
    CHECK(lines(finished.err).size() == 1);
    CHECK_THAT(finished.err, Catch::Contains("/dev/full: cannot be written"));
    CHECK_FALSE(read_midi(song, {.strict = true}).notes().empty());
  }
}

TEST_CASE("examples: saved tokens are those of the written file") {
  const Workplace place;
  const std::string model = place.model();
  for (const std::string length : {"--seconds", "--tokens"})
    for (const std::string seed : {"1", "2", "3"}) {
      place.output("generate", {"--model", model, "--out", place / "song.mid", length, "20", "--seed", seed,
                                "--save-tokens", place / "tokens.txt"});
      const std::string saved = content(place / "tokens.txt");
      CHECK(lines(saved).front() == "^");
      CHECK(lines(saved).back() == "$");
      CHECK((place.output("tokenize", {place / "song.mid"}) == saved));
    }
}

TEST_CASE("examples: by default songs are lifelike, and each option changes them") {
  const Workplace place;
  Model<> plain = load_model(place.model());
  ModelConfig config = plain.config();
  config.profile.usual_velocity = 79;
  const std::string model = place / "knows.safetensors";
  save_model(model, Model<>(std::move(config), plain.weights()));
  const auto generate = [&](const std::vector<std::string>& more) {
    place.output("generate", joined({"--model", model, "--out", place / "song.mid", "--seconds", "60"}, more));
    return content(place / "song.mid");
  };
  const std::string song = generate({});
  CHECK((generate({"--pitch-temperature=1.09", "--pitch-min-p=0.055", "--velocity-temperature=1.05", "--density=-0.2",
                   "--pitch-class-prior=0.4", "--velocity-prior=0.08", "--near-onset-penalty=0.6",
                   "--chord-size-penalty=0.3", "--timing-sharpness=1", "--song-variation=1", "--max-rest=4"}) == song));
  for (const std::string option :
       {"--pitch-temperature=0.5", "--pitch-min-p=0.9", "--velocity-temperature=1.5", "--density=0",
        "--pitch-class-prior=3", "--velocity-prior=5", "--near-onset-penalty=5", "--chord-size-penalty=3",
        "--timing-sharpness=0", "--song-variation=0", "--max-rest=0.01", "--max-note-length=1", "--key=C major",
        "--tracks=1"}) {
    INFO(option);
    CHECK((generate({option}) != song));
  }
}

TEST_CASE("examples: old names of options do what the new ones do, and say which these are") {
  const Workplace place;
  const std::string model = place.model();
  const auto generate = [&](const std::vector<std::string>& more) {
    const Finished finished = place.run(
        "generate", joined({"--model", model, "--out", place / "song.mid", "--seconds", "20", "--seed", "3"}, more));
    CHECK(finished.status == 0);
    return std::pair(content(place / "song.mid"), finished.err);
  };
  const std::vector<std::array<std::string, 3>> names{
      {"--calm=0.7", "--density=-0.7", "--calm is now --density, with the sign turned"},
      {"--variety=3", "--song-variation=3", "--song-variation"},
      {"--keep-key=3", "--pitch-class-prior=3", "--pitch-class-prior"},
      {"--keep-loudness=2", "--velocity-prior=2", "--velocity-prior"},
      {"--keep-together=3", "--near-onset-penalty=3", "--near-onset-penalty"},
      {"--thin-chords=-2", "--chord-size-penalty=-2", "--chord-size-penalty"},
      {"--keep-time=4", "--timing-sharpness=4", "--timing-sharpness"},
      {"--longest-note=1.5", "--max-note-length=1.5", "--max-note-length"},
      {"--ending-after=1", "--end-bias-after=1", "--end-bias-after"},
      {"--longest-rest=0", "--max-rest=0", "--max-rest"}};
  const std::string help = place.output("generate", {"--help"});
  for (const auto& [old_one, new_one, said] : names) {
    INFO(old_one);
    const auto [by_old, told] = generate({old_one});
    const auto [by_new, untold] = generate({new_one});
    CHECK((by_old == by_new));
    CHECK(lines(told).size() == 1);
    CHECK_THAT(told, Catch::StartsWith("generate: --") && Catch::Contains(said));
    CHECK(untold == "");
    CHECK_THAT(help, !Catch::Contains(old_one.substr(0, old_one.find('=')) + " "));
    CHECK_THAT(help, Catch::Contains(new_one.substr(0, new_one.find('='))));
  }
}

TEST_CASE("examples: a key and tracks are kept to, by a model of performances in every note") {
  const Workplace place;
  const std::string model = (source_dir() / "examples/models/pop909-performance.safetensors").string();
  const auto notes = [&](const std::vector<std::string>& more) {
    place.output("generate", joined({"--model", model, "--out", place / "song.mid", "--seconds", "20", "--precision",
                                     "int8", "--save-tokens", place / "tokens.txt"},
                                    more));
    return read_midi(place / "song.mid").notes();
  };
  const std::set<int> e_minor{0, 2, 4, 6, 7, 9, 11};
  const auto in_key = notes({"--key", "E minor"});
  CHECK(in_key.size() > 20);
  for (const Note& note : in_key) CHECK(e_minor.count(note.pitch % 12) == 1);
  const auto on_tracks = notes({"--tracks", "1,3"});
  CHECK(on_tracks.size() > 20);
  CHECK(read_midi(place / "song.mid").programs().size() <= 2);
  const Finished unknown = place.run("generate", {"--out", place / "song.mid", "--tracks", "4"});
  CHECK(unknown.status == 2);
  CHECK_THAT(unknown.err, Catch::Contains("--tracks") && Catch::Contains("3 tracks"));
}

TEST_CASE("examples: songs end sooner where they are asked to") {
  const Workplace place;
  const auto duration = [&](const std::vector<std::string>& more) {
    place.output("generate", joined({"--out", place / "song.mid", "--precision", "int8", "--seed", "9"}, more));
    return read_midi(place / "song.mid").duration();
  };
  CHECK(duration({"--end-bias-after", "15"}) < duration({}) - 60);
}

TEST_CASE("examples: generate says so if the model knows nothing of its music") {
  const Workplace place;
  Model<> plain = load_model(place.model());
  ModelConfig config = plain.config();
  config.profile = {};
  const std::string model = place / "bare.safetensors";
  save_model(model, Model<>(std::move(config), plain.weights()));
  const Finished finished = place.run("generate", {"--model", model, "--out", place / "song.mid", "--tokens", "50"});
  CHECK(finished.status == 0);
  CHECK(lines(finished.err).size() == 1);
  CHECK_THAT(finished.err, Catch::Contains("nothing of the music"));
}

TEST_CASE("examples: a length in seconds and one in tokens are kept") {
  const Workplace place;
  const std::string model = place.model(), song = place / "song.mid", tokens = place / "tokens.txt";
  const std::vector<std::string> common{"--model", model, "--out", song, "--save-tokens", tokens};
  place.output("generate", joined(common, {"--seconds", "7.5"}));
  CHECK(read_midi(song).duration() <= 7.5);
  CHECK(read_midi(song).duration() > 5);
  place.output("generate", joined(common, {"--seconds", "600", "--tokens", "100"}));
  const auto words = lines(content(tokens));
  CHECK(std::count_if(words.begin(), words.end(), [](auto& w) { return w[0] == '+'; }) <= 33);
  for (const std::string option : {"--temperature=0", "--top-k=3", "--top-p=0.5", "--min-p=0.2", "--no-grammar"}) {
    INFO(option);
    place.output("generate", joined(common, {"--seconds", "3", option}));
    CHECK(read_midi(song, {.strict = true}).duration() <= 3);
  }
}

TEST_CASE("examples: a song goes on from a prompt") {
  const Workplace place;
  const std::string prompt = place / "prompt.mid", song = place / "song.mid", model = place.model();
  write_midi(prompt, compose(3));
  const auto given = lines(place.output("tokenize", {prompt}));
  const auto generate = [&](const std::vector<std::string>& more) {
    place.output("generate", joined({"--model", model, "--prompt", prompt, "--out", song, "--save-tokens",
                                     place / "tokens.txt", "--seed", "2"},
                                    more));
    return lines(content(place / "tokens.txt"));
  };
  const auto cut = generate({"--prompt-seconds", "20", "--seconds", "25"});  // by then all tracks have notes
  std::size_t shared = 0;
  while (shared < cut.size() && cut[shared] == given[shared]) ++shared;
  int steps = 0;
  for (std::size_t i = 0; i < shared; ++i) steps += given[i][0] == 't' ? std::stoi(given[i].substr(1)) : 0;
  CHECK(steps > 1900);
  CHECK(steps < 2200);
  CHECK(read_midi(song).duration() <= 25);

  const double length = read_midi(prompt).duration();
  const auto whole = generate({"--seconds", std::to_string(length + 5)});
  REQUIRE(whole.size() > given.size());
  CHECK(std::equal(given.begin(), given.end() - 1, whole.begin()));
  CHECK(read_midi(song).duration() > length);

  generate({"--prompt-seconds", "20", "--seconds", "25", "--picture", place / "picture.png"});
  const std::string picture = content(place / "picture.png");
  REQUIRE(picture.size() > 24);
  CHECK(picture.substr(1, 3) == "PNG");
  CHECK(static_cast<unsigned char>(picture[22]) * 256 + static_cast<unsigned char>(picture[23]) == 900);  // its height
}

TEST_CASE("examples: generate and evaluate in fewer bytes") {
  const Workplace place;
  const std::string model = place.model();
  for (const char* precision : {"fp32", "bf16", "int8"}) {
    place.output("generate", {"--model", model, "--out", place / "o.mid", "--tokens", "99", "--precision", precision});
    CHECK_FALSE(read_midi(place / "o.mid").notes().empty());
    const auto result = nlohmann::json::parse(
        place.output("evaluate", {"--model", model, "--data", place / "o.mid", "--precision", precision}));
    CHECK(result["tokens"] > 90);
  }
  CHECK(place.run("generate", {"--model", model, "--out", place / "o.mid", "--precision", "fp16"}).status == 2);
}

TEST_CASE("examples: evaluate says one JSON object with the figures and how they hang together") {
  const Workplace place;
  const std::string model = place.model(), songs = place.songs("songs", 4);
  const auto evaluate = [&](const std::vector<std::string>& more) {
    return nlohmann::json::parse(place.output("evaluate", joined({"--model", model, "--data", songs}, more)));
  };
  const auto all = evaluate({"--threads", "2"});
  CHECK(all.at("songs") == 4);
  CHECK(all == evaluate({"--threads", "1"}));
  CHECK(all == evaluate({"--split", "all", "--files", "100"}));
  const double tokens = all.at("tokens"), notes = all.at("notes"), seconds = all.at("seconds"),
               nats = all.at("nats_per_token");
  CHECK(nats > 5);  // log 405 is 6
  CHECK(nats < 7);
  CHECK(all.at("nats_per_note").get<double>() == Approx(nats * tokens / notes));
  CHECK(all.at("bits_per_second").get<double>() == Approx(nats * tokens / std::log(2) / seconds));
  for (const std::string figure : {"nats_per_token", "nats_per_note", "bits_per_second"})
    CHECK(all.at("masked_" + figure) < all.at(figure));

  double of_kinds = 0, masked_of_kinds = 0, counted = 0;
  for (const auto& [name, kind] : all.at("kinds").items()) {
    of_kinds += kind.at("nats").get<double>();
    masked_of_kinds += kind.at("masked_nats").get<double>();
    counted += kind.at("tokens").get<double>();
  }
  CHECK(counted == tokens);
  CHECK(all.at("kinds").at("note_on").at("tokens") == notes);
  CHECK(of_kinds == Approx(nats * tokens));
  CHECK(masked_of_kinds == Approx(all.at("masked_nats_per_token").get<double>() * tokens));

  // The first N by path, and the two sides of the whole.
  const auto first = evaluate({"--files", "1"});
  CHECK(first.at("songs") == 1);
  const auto words = lines(place.output("tokenize", {songs + "/0.mid"}));
  CHECK(first.at("tokens") == words.size() - 1);
  const auto train = evaluate({"--split", "train"}), validation = evaluate({"--split", "validation"});
  CHECK(train.at("songs").get<int>() + validation.at("songs").get<int>() == 4);
  CHECK(train.at("tokens").get<double>() + validation.at("tokens").get<double>() == tokens);
  CHECK(place.run("evaluate", {"--model", model, "--data", songs, "--split", "test"}).status == 1);
}

TEST_CASE("examples: evaluate says the same as a table") {
  const Workplace place;
  const std::string model = place.model(), songs = place.songs("songs", 2);
  const auto all = nlohmann::json::parse(place.output("evaluate", {"--model", model, "--data", songs}));
  const std::string table = place.output("evaluate", {"--model", model, "--data", songs, "--table"});
  const auto cells_of = [&](const std::string& name) {  // the numbers of a row
    for (const std::string& line : lines(table))
      if (line.starts_with(name + ' ')) {
        std::istringstream words(line.substr(name.size()));
        return std::vector<double>(std::istream_iterator<double>(words), {});
      }
    return std::vector<double>();
  };
  const double notes = all.at("notes");
  const auto check = [&](const std::string& name, double tokens, double nats, double masked) {
    const std::vector<double> cells = cells_of(name);
    REQUIRE(cells.size() == 5);
    CHECK(cells[0] == tokens);
    const double expected[] = {nats / tokens, masked / tokens, nats / notes, masked / notes};
    for (std::size_t i = 0; i < 4; ++i) CHECK(cells[i + 1] == Approx(expected[i]).margin(6e-4));
  };
  for (const auto& [name, kind] : all.at("kinds").items())
    check(name, kind.at("tokens"), kind.at("nats"), kind.at("masked_nats"));
  const double tokens = all.at("tokens");
  CHECK(lines(table).size() == all.at("kinds").size() + 6);  // a head of three lines, the sum, and two at the end
  CHECK_THAT(table, Catch::StartsWith("2 songs, " + std::to_string(all.at("notes").get<int>()) + " notes, "));
  CHECK_THAT(table, Catch::Contains(" bits/s, masked "));
  check("all", tokens, all.at("nats_per_token").get<double>() * tokens,
        all.at("masked_nats_per_token").get<double>() * tokens);
}
