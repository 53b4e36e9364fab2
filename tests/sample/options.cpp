#include <catch.hpp>
#include <cmath>
#include <cstdint>
#include <musicgen/sample/options.hpp>
#include <string>
#include <utility>
#include <vector>

using namespace musicgen;

namespace {

SamplerOptions with(void (*change)(SamplerOptions&)) {
  SamplerOptions options;
  change(options);
  return options;
}

/// Mean and standard deviation over songs.
template <class F>
std::pair<double, double> moments(const SamplerOptions& options, F&& of) {
  constexpr int songs = 4000;
  double sum = 0, squares = 0;
  for (std::uint64_t song = 0; song < songs; ++song) {
    const double x = of(Traits(options, song));
    sum += x;
    squares += x * x;
  }
  return {sum / songs, std::sqrt(squares / songs - std::pow(sum / songs, 2))};
}

}  // namespace

TEST_CASE("options: options out of range are errors that name them") {
  using O = SamplerOptions;
  const std::vector<std::pair<O, std::string>> wrong{
      {with([](O& o) { o.temperature = -0.1f; }), "temperature"},
      {with([](O& o) { o.temperature = NAN; }), "temperature"},
      {with([](O& o) { o.temperature = INFINITY; }), "temperature"},
      {with([](O& o) { o.top_k = -1; }), "top_k"},
      {with([](O& o) { o.top_p = 0; }), "top_p"},
      {with([](O& o) { o.top_p = 1.01f; }), "top_p"},
      {with([](O& o) { o.top_p = NAN; }), "top_p"},
      {with([](O& o) { o.min_p = -0.1f; }), "min_p"},
      {with([](O& o) { o.min_p = 1.5f; }), "min_p"},
      {with([](O& o) { o.min_p = NAN; }), "min_p"},
      {with([](O& o) { o.pitch_temperature = 0; }), "pitch_temperature"},
      {with([](O& o) { o.pitch_temperature = INFINITY; }), "pitch_temperature"},
      {with([](O& o) { o.pitch_top_p = 0; }), "pitch_top_p"},
      {with([](O& o) { o.pitch_top_p = 1.5f; }), "pitch_top_p"},
      {with([](O& o) { o.pitch_min_p = 1.5f; }), "pitch_min_p"},
      {with([](O& o) { o.pitch_min_p = NAN; }), "pitch_min_p"},
      {with([](O& o) { o.velocity_temperature = 0; }), "velocity_temperature"},
      {with([](O& o) { o.velocity_temperature = NAN; }), "velocity_temperature"},
      {with([](O& o) { o.calm = NAN; }), "calm"},
      {with([](O& o) { o.calm = -11; }), "calm"},
      {with([](O& o) { o.keep_key = -0.1f; }), "keep_key"},
      {with([](O& o) { o.keep_key = NAN; }), "keep_key"},
      {with([](O& o) { o.keep_loudness = 11; }), "keep_loudness"},
      {with([](O& o) { o.keep_loudness = NAN; }), "keep_loudness"},
      {with([](O& o) { o.keep_together = -0.1f; }), "keep_together"},
      {with([](O& o) { o.keep_together = NAN; }), "keep_together"},
      {with([](O& o) { o.thin_chords = -11; }), "thin_chords"},
      {with([](O& o) { o.thin_chords = NAN; }), "thin_chords"},
      {with([](O& o) { o.keep_time = -0.1f; }), "keep_time"},
      {with([](O& o) { o.keep_time = NAN; }), "keep_time"},
      {with([](O& o) { o.variety = -0.1f; }), "variety"},
      {with([](O& o) { o.variety = INFINITY; }), "variety"},
      {with([](O& o) { o.attention_window = 0; }), "attention_window"},
      {with([](O& o) { o.longest_note = 0.5; }), "longest_note"},
      {with([](O& o) { o.ending_after = -1; }), "ending_after"},
      {with([](O& o) { o.longest_rest = -1; }), "longest_rest"},
      {with([](O& o) { o.longest_rest = NAN; }), "longest_rest"},
  };
  for (const auto& [options, name] : wrong) {
    INFO(name);
    CHECK_THROWS_WITH(require_in_range(options), Catch::Contains(name));
  }
  CHECK_NOTHROW(require_in_range({.temperature = 0, .top_k = 1000, .top_p = 1e-6f, .min_p = 1}));
  CHECK_NOTHROW(require_in_range(presets::lifelike()));
}

TEST_CASE("options: what is lifelike") {
  const SamplerOptions o = presets::lifelike();
  CHECK(o.pitch_temperature == 1.09f);
  CHECK(o.pitch_min_p == 0.055f);
  CHECK(o.velocity_temperature == 1.05f);
  CHECK(o.calm == 0.2f);
  CHECK(o.keep_key == 0.4f);
  CHECK(o.keep_loudness == 0.08f);
  CHECK(o.keep_together == 0.6f);
  CHECK(o.thin_chords == 0.3f);
  CHECK(o.keep_time == 1);
  CHECK(o.variety == 1);
  CHECK(o.longest_rest == 4);
  CHECK(o.temperature == 1);
}

TEST_CASE("options: with variety songs have traits of their own, about the ones asked for") {
  SamplerOptions options{.velocity_temperature = 1.2f, .calm = 0.3f, .keep_key = 0.4f, .variety = 0.5f, .seed = 3};
  const auto check = [](std::pair<double, double> found, double mean, double deviation) {
    CHECK(std::abs(found.first - mean) < 4.5 * deviation / std::sqrt(4000));
    CHECK(std::abs(found.second / deviation - 1) < 4.5 / std::sqrt(2 * 4000));
  };
  check(moments(options, [](const Traits& t) { return std::log(t.calm / 0.3f); }), 0, 0.25);
  check(moments(options, [](const Traits& t) { return std::log(t.velocity_temperature / 1.2f); }), 0, 0.15);
  check(moments(options, [](const Traits& t) { return std::log(t.keep_key / 0.4f); }), 0, 0.6);
  const Traits one(options, 7), same(options, 7), other(options, 8);
  CHECK((one.calm == same.calm && one.keep_key == same.keep_key));
  CHECK((one.calm != other.calm && one.keep_key != other.keep_key));
  options.seed = 4;
  CHECK(Traits(options, 7).calm != one.calm);
  options.variety = 0;
  for (const Traits& t : {Traits(options), Traits(options, 7)}) {
    CHECK(t.calm == 0.3f);
    CHECK(t.velocity_temperature == 1.2f);
    CHECK(t.keep_key == 0.4f);
  }
}

TEST_CASE("options: the greatest variety leaves traits in bounds") {
  const SamplerOptions options{.keep_key = 10, .variety = 10};
  for (std::uint64_t song = 0; song < 1000; ++song) {
    const Traits t(options, song);
    CHECK((t.keep_key > 0.06f && t.keep_key < 1500));
    CHECK((t.velocity_temperature > 0.006f && t.velocity_temperature < 150));
  }
  CHECK(Traits({.variety = 10}, 1).keep_key == 0);
  CHECK(Traits({.calm = -1, .variety = 10}, 1).calm < 0);
}
