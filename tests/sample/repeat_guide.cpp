#include <musicgen/sample/repeat_guide.hpp>

#include <catch.hpp>
#include <map>
#include <musicgen/sample/sampler.hpp>
#include <set>
#include <utility>

#include "sample/models.hpp"
#include "tokens/songs.hpp"

using namespace musicgen;
using namespace musicgen::test;

namespace {

/// What may come after these words by grammar and melody.
std::string left(const std::string& words, bool canonical = true) {
  const GrammarRules grammar(beats(), {.canonical = canonical});
  SongState song;
  RepeatGuide melody;
  for (const Token token : tokens(beats(), words)) {
    REQUIRE(grammar.allows(song, token));
    const TokenEvent event = beats()[token];
    const SongStep step = song.advance(event);
    melody.observe(event, step, song);
  }
  std::vector<std::uint8_t> allowed(static_cast<std::size_t>(beats().size()));
  grammar.allowed(song, allowed);
  melody.apply(grammar, song, allowed);
  return names_of(allowed);
}

/// Of a song's bars that repeat: how many there are, and how many have another melody than the bar they repeat.
struct Repeats {
  int all = 0, broken = 0;
};
Repeats repeats_of(std::span<const Token> song) {
  using Melody = std::set<std::pair<int, int>>;
  std::map<std::array<int, 3>, Melody> bars;  // by letter, time and bar in the phrase
  Repeats found;
  SongState state;
  bool whole = true;
  for (const Token token : song) {
    const TokenEvent event = beats()[token];
    const SongState::Place before = state.place();
    const SongStep step = state.advance(event);
    const SongState::Place& place = state.place();
    const auto key = [](const SongState::Place& p, int back) {
      return std::array{int{p.phrase}, p.returns - back, int{p.phrase_bar}};
    };
    if (event.kind == TokenKind::end) whole = false;
    if ((event.kind == TokenKind::bar) && before.repeats && whole) {
      ++found.all;
      Melody wanted = bars[key(before, 1)];  // as far as it fits into the bar
      std::erase_if(wanted, [&](const auto& onset) { return onset.first >= before.bar_steps; });
      found.broken += bars[key(before, 0)] != wanted;
    }
    if (step.began && state.last_note()->track == 0 && place.phrase != 0)
      bars[key(place, 0)].insert({place.bar_steps, state.last_note()->pitch});
  }
  return found;
}

/// A model that likes to repeat.
Model<> repeating(std::uint64_t seed) {
  Model<> model = untrained_in_beats(seed, 2);
  model.weights().head.b2[beats().find(TokenKind::repeat)] = 8;
  model.weights().head.b2[beats().track(0)] += 3;
  return model;
}

const PlanRequest verse{.key = Key{0}, .form = parse_form("A2 B1 A2 A3 B1 A2")};

}  // namespace

TEST_CASE("repeat: a bar has the melody that it repeats, and the others play as they like") {
  const std::string first = "^ | PA L1 +60 v63 i0 +40 v63 i1 t24 -60 i0 +62 v63 i0 t24 | PA L2 R";
  // 62 sounds, and does not come at once.
  CHECK(left(first) == "+60 -40 -62 chord");
  CHECK(left(first + " -62 i0") == "+60 -40");
  CHECK(left(first + " +60 v63") == "i0");
  CHECK(left(first + " +60 v63 i0") == "note_on time");
  CHECK(left(first + " +60 v63 i0 +64 v63") == "track");
  CHECK(left(first + " +60 v63 i0 +64 v63").find("i0") == std::string::npos);
  CHECK(left(first + " +60 v63 i0 t22 -62 i0") == "note_on -40 t1 t2");
  CHECK(left(first + " +60 v63 i0 t24") == "-62 chord");  // which has to end first
  CHECK(left(first + " +60 v63 i0 t24 -62") == "i0");
  CHECK(left(first + " +60 v63 i0 t24 -62 i0") == "+62 -40");
  CHECK(left(first + " +60 v63 i0 t24 -62 i0 +62 v63 i0") == "note_on time");
}

TEST_CASE("repeat: only what was there is repeated") {
  CHECK(left("^ | PA L1 +60 v63 i0 t48 | PA L1").find('R') != std::string::npos);
  CHECK(left("^ | PA L1 t48 | PA L1").find('R') == std::string::npos);  // no melody
  CHECK(left("^ | PA L1 +60 v63 i0 t48 | PB L1 t48 | PA L1").find('R') != std::string::npos);
  CHECK(left("^ | PA L1 +60 v63 i0 t48 | PA L2 t48 |").find('R') == std::string::npos);  // there was no second bar
  CHECK(left("^ | PA L1 +60 v63 i0 t48 | PA L1 t48 | PA L1").find('R') == std::string::npos);  // nothing the last time
  // A shorter bar has what fits into it.
  CHECK(left("^ | PA L1 t36 +60 v63 i0 t12 | M3/4 PA L1 R").find("t36") == std::string::npos);
  CHECK(left("^ | PA L1 t36 +60 v63 i0 t12 | M3/4 PA L1 R").find("time") != std::string::npos);
}

TEST_CASE("repeat: the melody is the lowest track that has played") {
  const std::string first = "^ | PA L1 +60 v63 i2 t48 | PA L1 R -60 i2";
  CHECK(left(first) == "+60");
  CHECK(left(first + " +60 v63") == "i2");
  const std::string later = "^ | PA L1 +60 v63 i2 t48 | PA L1 -60 i2 +48 v63 i1 t48 | PA L2";
  CHECK(left(later + " R") == "-48 chord");
  CHECK(left(later + " R -48 i1") == "+48");
}

TEST_CASE("repeat: bars of whole songs repeat exactly, whatever the model") {
  int all = 0;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    const Model<> model = repeating(seed);
    SamplerOptions options{.seed = seed};
    if (seed % 2 == 0) options.plan = verse;
    if (seed % 3 == 0) options.plan.meters = {{0, 2}};
    for (const GeneratedSong& song : Sampler(model, options).generate(2, std::chrono::seconds(60))) {
      INFO(text(beats(), song.tokens));
      Grammar grammar(beats(), {.canonical = true});
      for (const Token token : song.tokens) REQUIRE_NOTHROW(grammar.advance(token));
      const Repeats found = repeats_of(song.tokens);
      all += found.all;
      CHECK(found.broken == 0);
    }
  }
  CHECK(all > 100);
}

TEST_CASE("repeat: what a rule forbids stays forbidden, and the song goes on") {
  const Model<> model = repeating(3);
  const auto check = [&](const AnyProcessor& rule, const auto& is_forbidden) {
    for (const GeneratedSong& song :
         Sampler(model, rule, SamplerOptions{.plan = verse}).generate(3, std::chrono::seconds(60))) {
      CHECK(song.tokens.back() == beats().end());
      for (const Token token : song.tokens) REQUIRE_FALSE(is_forbidden(beats()[token]));
    }
  };
  int notes = 0;
  const auto odd = [](TokenEvent event) { return event.kind == TokenKind::note_on && event.value % 2 == 1; };
  check(Forbid{odd}, odd);
  // Of late, so that what is repeated had them.
  check(Rule([&](Logits logits, const SongState& song) {
          if (song.place().bars > 3)
            for (const Token on : logits.tokens(TokenKind::note_on)) logits.forbid(on);
          ++notes;
        }),
        [](TokenEvent) { return false; });
  CHECK(notes > 0);
}

TEST_CASE("repeat: a snapshot knows the melody") {
  const Model<> model = repeating(5);
  Sampler<> sampler(model, SamplerOptions{.plan = verse});
  for (int i = 0; i < 150; ++i) sampler.next();
  const auto place = sampler.snapshot();
  std::vector<Token> once, again;
  for (int i = 0; i < 400; ++i) once.push_back(sampler.next());
  sampler.restore(place);
  for (int i = 0; i < 400; ++i) again.push_back(sampler.next());
  CHECK(once == again);
}
