#include <catch.hpp>
#include <chrono>
#include <musicgen/sample/presets.hpp>
#include <musicgen/sample/sampler.hpp>

#include "sample/models.hpp"
#include "sample/puppet.hpp"

using namespace musicgen;
using namespace std::chrono_literals;

TEST_CASE("presets: what is lifelike") {
  const presets::Lifelike chain =
      presets::lifelike(MusicProfile{.max_note_length = 2s, .usual_length = 200s, .usual_velocity = 86});
  CHECK(chain.get<MaxNoteLength>().length == 2s);
  CHECK(chain.get<VelocityPrior>().usual == 86);
  CHECK(chain.get<VelocityPrior>().strength == 0.08f);
  CHECK(chain.get<Density>().density == -0.2f);
  CHECK(chain.get<PitchClassPrior>().strength == 0.4f);
  CHECK(chain.get<ChordSizePenalty>().penalty == 0.3f);
  CHECK(chain.get<NearOnsetPenalty>().penalty == 0.6f);
  CHECK(chain.get<MaxRest>().length == 4s);
  CHECK(chain.get<EndBias>().after == 200s);
  CHECK(chain.get<TimingSharpness>().sharpness == 1);
  CHECK(chain.get<PitchSampling>().temperature == 1.09f);
  CHECK(chain.get<PitchSampling>().top_p == 1);
  CHECK(chain.get<PitchSampling>().min_p == 0.055f);
  CHECK(chain.get<VelocityTemperature>().temperature == 1.05f);
  for (const float variation : {chain.get<Density>().variation, chain.get<PitchClassPrior>().variation,
                                chain.get<VelocityTemperature>().variation})
    CHECK(variation == 1);
  CHECK_NOTHROW(chain.check());
}

TEST_CASE("presets: what a profile does not say has no effect, and notes may last a second") {
  const presets::Plain nothing = presets::plain(MusicProfile());
  CHECK_FALSE(nothing.get<MaxNoteLength>().length);
  CHECK_FALSE(nothing.get<EndBias>().after);
  CHECK_FALSE(presets::lifelike(MusicProfile()).get<VelocityPrior>().usual);
  const presets::Plain shortest = presets::plain(MusicProfile{.max_note_length = 200ms, .usual_length = 0ms});
  CHECK(shortest.get<MaxNoteLength>().length == 1s);
  CHECK_NOTHROW(shortest.check());
}

TEST_CASE("presets: models of beats have their own") {
  const presets::Lifelike chain =
      presets::lifelike_beats(MusicProfile{.max_note_length = 2s, .usual_length = 200s, .usual_velocity = 86});
  CHECK(chain.get<MaxNoteLength>().length == 2s);
  CHECK(chain.get<EndBias>().after == 124s);
  CHECK(chain.get<VelocityPrior>().usual == 86);
  CHECK(chain.get<VelocityPrior>().strength == 0);
  CHECK(chain.get<Density>().density == 0);
  CHECK_FALSE(chain.get<MaxRest>().length);
  CHECK(chain.get<TimingSharpness>().sharpness == 0);
  CHECK(chain.get<PitchSampling>().min_p == 0);
  CHECK(chain.get<NoteSampling>().min_p == 0.05f);
  CHECK(chain.get<PhraseReturns>().min_p == 0.9f);
  CHECK(chain.get<PhraseReturns>().repeat_bias == 1.5f);
  CHECK(chain.get<OpeningRest>().penalty == 10);
  CHECK(chain.get<SteadyBeat>().penalty == 10);
  CHECK_NOTHROW(chain.check());
  CHECK(presets::lifelike(test::untrained_in_beats()).get<Density>().density == 0);
  const presets::Lifelike played = presets::lifelike(test::untrained());
  CHECK(played.get<Density>().density == -0.2f);
  CHECK(played.get<OpeningRest>().penalty == 0);
  CHECK(played.get<SteadyBeat>().penalty == 0);
  CHECK(played.get<NoteSampling>().min_p == 0);
  CHECK(played.get<PhraseReturns>().min_p == 0);
  CHECK(played.get<PhraseReturns>().repeat_bias == 0);
}

TEST_CASE("presets: in beats a song begins with a note however sure the model is of a rest") {
  test::check_changed(presets::lifelike_beats(MusicProfile()), "^ | T60 F0", {{"t48", 0.97}, {"+60", 0.03}},
                      {{"t48", 0}, {"+60", 0.03}});
}

TEST_CASE(
    "presets: in beats each song of a stream begins with a note, and has the tempos and metres that its plan asks "
    "for") {
  const Model<> model = test::untrained_in_beats();
  SamplerOptions options{
      .plan = {.tempos = {{0, 97}, {2, 60}}, .meters = {{0, 3}, {1, 1}, {2, 3}}, .form = parse_form("A2 A2")}};
  Sampler sampler(model, presets::lifelike(model), options);
  for (const GeneratedSong& song : sampler.generate(3)) {
    CHECK(song.score.notes().front().start == 0);
    const PlanRequest written = plan_of(song.tokens, model.vocabulary());
    CHECK(written.tempos == options.plan.tempos);
    CHECK(written.meters == options.plan.meters);
  }
}
