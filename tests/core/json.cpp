#include <catch.hpp>
#include <cmath>
#include <cstring>
#include <limits>
#include <musicgen/core/error.hpp>
#include <musicgen/core/json.hpp>
#include <musicgen/core/random.hpp>
#include <nlohmann/json.hpp>
#include <string>

using namespace musicgen::detail;
using musicgen::Random;

namespace {

/// Holds a text against nlohmann-json: whether it is JSON, and what it says.
void check_text(const std::string& text) {
  const Json j = parse_json(text);
  const auto expected = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  INFO("\"" << text << "\"");
  REQUIRE((j.kind() == Json::Kind::none) == expected.is_discarded());
  if (expected.is_discarded()) return;
  const std::string written = j.dump();
  REQUIRE(nlohmann::json::parse(written) == expected);
  // Its numbers have seldom more digits than they need, or not the nearest ones.
  if (written != expected.dump()) REQUIRE(nlohmann::json::parse(written).dump() == expected.dump());
}

}  // namespace

TEST_CASE("json: whole numbers are taken only where they fit") {
  CHECK(json_value<int>(Json(-7)) == -7);
  CHECK(json_value<int>(Json(std::numeric_limits<int>::max())) == std::numeric_limits<int>::max());
  CHECK_FALSE(json_value<int>(Json(std::int64_t{1} << 31)));
  CHECK_FALSE(json_value<int>(Json(std::numeric_limits<std::uint64_t>::max())));
  CHECK(json_value<std::uint64_t>(Json(std::numeric_limits<std::uint64_t>::max())) ==
        std::numeric_limits<std::uint64_t>::max());
  CHECK_FALSE(json_value<std::uint64_t>(Json(-1)));
  CHECK_FALSE(json_value<int>(Json(2.0)));
  CHECK_FALSE(json_value<int>(Json("2")));
  CHECK_FALSE(json_value<int>(Json(true)));
  CHECK_FALSE(json_value<int>(Json()));
}

TEST_CASE("json: numbers have to be finite, lists of one kind") {
  CHECK(json_value<double>(Json(2)) == 2.0);
  CHECK(json_value<double>(Json(-3)) == -3.0);
  CHECK(json_value<double>(Json(-0.5)) == -0.5);
  CHECK_FALSE(json_value<double>(Json(std::numeric_limits<double>::infinity())));
  CHECK_FALSE(json_value<float>(Json(1e300)));
  CHECK_FALSE(json_value<double>(Json("2")));
  CHECK_FALSE(json_value<double>(Json(true)));
  CHECK(json_value<std::vector<int>>(parse_json("[1, 2, 3]")) == std::vector{1, 2, 3});
  CHECK(json_value<std::vector<int>>(Json::list())->empty());
  CHECK_FALSE(json_value<std::vector<int>>(parse_json("[1, 2.5]")));
  CHECK_FALSE(json_value<std::vector<int>>(Json(1)));
  CHECK(json_value<std::string>(Json("a")) == "a");
  CHECK_FALSE(json_value<std::string>(Json(1)));
  CHECK(json_value<bool>(Json(true)) == true);
  CHECK_FALSE(json_value<bool>(Json(1)));
}

TEST_CASE("json: members are found by name, in whatever order they came") {
  Json j = parse_json(R"({"b": 1, "a": [true, null], "b": 2})");
  REQUIRE(j.is_object());
  CHECK(j.names() == std::vector<std::string>{"a", "b"});
  CHECK(json_value<int>(*j.find("b")) == 2);  // the last counts
  CHECK(j.find("c") == nullptr);
  CHECK(Json(1).find("a") == nullptr);
  j["aa"] = std::vector<std::string>{"x"};
  j["b"] = std::map<std::string, std::string>{{"k", "v"}};
  CHECK(j.dump() == R"({"a":[true,null],"aa":["x"],"b":{"k":"v"}})");
}

TEST_CASE("json: is what nlohmann-json takes for JSON, and is written as it writes it") {
  for (const char* text : {"",
                           " ",
                           "null",
                           "nul",
                           "nulll",
                           "true",
                           "false",
                           "[]",
                           "{}",
                           "[1,2]",
                           "[1,]",
                           "[,1]",
                           "[1 2]",
                           "{\"a\":1}",
                           "{\"a\":}",
                           "{\"a\" 1}",
                           "{a:1}",
                           "{\"a\":1,}",
                           "{\"a\":1",
                           "[",
                           "]",
                           "[]]",
                           "[] []",
                           " [ ] ",
                           "\t\n\r1",
                           "\f1",
                           "\xEF\xBB\xBF[1]",
                           "\xEF\xBB[1]",
                           "0",
                           "-0",
                           "01",
                           "-",
                           "-1",
                           "+1",
                           "1.",
                           ".5",
                           "1.5",
                           "1e5",
                           "1E+05",
                           "1e",
                           "1e-",
                           "-1.25e-7",
                           "18446744073709551615",
                           "18446744073709551616",
                           "-9223372036854775808",
                           "-9223372036854775809",
                           "1e308",
                           "1e309",
                           "-1e309",
                           "1e-400",
                           "5e-324",
                           "2.2250738585072011e-308",
                           "0.1",
                           "1.0",
                           "1e15",
                           "1e14",
                           "123456789012345.6",
                           "1234567890123456.7",
                           "0.0001",
                           "0.00001",
                           "0.000123",
                           "NaN",
                           "Infinity",
                           "\"\"",
                           "\"a",
                           "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
                           "\"\\x\"",
                           "\"\\u0041\\u00e9\\u20ac\\uD834\\uDD1e\"",
                           "\"\\uD834\"",
                           "\"\\uD834x\"",
                           "\"\\uD834\\u0041\"",
                           "\"\\uDD1E\"",
                           "\"\\u12\"",
                           "\"\\u00g0\"",
                           "\"\\u-001\"",
                           "\"\\u0000\"",
                           "\"\x01\"",
                           "\"\x1f\"",
                           "\"\x7f\"",
                           "\"\n\"",
                           "\"\xC3\xA9\"",
                           "\"\xC3\"",
                           "\"\xC0\x80\"",
                           "\"\xE0\x80\x80\"",
                           "\"\xED\xA0\x80\"",
                           "\"\xF0\x9D\x84\x9E\"",
                           "\"\xF4\x90\x80\x80\"",
                           "\"\xFF\"",
                           "\"\xE2\x82\"",
                           "{\"\":{\"\":[[],{}]}}",
                           "[[[[[[1]]]]]]",
                           "// a\n1"})
    check_text(text);
  check_text(std::string("[1]\0\0", 5));  // a header padded with zeros
  check_text(std::string("[1\0]", 4));
}

TEST_CASE("json: agrees with nlohmann-json on texts in which something has been changed") {
  const std::string whole =
      R"({"a":[1,-2,3.5e-7,true,false,null],"b\u00e9\n":{"x":"y\\","z":[]},"c":18446744073709551615,"d":-0.25})";
  const std::string bytes = "{}[]\",:\\u0eE+-.19 tfn\x80\xC3\xF0\x01";
  Random random(1);
  for (int i = 0; i < 20'000; ++i) {
    std::string text = whole;
    for (std::uint64_t changes = 1 + random.below(3); changes > 0; --changes) {
      const std::size_t at = random.below(text.size());
      const char byte = bytes[random.below(bytes.size())];
      if (random.below(3) == 0)
        text.erase(at, 1 + random.below(4));
      else if (random.below(2) == 0)
        text.insert(at, 1, byte);
      else
        text[at] = byte;
    }
    check_text(text);
  }
}

TEST_CASE("json: numbers come back as they were, and nearly always as nlohmann-json writes them") {
  Random random(2);
  int differences = 0;
  for (int i = 0; i < 100'000; ++i) {
    double x = 0;
    const std::uint64_t bits = random.below(std::numeric_limits<std::uint64_t>::max());
    std::memcpy(&x, &bits, sizeof x);
    if (i % 2 == 0) x = std::round(random.normal() * 1e4) / std::pow(10, random.between(0, 9));
    if (i % 5 == 0) x = static_cast<double>(static_cast<float>(random.normal()));
    if (!std::isfinite(x)) continue;
    const std::string text = Json(x).dump();
    REQUIRE(parse_json(text).number() == x);
    const std::string theirs = nlohmann::json(x).dump();
    differences += text != theirs;
    REQUIRE(text.size() <= theirs.size());
  }
  CHECK(differences < 1000);
  CHECK(Json(std::nan("")).dump() == "null");
  CHECK(Json(-0.0).dump() == nlohmann::json(-0.0).dump());
}

TEST_CASE("json: lists in lists without end, and texts that are not UTF-8, are refused") {
  const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  CHECK(parse_json(nested(200)).is_list());
  CHECK(parse_json(nested(100'000)).kind() == Json::Kind::none);
  CHECK_THROWS_AS(Json("\xFF").dump(), musicgen::Error);
}

TEST_CASE("json: is written byte for byte as nlohmann-json writes it") {
  std::string text = "é€\xF0\x9D\x84\x9E";
  for (char c = 1; c > 0; ++c) {
    text += c;
    if (c == 127) break;
  }
  CHECK(Json(text).dump() == nlohmann::json(text).dump());
  for (const double x : {0.0,     1.0,     -2.5,
                         0.1,     100.0,   123456.75,
                         1e14,    1e15,    1e16,
                         1.5e20,  0.001,   0.0001,
                         0.00012, 1e-5,    2.5e-7,
                         1e-100,  1e100,   1.7976931348623157e308,
                         5e-324,  1.0 / 3, 6.0022894597521015})
    CHECK(Json(x).dump() == nlohmann::json(x).dump());
}
