#include <catch.hpp>
#include <chrono>
#include <musicgen/sample/presets.hpp>

#include "sample/models.hpp"

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
  CHECK(chain.get<SteadyTempo>().penalty == 10);
  CHECK_NOTHROW(chain.check());
  CHECK(presets::lifelike(test::untrained_in_beats()).get<Density>().density == 0);
  CHECK(presets::lifelike(test::untrained()).get<Density>().density == -0.2f);
}
