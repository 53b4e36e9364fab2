#include <musicgen/sample/processors/max_rest.hpp>

#include <catch.hpp>
#include <chrono>
#include <cmath>
#include <string>

#include "sample/puppet.hpp"

using namespace musicgen;
using namespace musicgen::test;
using namespace std::chrono_literals;

TEST_CASE("max rest: after a long rest notes come") {
  const auto check = [](const MaxRest& rest, const std::string& given, double odds) {
    Puppet puppet(rest, given);
    check_probability(puppet, {{"+60", 0}, {"t100", 1}}, "+60", odds / (1 + odds));
  };
  const std::string note = "^ +40 v79 i0 t10 -40 i0", rest = " t100 t100 t100 t100";
  check({2s}, note, std::exp(-1.0));
  check({2s}, note + rest, std::exp(-1 + 2.1));
  check({2s}, note + rest + " +40 v79 i0 t10 -40 i0", std::exp(-1.0));
  check({2s}, "^ +40 v79 i0" + rest, std::exp(-1 + 2.0));  // a sounding note is not a new one
  check({}, note + rest + rest, std::exp(-1.0));
}

TEST_CASE("max rest: settings out of range are errors that name them") {
  check_refused(MaxRest{-1s}, "max_rest");
  check_refused(MaxRest{std::chrono::duration<double>(NAN)}, "max_rest");
}
