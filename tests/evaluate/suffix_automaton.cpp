#include <catch.hpp>
#include <musicgen/core/random.hpp>
#include <musicgen/evaluate/suffix_automaton.hpp>
#include <string>
#include <string_view>
#include <vector>

using namespace musicgen;

namespace {

using Symbols = std::vector<SuffixAutomaton::Symbol>;

Symbols symbols(std::string_view text) {
  return {text.begin(), text.end()};
}

std::vector<int> lengths(const std::vector<Match>& matches) {
  std::vector<int> all;
  for (const Match& match : matches) all.push_back(match.length);
  return all;
}

Symbols random_symbols(Random& random, int most, int different) {
  Symbols all(static_cast<std::size_t>(random.between(0, most)));
  for (auto& symbol : all) symbol = static_cast<SuffixAutomaton::Symbol>(random.between(1, different));
  return all;
}

/// The length of the longest substring that ends at both positions.
int common_end(const Symbols& a, std::size_t a_end, const Symbols& b, std::size_t b_end) {
  int length = 0;
  for (; a_end > 0 && b_end > 0 && a[a_end - 1] == b[b_end - 1]; --a_end, --b_end) ++length;
  return length;
}

}  // namespace

TEST_CASE("suffix automaton: the longest common substring at each position") {
  const std::vector<Symbols> asked{symbols("banana"), symbols("nab")};
  SuffixAutomaton automaton(asked);
  automaton.read(symbols("cabana"), 7);
  const auto matches = automaton.matches();
  CHECK(lengths(matches[0]) == std::vector{1, 2, 3, 4, 2, 3});  // b, ba, ban, bana, an, ana
  CHECK(lengths(matches[1]) == std::vector{1, 2, 2});           // n, na, ab
  CHECK(matches[0][3] == Match{4, 7, 6});
  CHECK(matches[1][2] == Match{2, 7, 3});
}

TEST_CASE("suffix automaton: of equal matches the first read is kept") {
  const std::vector<Symbols> asked{symbols("xaby")};
  SuffixAutomaton automaton(asked);
  for (int number = 0; number < 3; ++number) automaton.read(symbols("1ab2ab"), number);
  CHECK(automaton.matches()[0][2] == Match{2, 0, 3});
}

TEST_CASE("suffix automaton: agrees with trying every pair of positions") {
  Random random(1);
  for (int round = 0; round < 300; ++round) {
    const int different = random.between(1, 4);
    std::vector<Symbols> asked(static_cast<std::size_t>(random.between(0, 4))), read = asked;
    for (Symbols& string : asked) string = random_symbols(random, 20, different);
    for (Symbols& string : read) string = random_symbols(random, 20, different);
    SuffixAutomaton automaton(asked);
    for (std::size_t i = 0; i < read.size(); ++i) automaton.read(read[i], static_cast<int>(i));
    const auto matches = automaton.matches();
    REQUIRE(matches.size() == asked.size());
    for (std::size_t i = 0; i < asked.size(); ++i) {
      REQUIRE(matches[i].size() == asked[i].size());
      for (std::size_t end = 1; end <= asked[i].size(); ++end) {
        int longest = 0;
        for (const Symbols& other : read)
          for (std::size_t other_end = 1; other_end <= other.size(); ++other_end)
            longest = std::max(longest, common_end(asked[i], end, other, other_end));
        const Match& match = matches[i][end - 1];
        REQUIRE(match.length == longest);
        if (longest > 0)
          REQUIRE(common_end(asked[i], end, read[static_cast<std::size_t>(match.string)],
                             static_cast<std::size_t>(match.end)) >= longest);
      }
    }
  }
}

TEST_CASE("suffix automaton: nothing asked, nothing read, empty strings") {
  SuffixAutomaton nothing(std::vector<Symbols>{});
  nothing.read(symbols("abc"), 0);
  CHECK(nothing.matches().empty());
  SuffixAutomaton unread(std::vector<Symbols>{symbols("ab"), {}});
  CHECK(lengths(unread.matches()[0]) == std::vector{0, 0});
  CHECK(unread.matches()[1].empty());
  unread.read({}, 0);
  CHECK(lengths(unread.matches()[0]) == std::vector{0, 0});
}

TEST_CASE("suffix automaton: has at most two states a symbol, however repetitive the strings") {
  Random random(2);
  std::vector<Symbols> asked{Symbols(20000, 1), Symbols(20000, 1)};
  for (int i = 0; i < 4; ++i) asked.push_back(random_symbols(random, 20000, 2));
  std::size_t size = 0;
  for (const Symbols& string : asked) size += string.size();
  SuffixAutomaton automaton(asked);
  CHECK(automaton.states() <= 2 * size);
  automaton.read(Symbols(30000, 1), 0);
  CHECK(automaton.matches()[1].back().length == 20000);
}
