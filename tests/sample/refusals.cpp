// What a stream does when the impossible is requested: it goes on, or throws and can go on afterwards.
#include <catch.hpp>
#include <chrono>
#include <concepts>
#include <musicgen/sample.hpp>
#include <utility>
#include <vector>

#include "sample/models.hpp"

using namespace musicgen;
using namespace std::chrono_literals;

namespace {

std::vector<Token> tokens_of(Sampler<>& sampler, int count) {
  std::vector<Token> tokens;
  for (int i = 0; i < count; ++i) tokens.push_back(sampler.next());
  return tokens;
}

/// Throws once, when it is told to.
struct Fails {
  bool* now;
  void apply(Logits, const SongState&) {
    if (std::exchange(*now, false)) throw Error("a rule of a user's");
  }
};

}  // namespace

TEST_CASE("sample: rules that leave no note in the middle of a stream make it silent, and it comes back") {
  const Model<> model = test::untrained();
  Sampler<> sampler(model, Chain(PitchRange{}, Tracks({0, 1, 2}), presets::plain(model)), {.window = 64});
  REQUIRE(!sampler.until(5s).empty());
  const auto start = sampler.so_far().time();
  sampler.processor<PitchRange>() = {100, 50};  // no pitch
  sampler.until(start + 20s);                   // what sounds ends
  for (const NoteEvent& event : sampler.until(start + 60s)) CHECK_FALSE(event.on);
  CHECK(sampler.so_far().number() == 0);
  CHECK_THROWS_WITH(sampler.next_note(), Catch::Contains("an hour"));
  sampler.processor<PitchRange>() = {60, 72};
  const Note note = sampler.next_note();
  CHECK(note.pitch >= 60);
  CHECK(note.pitch <= 72);
}

TEST_CASE("sample: a restore that is refused changes nothing") {
  const Model<> model = test::untrained();
  const auto chain = [&](int processors) {
    ProcessorChain all;
    for (int i = 0; i < processors; ++i) all.push_back(PitchRange{});
    return all;
  };
  for (const auto& [window, processors] : {std::pair(64, 3), {32, 2}}) {
    Sampler<> sampler(model, chain(2), {.window = 32}), other(model, chain(processors), {.window = window});
    tokens_of(sampler, 50);
    tokens_of(other, 70);
    Sampler<> untouched = sampler;
    if (window == 32 && processors == 2)
      sampler.restore(sampler.snapshot());
    else
      CHECK_THROWS_AS(sampler.restore(other.snapshot()), Error);
    CHECK(tokens_of(sampler, 200) == tokens_of(untouched, 200));
  }
}

TEST_CASE("sample: after a rule has failed the stream goes on as if it had not") {
  const Model<> model = test::untrained();
  bool now = false, never = false;
  Sampler<> sampler(model, Chain(Fails{&now}, presets::plain(model)), {.window = 32});
  Sampler<> untouched(model, Chain(Fails{&never}, presets::plain(model)), {.window = 32});
  tokens_of(sampler, 49);
  tokens_of(untouched, 49);
  now = true;
  CHECK_THROWS_WITH(sampler.next(), "a rule of a user's");
  CHECK(tokens_of(sampler, 100) == tokens_of(untouched, 100));
}

TEST_CASE("sample: models in double are sampled, too") {
  const ModelConfig config = test::untrained().config();
  const Model<BasicCpu<double>> model(config, 3);
  Sampler sampler(model, {.length = 5s, .window = 64});
  CHECK(sampler.song().duration() <= 5);
}

TEST_CASE("model: a profile that no file may hold is refused") {
  Model<> model = test::untrained();
  CHECK_THROWS_WITH(model.set_profile({.usual_velocity = 200}), Catch::Contains("200"));
  CHECK_THROWS_WITH(model.set_profile({.programs = {128}}), Catch::Contains("128"));
  CHECK_THROWS_WITH(model.set_profile({.max_note_length = -1ms}), Catch::Contains("-1"));
}

TEST_CASE("sample: a sampler's backend follows from the model, whatever the chain") {
  const Model<> model = test::untrained();
  const auto chain = presets::lifelike(model);
  const Sampler plain(model), with_options(model, {.seed = 2}), kept(model, chain),
      with_both(model, chain, {.seed = 2});
  const Sampler lifelike(model, presets::lifelike(model)), own(model, Chain(PitchRange{}, presets::lifelike(model)));
  static_assert(std::same_as<decltype(lifelike), const Sampler<Cpu>>);
  CHECK(with_both.options().seed == 2);
}
