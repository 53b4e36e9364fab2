#include <catch.hpp>
#include <musicgen/core/files.hpp>
#include <musicgen/train/stages.hpp>

#include "data_files.hpp"

using namespace musicgen;

TEST_CASE("stages: windows end where songs do now and then, unless a stage says otherwise") {
  CHECK(stages::all_positions().front().end_probability == 0.03);
}

TEST_CASE("stages: the original's four") {
  const auto all = stages::original();
  REQUIRE(all.size() == 4);
  CHECK(all[0].input_length == std::array{32, 32});
  CHECK(all[0].target_length == 1);
  CHECK(all[0].start_probability == 0);
  for (const Stage& stage : all) CHECK(stage.end_probability == 0);
  CHECK(all[1].leave_below == 1.7);
  CHECK(all[2].target_length == 50);
  CHECK(all[3].input_length == std::array{100, 1000});
  CHECK(all[3].leave_below == 0);
}

TEST_CASE("stages: from a JSON file") {
  const test::TemporaryDirectory folder;
  write_bytes(folder / "s.json", R"([{"name": "short", "input_length": 8, "target_length": 4, "max_steps": 100},
      {"input_length": [10, 20], "teacher_forcing": 0.5, "leave_below": 1.5, "patience": 3, "learning_rate": 1e-4}])");
  const auto all = stages::from_file(folder / "s.json");
  REQUIRE(all.size() == 2);
  CHECK(all[0] == Stage{.name = "short", .input_length = {8, 8}, .target_length = 4, .max_steps = 100});
  CHECK(all[1].name == "2");
  CHECK(all[1].input_length == std::array{10, 20});
  CHECK(all[1].teacher_forcing == 0.5);
  CHECK(all[1].learning_rate == 1e-4);
}

TEST_CASE("stages: faults in the file are named") {
  const test::TemporaryDirectory folder;
  const auto refused = [&](const char* text, const std::string& part) {
    write_bytes(folder / "s.json", text);
    CHECK_THROWS_WITH(stages::from_file(folder / "s.json"), Catch::Contains("s.json: ") && Catch::Contains(part));
  };
  refused("[", "is not JSON: line 1, column 2");
  refused("[\n {\"name\": \"one\" \"patience\": 3}]", "is not JSON: line 2, column 26");
  refused("{}", "is not a list of stages");
  refused("[]", "is not a list of stages");
  refused("[3]", "stage 1: is not a JSON object");
  refused(R"([{}, {"input_lenght": 3}])", "stage 2: \"input_lenght\" is not one of");
  refused(R"([{"input_length": [5, 2]}])", "\"input_length\" is out of order");
  refused(R"([{"target_length": 0}])", "\"target_length\" is out of range");
  refused(R"([{"teacher_forcing": 1.5}])", "a probability is over 1");
  refused(R"([{"end_probability": 1.5}])", "a probability is over 1");
  refused(R"([{"max_steps": -1}])", "\"max_steps\" is out of range");
  refused(R"([{"max_steps": "many"}])", "\"max_steps\" is not a whole number");
  refused(R"([{"max_steps": 1e300}])", "\"max_steps\" is not a whole number");
  refused(R"([{"patience": 4294967297}])", "\"patience\" is not a whole number, or too large");
  refused(R"([{"learning_rate": "fast"}])", "\"learning_rate\" is not a number");
  refused(R"([{"input_length": [4294967297, 4294967298]}])", "\"input_length\" is neither");
  refused(R"([{"input_length": "long"}])", "\"input_length\" is neither");
}

TEST_CASE("stages: the learning rate rises in a line and falls along a cosine") {
  const Schedule s{.learning_rate = 1, .warmup_steps = 10, .final_fraction = 0.1};
  CHECK(s.at(0, 0) == Approx(0.1));
  CHECK(s.at(9, 0) == Approx(1));
  CHECK(s.at(100, 0.5) == Approx(0.55));
  CHECK(s.at(100, 1) == Approx(0.1));
  CHECK(s.at(100, 7) == Approx(0.1));
  CHECK(Schedule{.learning_rate = 1, .warmup_steps = 0, .final_fraction = 1}.at(0, 0.7) == 1);
}
