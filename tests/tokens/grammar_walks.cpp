// Random walks through the grammar: there are no dead ends, no differences from a slow implementation of its rules, and
// no songs that decoding and encoding would change.
#include <bitset>
#include <catch.hpp>
#include <iterator>
#include <musicgen/tokens/decoder.hpp>
#include <musicgen/tokens/encoder.hpp>
#include <musicgen/tokens/grammar.hpp>
#include <set>

#include "grammar_tools.hpp"
#include "songs.hpp"

using namespace musicgen;
using namespace musicgen::test;

namespace {

/// A slow implementation of the rules, which looks at every sounding pair and every event of the step.
class Oracle {
 public:
  Oracle(const Vocabulary& vocabulary, bool canonical, std::vector<std::uint8_t> forbidden)
      : words_(vocabulary), canonical_(canonical), forbidden_(std::move(forbidden)) {
    bool velocity = false;
    for (int v = 0; v < 128; ++v) velocity = velocity || usable(words_.velocity(v));
    for (int p = 0; p < 128; ++p)
      for (int k = 0; k < 16; ++k)
        if (velocity && usable(words_.note_on(p)) && words_.note_off(p) != no_token && usable(words_.track(k)))
          sayable_.set(pair(k, p));
  }

  bool allows(Token token) const {
    const TokenKind kind = words_[token].kind;
    const int value = words_[token].value;
    if (song_.empty()) return kind == TokenKind::start;
    const TokenEvent last = words_[song_.back()];
    if (last.kind == TokenKind::end) return false;
    if (last.kind == TokenKind::note_on) return kind == TokenKind::velocity && usable(token);
    if (last.kind == TokenKind::velocity) return kind == TokenKind::track && can_start(group_pitch(2), value);
    if (last.kind == TokenKind::note_off) return kind == TokenKind::track && can_end(last.value, value);
    switch (kind) {
      case TokenKind::note_on:
        return usable(token) && any_track([&](int k) { return can_start(value, k); });
      case TokenKind::note_off:
        return any_track([&](int k) { return can_end(value, k); });
      case TokenKind::time:
        if (canonical_ && sounding_.none() && sayable_.none()) return false;
        return usable(token) && song_.size() > 1 && (last.kind != TokenKind::time || last.value == 100);
      case TokenKind::end:
        return usable(token) && sounding_.none() && !(canonical_ && last.kind == TokenKind::time);
      default:
        return false;
    }
  }

  void advance(Token token) {
    song_.push_back(token);
    const auto [kind, value] = words_[token];
    if (kind == TokenKind::time) step_.clear();
    if (kind != TokenKind::track) return;
    const bool on = words_[song_[song_.size() - 2]].kind == TokenKind::velocity;
    const int pitch = group_pitch(on ? 3 : 2);
    if (on)
      sounding_.set(pair(value, pitch));
    else
      sounding_.reset(pair(value, pitch));
    step_.push_back({on, value, pitch});
  }

 private:
  struct Event {
    bool on;
    int track, pitch;
  };

  /// In canonical order.
  static std::size_t pair(int track, int pitch) { return static_cast<std::size_t>(track * 128 + pitch); }
  int group_pitch(std::size_t back) const { return words_[song_[song_.size() - back]].value; }
  bool usable(Token t) const {
    return t != no_token && (forbidden_.empty() || forbidden_[static_cast<std::size_t>(t)] == 0);
  }
  template <class Good>
  static bool any_track(Good good) {
    for (int k = 0; k < 16; ++k)
      if (good(k)) return true;
    return false;
  }
  bool can_start(int pitch, int track) const {
    if (!sayable_[pair(track, pitch)] || sounding_[pair(track, pitch)]) return false;
    for (const Event& e : step_)
      if (canonical_ && e.on && pair(e.track, e.pitch) >= pair(track, pitch)) return false;
    return true;
  }
  bool can_end(int pitch, int track) const {
    if (!sounding_[pair(track, pitch)]) return false;
    for (const Event& e : step_) {
      if (e.on && e.track == track && e.pitch == pitch) return false;
      if (canonical_ && (e.on || pair(e.track, e.pitch) >= pair(track, pitch))) return false;
    }
    return true;
  }

  Vocabulary words_;
  bool canonical_;
  std::vector<std::uint8_t> forbidden_;
  std::vector<Token> song_;
  std::bitset<16 * 128> sayable_, sounding_;  // pairs
  std::vector<Event> step_;                   // its finished groups so far
};

struct Setting {
  std::string name;
  Vocabulary vocabulary;
  std::vector<std::uint8_t> forbidden;
};

const std::vector<Setting>& settings() {
  static const std::vector<Setting> all = [] {
    const auto standard = Vocabulary::standard(), holes = vocabulary_with_holes();
    using K = TokenKind;
    return std::vector<Setting>{
        {"standard", standard, {}},
        {"with holes", holes, {}},
        {"two tracks", standard, mask_of(standard, [](TokenEvent m) { return m.kind == K::track && m.value > 1; })},
        {"one key", standard,
         mask_of(standard,
                 [](TokenEvent m) {
                   constexpr int c_major = 0b101010110101;
                   return (m.kind == K::note_on || m.kind == K::note_off) && !(c_major >> m.value % 12 & 1);
                 })},
        {"a small range", standard,
         mask_of(standard, [](TokenEvent m) { return m.kind == K::note_on && (m.value < 60 || m.value > 63); })},
        {"one note only", holes,
         mask_of(holes,
                 [](TokenEvent m) { return (m.kind == K::note_on || m.kind == K::track) && m.value % 62 != 0; })},
        {"endless", standard, mask_of(standard, [](TokenEvent m) { return m.kind == K::end; })},
        {"one time step", standard, mask_of(standard, [](TokenEvent m) { return m.kind == K::time && m.value != 7; })},
        {"offs in vain", standard, mask_of(standard, [](TokenEvent m) { return m.kind == K::note_off; })},
        {"no velocity", standard, mask_of(standard, [](TokenEvent m) { return m.kind == K::velocity; })},
    };
  }();
  return all;
}

/// A token that may come next: each with the same probability or, every other time, each kind with the same
/// probability, so that notes end about as often as they begin.
Token any_allowed(const Grammar& grammar, Random& random) {
  const Vocabulary& vocabulary = grammar.vocabulary();
  auto tokens = allowed_tokens(grammar);
  if (tokens.empty()) throw Error("a dead end at token " + std::to_string(grammar.position()));
  if (random.below(2) == 0) {
    std::vector<TokenKind> kinds;  // some more than once if the vocabulary mixes them
    for (const Token t : tokens)
      if (kinds.empty() || kinds.back() != vocabulary[t].kind) kinds.push_back(vocabulary[t].kind);
    const TokenKind kind = kinds[random.below(kinds.size())];
    std::erase_if(tokens, [&](Token t) { return vocabulary[t].kind != kind; });
  }
  return tokens[random.below(tokens.size())];
}

}  // namespace

TEST_CASE("tokens: the grammar agrees with its rules applied slowly, along random walks") {
  for (const Setting& setting : settings())
    for (const bool canonical : {false, true})
      for (std::uint64_t seed = 0; seed < 2; ++seed) {
        INFO(setting.name << (canonical ? ", canonical" : "") << ", seed " << seed);
        Random random(seed);
        const Grammar fresh(setting.vocabulary, {.canonical = canonical, .forbidden = setting.forbidden});
        const Oracle fresh_oracle(setting.vocabulary, canonical, setting.forbidden);
        Grammar grammar = fresh;
        Oracle oracle = fresh_oracle;
        std::vector<std::uint8_t> mask(static_cast<std::size_t>(setting.vocabulary.size()));
        std::string fault;
        for (int i = 0; i < 1000 && fault.empty(); ++i) {
          grammar.allowed(mask);
          for (Token t = 0; t < setting.vocabulary.size(); ++t)
            if (oracle.allows(t) != (mask[static_cast<std::size_t>(t)] == 1) || oracle.allows(t) != grammar.allows(t))
              fault = setting.vocabulary.name(t) + " at " + std::to_string(i);
          if (grammar.ended()) {
            grammar = fresh;
            oracle = fresh_oracle;
          } else {
            const Token next = any_allowed(grammar, random);
            grammar.advance(next);
            oracle.advance(next);
          }
        }
        CHECK(fault == "");
      }
}

TEST_CASE("tokens: the grammar has no dead ends, and every walk can be closed anywhere") {
  for (const Setting& setting : settings())
    for (const bool canonical : {false, true})
      for (std::uint64_t seed = 10; seed < 12; ++seed) {
        INFO(setting.name << (canonical ? ", canonical" : "") << ", seed " << seed);
        Random random(seed);
        const Grammar fresh(setting.vocabulary, {.canonical = canonical, .forbidden = setting.forbidden});
        Grammar grammar = fresh;
        std::vector<Token> song;
        for (int i = 0; i < 10000; ++i) {
          if (grammar.ended()) {
            grammar = fresh;
            song.clear();
          }
          song.push_back(any_allowed(grammar, random));  // throws at a dead end
          grammar.advance(song.back());
          if (random.below(400) != 0) continue;
          auto closed = song;
          add_closing(closed, grammar);
          REQUIRE(after(setting.vocabulary, canonical, closed).ended());
        }
      }
}

TEST_CASE("tokens: the canonical grammar's songs survive decoding and encoding") {
  const auto standard = Vocabulary::standard();
  for (const Setting& setting : settings())
    for (std::uint64_t seed = 20; seed < 24; ++seed) {
      INFO(setting.name << ", seed " << seed);
      Random random(seed);
      Grammar grammar(setting.vocabulary, {.canonical = true, .forbidden = setting.forbidden});
      std::vector<Token> song;
      for (int i = random.between(0, 3000); i > 0 && !grammar.ended(); --i) {
        song.push_back(any_allowed(grammar, random));
        grammar.advance(song.back());
      }
      add_closing(song, grammar);

      // Tracks are renumbered without gaps.
      std::set<int> used;
      for (const Token t : song)
        if (setting.vocabulary[t].kind == TokenKind::track) used.insert(setting.vocabulary[t].value);
      std::vector<Token> expected;
      for (const Token t : song) {
        auto [kind, value] = setting.vocabulary[t];
        if (kind == TokenKind::track) value = static_cast<int>(std::distance(used.begin(), used.find(value)));
        expected.push_back(standard.find(kind, value));
      }
      DecodeReport report;
      const Encoded again = encode(decode(song, setting.vocabulary, {}, &report), standard);
      CHECK(report == DecodeReport{});
      CHECK(again.report == EncodeReport{});
      CHECK(again.tokens == expected);
    }
}

TEST_CASE("tokens: a song can be followed to its middle and closed there") {
  const auto vocabulary = Vocabulary::standard();
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    Random random(seed);
    const auto song = encode(random_score(seed), vocabulary).tokens;
    const auto cut = static_cast<std::ptrdiff_t>(random.below(song.size() + 1));
    for (const bool canonical : {false, true}) {
      std::vector<Token> part(song.begin(), song.begin() + cut);
      const Grammar grammar = after(vocabulary, canonical, part);
      add_closing(part, grammar);
      for (const bool strictly : {false, true}) REQUIRE(after(vocabulary, strictly, part).ended());
      DecodeReport report;
      static_cast<void>(decode(part, vocabulary, {}, &report));
      CHECK(report == DecodeReport{});
    }
  }
}
