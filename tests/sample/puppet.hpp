// A song that is told what to choose, and statistics of what many such songs choose.
#pragma once

#include <catch.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <musicgen/sample/song_writer.hpp>
#include <string>
#include <utility>
#include <vector>

#include "tokens/songs.hpp"

namespace musicgen::test {

/// A song with prescribed tokens, and what it needs.
struct Puppet {
  inline static const Vocabulary vocabulary = Vocabulary::standard();

  explicit Puppet(AnyProcessor processor = Chain<>(), const std::string& beginning = "^",
                  const SamplerOptions& options = {}, const MusicProfile& profile = {})
      : given(tokens(vocabulary, beginning)),
        chain(std::move(processor)),
        writer(vocabulary, true, options, chain, profile) {
    writer.begin(song, chain, 0, given);
  }

  Token choose(const std::vector<float>& logits, const Limit& limit = {}) {
    const Token token = writer.choose<float>(logits, song, chain, limit);
    if (token != no_token) followed.push_back(token);
    return token;
  }
  /// Chooses under logits that make `wish` all but certain.
  std::string choose(const std::string& wish, const Limit& limit = {}) {
    std::vector<float> logits(405);
    logits[static_cast<std::size_t>(vocabulary.find(wish))] = 100;
    const Token token = choose(logits, limit);
    return token == no_token ? "" : vocabulary.name(token);
  }
  void follow(const std::string& words) {
    for (const Token token : tokens(vocabulary, words))
      REQUIRE(choose(vocabulary.name(token)) == vocabulary.name(token));
  }
  /// What song number `number` chooses at this one's position.
  Token of_song(std::uint64_t number, const std::vector<float>& logits) {
    SongInProgress other;
    AnyProcessor own = chain;
    writer.begin(other, own, number, given);
    for (const Token token : followed) {
      other.state.advance(vocabulary[token]);
      own.observe(vocabulary[token], other.state);
      other.last = token;
    }
    return writer.choose<float>(logits, other, own, {});
  }
  template <class P>
  P& processor() {
    return *static_cast<P*>(chain.find(typeid(P)));
  }

  std::vector<Token> given, followed;
  AnyProcessor chain;
  SongWriter writer;
  SongInProgress song;
};

/// The logits of a few words of the standard vocabulary; the others hardly ever come.
inline std::vector<float> logits_of(const std::map<std::string, float>& words) {
  std::vector<float> logits(405, -50);
  for (const auto& [word, logit] : words) logits[static_cast<std::size_t>(Puppet::vocabulary.find(word))] = logit;
  return logits;
}

/// Checks that a word has the probability `p` among songs that go on from the puppet's position, to 4.5 standard
/// deviations.
/// @param without  a probability far enough from `p` for the check to tell them apart; under 0: none
inline void check_probability(Puppet& puppet, const std::map<std::string, float>& words, const std::string& word,
                              double p, double without = -1) {
  constexpr int songs = 4000;
  const std::vector<float> logits = logits_of(words);
  int found = 0;
  for (std::uint64_t song = 0; song < songs; ++song)
    found += puppet.of_song(song, logits) == Puppet::vocabulary.find(word);
  const double tolerance = 4.5 * std::sqrt(songs * p * (1 - p));
  CAPTURE(word, found, songs * p);
  CHECK(std::abs(found - songs * p) <= tolerance);
  if (without >= 0) CHECK(songs * std::abs(p - without) > 2 * tolerance);
}

/// The mean of f(z) over z from N(0, 1).
template <class F>
double mean_over_normal(F&& f) {
  double sum = 0, weights = 0;
  for (double z = -8; z <= 8; z += 0.01) {
    const double weight = std::exp(-z * z / 2);
    sum += weight * f(z);
    weights += weight;
  }
  return sum / weights;
}

inline std::string repeated(int times, const std::string& words) {
  std::string all;
  for (int i = 0; i < times; ++i) all += " " + words;
  return all;
}

/// Logits (V) as changed by a processor alone, after these words, with all tokens allowed.
inline std::vector<double> processed(AnyProcessor processor, std::vector<double> logits, const std::string& words = "^",
                                     const Vocabulary& vocabulary = Puppet::vocabulary) {
  SongState song;
  processor.begin(song);
  for (const Token token : tokens(vocabulary, words)) {
    song.advance(vocabulary[token]);
    processor.observe(vocabulary[token], song);
  }
  processor.apply(Logits(logits, vocabulary), song);
  return logits;
}

/// What a processor adds to a word's logit after these words, in beats.
inline double added(AnyProcessor processor, const std::string& words, const std::string& word) {
  const std::vector<double> even(static_cast<std::size_t>(beats().size()));
  return processed(std::move(processor), even, words, beats())[static_cast<std::size_t>(beats().find(word))];
}

using Probabilities = std::map<std::string, double>;  // of words; all others are forbidden

/// Checks what a processor makes of probabilities after these words, in beats. They are not normalized again.
inline void check_changed(AnyProcessor processor, const std::string& words, const Probabilities& given,
                          const Probabilities& expected) {
  const auto at = [](const std::string& word) { return static_cast<std::size_t>(beats().find(word)); };
  std::vector<double> logits(static_cast<std::size_t>(beats().size()), Logits::forbidden);
  for (const auto& [word, p] : given) logits[at(word)] = std::log(p);
  logits = processed(std::move(processor), logits, words, beats());
  for (const auto& [word, p] : expected) {
    CAPTURE(words, word);
    CHECK(std::exp(logits[at(word)]) == Approx(p).margin(1e-9));
  }
}

/// Checks that `check()` refuses the settings, and names `name`.
template <class P>
void check_refused(const P& processor, const std::string& name) {
  CAPTURE(name);
  CHECK_THROWS_WITH(processor.check(), Catch::Contains(name));
  CHECK_THROWS_WITH(Puppet(processor), Catch::Contains(name));
}

}  // namespace musicgen::test
