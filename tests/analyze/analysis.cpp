#include <catch.hpp>
#include <musicgen/analyze/analysis.hpp>

using namespace musicgen;

TEST_CASE("analysis: names of metres, keys, chords and phrases") {
  CHECK(to_string(Meter{6, 8}) == "6/8");
  KeySpan key;
  key.tonic = 3, key.minor = true;
  CHECK(key.label() == "Eb:min");
  ChordSpan chord;
  CHECK(chord.label() == "N");
  chord.root = 10, chord.quality = ChordQuality::diminished;
  CHECK(chord.label() == "Bb:dim");
  chord.quality = ChordQuality::sus4;
  CHECK(chord.label() == "Bb:sus4");
  CHECK(pitch_class_name(-1) == std::string("B"));

  Analysis analysis;
  PhraseSpan phrase;
  phrase.letter = 'i', phrase.first_bar = 0, phrase.end_bar = 4;
  analysis.phrases.push_back(phrase);
  phrase.letter = 'A', phrase.first_bar = 4, phrase.end_bar = 12;
  analysis.phrases.push_back(phrase);
  CHECK(analysis.form() == "i4A8");
}

TEST_CASE("analysis: the main key is in force for longest, all its spans together") {
  Analysis analysis;
  CHECK(analysis.main_key() == nullptr);
  const auto add = [&](double start, double end, int tonic, bool minor) {
    KeySpan key{{Seconds(start), Seconds(end), 0, 0}};
    key.tonic = tonic, key.minor = minor;
    analysis.keys.push_back(key);
  };
  add(0, 30, 0, false);
  add(30, 70, 0, true);
  add(70, 85, 0, false);
  CHECK(analysis.main_key()->label() == "C:maj");
  analysis.keys.back().end = Seconds(79);
  CHECK(analysis.main_key()->label() == "C:min");
}

TEST_CASE("analysis: what is silent does not count for the main key") {
  Analysis analysis;
  const auto add = [&](double start, double end, int tonic, ChordQuality quality, double silence_from) {
    KeySpan key{{Seconds(start), Seconds(end), 0, 0}};
    key.tonic = tonic;
    analysis.keys.push_back(key);
    ChordSpan chord{{Seconds(start), Seconds(silence_from), 0, 0}};
    chord.quality = quality;
    analysis.chords.push_back(chord);
    analysis.chords.push_back({{Seconds(silence_from), Seconds(end), 0, 0}});
  };
  add(0, 30, 0, ChordQuality::major, 30);
  add(30, 100, 2, ChordQuality::major, 50);
  CHECK(analysis.main_key()->label() == "C:maj");
  for (ChordSpan& chord : analysis.chords) chord.quality = ChordQuality::none;
  CHECK(analysis.main_key()->label() == "D:maj");
}

TEST_CASE("analysis: times of beats and downbeats") {
  Analysis analysis;
  for (int i = 0; i < 4; ++i) analysis.beats.push_back({Seconds(0.5 * i), 480 * i, (i + 1) / 3, (i + 1) % 3});
  analysis.end = Seconds(2);
  CHECK(analysis.downbeats() == std::vector<Seconds>{Seconds(1)});
  CHECK(analysis.beat_time(3) == Seconds(1.5));
  CHECK(analysis.beat_time(4) == Seconds(2));
}
