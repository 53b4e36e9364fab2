// A voice that is told what to choose, and how often many such voices choose what.
#pragma once

#include <catch.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <musicgen/sample/voice.hpp>
#include <string>
#include <vector>

#include "tokens/songs.hpp"

namespace musicgen::test {

/// A voice whose next tokens are told, and what it needs.
struct Puppet {
  inline static const Vocabulary vocabulary = Vocabulary::standard();

  explicit Puppet(const SamplerOptions& options = {}, const std::string& given = "^")
      : rules(vocabulary, true, options), voice(rules, tokens(vocabulary, given)) {}

  /// Chooses under logits that make `wish` all but certain.
  std::string choose(const std::string& wish, const Limit& limit = {}) {
    std::vector<float> logits(405);
    logits[static_cast<std::size_t>(vocabulary.find(wish))] = 100;
    const Token token = voice.choose<float>(logits, rules, limit);
    return token == no_token ? "" : vocabulary.name(token);
  }
  void follow(const std::string& words) {
    for (const Token token : tokens(vocabulary, words))
      REQUIRE(choose(vocabulary.name(token)) == vocabulary.name(token));
  }

  VoiceRules rules;
  Voice voice;
};

/// The logits of a few words of the standard vocabulary; the others hardly ever come.
inline std::vector<float> logits_of(const std::map<std::string, float>& words) {
  std::vector<float> logits(405, -50);
  for (const auto& [word, logit] : words) logits[static_cast<std::size_t>(Puppet::vocabulary.find(word))] = logit;
  return logits;
}

/// Whether a word has the probability `p` among songs that go on from where the puppet's is, to 4.5 standard
/// deviations.
/// @param without  a probability that it is far from, so that the check can tell them apart; under 0: none
inline void check_probability(Puppet& puppet, const std::map<std::string, float>& words, const std::string& word,
                              double p, double without = -1) {
  constexpr int songs = 4000;
  const std::vector<float> logits = logits_of(words);
  int found = 0;
  for (std::uint64_t song = 0; song < songs; ++song)
    found += puppet.voice.of_song(puppet.rules.options, song).choose<float>(logits, puppet.rules, {}) ==
             Puppet::vocabulary.find(word);
  const double tolerance = 4.5 * std::sqrt(songs * p * (1 - p));
  CAPTURE(word, found, songs * p);
  CHECK(std::abs(found - songs * p) < tolerance);
  if (without >= 0) CHECK(songs * std::abs(p - without) > 2 * tolerance);
}

}  // namespace musicgen::test
