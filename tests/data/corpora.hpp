// Songs and small corpora for tests.
#pragma once

#include <filesystem>
#include <fstream>
#include <musicgen/analyze/analyze.hpp>
#include <musicgen/data/composer.hpp>
#include <musicgen/data/corpus.hpp>
#include <musicgen/midi.hpp>
#include <musicgen/tokens/encoder.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tokens/songs.hpp"

namespace musicgen::test {

inline Song song_of(const std::string& name, const Score& score, Split split = Split::train,
                    const Vocabulary& vocabulary = Vocabulary::standard()) {
  Encoded encoded = encode(score, vocabulary);
  return make_song(name, split, std::move(encoded.tokens), std::move(encoded.programs), vocabulary);
}

/// A song of the standard vocabulary from a text such as "^ +60 v63 i0 t10 -60 i0 $".
inline Song song_of(const std::string& text) {
  const Vocabulary vocabulary = Vocabulary::standard();
  return make_song("song", Split::train, tokens(vocabulary, text), {0}, vocabulary);
}

/// Random songs with notes, dense and irregular.
inline std::vector<Song> random_songs(int count, std::uint64_t seed,
                                      const Vocabulary& vocabulary = Vocabulary::standard()) {
  std::vector<Song> songs;
  for (; static_cast<int>(songs.size()) < count; ++seed)
    if (Song song = song_of("song" + std::to_string(seed), random_score(seed), Split::train, vocabulary);
        song.notes > 0)
      songs.push_back(std::move(song));
  return songs;
}

/// Composed songs in the language of beats, the last one for validation.
inline Corpus beats_corpus(int count) {
  const Vocabulary vocabulary = Vocabulary::beats();
  std::vector<Song> songs;
  for (int i = 0; i < count; ++i) {
    const Score score = compose(static_cast<std::uint64_t>(i));
    Encoded song = encode(score, plan_of(analyze(score)), vocabulary);
    songs.push_back(make_song("song " + std::to_string(i), i + 1 == count ? Split::validation : Split::train,
                              std::move(song.tokens), std::move(song.programs), vocabulary));
  }
  return Corpus(std::move(songs), vocabulary);
}

/// A scale of `notes` notes from `pitch` on, `step` ms each.
inline Score scale(int notes, int pitch = 60, int step = 100) {
  std::vector<MillisecondNote> all;
  for (int i = 0; i < notes; ++i) all.push_back({i * step, (i + 1) * step, pitch + i % 12});
  return score_of(all);
}

inline void write_text(const std::filesystem::path& file, std::string_view text) {
  std::filesystem::create_directories(file.parent_path());
  std::ofstream(file, std::ios::binary) << text;
}

inline void write_song(const std::filesystem::path& file, const Score& score) {
  std::filesystem::create_directories(file.parent_path());
  write_midi(file, score);
}

/// The score with its first track named `name`.
inline Score named(Score score, const std::string& name) {
  score.tracks.at(0).name = name;
  return score;
}

}  // namespace musicgen::test
