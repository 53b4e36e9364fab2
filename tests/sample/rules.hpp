// A second implementation of the rules of the language, written word by word from their description; nothing here uses
// the library's grammar.
#pragma once

#include <algorithm>
#include <map>
#include <musicgen/tokens/vocabulary.hpp>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace musicgen::test {

/// A note in steps of 10 ms.
struct StepNote {
  int start, end, pitch, velocity, track;
  auto key() const { return std::tuple(start, track, pitch, end, velocity); }
  bool operator==(const StepNote& other) const { return key() == other.key(); }
  bool operator<(const StepNote& other) const { return key() < other.key(); }
};

/// The words of a song as read: its notes, or the first rule that they break.
struct ReadSong {
  std::string fault;
  std::vector<StepNote> notes;  // by start, track, pitch
};

class RuleReader {
 public:
  RuleReader(const Vocabulary& vocabulary, bool canonical) : vocabulary_(vocabulary), canonical_(canonical) {}

  ReadSong read(const std::vector<Token>& tokens) {
    std::vector<std::string> words;
    for (const Token t : tokens) words.push_back(vocabulary_.name(t));
    if (words.size() < 2 || words.front() != "^" || words.back() != "$") return fault(0, "is not ^ ... $");
    std::size_t i = 1;
    while (i + 1 < words.size()) {
      const char* broken = event(words, i);
      if (broken != nullptr) return fault(i, broken);
      i += words[i][0] == '+' ? 3 : words[i][0] == '-' ? 2 : 1;
    }
    if (i + 1 != words.size()) return fault(i, "an event is cut off");
    if (!sounding_.empty()) return fault(i, "notes are left hanging");
    if (canonical_ && words[i - 1][0] == 't') return fault(i, "a gap stands before the end");
    std::sort(reading_.notes.begin(), reading_.notes.end());
    return reading_;
  }

 private:
  ReadSong fault(std::size_t i, const std::string& what) {
    reading_.fault = "word " + std::to_string(i) + ": " + what;
    return reading_;
  }

  const char* event(const std::vector<std::string>& words, std::size_t i) {
    const auto value = [&](std::size_t at) { return std::stoi(words[at].substr(1)); };
    switch (words[i][0]) {
      case 't':
        if (i == 1) return "a gap comes first";
        if (words[i - 1][0] == 't' && words[i - 1] != "t100") return "a gap follows one that is not full";
        now_ += value(i);
        last_off_ = last_on_ = {-1, -1};
        return nullptr;
      case '+':
        if (words[i + 1][0] != 'v') return "no velocity follows a note on";
        if (words[i + 2][0] != 'i') return "no track follows the velocity";
        return begin(value(i), value(i + 1), value(i + 2));
      case '-':
        if (words[i + 1][0] != 'i') return "no track follows a note off";
        return end(value(i), value(i + 1));
      default:
        return "begins no event";
    }
  }

  const char* begin(int pitch, int velocity, int track) {
    if (!sounding_.try_emplace({track, pitch}, StepNote{now_, 0, pitch, velocity, track}).second)
      return "begins a note that sounds";
    if (canonical_ && std::exchange(last_on_, {track, pitch}) >= std::pair(track, pitch)) return "ons are out of order";
    return nullptr;
  }

  const char* end(int pitch, int track) {
    const auto found = sounding_.find({track, pitch});
    if (found == sounding_.end()) return "ends a note that does not sound";
    if (found->second.start == now_) return "ends a note in the step where it began";
    if (canonical_ && last_on_.first >= 0) return "an off follows an on in a step";
    if (canonical_ && std::exchange(last_off_, {track, pitch}) >= std::pair(track, pitch))
      return "offs are out of order";
    found->second.end = now_;
    reading_.notes.push_back(found->second);
    sounding_.erase(found);
    return nullptr;
  }

  Vocabulary vocabulary_;
  bool canonical_;
  ReadSong reading_;
  std::map<std::pair<int, int>, StepNote> sounding_;  // by track and pitch
  std::pair<int, int> last_on_{-1, -1}, last_off_{-1, -1};
  int now_ = 0;
};

inline ReadSong read_by_the_rules(const std::vector<Token>& tokens, const Vocabulary& vocabulary, bool canonical) {
  return RuleReader(vocabulary, canonical).read(tokens);
}

}  // namespace musicgen::test
