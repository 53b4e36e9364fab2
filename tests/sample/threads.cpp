// What the classes promise about threads.
#include <catch.hpp>
#include <chrono>
#include <cstdint>
#include <musicgen/sample/sampler.hpp>
#include <thread>
#include <vector>

#include "sample/models.hpp"

using namespace musicgen;
using namespace musicgen::test;
using namespace std::chrono_literals;

TEST_CASE("sample: sixteen samplers of one const model at once give what each gives alone") {
  const Model<> model = untrained(Vocabulary::standard(), 1, true, 3, 280);
  REQUIRE(is_shared_among_threads(model, 6));  // so that they share the pool, too
  const Threads pool(2);
  const auto write = [&](std::uint64_t seed) {
    Sampler sampler(model, presets::lifelike(model), {.seed = seed});
    std::vector<Token> all;
    for (const GeneratedSong& song : sampler.generate(6, 1s))
      all.insert(all.end(), song.tokens.begin(), song.tokens.end());
    for (int i = 0; i < 20; ++i) all.push_back(sampler.next());
    return all;
  };
  constexpr std::uint64_t count = 16;
  std::vector<std::vector<Token>> together(count);
  std::vector<std::thread> threads;
  for (std::uint64_t i = 0; i < count; ++i) threads.emplace_back([&, i] { together[i] = write(i); });
  for (std::thread& thread : threads) thread.join();
  for (std::uint64_t i = 0; i < count; ++i) CHECK(together[i] == write(i));
}

TEST_CASE("sample: one song may be read, and rules asked, by several threads at once") {
  const Vocabulary vocabulary = Vocabulary::standard();
  const GrammarRules rules(vocabulary, {.canonical = true});
  SongState song;
  for (const TokenEvent token : {TokenEvent{TokenKind::start, 0},
                                 {TokenKind::note_on, 60},
                                 {TokenKind::velocity, 79},
                                 {TokenKind::track, 0},
                                 {TokenKind::time, 10}})
    song.advance(token);
  std::vector<std::vector<std::uint8_t>> masks(4, std::vector<std::uint8_t>(405));
  std::vector<std::thread> threads;
  for (auto& mask : masks) threads.emplace_back([&] { rules.allowed(song, mask); });
  for (std::thread& thread : threads) thread.join();
  for (const auto& mask : masks) CHECK(mask == masks[0]);
  CHECK(masks[0][static_cast<std::size_t>(vocabulary.note_off(60))] == 1);
}
