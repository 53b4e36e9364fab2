#include "musicgen/render/curves.hpp"

#include <catch.hpp>

using namespace musicgen;

namespace {

/// The columns with a curve's color in some row of [from_y, to_y).
std::vector<int> xs_of(const Canvas& canvas, std::size_t curve, int from_y, int to_y) {
  std::vector<int> xs;
  for (int x = 0; x < canvas.width(); ++x)
    for (int y = from_y; y < to_y; ++y)
      if (canvas.at(x, y) == detail::set_color(curve)) {
        xs.push_back(x);
        break;
      }
  return xs;
}

}  // namespace

TEST_CASE("render: curves go from their first point to their last, over the logarithm of x") {
  const std::vector<Curve> curves{{"falls", {{1, 4}, {10, 2}, {100, 2}}}, {"one", {{10, 4}}}};
  const Canvas canvas = draw_curves(curves, {.width = 800, .height = 400});
  CHECK(canvas.width() == 800);
  CHECK(canvas.height() == 400);
  const auto all = xs_of(canvas, 0, 60, 400), upper = xs_of(canvas, 0, 60, 190), dot = xs_of(canvas, 1, 60, 400);
  REQUIRE_FALSE(all.empty());
  REQUIRE_FALSE(upper.empty());
  REQUIRE_FALSE(dot.empty());
  const double middle = 70 + (800 - 110 - 70) / 2;
  CHECK(all.front() == Approx(70).margin(3));
  CHECK(all.back() == Approx(800 - 110).margin(3));
  CHECK(upper.back() < middle);  // the curve has come down by then
  CHECK(dot.front() == Approx(middle).margin(4));
  CHECK(dot.back() == Approx(middle).margin(4));
}

TEST_CASE("render: curves of no points, or all alike, have a picture, and sizes that make none are refused") {
  CHECK_NOTHROW(draw_curves({}));
  CHECK_NOTHROW(draw_curves(std::vector<Curve>{{"empty", {}}}));
  CHECK_NOTHROW(draw_curves(std::vector<Curve>{{"level", {{5, 1}, {5, 1}}}}));
  for (const Curve::Point bad : {Curve::Point{0, 1}, {-1, 1}, {NAN, 1}, {1, INFINITY}})
    CHECK_THROWS_WITH(draw_curves(std::vector<Curve>{{"a", {bad}}}), Catch::Contains("\"a\" has a point at"));
  CHECK_THROWS_WITH(draw_curves({}, {.width = 100}), Catch::Contains("100 x 560 pixels are not between"));
}

TEST_CASE("render: a logarithmic axis has numbers wherever it lies") {
  CHECK(detail::ticks(0.9, 11) == std::vector<double>{1, 2, 5, 10});
  CHECK(detail::ticks(2.1, 4.9) == std::vector<double>{2.1, 4.9});
  CHECK(detail::number_text(0.5, 3) == "0.5");
  CHECK(detail::number_text(20, 3) == "20");
}
