#include <catch.hpp>
#include <cstddef>
#include <musicgen/sample/voice_rules.hpp>
#include <vector>

using namespace musicgen;

namespace {

const Vocabulary vocabulary = Vocabulary::standard();

}  // namespace

TEST_CASE("voice rules: check their options") {
  CHECK_THROWS_WITH(VoiceRules(vocabulary, true, {.bias = Bias(3)}), Catch::Contains("bias"));
  CHECK_THROWS_WITH(VoiceRules(vocabulary, true, {.top_k = -1}), Catch::Contains("top_k"));
}

TEST_CASE("voice rules: loudness is kept near the usual one, if the model knows it") {
  const auto bias_of = [&](const SamplerOptions& options, int usual) {
    MusicProfile profile;
    if (usual > 0) profile.usual_velocity = usual;
    return VoiceRules(vocabulary, true, options, profile).bias;
  };
  CHECK(bias_of({.keep_loudness = 0.3f}, 79) == usual_loudness(vocabulary, 79, 0.3f));
  CHECK(bias_of({.keep_loudness = 0.3f}, 0) == std::vector<float>(405));
  CHECK(bias_of({}, 79) == std::vector<float>(405));
  const auto both = bias_of({.keep_loudness = 0.3f, .bias = Bias(405, 1)}, 79);
  CHECK(both[static_cast<std::size_t>(vocabulary.velocity(79))] == 1);
  CHECK(both[static_cast<std::size_t>(vocabulary.velocity(119))] == Approx(1 - 0.3 * 4));
}
