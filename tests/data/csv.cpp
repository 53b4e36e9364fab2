#include "musicgen/data/csv.hpp"

#include <catch.hpp>
#include <string>
#include <string_view>
#include <vector>

using musicgen::detail::parse_csv;
using Fields = std::vector<std::string>;

namespace {

std::vector<Fields> fields(std::string_view text) {
  std::vector<Fields> all;
  for (const auto& row : parse_csv(text)) all.push_back(row.fields);
  return all;
}

}  // namespace

TEST_CASE("data: a table's fields may be quoted") {
  CHECK(fields("a,b,c\n1,,3\n") == std::vector<Fields>{{"a", "b", "c"}, {"1", "", "3"}});
  CHECK(fields("\"a, b\",\"say \"\"x\"\"\",\"\"") == std::vector<Fields>{{"a, b", "say \"x\"", ""}});
  CHECK(fields("\"two\nlines\",x") == std::vector<Fields>{{"two\nlines", "x"}});
}

TEST_CASE("data: a table may come from another system") {
  CHECK(fields("\xEF\xBB\xBF"
               "a,b\r\n1,2\r\n") == std::vector<Fields>{{"a", "b"}, {"1", "2"}});
  CHECK(fields("a,b\n\n\r\n1,2") == std::vector<Fields>{{"a", "b"}, {"1", "2"}});
}

TEST_CASE("data: a table may be broken") {
  CHECK(fields("").empty());
  CHECK(fields("\n\n").empty());
  CHECK(fields("a,\"b\n1,2") == std::vector<Fields>{{"a", "b\n1,2"}});
  CHECK(fields(",") == std::vector<Fields>{{"", ""}});
}

TEST_CASE("data: a table's rows know their lines") {
  const auto rows = parse_csv("a\n\n\"b\nb\"\nc\n");
  REQUIRE(rows.size() == 3);
  CHECK(rows[0].line == 1);
  CHECK(rows[1].line == 3);
  CHECK(rows[2].line == 5);
}
