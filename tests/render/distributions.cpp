#include "musicgen/render/distributions.hpp"

#include <catch.hpp>
#include <string>
#include <vector>

#include "data_files.hpp"

using namespace musicgen;

namespace {

/// The pixels with the color of a set's line in [left, right).
int pixels_of(const Canvas& canvas, std::size_t set, int left = 0, int right = 100000) {
  int count = 0;
  for (int y = 60; y < canvas.height(); ++y)
    for (int x = left; x < std::min(right, canvas.width()); ++x) count += canvas.at(x, y) == detail::set_color(set);
  return count;
}

}  // namespace

TEST_CASE("render: a distribution's curve stands over its values") {
  // Values from 0 to 1 and from 9 to 10: the curves of the sets are in the left and in the right part of the picture.
  const std::vector<DistributionPanel> panels{{"title", "note", {{0, 0.5, 1}, {9, 9.5, 10}}}};
  const Canvas canvas = draw_distributions(panels, {.width = 640, .columns = 1});
  CHECK(canvas.width() == 640);
  CHECK(pixels_of(canvas, 0, 0, 320) > 100);
  CHECK(pixels_of(canvas, 0, 320) == 0);
  CHECK(pixels_of(canvas, 1, 320) > 100);
  CHECK(pixels_of(canvas, 1, 0, 320) == 0);
}

TEST_CASE("render: panels stand in rows, each with its own values") {
  const DistributionPanel panel{"title", "", {{0, 1, 2}}};
  const std::vector<DistributionPanel> panels(5, panel);
  const Canvas two_rows = draw_distributions(panels, {.columns = 4}),
               one_row = draw_distributions(panels, {.columns = 5});
  CHECK(two_rows.width() == 1200);
  CHECK(two_rows.height() - one_row.height() == detail::panel_height);
  CHECK(pixels_of(two_rows, 0, 0, 300) > pixels_of(two_rows, 0, 300, 600));  // two in the first column
}

TEST_CASE("render: ticks are round numbers") {
  CHECK(detail::tick_step(10, 5) == Approx(2));
  CHECK(detail::tick_step(1, 5) == Approx(0.2));
  CHECK(detail::tick_step(26, 5) == Approx(10));
  CHECK(detail::tick_step(0.011, 5) == Approx(0.005));
  CHECK(detail::tick_label(0.6000000001, 0.2) == "0.6");
  CHECK(detail::tick_label(-1e-17, 0.5) == "0.0");
  CHECK(detail::tick_label(-20, 10) == "-20");
  CHECK(detail::tick_label(0.25, 0.05) == "0.25");
}

TEST_CASE("render: sets of any kind have a picture") {
  const std::vector<DistributionPanel> panels{
      {"no sets", "", {}},
      {"empty sets", "", {{}, {}}},
      {"one value", "", {{5}}},
      {"equal values", "", {{-3, -3, -3}, {-3}}},
      {"far apart", "", {{1e-9}, {1e9}}},
      {std::string(300, 'W'), std::string(300, 'W'), {{0, 1}, {}, {2, 3}, {4, 5}, {6, 7}}}};
  CHECK(pixels_of(draw_distributions(panels, {.title = std::string(300, 'W'), .names = {"a", "b", "c"}}), 0) > 100);
  CHECK(draw_distributions({}).width() == 1200);
  CHECK_THROWS_WITH(draw_distributions(panels, {.width = 10}), Catch::Contains("10 pixels"));
  CHECK_THROWS_WITH(draw_distributions(panels, {.columns = 0}), Catch::Contains("0 columns"));
}

TEST_CASE("render: distributions are written as a PNG file, or the old file stays") {
  const test::TemporaryDirectory folder;
  const std::vector<DistributionPanel> panels{{"title", "note", {{0, 1, 2}, {1, 2, 3}}}};
  write_distributions(folder / "a.png", panels);
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  REQUIRE(png_image_begin_read_from_file(&image, (folder / "a.png").c_str()) != 0);
  CHECK(image.width == 1200);
  png_image_free(&image);
  CHECK_THROWS_AS(write_distributions(folder / "missing" / "a.png", panels), Error);
}
