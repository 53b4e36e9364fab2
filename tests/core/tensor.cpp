#include <catch.hpp>
#include <musicgen/core/tensor.hpp>

using namespace musicgen;

TEST_CASE("tensor: shapes as text and as a count") {
  CHECK(to_string(Shape{48, 16}) == "(48, 16)");
  CHECK(to_string(Shape{}) == "()");
  CHECK(element_count({3, 4, 5}) == 60);
  CHECK(element_count({}) == 1);
}
