// Songs, streams and prompts in the language of beats.
#include <algorithm>
#include <catch.hpp>
#include <chrono>
#include <cmath>
#include <musicgen/data/composer.hpp>
#include <musicgen/evaluate/likelihood.hpp>
#include <musicgen/midi.hpp>
#include <musicgen/sample.hpp>

#include "data_files.hpp"
#include "sample/models.hpp"
#include "threads.hpp"
#include "tokens/songs.hpp"

using namespace musicgen;
using namespace musicgen::test;
using namespace std::chrono_literals;

namespace {

SongState after(std::span<const Token> tokens) {
  SongState song;
  for (const Token token : tokens) song.advance(beats()[token]);
  return song;
}

void check_song(const GeneratedSong& song) {
  INFO(text(beats(), song.tokens));
  Grammar grammar(beats(), {.canonical = true});
  for (const Token token : song.tokens) REQUIRE_NOTHROW(grammar.advance(token));
  CHECK(grammar.ended());
  const TemporaryDirectory folder;
  write_midi(folder / "song.mid", song.score);
  CHECK(read_midi(folder / "song.mid", {.strict = true}).notes() == song.score.notes());
}

std::vector<Token> tokens_of(Sampler<>& sampler, int count) {
  std::vector<Token> tokens;
  for (int i = 0; i < count; ++i) tokens.push_back(sampler.next());
  return tokens;
}

/// A composed song of 4/4 whose first bar begins at 0.
Score composed() {
  return compose(3, {.max_seconds = 60});
}

}  // namespace

TEST_CASE("beats: songs break no rule, by time and by tokens, and have a plan from the first bar on") {
  for (const std::uint64_t seed : {1U, 2U, 3U})
    for (const float contrast : {1.0f, 30.0f}) {
      const Model<> model = untrained_in_beats(seed, contrast);
      Sampler sampler(model, SamplerOptions{.seed = seed});
      for (const Length& length : {Length(20s), Length(2500ms), Length::in_tokens(400), Length::in_tokens(9)})
        for (const GeneratedSong& song : sampler.generate(4, length)) {
          check_song(song);
          CHECK(song.log_probabilities.size() == song.tokens.size());
          if (length.time) CHECK(song.score.duration() <= length.time->count() + 1e-6);
          const PlanRequest plan = plan_of(song.tokens, beats());
          if (song.tokens.size() < 12) continue;
          CHECK(plan.key);
          CHECK(!plan.tempos.empty());
          CHECK(!plan.meters.empty());
          CHECK(!plan.form.empty());
          REQUIRE(!plan.chords.empty());
          CHECK(plan.chords[0].bar == 0);
        }
    }
}

TEST_CASE("beats: a song of a length ends with the last bar that fits") {
  const Model<> model = untrained_in_beats(4);
  for (const int tempo : {40, 120, 251}) {
    Sampler sampler(model, SamplerOptions{.plan = {.tempos = {{0, tempo}}, .meters = {{0, 2}}}});  // 3/4
    const double bar = 3 * microseconds_a_quarter(tempo) * 1e-6;
    for (const double seconds : {7.0, 5 * bar, 5 * bar - 0.001}) {
      const GeneratedSong song = sampler.generate(1, std::chrono::duration<double>(seconds)).front();
      const double whole = std::floor(seconds / bar + 1e-6) * bar;
      INFO(tempo << ' ' << seconds << ' ' << text(beats(), song.tokens));
      CHECK(song.score.duration() <= whole + 1e-6);
      CHECK(song.score.duration() > whole - bar);
      check_song(song);
    }
    // A song shorter than a bar is cut within it.
    const GeneratedSong song = sampler.generate(1, std::chrono::duration<double>(0.7 * bar)).front();
    CHECK(song.score.duration() <= 0.7 * bar + 1e-6);
    CHECK(after(song.tokens).place().bars == 1);
    check_song(song);
  }
}

TEST_CASE("beats: a form ends a song before its length does, and the length cuts the form") {
  const Model<> model = untrained_in_beats(5);
  Sampler sampler(model,
                  SamplerOptions{.plan = {.tempos = {{0, 120}}, .meters = {{0, 3}}, .form = parse_form("A2 B2")}});
  const GeneratedSong whole = sampler.generate(1, 60s).front(), cut = sampler.generate(1, 6s).front();
  CHECK(whole.score.duration() <= 8 + 1e-6);
  CHECK(plan_of(whole.tokens, beats()).form.size() == 2);
  CHECK(cut.score.duration() <= 6 + 1e-6);
  CHECK(cut.score.duration() > 4);
  check_song(whole);
  check_song(cut);
}

TEST_CASE("beats: songs side by side are those of one after the other, on any number of threads") {
  const Model<> model = untrained_in_beats(6, 5, 400);
  REQUIRE(is_shared_among_threads(model, 3));
  const auto songs = [&](int threads, bool side_by_side) {
    const Threads some(threads);
    Sampler sampler(model, SamplerOptions{.seed = 8, .window = 128});
    std::vector<std::vector<Token>> all;
    for (int i = 0; i < (side_by_side ? 1 : 3); ++i)
      for (const GeneratedSong& song : sampler.generate(side_by_side ? 3 : 1, 6s)) all.push_back(song.tokens);
    return all;
  };
  const auto expected = songs(1, true);
  CHECK(expected[0] != expected[1]);
  CHECK(songs(1, false) == expected);
  CHECK(songs(2, true) == expected);
  CHECK(songs(3, false) == expected);
}

TEST_CASE("beats: log-probabilities are those that evaluation gives, so contexts are the same") {
  const Model<> model = untrained_in_beats(7, 8);
  for (const GeneratedSong& song : Sampler(model, SamplerOptions{.window = 1 << 14}).generate(2, 15s)) {
    std::size_t chosen = song.log_probabilities.size();
    while (song.log_probabilities[chosen - 1] == 0) --chosen;  // what closes the song was not chosen
    std::vector<Token> inputs(song.tokens.begin(), song.tokens.begin() + static_cast<std::ptrdiff_t>(chosen) - 1);
    std::vector<Token> targets(song.tokens.begin() + 1, song.tokens.begin() + static_cast<std::ptrdiff_t>(chosen));
    std::vector<Token> contexts;
    SongState state;
    for (const Token token : inputs) {
      state.advance(beats()[token]);
      const auto rows = Context::of(state.place(), beats().size());
      contexts.insert(contexts.end(), rows.begin(), rows.end());
    }
    Model<>::Workspace workspace;
    const int length = static_cast<int>(inputs.size());
    const auto& logits = model.logits({1, length, length, inputs, targets, contexts}, workspace);
    for (int t = 0; t < length; ++t) {
      double sum = 0;
      for (int v = 0; v < beats().size(); ++v) sum += std::exp(static_cast<double>(logits(t, v)));
      const double expected = static_cast<double>(logits(t, targets[static_cast<std::size_t>(t)])) - std::log(sum);
      REQUIRE(song.log_probabilities[static_cast<std::size_t>(t) + 1] == Approx(expected).margin(1e-3));
    }
  }
}

TEST_CASE("beats: a stream can be left and come back to, or copied") {
  const Model<> model = untrained_in_beats(8, 4);
  const SamplerOptions options{.window = 64,
                               .plan = {.form = parse_form("A1 B1"), .chords = chord_a_bar("C F G"), .chord_bars = 3}};
  Sampler sampler(model, options);
  tokens_of(sampler, 150);
  const auto state = sampler.snapshot();
  Sampler copy = sampler, other(model, options);
  const auto expected = tokens_of(sampler, 400);
  CHECK(std::count(expected.begin(), expected.end(), beats().end()) > 0);
  CHECK(tokens_of(copy, 400) == expected);
  other.restore(state);
  CHECK(tokens_of(other, 400) == expected);
  sampler.restore(state);
  CHECK(tokens_of(sampler, 400) == expected);
}

TEST_CASE("beats: notes and events of a stream are those of the song, at their times and pitches") {
  const Model<> model = untrained_in_beats(9, 3);
  const SamplerOptions options{.plan = {.key = Key{10, true}, .tempos = {{0, 70}, {2, 143}, {5, 99}}}};
  Sampler songs(model, options), notes(model, options), events(model, options);
  std::vector<Note> expected = songs.generate(1, 40s).front().score.notes();
  const auto same = [](const Note& a, const Note& b) {
    return std::abs(a.start - b.start) < 1e-5 && a.pitch == b.pitch && a.velocity == b.velocity && a.track == b.track;
  };
  int compared = 0;
  for (const Note& note : notes.stream()) {
    if (note.end > 25) break;
    const auto found = std::find_if(expected.begin(), expected.end(), [&](const Note& n) { return same(n, note); });
    REQUIRE(found != expected.end());
    CHECK(std::abs(found->end - note.end) < 1e-5);
    ++compared;
  }
  CHECK(compared > 20);
  std::chrono::duration<double> last{};
  std::size_t ons = 0;
  for (const NoteEvent& event : events.until(25s)) {
    CHECK(event.time >= last);
    last = event.time;
    if (!event.on) continue;
    ++ons;
    CHECK(std::any_of(expected.begin(), expected.end(), [&](const Note& n) {
      return same(n, {event.time.count(), 0, event.pitch, event.velocity, event.track});
    }));
  }
  const auto before = [](const Note& n) { return n.start < 25 - 1e-6; };
  CHECK(ons == static_cast<std::size_t>(std::count_if(expected.begin(), expected.end(), before)));
}

TEST_CASE("beats: in an endless stream the plan begins again") {
  const Model<> model = untrained_in_beats(10);
  Sampler sampler(model,
                  SamplerOptions{.plan = {.tempos = {{0, 240}}, .meters = {{0, 1}}, .form = parse_form("A1 B2")}});
  std::string letters;
  SongState::Place place;
  for (double second = 0; second < 6; second += 0.1) {
    sampler.until(std::chrono::duration<double>(second));
    if (sampler.so_far().place().bars != place.bars) letters += static_cast<char>(sampler.so_far().place().phrase);
    place = sampler.so_far().place();
  }
  CHECK(sampler.so_far().number() == 0);
  CHECK(place.bars >= 12);
  CHECK_THAT(letters, Catch::Contains("ABBABB"));
}

TEST_CASE("beats: processors mean what is heard, in seconds") {
  const Model<> model = untrained_in_beats(11);
  for (const int tempo : {50, 200}) {
    const SamplerOptions options{.plan = {.key = Key{3}, .tempos = {{0, tempo}}}};
    Sampler sampler(model, Chain(Key{9}, PitchRange{50, 70}, Tracks({0, 2}), MaxNoteLength{1s}), options);
    const GeneratedSong song = sampler.generate(1, 30s).front();
    check_song(song);
    CHECK(song.score.notes().size() > 50);
    for (const Note& note : song.score.notes()) {
      CHECK_FALSE(Key{9}.forbids({TokenKind::note_on, note.pitch}));
      CHECK((note.pitch >= 50 && note.pitch <= 70));
      CHECK(note.end - note.start < 1 + 0.6 * 60 / tempo / 12 + 1e-6);  // to the nearest step
    }
  }
}

TEST_CASE("beats: whatever processors ask for, no rule is broken") {
  const Model<> model = untrained_in_beats(12, 4);
  const auto check = [&](const AnyProcessor& processor, const SamplerOptions& options = {}) {
    Sampler sampler(model, processor, options);
    for (const GeneratedSong& song : sampler.generate(2, Length::in_tokens(600))) check_song(song);
    for (int i = 0; i < 1000; ++i) sampler.next();
  };
  check(presets::lifelike(MusicProfile()));
  check(presets::lifelike(model), {.top_k = 9, .top_p = 0.9f});
  check(presets::plain(MusicProfile{.max_note_length = 1s, .usual_length = 3s}));
  check(Density{10});
  check(Density{-10});
  check(Chain(NearOnsetPenalty{10}, TimingSharpness{10}, ChordSizePenalty{10}, PitchClassPrior{10}));
  check(MaxRest{10ms});
  check(PitchSampling{.temperature = 1e-3f, .min_p = 0.5f});
  check(Chain<>(), {.temperature = 0});
}

TEST_CASE("beats: rules that leave nothing make rests, and bars go on") {
  const Model<> model = untrained_in_beats(13);
  const auto check = [&](const AnyProcessor& processor) {
    Sampler sampler(model, processor);
    for (const GeneratedSong& song : sampler.generate(2, 12s)) check_song(song);
    for (int i = 0; i < 2000; ++i) sampler.next();
  };
  check(Rule([](Logits logits, const SongState&) { logits.forbid(TokenKind::note_on); }));
  check(Rule([](Logits logits, const SongState& song) {
    if (song.steps() % 5 == 3) logits.forbid(TokenKind::note_on);
  }));
  check(Rule([](Logits logits, const SongState&) {
    for (Token token = 0; token < logits.size(); ++token) logits.forbid(token);
  }));
  check(Forbid{[](TokenEvent m) { return m.kind == TokenKind::end; }});
  check(Forbid{[](TokenEvent m) { return m.kind == TokenKind::phrase; }});
  check(Forbid{[](TokenEvent m) { return m.kind == TokenKind::bar; }});
  check(Forbid{[](TokenEvent m) { return m.kind == TokenKind::time && m.value != 7; }});
  check(Forbid{[](TokenEvent m) { return m.kind >= TokenKind::key; }});
}

TEST_CASE("beats: songs end at a phrase's end when they are as long as music usually is") {
  const Model<> model = untrained_in_beats(14);
  Sampler sampler(model, EndBias{10s}, {.plan = {.tempos = {{0, 120}}, .meters = {{0, 3}}}});
  for (const GeneratedSong& song : sampler.generate(4)) {
    CHECK(song.score.duration() > 2);
    CHECK(song.score.duration() < 400);
    std::vector<Token> before(song.tokens.begin(), song.tokens.end() - 1);
    CHECK(after(before).place().bars_left <= 1);
  }
}

TEST_CASE("beats: a prompt is the beginning of the song, as far as whole bars go") {
  const Model<> model = untrained_in_beats(15);
  Sampler sampler(model);
  const auto whole = encode(composed(), plan_of(analyze(composed())), beats()).tokens;
  for (const double seconds : {11.0, 20.0}) {
    sampler.prompt(composed(), std::chrono::duration<double>(seconds));
    const double length = sampler.prompt_length().count();
    CHECK(length <= seconds);
    CHECK(length > seconds - 4);
    for (const GeneratedSong& song : sampler.generate(2, 30s)) {
      check_song(song);
      CHECK(song.score.duration() <= 30 + 1e-6);
      CHECK(song.score.duration() > length);
      const auto given = static_cast<std::size_t>(
          std::find_if(song.log_probabilities.begin(), song.log_probabilities.end(), [](double x) { return x != 0; }) -
          song.log_probabilities.begin());
      CHECK(std::equal(song.tokens.begin(), song.tokens.begin() + static_cast<std::ptrdiff_t>(given), whole.begin()));
      CHECK(beats()[song.tokens[given]].kind == TokenKind::bar);
      CHECK(after(std::span(song.tokens).first(given)).time().count() == Approx(length));
    }
  }
  CHECK_THROWS_WITH(sampler.song(std::chrono::duration<double>(sampler.prompt_length().count() + 0.5)),
                    Catch::Contains("in whole bars"));
  sampler.prompt(composed(), 100ms);  // less than a bar
  CHECK(sampler.prompt_length() <= 100ms);
  sampler.prompt(composed());
  CHECK(sampler.prompt_length().count() > 30);
  CHECK(sampler.generate(1, 70s).front().score.duration() > sampler.prompt_length().count());
  for (int i = 0; i < 200; ++i) sampler.next();
  sampler.prompt(Score{});
  CHECK(sampler.prompt_length().count() == 0);
}

TEST_CASE("beats: the plan beside a prompt is that of what comes after it") {
  const Model<> model = untrained_in_beats(16);
  const PlanRequest given = plan_of(encode(composed(), plan_of(analyze(composed())), beats()).tokens, beats());
  const auto song = [&](const PlanRequest& plan, std::chrono::duration<double> seconds = 9s) {
    Sampler sampler(model, SamplerOptions{.plan = plan});
    sampler.prompt(composed(), seconds);
    const GeneratedSong whole = sampler.generate(1).front();
    check_song(whole);
    return plan_of(whole.tokens, beats());
  };
  const PlanRequest formed = song({.key = given.key, .form = parse_form("x2 o1")});
  const auto& form = formed.form;
  REQUIRE(form.size() >= 3);
  CHECK(form.front() == given.form.front());
  CHECK(std::vector(form.end() - 2, form.end()) == parse_form("x2 o1"));
  int bars = 0;
  for (const Plan::Phrase& phrase : song({.bars = 11}).form) bars += phrase.bars;
  CHECK(bars == 11);
  const auto refuse = [&](const PlanRequest& plan, const char* said) {
    CHECK_THROWS_WITH(song(plan), Catch::Contains(said));
  };
  refuse({.key = Key{(given.key->tonic + 1) % 12, given.key->minor}}, "another key");
  refuse({.tempos = {{0, given.tempos[0].quarters + 1}}}, "another tempo");
  refuse({.meters = {{0, 10}}}, "6/8");
  refuse({.bars = 1}, "the whole song is to have 1");
}

TEST_CASE("beats: a prompt without a beat is refused with the reason") {
  Sampler sampler(untrained_in_beats());
  CHECK_THROWS_WITH(sampler.prompt(score_without_beat()), Catch::StartsWith("no beat: "));
}

TEST_CASE("beats: without the grammar there are no bars, so it is refused") {
  CHECK_THROWS_WITH(Sampler(untrained_in_beats(), SamplerOptions{.grammar = false}), Catch::Contains("the grammar"));
}

TEST_CASE("beats: every precision and models in double are sampled") {
  const Model<> model = untrained_in_beats(17);
  for (const Precision precision : {Precision::bf16, Precision::int8})
    for (const GeneratedSong& song : Sampler(model, {.precision = precision}).generate(2, 8s)) check_song(song);
  const Model<BasicCpu<double>> exact(model.config(), 3);
  for (const GeneratedSong& song : Sampler(exact, {.window = 64}).generate(2, 8s)) check_song(song);
}

TEST_CASE("beats: models without contexts and of no canonical order are sampled, too") {
  const Model<> model({{beats().size(), 4, 4, 1}, beats(), {}, false});
  Sampler sampler(model, Chain(PitchRange{60, 62}, Tracks({0})), {.plan = {.form = parse_form("A1 B2")}});
  for (const GeneratedSong& song : sampler.generate(4)) {
    INFO(text(beats(), song.tokens));
    Grammar grammar(beats());
    for (const Token token : song.tokens) REQUIRE_NOTHROW(grammar.advance(token));
    CHECK(plan_of(song.tokens, beats()).form.size() == 2);
  }
}
