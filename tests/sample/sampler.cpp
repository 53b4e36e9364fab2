#include <catch.hpp>
#include <musicgen/data/composer.hpp>
#include <musicgen/midi.hpp>
#include <musicgen/sample/sampler.hpp>

#include "sample/models.hpp"
#include "sample/rules.hpp"
#include "tokens/songs.hpp"

using namespace musicgen;
using namespace musicgen::test;
using namespace std::chrono_literals;

namespace {

const Vocabulary vocabulary = Vocabulary::standard();

/// A model in which `$` is about e^logit times as likely as any other token.
Model<> model_that_ends(float logit) {
  Model<> model = untrained();
  model.weights().head.b2[vocabulary.end()] = logit;
  return model;
}

/// The bytes of the songs as files, and all else that is known of them.
std::string everything(const std::vector<GeneratedSong>& songs) {
  std::string all;
  for (const GeneratedSong& song : songs) {
    const auto bytes = midi_bytes(song.score);
    all.append(bytes.begin(), bytes.end());
    for (const Token token : song.tokens) all += vocabulary.name(token) + ' ';
    for (const double p : song.log_probabilities) all.append(reinterpret_cast<const char*>(&p), sizeof p);
  }
  return all;
}

int steps_of(const std::vector<Token>& song) {
  int steps = 0;
  for (const Token token : song)
    if (const TokenEvent m = vocabulary[token]; m.kind == TokenKind::time) steps += m.value;
  return steps;
}

}  // namespace

TEST_CASE("sample: the same seed gives the same bytes for 1, 2 and 3 threads") {
  const Model<> model = untrained(vocabulary, 1, true, 3, 280);
  REQUIRE(is_shared_among_threads(model, 6));
  std::vector<std::string> results;
  for (const int count : {1, 2, 3, 1}) {
    const Threads threads(count);
    Sampler sampler(model, SamplerOptions{.top_p = 0.9f, .seed = 8});
    results.push_back(everything(sampler.generate(6, 4s)) + everything(sampler.generate(1, Length::in_tokens(200))));
  }
  CHECK(results[0].size() > 1000);
  for (const std::string& result : results) CHECK((result == results[0]));
}

TEST_CASE("sample: another seed gives other songs, and so does the next song") {
  const Model<> model = untrained();
  std::set<std::vector<Token>> different;
  for (std::uint64_t seed = 0; seed < 5; ++seed)
    for (const GeneratedSong& song : Sampler(model, SamplerOptions{.seed = seed}).generate(4, 10s))
      different.insert(song.tokens);
  CHECK(different.size() == 20);
}

TEST_CASE("sample: songs side by side are those that come one after the other") {
  Model<> model = untrained(vocabulary, 2, true, 3, 40);
  model.weights().head.b2[vocabulary.end()] = 3;
  for (const Length& length : {Length(), Length(5s), Length::in_tokens(150)}) {
    const SamplerOptions options{.seed = 4};
    const Chain chain(few_notes(), PitchClassPrior{1, 1});
    Sampler one(model, chain, options), side_by_side(model, chain, options), mixed(model, chain, options);
    std::vector<GeneratedSong> singles;
    for (int i = 0; i < 7; ++i) singles.push_back(one.generate(1, length).front());
    CHECK((everything(side_by_side.generate(7, length)) == everything(singles)));
    std::vector<GeneratedSong> parts = mixed.generate(3, length);
    CHECK(midi_bytes(mixed.song(length)) == midi_bytes(singles[3].score));
    parts.push_back(singles[3]);
    for (GeneratedSong& song : mixed.generate(3, length)) parts.push_back(std::move(song));
    CHECK((everything(parts) == everything(singles)));
  }
}

TEST_CASE("sample: token by token comes what comes as a song") {
  const Model<> model = model_that_ends(1);
  Sampler whole(model, few_notes(), {.seed = 6}), by_token(model, few_notes(), {.seed = 6});
  std::size_t tokens = 0;
  for (const GeneratedSong& song : whole.generate(10, Length::in_tokens(2000))) {
    REQUIRE(song.log_probabilities.size() == song.tokens.size());
    CHECK(song.log_probabilities.front() == 0);
    for (std::size_t i = 1; i < song.tokens.size(); ++i) {
      REQUIRE(by_token.next() == song.tokens[i]);
      REQUIRE(by_token.log_probability() == song.log_probabilities[i]);
    }
    CHECK(by_token.so_far().ended());
    tokens += song.tokens.size();
  }
  CHECK(tokens > 100);
}

TEST_CASE("sample: with a length in seconds the end waits, and the time is kept") {
  Sampler sampler(model_that_ends(12), SamplerOptions{.seed = 2});
  CHECK(sampler.song().notes().empty());
  for (const GeneratedSong& song : sampler.generate(10, 5s)) {
    CHECK(song.score.duration() <= 5);
    CHECK(song.score.duration() > 3);
    CHECK(song.tokens.back() == vocabulary.end());
  }
  for (const auto& length : {Length(10ms), Length(25ms), Length(1ms), Length(1s)})
    for (const GeneratedSong& song : sampler.generate(10, length)) {
      CHECK(steps_of(song.tokens) <= std::max(1, static_cast<int>(length.time->count() * 100)));
      CHECK(song.score.duration() <= std::max(0.01, length.time->count()));
    }
}

TEST_CASE("sample: without a length songs end where the model ends them, after ten minutes at the latest") {
  Sampler soon(model_that_ends(3), few_notes(), {.seed = 2});
  for (const GeneratedSong& song : soon.generate(20)) CHECK(song.score.duration() < 100);
  Sampler never(model_that_ends(-50), SamplerOptions{.seed = 2});
  const double duration = never.song().duration();
  CHECK(duration > 590);
  CHECK(duration <= 600);
}

TEST_CASE("sample: past the usual length of its music a model that hardly ever ends does") {
  Model<> model = model_that_ends(-10);
  const auto usual = [&](std::int64_t steps) {
    ModelConfig config = model.config();
    config.profile.usual_length = std::chrono::milliseconds(10 * steps);
    return Model<>(config, model.weights());
  };
  const auto ended = [](Sampler<Cpu>& sampler, double from, double to) {
    for (const GeneratedSong& song : sampler.generate(5)) {
      CHECK(song.log_probabilities.back() < -5);  // the model's own
      CHECK(steps_of(song.tokens) * step_seconds > from);
      CHECK(steps_of(song.tokens) * step_seconds < to);
    }
  };
  const Model<> known = usual(2000);
  Sampler after_20(known, Chain(few_notes(), presets::plain(known)), {.seed = 2}),
      asked(known, Chain(few_notes(), EndBias{40s}), {.seed = 2});
  ended(after_20, 20, 100);
  ended(asked, 40, 120);
  after_20.prompt(compose(4, {.max_seconds = 50}));
  ended(after_20, 20 + after_20.prompt_length().count(), 100 + after_20.prompt_length().count());
  CHECK(after_20.song(150s).duration() > 140);
}

TEST_CASE("sample: a length in tokens is kept, but for what ends the open notes") {
  Sampler sampler(model_that_ends(-50));
  for (const int count : {2, 3, 4, 5, 6, 7, 50, 151})
    for (const GeneratedSong& song : sampler.generate(6, Length::in_tokens(count))) {
      const auto n = static_cast<std::size_t>(count);
      CHECK(song.tokens.size() + 4 > n);  // a last gap and an unfinished group are gone
      CHECK(read_by_the_rules(song.tokens, vocabulary, true).fault == "");
      // What was added: perhaps t1, the offs, the end; it was not chosen, so its log-probability is 0.
      const auto chosen = std::find(song.log_probabilities.begin() + 1, song.log_probabilities.end(), 0.0);
      const auto added = static_cast<std::size_t>(song.log_probabilities.end() - chosen);
      REQUIRE(added >= 1);
      CHECK(song.tokens.size() - added <= n);
      for (std::size_t i = song.tokens.size() - added; i < song.tokens.size(); ++i) {
        CHECK(song.log_probabilities[i] == 0);
        CHECK(vocabulary[song.tokens[i]].kind != TokenKind::note_on);
      }
    }
}

TEST_CASE("sample: log-probabilities are the model's own") {
  Model<> model = untrained(vocabulary, 4, true, 4);
  Sampler sampler(model, SamplerOptions{.temperature = 0.6f, .top_k = 50, .seed = 3});
  const GeneratedSong song = sampler.generate(1, 7s).front();
  const std::span inputs = std::span(song.tokens).first(song.tokens.size() - 1);
  const std::vector<Token> targets(inputs.size(), no_token);
  const int T = static_cast<int>(inputs.size());
  const auto& logits = model.logits({1, T, T, inputs, targets});
  std::size_t chosen = 0;
  for (std::size_t i = 1; i < song.tokens.size(); ++i) {
    if (song.log_probabilities[i] == 0) continue;
    const auto row = logits.row(static_cast<cpu::Index>(i - 1));
    double sum = 0;
    for (const float logit : row) sum += std::exp(static_cast<double>(logit));
    const auto of_chosen = static_cast<double>(row[static_cast<std::size_t>(song.tokens[i])]);
    CHECK(song.log_probabilities[i] == Approx(of_chosen - std::log(sum)).margin(1e-4));
    ++chosen;
  }
  CHECK(chosen > 20);
}

TEST_CASE("sample: a small attention window works, and changes what is played") {
  const Model<> model = untrained(vocabulary, 2, true, 8);
  std::set<std::vector<Token>> different;
  for (const int window : {1, 7, 2048}) {
    const SamplerOptions options{.seed = 5, .window = window};
    const auto songs = Sampler(model, options).generate(3, 8s);
    Sampler again(model, options);
    for (const GeneratedSong& song : songs) {
      CHECK(again.generate(1, 8s).front().tokens == song.tokens);
      CHECK(read_by_the_rules(song.tokens, vocabulary, true).fault == "");
    }
    different.insert(songs.front().tokens);
  }
  CHECK(different.size() == 3);
}

TEST_CASE("sample: going back to a snapshot, the same follows") {
  Sampler sampler(model_that_ends(4), few_notes(), {.seed = 9, .window = 16});
  const auto next = [&](int count) {
    std::vector<std::pair<Token, double>> all;
    for (int i = 0; i < count; ++i) {
      const Token token = sampler.next();
      all.emplace_back(token, sampler.log_probability());
    }
    return all;
  };
  const auto at_first = sampler.snapshot();
  const auto beginning = next(11);  // in the middle of a note, or of a gap
  const auto later = sampler.snapshot();
  const auto rest = next(300);  // and beyond the end of the song
  CHECK(std::count_if(rest.begin(), rest.end(), [](const auto& t) { return t.first == vocabulary.end(); }) > 1);
  sampler.restore(later);
  CHECK(next(300) == rest);
  sampler.restore(later);
  CHECK(next(300) == rest);
  sampler.restore(at_first);
  CHECK(next(11) == beginning);
  CHECK(next(300) == rest);
}

TEST_CASE("sample: a stream has no end, and its notes come in the order of their ends") {
  Sampler sampler(model_that_ends(12), SamplerOptions{.seed = 3});
  double last = 0, from = 1e9;
  int count = 0;
  for (const Note& note : sampler.stream()) {
    CHECK(note.end >= last);
    CHECK(note.end > note.start + 0.0099);
    CHECK(note.start >= 0);
    CHECK((note.pitch >= 0 && note.pitch <= 127));
    CHECK((note.velocity >= 1 && note.velocity <= 127));
    CHECK((note.track >= 0 && note.track < 3));  // the tracks of its model
    last = note.end;
    from = std::min(from, note.start);
    if (++count == 400) break;
  }
  CHECK(from == 0);  // the first note starts at once
  CHECK(last > 100);
  CHECK(sampler.so_far().steps() == std::llround(last * 100));
}

TEST_CASE("sample: impossible wishes are errors that say so") {
  const Model<> model = untrained();
  Sampler sampler(model);
  CHECK_THROWS_WITH(sampler.generate(0), Catch::Contains("0 songs"));
  CHECK_THROWS_WITH(sampler.generate(-1), Catch::Contains("-1 songs"));
  CHECK_THROWS_WITH(sampler.song(-1s), Catch::Contains("-1"));
  CHECK_THROWS_AS(sampler.song(std::chrono::duration<double>(std::nan(""))), Error);
  CHECK_THROWS_AS(sampler.song(std::chrono::duration<double>(HUGE_VAL)), Error);
  CHECK_THROWS_WITH(sampler.song(0s), Catch::Contains("a song of 0"));
  CHECK_THROWS_WITH(sampler.song(Length::in_tokens(-7)), Catch::Contains("-7"));
  CHECK_THROWS_WITH(sampler.song(Length::in_tokens(1)), Catch::Contains("1 tokens"));
  CHECK_THROWS_WITH(Sampler(model, SamplerOptions{.temperature = -1}), Catch::Contains("temperature"));
  CHECK_THROWS_WITH(Sampler(model, Chain(Key{0}, EndBias{-1s})), Catch::Contains("end_bias_after"));
  CHECK_THROWS_WITH(Sampler(model, SamplerOptions{.window = 0}), Catch::Contains("window"));
  CHECK_THROWS_WITH(Sampler(Model<>(ModelConfig{{405, 8, 16, 1}, {}, {}, true})), Catch::Contains("vocabulary"));

  Model<> broken = untrained();
  broken.weights().head.b2[3] = std::nanf("");
  CHECK_THROWS_WITH(Sampler(broken).song(), Catch::Contains("not finite"));
}

TEST_CASE("sample: the length may be among the options") {
  const Model<> model = untrained();
  Sampler given(model, SamplerOptions{.length = 3s}), said(model);
  const GeneratedSong song = given.generate(1).front();
  CHECK(song.tokens == said.generate(1, 3s).front().tokens);
  CHECK(given.song().duration() <= 3);
}

TEST_CASE("sample: its default backend is the model's, and it can be copied and moved") {
  const Model<> model = untrained();
  Sampler<> sampler(model, Key{0}, {.seed = 4});
  for (int i = 0; i < 10; ++i) sampler.next();
  Sampler<> copy = sampler;
  for (int i = 0; i < 50; ++i) CHECK(copy.next() == sampler.next());
  Sampler<> moved = std::move(copy);
  CHECK(moved.next() == sampler.next());
  copy = sampler;
  CHECK(copy.next() == sampler.next());
}

TEST_CASE("sample: options can change while a stream plays") {
  const Model<> model = untrained(vocabulary, 1, true, 3);
  Sampler sampler(model, Density{0}, {.seed = 2});
  for (int i = 0; i < 20; ++i) sampler.next();
  const auto place = sampler.snapshot();
  const auto next = [&] {
    std::vector<Token> all;
    for (int i = 0; i < 100; ++i) all.push_back(sampler.next());
    sampler.restore(place);
    return all;
  };
  const auto as_it_was = next();
  CHECK(next() == as_it_was);
  sampler.set_temperature(0.5f);
  CHECK(sampler.options().temperature == 0.5f);
  CHECK(next() != as_it_was);
  sampler.set_temperature(1);
  CHECK(next() == as_it_was);
  sampler.set_top_k(3);
  CHECK(next() != as_it_was);
  sampler.set_top_k(0);
  sampler.set_top_p(0.5f);
  CHECK(next() != as_it_was);
  sampler.set_top_p(1);
  sampler.set_min_p(0.5f);
  CHECK(next() != as_it_was);
  sampler.set_min_p(0);
  sampler.processor<Density>().density = -2;
  CHECK(next() != as_it_was);
  sampler.processor<Density>().density = 0;
  CHECK(next() == as_it_was);
  sampler.set_seed(3);
  const auto other = next();
  CHECK(other != as_it_was);
  CHECK_THROWS_WITH(sampler.set_temperature(-1), Catch::Contains("temperature"));
  CHECK_THROWS_WITH(sampler.set_top_p(0), Catch::Contains("top_p"));
  CHECK(sampler.options().temperature == 1);
  CHECK(sampler.options().top_p == 1);
}

TEST_CASE("sample: a place restored by another sampler brings no wishes along") {
  const Model<> model = untrained();
  const auto in = [](int pitch, int tonic) { return !Key{tonic}.forbids({TokenKind::note_on, pitch}); };
  Sampler in_c(model, Key{0}, {.temperature = 0.7f}), in_f_sharp(model, Key{6});
  for (int i = 0; i < 50; ++i) in_c.next();
  in_f_sharp.restore(in_c.snapshot());
  CHECK(in_f_sharp.so_far().position() == in_c.so_far().position());
  CHECK(in_f_sharp.options().temperature == 1);
  CHECK(in_f_sharp.processor<Key>().tonic == 6);
  const double now = in_f_sharp.so_far().time().count();
  for (int i = 0; i < 60; ++i)
    if (const Note note = in_f_sharp.next_note(); note.start > now) CHECK(in(note.pitch, 6));
}

TEST_CASE("sample: without a profile it says so") {
  Model<> model = untrained();
  CHECK(Sampler(model).warnings().empty());
  ModelConfig config = model.config();
  config.profile = {};
  const auto warnings = Sampler(Model<>(config, model.weights())).warnings();
  REQUIRE(warnings.size() == 1);
  CHECK_THAT(warnings[0], Catch::Contains("nothing of the music that it learned from"));
}
