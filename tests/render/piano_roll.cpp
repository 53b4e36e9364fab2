#include "musicgen/render/piano_roll.hpp"

#include <png.h>

#include <catch.hpp>
#include <chrono>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "data_files.hpp"
#include "musicgen/data/composer.hpp"

using namespace musicgen;
using namespace std::chrono_literals;

namespace {

/// How far a color is from grey: notes are colored, axes and letters are grey.
int colorfulness(Color c) {
  return std::max({c.red, c.green, c.blue}) - std::min({c.red, c.green, c.blue});
}

int colored_pixels(const Canvas& canvas, int from_y = 0) {
  int count = 0;
  for (int y = from_y; y < canvas.height(); ++y)
    for (int x = 0; x < canvas.width(); ++x) count += colorfulness(canvas.at(x, y)) > 60;
  return count;
}

Score score_of(std::vector<Note> notes) {
  return Score::from_notes(notes);
}

}  // namespace

TEST_CASE("render: a piano roll has its notes where they sound") {
  // From C3 to C5 in four seconds: the lower note in the first half, the higher in the second.
  const Canvas canvas = draw_piano_roll(score_of({{0, 2, 48, 120, 0}, {2, 4, 72, 120, 0}}));
  CHECK(canvas.width() == 1200);
  CHECK(canvas.height() == 520);
  const int middle_x = 54 + (1200 - 22 - 54) / 2, middle_y = (48 + 520 - 34) / 2;
  int lower_left = 0, upper_right = 0, elsewhere = 0;
  for (int y = 48; y < canvas.height(); ++y)
    for (int x = 0; x < canvas.width(); ++x) {
      if (colorfulness(canvas.at(x, y)) <= 60) continue;
      if (x <= middle_x && y > middle_y)
        ++lower_left;
      else if (x >= middle_x && y < middle_y)
        ++upper_right;
      else
        ++elsewhere;
    }
  CHECK(lower_left > 1000);
  CHECK(upper_right > 1000);
  CHECK(elsewhere == 0);
}

TEST_CASE("render: louder notes are darker, tracks differ in color") {
  const auto brightness = [](Color c) { return c.red + c.green + c.blue; };
  CHECK(brightness(detail::roll_color(0, 120)) < brightness(detail::roll_color(0, 60)));
  CHECK_FALSE(detail::roll_color(0, 100) == detail::roll_color(1, 100));
}

TEST_CASE("render: a picture has the size, title and mark that were asked for") {
  const Score song = compose(1);
  const PianoRollOptions plain{.width = 640, .height = 300};
  PianoRollOptions marked = plain;
  marked.mark = 20s;
  marked.mark_label = "continues here";
  const Canvas a = draw_piano_roll(song, plain), b = draw_piano_roll(song, marked);
  CHECK(a.width() == 640);
  CHECK(a.height() == 300);
  CHECK(colored_pixels(a, 60) > 3000);
  int first = a.width(), last = 0;
  for (int y = 0; y < a.height(); ++y)
    for (int x = 0; x < a.width(); ++x)
      if (!(a.at(x, y) == b.at(x, y))) first = std::min(first, x), last = std::max(last, x);
  const double expected = 54 + (640 - 22 - 54) * 20 / song.duration();
  CHECK(first == Approx(expected).margin(2));
  CHECK(last < expected + 140);
}

TEST_CASE("render: an analysis draws phrases over the notes, bars through them") {
  std::vector<Note> notes;
  for (int i = 0; i < 32; ++i) notes.push_back({0.5 * i, 0.5 * i + 0.4, 60 + i % 5, 90, 0});
  const Score song = score_of(notes);
  PianoRollOptions options{.width = 1000, .height = 300};
  const Canvas plain = draw_piano_roll(song, options);
  Analysis analysis;
  for (int i = 0; i < 32; ++i) analysis.beats.push_back({Seconds(0.5 * i), 500 * i, i / 4, i % 4});
  for (int i = 0; i < 8; ++i) analysis.bars.push_back({4 * i, 4 * i + 4, {4, 4}});
  analysis.end = Seconds(16);
  PhraseSpan phrase{{Seconds(0), Seconds(8), 0, 16}};
  phrase.end_bar = 4;
  ChordSpan chord{{Seconds(4), Seconds(16), 8, 32}};
  chord.quality = ChordQuality::minor;
  analysis.phrases = {phrase};
  analysis.chords = {chord};
  options.analysis = analysis;
  const Canvas drawn = draw_piano_roll(song, options);

  const auto x = [&](double second) { return 54 + static_cast<int>((1000 - 22 - 54) * second / 15.9); };
  const Color strip = drawn.at(x(7), 48 + 4), beyond = drawn.at(x(9), 48 + 4);  // phrases
  CHECK_FALSE(strip == plain.at(x(7), 48 + 4));
  CHECK(beyond == plain.at(x(9), 48 + 4));
  CHECK_FALSE(drawn.at(x(14), 48 + 22) == drawn.at(x(3), 48 + 22));  // chords
  int lines = 0;
  for (int column = x(0.5); column < x(15.5); ++column) {
    bool line = true;
    for (const int y : {95, 150, 255}) line = line && !(drawn.at(column, y) == plain.at(column, y));
    lines += line;
  }
  CHECK(lines >= 5);  // bars at 2, 4, 6, ... seconds, some where seconds have lines too
}

TEST_CASE("render: songs below each other share their axes") {
  // The second song has a note that is later and higher than that of the first.
  const PianoRollSong songs[] = {{score_of({{0, 2, 48, 120, 0}}), "first"}, {score_of({{6, 8, 84, 120, 0}}), "second"}};
  const Canvas canvas = draw_piano_rolls(songs, {.width = 800, .height = 600, .mark = 4s});
  const int middle = (48 + 600) / 2;
  int first_right = 0, second_left = 800, first_top = 600, second_top = 600;
  for (int y = 48; y < 600; ++y)
    for (int x = 0; x < 800; ++x) {
      if (colorfulness(canvas.at(x, y)) <= 60) continue;
      if (y < middle) {
        first_right = std::max(first_right, x);
        first_top = std::min(first_top, y);
      } else {
        second_left = std::min(second_left, x);
        second_top = std::min(second_top, y);
      }
    }
  const double pixels_per_second = (800 - 22 - 54) / 8.0;
  CHECK(first_right == Approx(54 + 2 * pixels_per_second).margin(2));
  CHECK(second_left == Approx(54 + 6 * pixels_per_second).margin(2));
  CHECK(first_top - 48 > second_top - middle + 100);  // lower in its part of the picture
  const Canvas early = draw_piano_rolls(songs, {.width = 800, .height = 600, .length = 4s});
  CHECK(colored_pixels(early, middle) == 0);                            // begins later
  const PianoRollSong moved[] = {songs[0], {songs[1].score, "", -6s}};  // to the place of the first song's note
  const Canvas aligned = draw_piano_rolls(moved, {.width = 800, .height = 600, .length = 4s});
  CHECK(colored_pixels(aligned, middle) > 500);
  CHECK_THROWS_WITH(draw_piano_rolls(songs, {.height = 399}), Catch::Contains("not between 320 x 400"));
}

TEST_CASE("render: songs of any kind have a picture") {
  CHECK(colored_pixels(draw_piano_roll(Score{})) == 0);
  CHECK(colored_pixels(draw_piano_roll(score_of({{0, 0.001, 0, 1, 0}, {1e5, 1e5 + 1, 127, 127, 300}}))) > 0);
  std::vector<Note> many_tracks;
  for (int k = 0; k < 30; ++k) many_tracks.push_back({k * 0.1, k * 0.1 + 1, 40 + k, 90, k});
  CHECK(colored_pixels(draw_piano_roll(score_of(many_tracks), {.title = std::string(500, 'W')}), 70) > 1000);
  CHECK(colored_pixels(draw_piano_roll(compose(2), {.mark = std::chrono::duration<double>(INFINITY)})) > 0);
  CHECK_THROWS_WITH(draw_piano_roll(Score{}, {.width = 10}), Catch::Contains("10 x 520"));
}

TEST_CASE("render: a piano roll is written as a PNG file, or the old file stays") {
  const test::TemporaryDirectory folder;
  const Score song = compose(3);
  write_piano_roll(folder / "a.png", song, {.title = "A song"});
  write_piano_roll(folder / "b.png", song, {.title = "A song"});
  CHECK(read_bytes(folder / "a.png") == read_bytes(folder / "b.png"));

  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  REQUIRE(png_image_begin_read_from_file(&image, (folder / "a.png").c_str()) != 0);
  CHECK(image.width == 1200);
  CHECK(image.height == 520);
  image.format = PNG_FORMAT_RGB;
  std::vector<Color> pixels(image.width * image.height);
  REQUIRE(png_image_finish_read(&image, nullptr, pixels.data(), 0, nullptr) != 0);
  const Canvas drawn = draw_piano_roll(song, {.title = "A song"});
  bool same = true;
  for (int y = 0; y < 520; ++y)
    for (int x = 0; x < 1200; ++x) same &= pixels[static_cast<std::size_t>(y * 1200 + x)] == drawn.at(x, y);
  CHECK(same);

  CHECK_THROWS_AS(write_piano_roll(folder / "missing" / "a.png", song), Error);
}
