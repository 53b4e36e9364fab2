// curves: training logs as a picture.
#include <catch.hpp>

#include "examples/programs.hpp"

using namespace musicgen;
using namespace musicgen::test;

TEST_CASE("examples: learning curves are drawn from training logs") {
  const Workplace place;
  write(place / "a.jsonl",
        "{\"step\": 1, \"tokens\": 1000000, \"loss\": 5}\n"
        "{\"step\": 2, \"tokens\": 2000000, \"loss\": 4, \"validation_loss\": 4.5}\n"
        "{\"step\": 3, \"tokens\": 9000000, \"loss\": 3, \"validation_loss\": 3.5}\n"
        "{\"step\": 4, \"tok");  // killed while it wrote
  write(place / "none.jsonl", "{\"step\": 1, \"tokens\": 1000000, \"loss\": 5}\n");
  write(place / "other.jsonl", "not JSON\n");
  place.output("curves", {place / "a.jsonl", "--out", place / "curves.png"});
  CHECK(content(place / "curves.png").substr(1, 3) == "PNG");

  const auto refused = [&](const std::string& log, const std::string& reason) {
    const Finished result = place.run("curves", {log, "--out", place / "refused.png"});
    CHECK(result.status == 1);
    CHECK_THAT(result.err, Catch::Contains(reason));
    CHECK_FALSE(fs::exists(place / "refused.png"));
  };
  refused(place / "none.jsonl", "has no validation loss");
  refused(place / "other.jsonl", "line 1 is not from a training log");
  refused(place / "missing.jsonl", "missing.jsonl: cannot be opened: No such file");
  fs::create_directories(place / "folder.jsonl");
  refused(place / "folder.jsonl", "folder.jsonl: is a directory");
  write(place / "tiny.jsonl", "{\"step\": 1, \"tokens\": 1e-320, \"validation_loss\": 2}\n");
  refused(place / "tiny.jsonl", "line 1 is not from a training log");
  CHECK_THAT(place.run("curves", {place / "a.jsonl", "--below", "1", "--out", place / "refused.png"}).err,
             Catch::Contains("has no validation loss that could be drawn"));
}
