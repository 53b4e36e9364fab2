// tokenize, compose and inspect: from files to words and back.
#include <catch.hpp>
#include <musicgen/tokens/encoder.hpp>
#include <nlohmann/json.hpp>
#include <sstream>

#include "examples/programs.hpp"
#include "tokens/songs.hpp"

using namespace musicgen;
using namespace musicgen::test;

TEST_CASE("examples: tokens are the library's, one a line, and survive decoding") {
  const Workplace place;
  const std::string songs = place.songs("songs", 4);
  for (int i = 0; i < 4; ++i) {
    const std::string file = songs + "/" + std::to_string(i) + ".mid", back = place / "back.mid",
                      text = place / "tokens.txt";
    const std::string words = place.output("tokenize", {file});
    const Vocabulary vocabulary = Vocabulary::standard();
    std::string expected;
    for (const Token token : encode(read_midi(file), vocabulary).tokens) expected += vocabulary.name(token) + '\n';
    CHECK(words == expected);
    write(text, words);
    CHECK(place.output("tokenize", {"--decode", text, back}) == "");
    CHECK(place.output("tokenize", {back}) == words);
  }
}

TEST_CASE("examples: decoding tells what it passes over") {
  const Workplace place;
  write(place / "tokens.txt", "^ +60 v63 i0 t10\n -61 i0 v63 -60 i0 +62 v63 i0 $");
  const Finished finished = place.run("tokenize", {"--decode", place / "tokens.txt", place / "out.mid"});
  CHECK(finished.status == 0);
  CHECK(lines(finished.err).size() == 1);
  CHECK_THAT(finished.err, Catch::Contains("skipped: 3") && Catch::Contains("open at the end: 1"));
  CHECK(read_midi(place / "out.mid").notes().size() == 2);
}

TEST_CASE("examples: tokens of another vocabulary") {
  const Workplace place;
  const Vocabulary vocabulary = vocabulary_with_holes();
  write(place / "vocabulary.json", nlohmann::json(vocabulary.names()).dump());
  write_midi(place / "song.mid", score_of({{0, 500, 60}, {500, 1000, 62, 64, 1}, {1000, 1500, 20}}));
  const Finished finished = place.run("tokenize", {"--vocabulary", place / "vocabulary.json", place / "song.mid"});
  CHECK(finished.status == 0);
  CHECK(lines(finished.err).size() == 1);  // of what there are no words for
  std::vector<Token> tokens;
  for (const std::string& word : lines(finished.out)) tokens.push_back(vocabulary.find(word));
  CHECK(tokens == encode(read_midi(place / "song.mid"), vocabulary).tokens);
}

TEST_CASE("examples: notes are the file's own, before any token rule, without drums") {
  const Workplace place;
  Score score = score_of({{3, 507, 60, 1}, {3, 507, 60, 99, 1}, {104, 105, 64, 64, 2}, {2000, 5000, 127, 127, 0}});
  score.tracks[1].channel = 9;
  score.tempo = TempoMap(500, {{0, 500000}, {1000, 250000}});  // twice as fast after a second
  write_midi(place / "song.mid", score);
  const auto found = lines(place.output("tokenize", {"--notes", place / "song.mid"}));
  const std::vector<Note> expected{{0.003, 0.507, 60, 1, 0}, {0.104, 0.105, 64, 64, 1}, {1.5, 3, 127, 127, 0}};
  REQUIRE(found.size() == expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    std::istringstream line(found[i]);
    Note note{};
    std::string more;
    REQUIRE(line >> note.start >> note.end >> note.pitch >> note.velocity >> note.track);
    CHECK_FALSE(line >> more);
    CHECK(note.start == Approx(expected[i].start).margin(1e-8));
    CHECK(note.end == Approx(expected[i].end).margin(1e-8));
    CHECK(note.pitch == expected[i].pitch);
    CHECK(note.velocity == expected[i].velocity);
    CHECK(note.track == expected[i].track);
  }
}

TEST_CASE("examples: a song without notes has no notes, and the tokens ^ and $") {
  const Workplace place;
  write_midi(place / "silence.mid", Score{});
  CHECK(place.output("tokenize", {"--notes", place / "silence.mid"}) == "");
  CHECK(place.output("tokenize", {place / "silence.mid"}) == "^\n$\n");
}

TEST_CASE("examples: composed songs are whole, many, and the same each time") {
  const Workplace place;
  CHECK_THAT(place.output("compose", {"--out", place / "a", "--count", "3", "--seed", "5"}),
             Catch::Contains("3 songs"));
  place.output("compose", {"--out", place / "b", "--count", "3", "--seed", "5"});
  place.output("compose", {"--out", place / "c", "--count", "3", "--seed", "6"});
  std::set<std::string> different;
  for (const std::string name : {"/song-0001.mid", "/song-0002.mid", "/song-0003.mid"}) {
    CHECK(read_midi((place / "a") + name, {.strict = true}).notes().size() > 100);
    CHECK((content((place / "a") + name) == content((place / "b") + name)));
    for (const char* folder : {"a", "b", "c"}) different.insert(content((place / folder) + name));
  }
  CHECK(different.size() == 6);
}

TEST_CASE("examples: inspect says what a song is as music, in lines, as JSON and as a picture") {
  const Workplace place;
  std::vector<TickNote> notes;
  for (int bar = 0; bar < 16; ++bar)
    for (int beat = 0; beat < 4; ++beat)
      for (const int pitch : {beat == 0 ? 36 : 48, 64, 67})
        notes.push_back({500 * (4 * bar + beat), 500 * (4 * bar + beat) + (beat == 0 ? 490 : 300),
                         static_cast<std::uint8_t>(pitch), 80});
  Score score;
  score.tracks = {{.name = "PIANO", .notes = notes}};
  write_midi(place / "song.mid", score);
  write_midi(place / "empty.mid", Score{});
  const std::string text = place.output("inspect", {place / "song.mid", "--picture", place / "song.png"});
  CHECK_THAT(text, Catch::Contains("4/4, 120.0 beats a minute, 64 beats in 16 bars") && Catch::Contains("C:maj"));
  CHECK(content(place / "song.png").substr(1, 3) == "PNG");

  const auto song = nlohmann::json::parse(place.output("inspect", {"--json", place / "song.mid"}));
  CHECK(song["beats"].size() == 64);
  CHECK(song["downbeats"].size() == 16);
  CHECK(song["downbeats"][1] == 2.0);
  CHECK(song["meter"] == "4/4");
  CHECK(song["tempo"] == 120.0);
  CHECK(song["key"] == "C:maj");
  CHECK(song["chords"] == nlohmann::json::parse(R"([{"start": 0.0, "end": 32.0, "label": "C:maj"}])"));
  CHECK(song["phrases"].back()["end"] == 32.0);

  const auto empty = nlohmann::json::parse(place.output("inspect", {"--json", place / "empty.mid"}));
  CHECK(empty["beats"].empty());
  CHECK(empty["key"].is_null());
  CHECK(empty["no_beat"] == "it has no notes");
  CHECK_THAT(place.output("inspect", {place / "empty.mid"}), Catch::Contains("no beat: it has no notes"));
}

TEST_CASE("examples: inspect shows a song's tracks and a model's sizes") {
  const Workplace place;
  write_midi(place / "song.mid", compose(2));
  const std::string song = place.output("inspect", {place / "song.mid"});
  CHECK_THAT(song, !Catch::Contains(" \n"));
  CHECK_THAT(song, Catch::Contains("MELODY") && Catch::Contains("i1") && Catch::Contains("format 1"));
  const std::string model = place.output("inspect", {place.model()});
  CHECK_THAT(model, Catch::Contains("embedding 8, hidden 16, layers 1") && Catch::Contains("405 tokens") &&
                        Catch::Contains("programs: 40 41 0") && Catch::Contains("embed.weight"));
}

TEST_CASE("examples: inspect counts one beat in one bar in the singular") {
  const Workplace place;
  Score score;
  score.tracks = {{.name = "PIANO", .notes = {{0, 490, 36, 100}}}};
  for (int i = 0; i < 4; ++i) score.tracks[0].notes.push_back({125 * i, 125 * i + 120, 60, 80});
  write_midi(place / "song.mid", score);
  CHECK_THAT(place.output("inspect", {place / "song.mid"}), Catch::Contains(", 1 beat in 1 bar"));
}

TEST_CASE("examples: inspect tells nothing of the time before a file begins") {
  const Workplace place;
  Score score;
  score.tracks = {{.name = "PIANO", .notes = {{125, 240, 67, 80}}}};
  for (int i = 0; i < 64; ++i)
    for (const int pitch : {48, 64, 67})
      if (pitch != 48 || i % 4 == 0)
        score.tracks[0].notes.push_back({250 + i * 500, 250 + i * 500 + 400, static_cast<std::uint8_t>(pitch), 80});
  write_midi(place / "song.mid", score);
  REQUIRE(analyze(score).beats[0].time < Seconds(0));
  const auto song = nlohmann::json::parse(place.output("inspect", {"--json", place / "song.mid"}));
  CHECK(song["beats"].size() == 64);
  CHECK(song["beats"][0] == 0.25);
  CHECK(song["downbeats"][0] == 0.25);
  CHECK(song["chords"][0]["start"] == 0.0);
  CHECK(song["phrases"][0]["start"] == 0.0);
  CHECK_THAT(place.output("inspect", {place / "song.mid"}),
             Catch::Contains("64 beats in 17 bars, the first downbeat at 0.25 s"));
}

TEST_CASE("examples: what the bundled model has written is decoded without saying in which language") {
  const Workplace place;
  place.output("generate", {"--seconds", "10", "--out", place / "song.mid", "--save-tokens", place / "tokens.txt"});
  place.output("tokenize", {"--decode", place / "tokens.txt", place / "again.mid"});
  CHECK((content(place / "again.mid") == content(place / "song.mid")));
}
