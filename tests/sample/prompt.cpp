// Songs that go on from a given one.
#include <catch.hpp>
#include <musicgen/data/composer.hpp>
#include <musicgen/sample/processors/key.hpp>
#include <musicgen/sample/processors/pitch_range.hpp>
#include <musicgen/sample/processors/tracks.hpp>
#include <musicgen/sample/sampler.hpp>

#include "sample/models.hpp"
#include "sample/rules.hpp"
#include "tokens/songs.hpp"

using namespace musicgen;
using namespace musicgen::test;
using namespace std::chrono_literals;

namespace {

const Vocabulary vocabulary = Vocabulary::standard();

/// Whether the song begins with all tokens of the other one except `$`.
bool begins_with(const std::vector<Token>& song, const std::vector<Token>& head) {
  return song.size() > head.size() && std::equal(head.begin(), head.end() - 1, song.begin());
}

Score melody() {
  return score_of({{0, 500, 60}, {500, 1000, 62}, {1000, 1500, 64, 80, 1}, {1500, 2500, 65}});
}

}  // namespace

TEST_CASE("sample: a prompt is the head of the song, with its first and last note") {
  Sampler sampler(untrained());
  sampler.prompt(melody());
  CHECK(sampler.prompt_length() == 2.5s);
  const auto head = encode(melody(), vocabulary).tokens;
  for (const GeneratedSong& song : sampler.generate(5, 6s)) {
    CHECK(begins_with(song.tokens, head));
    CHECK(read_by_the_rules(song.tokens, vocabulary, true).fault == "");
    const std::vector<Note> notes = song.score.notes(), given = melody().notes();
    REQUIRE(notes.size() >= 4);
    for (std::size_t i = 0; i < 4; ++i) {
      CHECK(notes[i].start == given[i].start);
      CHECK(notes[i].end == given[i].end);
      CHECK(notes[i].pitch == given[i].pitch);
      CHECK(notes[i].track == given[i].track);
    }
    for (std::size_t i = 4; i < notes.size(); ++i) CHECK(notes[i].start >= 2.5);  // and only once
    CHECK(song.score.duration() <= 6);
    for (std::size_t i = 0; i + 1 < head.size(); ++i) CHECK(song.log_probabilities[i] == 0);
    CHECK(song.log_probabilities[head.size() - 1] < 0);
  }
}

TEST_CASE("sample: the song goes on as the model would after hearing the prompt") {
  const Model<> model = untrained(vocabulary, 2, true, 6);
  Sampler sampler(model, SamplerOptions{.temperature = 0});
  sampler.prompt(melody());
  auto heard = encode(melody(), vocabulary).tokens;
  heard.pop_back();
  auto decoder = model.decoder(1, 2048);
  const Grammar grammar = [&] {
    Grammar g(vocabulary, {.canonical = true});
    for (const Token t : heard) g.advance(t);
    return g;
  }();
  for (std::size_t i = 0; i + 1 < heard.size(); ++i) decoder.step(std::span(&heard[i], 1));
  const auto& logits = decoder.step(std::span(&heard.back(), 1));
  std::vector<std::uint8_t> allowed(405);
  grammar.allowed(allowed);
  Token best = no_token;
  for (Token t = 0; t < 405; ++t)
    if (allowed[static_cast<std::size_t>(t)] && (best == no_token || logits(0, t) > logits(0, best))) best = t;
  CHECK(sampler.next() == best);
}

TEST_CASE("sample: a prompt cut by seconds leaves its notes to the model") {
  Sampler sampler(untrained());
  sampler.prompt(melody(), 1200ms);  // in the third note
  CHECK(sampler.prompt_length().count() == 1);
  const auto head = tokens(vocabulary, "^ +60 v63 i0 t50 -60 i0 +62 v63 i0 t50 -62 i0 +64 v79 i1 $");
  for (const GeneratedSong& song : sampler.generate(5, 6s)) {
    CHECK(begins_with(song.tokens, head));
    CHECK(read_by_the_rules(song.tokens, vocabulary, true).fault == "");
  }
  sampler.prompt(melody(), 1500ms);  // what happens just then belongs to it
  CHECK(sampler.prompt_length().count() == 1.5);
  sampler.prompt(melody(), 1ms);
  CHECK(sampler.prompt_length().count() == 0);
  CHECK(begins_with(sampler.generate(1, 3s)[0].tokens, tokens(vocabulary, "^ +60 v63 i0 $")));
  sampler.prompt(melody(), 100s);
  CHECK(sampler.prompt_length() == 2.5s);
  sampler.prompt(melody(), std::chrono::duration<double>(HUGE_VAL));
  CHECK(sampler.prompt_length() == 2.5s);
  CHECK_THROWS_AS(sampler.prompt(melody(), -1s), Error);
  CHECK_THROWS_AS(sampler.prompt(melody(), std::chrono::duration<double>(std::nan(""))), Error);
  CHECK(sampler.prompt_length() == 2.5s);
}

TEST_CASE("sample: a prompt as long as the song, or longer, is an error") {
  Sampler sampler(untrained());
  sampler.prompt(melody());
  CHECK_THROWS_WITH(sampler.song(2s), Catch::Contains("2.5") && Catch::Contains("prompt"));
  CHECK_THROWS_WITH(sampler.song(2500ms), Catch::Contains("prompt"));
  CHECK_NOTHROW(sampler.song(2510ms));
  CHECK_THROWS_WITH(sampler.song(Length::in_tokens(24)), Catch::Contains("24") && Catch::Contains("prompt"));
  CHECK(encode(melody(), vocabulary).tokens.size() == 26);
  CHECK_NOTHROW(sampler.song(Length::in_tokens(26)));
}

TEST_CASE("sample: a prompt without notes is none") {
  const Model<> model = untrained();
  Sampler prompted(model), plain(model);
  prompted.prompt(Score{});
  CHECK(prompted.prompt_length().count() == 0);
  CHECK(prompted.generate(1, 5s)[0].tokens == plain.generate(1, 5s)[0].tokens);
}

TEST_CASE("sample: the instruments are the prompt's, and the model's where it has no track") {
  const std::array tracks{0, 1, 2};
  Sampler sampler(untrained(), Tracks(tracks));
  Score prompt = melody();
  prompt.tracks[0].program = 12;
  prompt.tracks[1].program = 13;
  sampler.prompt(prompt);
  const auto programs = [&] {
    return sampler.song(30s).programs();  // long enough for all three
  };
  CHECK(programs() == std::vector{12, 13, 0});
  sampler.prompt(score_of({{0, 500, 60}}));  // the one before is forgotten
  CHECK(programs() == std::vector{0, 41, 0});
  sampler.prompt(Score{});
  CHECK(programs() == std::vector{40, 41, 0});
}

TEST_CASE("sample: whole composed songs are prompts for every kind of model") {
  const Score song = compose(4, {.max_seconds = 50});
  for (const bool canonical : {true, false})
    for (const Vocabulary& words : {Vocabulary::standard(), fewer_words(), vocabulary_with_holes()}) {
      Sampler sampler(untrained(words, 3, canonical), {.seed = 2});
      sampler.prompt(song, 20s);
      CHECK(sampler.prompt_length().count() <= 20);
      CHECK(sampler.prompt_length().count() > 15);
      for (const GeneratedSong& result : sampler.generate(2, 25s)) {
        CHECK(read_by_the_rules(result.tokens, words, canonical).fault == "");
        CHECK(result.score.duration() > 15);
        CHECK(result.score.duration() <= 25);
      }
    }
}

TEST_CASE("sample: a prompt may have what is forbidden, what the model adds does not") {
  Sampler sampler(untrained(), Chain(PitchRange{70, 80}, Tracks(std::array{2})));
  sampler.prompt(melody());
  for (const GeneratedSong& song : sampler.generate(5, 6s)) {
    CHECK(begins_with(song.tokens, encode(melody(), vocabulary).tokens));
    for (const StepNote& n : read_by_the_rules(song.tokens, vocabulary, true).notes)
      if (n.start >= 250) {
        CHECK(n.track == 2);
        CHECK((n.pitch >= 70 && n.pitch <= 80));
      }
  }
}

TEST_CASE("sample: every song of a stream begins with the prompt, and prompts can change") {
  Model<> model = untrained();
  model.weights().head.b2[vocabulary.end()] = 6;
  Sampler sampler(model, few_notes());
  sampler.prompt(score_of({{0, 500, 60}}), 200ms);  // its note is left open
  const Token off = vocabulary.note_off(60);
  for (int song = 0; song < 5; ++song) {
    bool ended = false;
    for (Token token = sampler.next(); token != vocabulary.end(); token = sampler.next()) ended |= token == off;
    CHECK(ended);
  }
  sampler.next();
  sampler.prompt(score_of({{0, 300, 61}, {300, 600, 62}}), 400ms);
  CHECK(sampler.next_note().start >= 0.3);  // the first is given, so it does not come
  CHECK(sampler.so_far().steps() >= 30);
  CHECK(sampler.so_far().position() > 9);
}
