// What comes out is music, whatever the model and the temperature.
#include <catch.hpp>
#include <musicgen/data/composer.hpp>
#include <musicgen/midi.hpp>
#include <musicgen/sample/sampler.hpp>
#include <musicgen/train/trainer.hpp>

#include "data_files.hpp"
#include "sample/models.hpp"
#include "sample/rules.hpp"
#include "tokens/songs.hpp"

using namespace musicgen;
using namespace musicgen::test;
using namespace std::chrono_literals;

namespace {

/// The notes of a generated score, from its ticks of 1 ms; they must be on the grid of 10 ms.
std::vector<StepNote> step_notes(const Score& score) {
  std::vector<StepNote> notes;
  for (std::size_t k = 0; k < score.tracks.size(); ++k)
    for (const TickNote& n : score.tracks[k].notes) {
      REQUIRE(n.start % 10 == 0);
      REQUIRE(n.end % 10 == 0);
      notes.push_back(
          {static_cast<int>(n.start / 10), static_cast<int>(n.end / 10), n.pitch, n.velocity, static_cast<int>(k)});
    }
  std::sort(notes.begin(), notes.end());
  return notes;
}

/// The same notes with tracks numbered without holes, as in a score.
std::vector<StepNote> without_holes(std::vector<StepNote> notes) {
  std::map<int, int> numbers;
  for (const StepNote& n : notes) numbers[n.track];
  for (int k = 0; auto& [track, number] : numbers) number = k++;
  for (StepNote& n : notes) n.track = numbers[n.track];
  return notes;
}

void check_song(const GeneratedSong& song, const Vocabulary& vocabulary, bool canonical,
                const std::filesystem::path& file) {
  Grammar grammar(vocabulary, {.canonical = canonical});
  for (const Token token : song.tokens) REQUIRE_NOTHROW(grammar.advance(token));
  CHECK(grammar.ended());

  const ReadSong reading = read_by_the_rules(song.tokens, vocabulary, canonical);
  INFO(text(vocabulary, song.tokens));
  CHECK(reading.fault == "");
  CHECK(step_notes(song.score) == without_holes(reading.notes));
  for (const Note& n : song.score.notes()) CHECK(n.end > n.start + 0.0099);

  write_midi(file, song.score);
  const Score read = read_midi(file, {.strict = true});  // strict: notes left hanging are an error
  CHECK(read.notes() == song.score.notes());
  CHECK(read.duration() == song.score.duration());
}

struct Tried {
  std::size_t songs = 0, notes = 0;
};

Tried try_songs(const Model<>& model, int count, const Length& length) {
  const TemporaryDirectory folder;
  Tried tried;
  for (const float temperature : {0.5f, 0.75f, 1.0f, 1.25f, 1.5f}) {
    Sampler sampler(model, SamplerOptions{.temperature = temperature, .seed = 3});
    for (const GeneratedSong& song : sampler.generate(count, length)) {
      check_song(song, model.vocabulary(), model.config().canonical, folder / "song.mid");
      CHECK(song.log_probabilities.size() == song.tokens.size());
      if (length.time) CHECK(song.score.duration() <= length.time->count() + 1e-9);
      ++tried.songs;
      tried.notes += song.score.notes().size();
    }
  }
  return tried;
}

}  // namespace

TEST_CASE("sample: 200 songs at temperatures 0.5 to 1.5 from a model that has learned nothing break no rule") {
  const Tried by_time = try_songs(untrained(), 20, 6s), by_tokens = try_songs(untrained(), 20, Length::in_tokens(300));
  CHECK(by_time.songs + by_tokens.songs == 200);
  CHECK(by_time.notes > 400);
  CHECK(by_tokens.notes > 1000);
}

TEST_CASE("sample: songs from a model that has learned something break no rule") {
  const Vocabulary vocabulary = Vocabulary::standard();
  std::vector<Song> songs;
  for (std::uint64_t i = 0; i < 8; ++i) {
    Encoded song = encode(compose(i), vocabulary);
    songs.push_back(make_song(std::to_string(i), i == 0 ? Split::validation : Split::train, std::move(song.tokens),
                              std::move(song.programs), vocabulary));
  }
  const Corpus corpus(std::move(songs));
  Model<> model({{vocabulary.size(), 16, 48, 1}, vocabulary, {corpus.programs()}, true});
  TrainerOptions options{.stages = stages::all_positions(64), .batch = 8, .steps = 150};
  options.schedule = {.learning_rate = 1e-2, .warmup_steps = 20};
  double loss = 0;
  Trainer(model, corpus, options).run([&](const Progress& p) {
    loss = p.smoothed_loss;
    return true;
  });
  CHECK(loss < 4);  // an untrained model's is 6
  CHECK(try_songs(model, 20, 6s).notes > 1000);
  CHECK(try_songs(model, 20, Length::in_tokens(300)).notes > 3000);
}

TEST_CASE("sample: models of strong opinions, of few words and of no order break no rule either") {
  CHECK(try_songs(untrained(Vocabulary::standard(), 5, true, 40), 8, 6s).songs == 40);
  CHECK(try_songs(untrained(Vocabulary::standard(), 6, false), 8, 6s).notes > 100);
  CHECK(try_songs(untrained(Vocabulary::standard(), 7, false, 40), 8, Length::in_tokens(400)).songs == 40);
  for (const bool canonical : {true, false})
    for (const Vocabulary& vocabulary : {fewer_words(), vocabulary_with_holes()}) {
      CHECK(try_songs(untrained(vocabulary, 8, canonical), 4, 6s).notes > 50);
      CHECK(try_songs(untrained(vocabulary, 9, canonical), 4, Length::in_tokens(300)).notes > 200);
    }
}

TEST_CASE("sample: top-k, top-p, min-p, temperature 0 and what songs keep to break no rule") {
  const TemporaryDirectory folder;
  const Model<> model = untrained(Vocabulary::standard(), 2, true, 5);
  const auto check = [&](const AnyProcessor& processor, const SamplerOptions& options = {}) {
    Sampler sampler(model, processor, options);
    for (const GeneratedSong& song : sampler.generate(3, Length::in_tokens(500)))
      check_song(song, model.vocabulary(), true, folder / "song.mid");
  };
  for (const SamplerOptions& options :
       {SamplerOptions{.temperature = 0}, SamplerOptions{.top_k = 1}, SamplerOptions{.top_k = 5},
        SamplerOptions{.top_p = 0.5f}, SamplerOptions{.min_p = 0.3f}, SamplerOptions{.top_k = 9, .min_p = 0.5f}})
    check(Chain<>(), options);
  check(PitchSampling{.temperature = 1e-3f});
  check(PitchSampling{.top_p = 0.5f});
  check(PitchSampling{.min_p = 0.5f});
  check(Density{10});
  check(Density{-10});
  check(PitchClassPrior{10});
  check(VelocityPrior{79, 10});
  check(Chain(Density{-1, 10}, PitchClassPrior{1, 10}, VelocityTemperature{1, 10}));
  check(NearOnsetPenalty{10});
  check(ChordSizePenalty{10});
  check(ChordSizePenalty{-10});
  check(TimingSharpness{10});
  check(MaxRest{10ms});
  check(presets::lifelike(model), {.top_k = 9, .top_p = 0.9f});
}

TEST_CASE("sample: without the grammar what comes is made a song") {
  const TemporaryDirectory folder;
  const Vocabulary vocabulary = Vocabulary::standard();
  std::size_t notes = 0;
  for (const float contrast : {1.0f, 40.0f}) {
    // Velocities and tracks are made likely, or notes would be rare.
    const Forbid no_end{[](TokenEvent m) { return m.kind == TokenKind::end; }};
    Model<> model = untrained(vocabulary, 4, true, contrast);
    for (Token t = 0; t < vocabulary.size(); ++t)
      if (const auto kind = vocabulary[t].kind; kind == TokenKind::velocity || kind == TokenKind::track)
        model.weights().head.b2[t] += 3;
    Sampler sampler(model, no_end, {.grammar = false});
    for (const Length& length : {Length(20s), Length::in_tokens(2000)})
      for (const GeneratedSong& song : sampler.generate(4, length)) {
        // Tokens are those of the notes, and start with the first of them.
        const ReadSong reading = read_by_the_rules(song.tokens, vocabulary, true);
        CHECK(reading.fault == "");
        CHECK(reading.notes.size() == song.score.notes().size());
        CHECK(song.log_probabilities.empty());
        write_midi(folder / "song.mid", song.score);
        CHECK(read_midi(folder / "song.mid", {.strict = true}).notes() == song.score.notes());
        if (length.time) CHECK(song.score.duration() <= length.time->count() + 1e-9);
        notes += reading.notes.size();
      }
  }
  CHECK(notes > 100);
}

TEST_CASE("sample: a model that has got stuck comes to an end") {
  // Without the grammar, at temperature 0: one word for ever, and if it is not a gap no time passes.
  Model<> model = untrained();
  auto& bias = model.weights().head.b2;
  bias.setConstant(-10);
  bias[model.vocabulary().note_on(60)] = 10;
  Sampler sampler(model, {.temperature = 0, .grammar = false});
  CHECK(sampler.song(1s).notes().empty());

  // With it: the loudest chord there is, again and again.
  bias[model.vocabulary().time(1)] = 5;
  for (Token t = 0; t < 128; ++t) bias[t] = 10;
  Sampler loud(model, {.temperature = 0, .seed = 2});
  const GeneratedSong song = loud.generate(1, 1s).front();
  CHECK(song.tokens.size() < 20000);
  CHECK(read_by_the_rules(song.tokens, model.vocabulary(), true).fault == "");
}

TEST_CASE("sample: the reader of these tests knows what breaks a rule") {
  const Vocabulary vocabulary = Vocabulary::standard();
  const auto fault = [&](const char* song, bool canonical = false) {
    return read_by_the_rules(tokens(vocabulary, song), vocabulary, canonical).fault;
  };
  CHECK(fault("^ +60 v63 i0 t10 -60 i0 $", true) == "");
  CHECK(fault("^ $", true) == "");
  for (const char* bad :
       {"+60 v63 i0 t10 -60 i0 $", "^ +60 v63 i0 t10 -60 i0", "^ t5 +60 v63 i0 t10 -60 i0 $", "^ +60 v63 i0 $",
        "^ +60 v63 i0 -60 i0 $", "^ +60 v63 i0 t10 -60 i1 $", "^ +60 v63 i0 t10 t10 -60 i0 $", "^ +60 v63 $",
        "^ +60 i0 t10 -60 i0 $", "^ +60 v63 i0 +60 v63 i0 t10 -60 i0 $", "^ +60 v63 i0 t10 -60 $", "^ i0 $",
        "^ +60 v63 i0 t10 -60 i0 -60 i0 $", "^ +60 v63 i0 t10 ^ -60 i0 $"})
    CHECK(fault(bad) != "");
  for (const char* disorder :
       {"^ +62 v63 i0 +60 v63 i0 t10 -60 i0 -62 i0 $", "^ +60 v63 i1 +62 v63 i0 t10 -62 i0 -60 i1 $",
        "^ +60 v63 i0 +62 v63 i0 t10 -62 i0 -60 i0 $", "^ +60 v63 i0 t10 +62 v63 i0 -60 i0 t10 -62 i0 $",
        "^ +60 v63 i0 t10 -60 i0 t10 $"}) {
    CHECK(fault(disorder) == "");
    CHECK(fault(disorder, true) != "");
  }
}
