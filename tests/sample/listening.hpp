// Checks of a sampler's songs and streams, for tests of rules that do not depend on the song.
#pragma once

#include <catch.hpp>
#include <chrono>
#include <cstddef>
#include <musicgen/sample/sampler.hpp>
#include <set>
#include <string>

#include "sample/models.hpp"
#include "sample/rules.hpp"
#include "tokens/songs.hpp"

namespace musicgen::test {

/// Checks every note of songs and of a stream, under grammars and vocabularies of all kinds.
template <class P, class Holds>
void check_notes(const P& processor, Holds holds) {
  for (const Vocabulary& vocabulary : {Vocabulary::standard(), vocabulary_with_holes()})
    for (const bool canonical : {true, false}) {
      Sampler sampler(untrained(vocabulary, 3, canonical), processor);
      std::size_t notes = 0;
      for (const Length& length : {Length(std::chrono::seconds(5)), Length::in_tokens(300)})
        for (const GeneratedSong& song : sampler.generate(6, length)) {
          const ReadSong reading = read_by_the_rules(song.tokens, vocabulary, canonical);
          REQUIRE(reading.fault == "");
          REQUIRE(song.log_probabilities.size() == song.tokens.size());
          for (const StepNote& n : reading.notes) CHECK(holds(n.pitch, n.track));
          notes += reading.notes.size();
        }
      CHECK(notes > 30);
      for (int i = 0; i < 40; ++i) {
        const Note note = sampler.next_note();
        CHECK(holds(note.pitch, note.track));
      }
    }
}

/// The words of a vocabulary that a processor always forbids.
template <class P>
std::set<std::string> forbidden_words(const P& processor, const Vocabulary& vocabulary = Vocabulary::standard()) {
  std::set<std::string> words;
  for (Token t = 0; t < vocabulary.size(); ++t)
    if (processor.forbids(vocabulary[t])) words.insert(vocabulary.name(t));
  return words;
}

inline bool in_c_major(int pitch) {
  return std::set<int>{0, 2, 4, 5, 7, 9, 11}.count(pitch % 12) == 1;
}

}  // namespace musicgen::test
