#include <catch.hpp>
#include <chrono>
#include <cmath>
#include <musicgen/sample/options.hpp>
#include <string>
#include <utility>
#include <vector>

using namespace musicgen;

TEST_CASE("options: options out of range are errors that name them") {
  const std::vector<std::pair<SamplerOptions, std::string>> wrong{{{.temperature = -0.1f}, "temperature"},
                                                                  {{.temperature = NAN}, "temperature"},
                                                                  {{.temperature = INFINITY}, "temperature"},
                                                                  {{.top_k = -1}, "top_k"},
                                                                  {{.top_p = 0}, "top_p"},
                                                                  {{.top_p = 1.01f}, "top_p"},
                                                                  {{.top_p = NAN}, "top_p"},
                                                                  {{.min_p = -0.1f}, "min_p"},
                                                                  {{.min_p = 1.5f}, "min_p"},
                                                                  {{.min_p = NAN}, "min_p"},
                                                                  {{.window = 0}, "window"}};
  for (const auto& [options, name] : wrong) {
    INFO(name);
    CHECK_THROWS_WITH(require_in_range(options), Catch::Contains(name));
  }
  CHECK_NOTHROW(require_in_range({.temperature = 0, .top_k = 1000, .top_p = 1e-6f, .min_p = 1}));
  CHECK_NOTHROW(require_in_range({}));
}

TEST_CASE("options: a length is a time of any unit, or a number of tokens") {
  CHECK(Length(std::chrono::milliseconds(1500)).time->count() == 1.5);
  CHECK(Length(std::chrono::minutes(2)).time->count() == 120);
  CHECK_FALSE(Length().time);
  CHECK_FALSE(Length::in_tokens(3).time);
  CHECK(Length::in_tokens(3).tokens == 3);
}

TEST_CASE("options: songs in beats see as much of themselves as a chorus needs, if nothing else is asked for") {
  CHECK(attention_window({}, Vocabulary::standard()) == 2048);
  CHECK(attention_window({}, Vocabulary::beats()) == 8192);
  CHECK(attention_window({.window = 64}, Vocabulary::beats()) == 64);
}
