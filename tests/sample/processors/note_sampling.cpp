#include <musicgen/sample/processors/note_sampling.hpp>

#include <catch.hpp>

#include "sample/puppet.hpp"

using namespace musicgen;
using namespace musicgen::test;

TEST_CASE("note sampling: leaves out improbable tokens of notes, and the plan alone") {
  const Probabilities given{{"+60", 0.4}, {"t12", 0.2}, {"-60", 0.05}, {"CG:maj", 0.01}, {"|", 0.002}};
  check_changed(NoteSampling{}, "^", given, given);
  check_changed(NoteSampling{.min_p = 0.2f}, "^", given,
                {{"+60", 0.4}, {"t12", 0.2}, {"-60", 0}, {"CG:maj", 0.01}, {"|", 0.002}});
  check_changed(NoteSampling{.min_p = 1}, "^", given,
                {{"+60", 0.4}, {"t12", 0}, {"-60", 0}, {"CG:maj", 0.01}, {"|", 0.002}});
}

TEST_CASE("note sampling: where only the plan may go on, nothing changes") {
  check_changed(NoteSampling{.min_p = 0.5f}, "^", {{"PA", 0.9}, {"PB", 0.001}}, {{"PA", 0.9}, {"PB", 0.001}});
}

TEST_CASE("note sampling: velocities neither count nor change") {
  check_changed(NoteSampling{.min_p = 0.5f}, "^",
                {{"v79", 0.6}, {"v63", 0.01}, {"+60", 0.2}, {"t12", 0.15}, {"-60", 0.04}},
                {{"v79", 0.6}, {"v63", 0.01}, {"+60", 0.2}, {"t12", 0.15}, {"-60", 0}});
}

TEST_CASE("note sampling: nor does a song's end") {
  check_changed(NoteSampling{.min_p = 0.5f}, "^", {{"$", 0.01}, {"-60", 0.2}, {"-62", 0.05}},
                {{"$", 0.01}, {"-60", 0.2}, {"-62", 0}});
}

TEST_CASE("note sampling: settings out of range are refused") {
  CHECK_THROWS_WITH((NoteSampling{.min_p = 1.5f}.check()), Catch::StartsWith("sampler: note_min_p has to be in 0..1"));
  NoteSampling{.min_p = 0.1f}.check();
}
