#include <catch.hpp>
#include <limits>
#include <musicgen/core/json.hpp>
#include <string>

using namespace musicgen::detail;
using nlohmann::json;

TEST_CASE("json: whole numbers are taken only where they fit") {
  CHECK(json_value<int>(json(-7)) == -7);
  CHECK(json_value<int>(json(std::numeric_limits<int>::max())) == std::numeric_limits<int>::max());
  CHECK_FALSE(json_value<int>(json(std::int64_t{1} << 31)));
  CHECK_FALSE(json_value<int>(json(std::numeric_limits<std::uint64_t>::max())));
  CHECK(json_value<std::uint64_t>(json(std::numeric_limits<std::uint64_t>::max())) ==
        std::numeric_limits<std::uint64_t>::max());
  CHECK_FALSE(json_value<std::uint64_t>(json(-1)));
  CHECK_FALSE(json_value<int>(json(2.0)));
  CHECK_FALSE(json_value<int>(json("2")));
  CHECK_FALSE(json_value<int>(json(true)));
  CHECK_FALSE(json_value<int>(json()));
}

TEST_CASE("json: numbers have to be finite, lists of one kind") {
  CHECK(json_value<double>(json(2)) == 2.0);
  CHECK(json_value<double>(json(-0.5)) == -0.5);
  CHECK_FALSE(json_value<double>(json(std::numeric_limits<double>::infinity())));
  CHECK_FALSE(json_value<double>(json("2")));
  CHECK(json_value<std::vector<int>>(json{1, 2, 3}) == std::vector{1, 2, 3});
  CHECK(json_value<std::vector<int>>(json::array())->empty());
  CHECK_FALSE(json_value<std::vector<int>>(json{1, 2.5}));
  CHECK_FALSE(json_value<std::vector<int>>(json(1)));
  CHECK(json_value<std::string>(json("a")) == "a");
  CHECK_FALSE(json_value<std::string>(json(1)));
  CHECK(json_value<bool>(json(true)) == true);
  CHECK_FALSE(json_value<bool>(json(1)));
}
