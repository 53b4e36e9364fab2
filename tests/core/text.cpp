#include <catch.hpp>
#include <musicgen/core/text.hpp>

using namespace musicgen;

TEST_CASE("text: lower case leaves all but ASCII letters alone") {
  CHECK(detail::lower_case("MeLoDy @[`{ 9 \xC3\x84") == "melody @[`{ 9 \xC3\x84");
  CHECK(detail::lower_case("AZaz") == "azaz");
}

TEST_CASE("text: numbers in six digits at most") {
  CHECK(detail::number_text(15) == "15");
  CHECK(detail::number_text(-15.25) == "-15.25");
  CHECK(detail::number_text(1.0 / 3) == "0.333333");
  CHECK(detail::number_text(1.5e9) == "1.5e+09");
  CHECK(detail::number_text(2.3456, 3) == "2.35");
}

TEST_CASE("text: blanks and zeros go from both ends") {
  using namespace std::string_view_literals;
  CHECK(detail::trimmed(" \t a b\r\n\0"sv) == "a b");
  CHECK(detail::trimmed(" \n ") == "");
  CHECK(detail::trimmed("") == "");
}
