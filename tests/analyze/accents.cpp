#include <catch.hpp>
#include <cstddef>
#include <musicgen/analyze/accents.hpp>
#include <vector>

using namespace musicgen::detail;

namespace {

/// Accents of eight beats: a bass note on every second one, silence between.
std::vector<Accents> accents_of_bass(int pitch) {
  std::vector<BeatNote> notes;
  for (int beat = 0; beat < 8; beat += 2) notes.push_back({1.0 * beat, beat + 1.0, pitch, 80, 0});
  return find_accents(notes, {}, beat_sounds(notes, 8));
}

}  // namespace

TEST_CASE("accents: a bass note that ends a silence is a change of bass, whatever its pitch") {
  const std::vector<Accents> c = accents_of_bass(36);
  for (std::size_t beat = 0; beat < 8; ++beat) CHECK((c[beat][accents::bass_change] > 0) == (beat % 2 == 0));
  for (int pitch = 37; pitch < 48; ++pitch) {
    INFO("pitch " << pitch);
    CHECK(accents_of_bass(pitch) == c);
  }
}
