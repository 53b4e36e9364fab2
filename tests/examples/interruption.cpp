// Training that is cut off and goes on ends where it would have ended.
#include <catch.hpp>
#include <musicgen/core/random.hpp>

#include "examples/training.hpp"

using namespace musicgen;
using namespace musicgen::test;

namespace {

constexpr int steps = 400;

std::size_t count_lines(const std::string& file) {
  const std::string text = content(file);
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

/// Waits for a run to have logged so many steps, or to end.
void wait_for(Process& run, const std::string& log, std::size_t logged) {
  while (run.runs() && count_lines(log) < logged) std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

/// The same models, moments and losses as those of an uninterrupted run.
void check_same_end(const TrainingPlace& place, const std::string& name) {
  place.output("train", place.command("whole", steps, {"--log", place / "whole.jsonl"}));
  CHECK((place.model_bytes(name) == place.model_bytes("whole")));
  CHECK((place.tensors(name) == place.tensors("whole")));
  CHECK((place.losses(name + ".jsonl") == place.losses("whole.jsonl")));
}

}  // namespace

TEST_CASE("examples: training that is interrupted saves, and resumes to the same end") {
  const TrainingPlace place;
  for (const int signal : {SIGINT, SIGTERM}) {
    const std::string name = signal == SIGINT ? "int" : "term";
    const auto command = place.command(name, steps, {"--log", place / (name + ".jsonl"), "--threads", "2"});
    Process run = place.start("train", command);
    wait_for(run, place / (name + ".jsonl"), steps / 3);
    run.send(signal);
    const Finished finished = run.wait();
    CHECK(finished.status == 0);
    CHECK_THAT(finished.out, Catch::Contains("stopped at step"));
    CHECK(finished.err == "");
    const auto stopped = place.checkpoint_step(name);
    CHECK(stopped >= steps / 3);
    CHECK(stopped < steps);
    CHECK_NOTHROW(load_model(place / (name + ".safetensors")));  // though nothing has been validated yet

    auto resume = command;
    resume.emplace_back("--resume");
    CHECK_THAT(place.output("train", resume), Catch::Contains("resumed at step " + std::to_string(stopped)) &&
                                                  Catch::Contains("finished at step " + std::to_string(steps)));
    check_same_end(place, name);
  }
}

TEST_CASE("examples: training killed ten times loses at most a step each time, and comes to the same end") {
  const TrainingPlace place;
  const std::string log = place / "killed.jsonl";
  // A checkpoint every step, so most kills come while one is written.
  const auto command = place.command("killed", steps, {"--log", log, "--save-seconds", "1e-6", "--resume"});
  Random random(2);
  std::int64_t checkpoint = 0;
  for (int kill = 0; kill < 10; ++kill) {
    Process run = place.start("train", command);
    wait_for(run, log, static_cast<std::size_t>(checkpoint) + random.below(15));
    std::this_thread::sleep_for(std::chrono::microseconds(random.below(8000)));
    run.send(SIGKILL);
    const Finished killed = run.wait();
    REQUIRE(killed.status == -SIGKILL);
    REQUIRE(killed.err == "");
    if (!fs::exists(place.last("killed"))) continue;
    const std::int64_t reached = place.checkpoint_step("killed");
    CHECK(reached >= checkpoint);
    CHECK(reached + 1 >= static_cast<std::int64_t>(count_lines(log)));
    checkpoint = reached;
    if (fs::exists(place / "killed.safetensors")) CHECK_NOTHROW(load_model(place / "killed.safetensors"));
  }
  CHECK(checkpoint > 10);
  CHECK_THAT(place.output("train", command), Catch::Contains("resumed at step " + std::to_string(checkpoint)));
  check_same_end(place, "killed");
}

TEST_CASE("examples: resuming a run that is over, or one that never was") {
  const TrainingPlace place;
  const auto command = place.command("m", 5, {"--resume"});
  CHECK_THAT(place.output("train", command), Catch::Contains("a new run"));
  const std::string model = place.model_bytes("m");
  CHECK_THAT(place.output("train", command),
             Catch::Contains("resumed at step 5\nnothing left to do: the limit of 5 steps is reached") &&
                 Catch::Contains("finished"));
  CHECK((place.model_bytes("m") == model));
  CHECK_THAT(place.output("train", place.command("m", 8, {"--resume"})),
             Catch::Contains("finished at step 8") && !Catch::Contains("nothing left"));
  CHECK_THAT(place.output("train", place.command("m", 99, {"--resume", "--minutes", "1e-9"})),
             Catch::Contains("nothing left to do: the limit of 1e-09 minutes is reached"));
  write(place / "short.json", R"([{"target_length": 31, "max_steps": 3}])");
  const auto stage = place.command("stage", 99, {"--resume", "--stages", place / "short.json"});
  CHECK_THAT(place.output("train", stage), !Catch::Contains("nothing left"));
  CHECK_THAT(place.output("train", stage), Catch::Contains("nothing left to do: the stages are over"));
}
