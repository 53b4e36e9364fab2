#include <musicgen/sample/processors/pitch_class_prior.hpp>

#include <catch.hpp>
#include <cmath>

#include "sample/puppet.hpp"

using namespace musicgen;
using namespace musicgen::test;

namespace {

/// log(24 share) of a pitch class that has not come in so many notes.
double strangeness(int notes) {
  return std::log(24 / ((1 - std::pow(0.9965, notes)) / (1 - 0.9965) + 12));
}

}  // namespace

TEST_CASE("pitch class prior: before there is a key, and among a key's own notes, nothing is preferred") {
  PitchClassHistogram histogram;
  CHECK(histogram.prior(1) == std::array<double, 12>{});
  for (int i = 0; i < 700; ++i) histogram.add(60 + std::array{0, 2, 4, 5, 7, 9, 11}[static_cast<std::size_t>(i % 7)]);
  const auto prior = histogram.prior(1);
  for (const std::size_t c : {0u, 2u, 4u, 5u, 7u, 9u, 11u}) CHECK(prior[c] == 0);
  // Each note is worth 0.9965 of the next one.
  const double notes = (1 - std::pow(0.9965, 700)) / (1 - 0.9965);
  for (const std::size_t c : {1u, 3u, 6u, 8u, 10u}) CHECK(prior[c] == Approx(std::log(24 / (notes + 12))));
  const auto half = histogram.prior(0.5f);
  for (std::size_t c = 0; c < 12; ++c) CHECK(half[c] == Approx(prior[c] / 2));
  CHECK(histogram.prior(0) == std::array<double, 12>{});
}

TEST_CASE("pitch class prior: a song may move to another key, and the one before is forgotten") {
  PitchClassHistogram histogram;
  for (int i = 0; i < 1000; ++i) histogram.add(60);
  CHECK(histogram.prior(1)[6] < -2);
  for (int i = 0; i < 60; ++i) histogram.add(66);
  CHECK(histogram.prior(1)[6] == 0);
  for (int i = 0; i < 2000; ++i) histogram.add(66);
  CHECK(histogram.prior(1)[0] < -2);
}

TEST_CASE("pitch class prior: a key is kept by what the song has had, given or chosen") {
  for (const float strength : {0.0f, 0.5f, 1.0f}) {
    CAPTURE(strength);
    const std::string notes = repeated(30, "+60 v79 i0 t10 -60 i0 t10");
    Puppet puppet(PitchClassPrior{strength}, "^" + notes);
    puppet.follow(notes);
    const double odds = std::exp(static_cast<double>(strength) * strangeness(60));
    check_probability(puppet, {{"+48", 1}, {"+61", 1}}, "+61", odds / (1 + odds));
  }
}

TEST_CASE("pitch class prior: with variation songs keep their key each in its own way") {
  const std::vector<float> logits = logits_of({{"+60", -1}, {"+61", 1}});
  Puppet puppet(PitchClassPrior{1, 1}, "^" + repeated(60, "+60 v79 i0 t10 -60 i0 t10"), {.temperature = 1e-3f});
  int strange = 0;
  for (std::uint64_t song = 0; song < 50; ++song) {
    // +61 is e^2 times as likely as +60 for the model, and share^strength times that here: which of them is likelier,
    // and so comes at a temperature near 0, depends on the song.
    puppet.writer.begin(puppet.song, puppet.chain, song, puppet.given);
    const double z = static_cast<double>(puppet.song.state.variation().pitch_class);
    const Token token = puppet.of_song(song, logits);
    CHECK((token == Puppet::vocabulary.note_on(61)) == (2 + std::exp(1.2 * z) * strangeness(60) > 0));
    strange += token == Puppet::vocabulary.note_on(61);
  }
  CHECK((strange > 10 && strange < 40));
}

TEST_CASE("pitch class prior: a song begins without a key, and a snapshot has it") {
  Puppet puppet(PitchClassPrior{1}, "^" + repeated(60, "+60 v79 i0 t10 -60 i0 t10"));
  const AnyProcessor snapshot = puppet.chain;
  CHECK(puppet.processor<PitchClassPrior>().song.prior(1)[1] < -1);
  puppet.writer.begin(puppet.song, puppet.chain, 1, std::vector<Token>{});
  CHECK(puppet.processor<PitchClassPrior>().song.prior(1)[1] == 0);
  puppet.processor<PitchClassPrior>().strength = 0.25f;
  puppet.chain.take_song(snapshot);
  CHECK(puppet.processor<PitchClassPrior>().song.prior(1)[1] < -1);
  CHECK(puppet.processor<PitchClassPrior>().strength == 0.25f);
}

TEST_CASE("pitch class prior: settings out of range are errors that name them") {
  check_refused(PitchClassPrior{-0.1f}, "pitch_class_prior");
  check_refused(PitchClassPrior{NAN}, "pitch_class_prior");
  check_refused(PitchClassPrior{0, 11}, "variation");
}
