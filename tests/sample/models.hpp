// Small untrained models, and what tests of sampling often need.
#pragma once

#include <array>
#include <catch.hpp>
#include <cstdint>
#include <musicgen/model.hpp>
#include <musicgen/sample/processor.hpp>
#include <musicgen/sample/processors/pitch_range.hpp>
#include <musicgen/sample/processors/rule.hpp>
#include <musicgen/sample/processors/tracks.hpp>
#include <musicgen/tokens/context.hpp>
#include <span>
#include <string>
#include <vector>

#include "threads.hpp"
#include "tokens/songs.hpp"

namespace musicgen::test {

/// A model with random weights. The higher `contrast`, the further its logits are apart.
inline Model<> untrained(const Vocabulary& vocabulary = Vocabulary::standard(), std::uint64_t seed = 1,
                         bool canonical = true, float contrast = 1, int hidden = 16) {
  ModelConfig config = presets::small(vocabulary);
  config.dimensions = {vocabulary.size(), 8, hidden, 2};
  config.profile.programs = {40, 41, 0};
  config.canonical = canonical;
  Model<> model(config, seed);
  for (float& weight : cpu::values(model.weights().head.w2)) weight *= contrast;
  return model;
}

/// The same in the language of beats. Time passes, and notes end, more often than by chance.
inline Model<> untrained_in_beats(std::uint64_t seed = 1, float contrast = 1, int hidden = 16) {
  const Vocabulary vocabulary = Vocabulary::beats();
  ModelConfig config = presets::small(vocabulary);
  REQUIRE(config.dimensions.C == Context::rows);
  config.dimensions.E = 8;
  config.dimensions.H = hidden;
  config.profile.programs = {40, 41, 0};
  config.canonical = true;
  Model<> model(config, seed);
  for (float& weight : cpu::values(model.weights().head.w2)) weight *= contrast;
  for (const Token time : vocabulary.tokens(TokenKind::time)) model.weights().head.b2[time] += 1;
  for (const Token off : vocabulary.tokens(TokenKind::note_off)) model.weights().head.b2[off] += 2;
  return model;
}

/// Whether a decoder divides its steps among threads.
inline bool is_shared_among_threads(const Model<>& model, int songs) {
  const Dimensions& d = model.dimensions();
  return songs * (3 * d.H * d.H * (2 * d.L - 1) + d.H * (2 * d.H + d.V)) >= Cpu::Decoder::worth_several_threads;
}

/// The vocabulary of an old checkpoint: fewer pitches and tracks, in another order.
inline Vocabulary fewer_words() {
  std::vector<std::string> names;
  for (int n = 1; n <= max_time_steps; ++n) names.push_back("t" + std::to_string(n));
  for (int p = 21; p <= 108; ++p) names.push_back("-" + std::to_string(p));
  for (const int v : velocity_values) names.push_back("v" + std::to_string(v));
  for (int p = 21; p <= 108; ++p) names.push_back("+" + std::to_string(p));
  for (const char* rest : {"i2", "i0", "i1", "$", "^"}) names.emplace_back(rest);
  return Vocabulary::from_names(names);
}

/// Rules under which few notes sound together, so that an untrained model comes to an end.
inline auto few_notes() {
  return Chain(PitchRange{60, 61}, Tracks(std::array{0}));
}

/// The tokens in beats that may come: of each kind their names if they are few, else the kind's.
inline std::string names_of(std::span<const std::uint8_t> allowed) {
  std::string names;
  for (std::size_t kind = 0; kind < token_kind_count; ++kind) {
    std::vector<Token> some;
    for (const Token token : beats().tokens(static_cast<TokenKind>(kind)))
      if (allowed[static_cast<std::size_t>(token)]) some.push_back(token);
    if (some.size() > 2) names += std::string(to_string(static_cast<TokenKind>(kind))) + ' ';
    for (const Token token : some.size() > 2 ? std::vector<Token>() : some) names += beats().name(token) + ' ';
  }
  return names.substr(0, names.size() - (names.empty() ? 0 : 1));
}

}  // namespace musicgen::test
