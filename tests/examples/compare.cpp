// compare: generated songs beside real ones.
#include <catch.hpp>
#include <nlohmann/json.hpp>

#include "examples/programs.hpp"

using namespace musicgen;
using namespace musicgen::test;

namespace {

/// A folder of short songs that no other seed has.
std::string folder(const Workplace& place, const std::string& name, int count, std::uint64_t seed) {
  fs::create_directories(place / name);
  for (int i = 0; i < count; ++i)
    write_midi(place / (name + "/" + std::to_string(i) + ".mid"),
               compose(1000 * seed + static_cast<std::uint64_t>(i), {.min_seconds = 20, .max_seconds = 30}));
  return place / name;
}

nlohmann::json compared(const Workplace& place, const std::string& generated, const std::string& data,
                        const std::string& real) {
  place.output("compare", {"--generated", generated, "--data", data, "--real", real, "--seconds", "20", "--json",
                           place / "out.json"});
  return nlohmann::json::parse(content(place / "out.json"));
}

}  // namespace

TEST_CASE("examples: songs like the real ones overlap wholly") {
  const Workplace place;
  const std::string data = folder(place, "data", 6, 1), real = folder(place, "real", 4, 2);
  const auto result = compared(place, folder(place, "same", 4, 2), data, real);
  CHECK(result["songs_compared"] == 4);
  CHECK(result["seconds"] == 20);
  REQUIRE(result["statistics"].size() == 12);
  for (const auto& [name, statistic] : result["statistics"].items()) {
    INFO(name);
    CHECK(statistic["real"]["mean"] == statistic["generated"]["set"]["mean"]);
    CHECK(statistic["generated"]["wasserstein"] == 0);
    CHECK(statistic["generated"]["overlap"] > 0.5);
    CHECK(statistic["baseline"]["overlap"].is_number());
  }
  REQUIRE(result["measures"].size() == 14);
  for (const std::string name : {"in_time", "in_beat", "groove", "chord_changes", "structureness_4"}) {
    INFO(name);
    const auto& measure = result["measures"][name];
    CHECK(measure["real"]["songs"] == 4);
    CHECK(measure["real"]["mean"] == measure["generated"]["set"]["mean"]);
    CHECK(measure["generated"]["wasserstein"] == 0);
    CHECK(measure["baseline"]["overlap"].is_number());
  }
  CHECK(result["measures"]["recurrence"]["real"]["songs"] == 0);  // too short
  CHECK(result["measures"]["recurrence"]["generated"] == nullptr);
  CHECK(result["beats"]["real"]["songs_with_beat"] == 4);
  CHECK(result["beats"]["real"]["bar_positions"].size() == 16);
  CHECK(result["beats"]["generated"] == result["beats"]["real"]);
  CHECK(result["two_sample"]["generated"]["excerpts"] == 4);
  CHECK(result["two_sample"]["baseline"]["accuracy"].is_number());
  CHECK(result["originality"]["generated"]["figures"] == result["originality"]["real"]["figures"]);
}

TEST_CASE("examples: a song that was learned from is found to be a copy, and of what") {
  const Workplace place;
  const std::string data = folder(place, "data", 6, 1), real = folder(place, "real", 4, 2),
                    generated = folder(place, "generated", 3, 3);
  const auto learned = compared(place, generated, data, real)["originality"]["generated"]["songs"][0];
  CHECK(learned["run"]["notes"] < 40);

  // Which of the six are for validation is drawn by their names: one of two is learned from at least.
  for (const std::string name : {"0", "1", "2"})
    fs::copy_file(data + "/" + name + ".mid", generated + "/copy" + name + ".mid");
  const auto result = compared(place, generated, data, real)["originality"];
  int whole = 0;
  for (const auto& song : result["generated"]["songs"]) {
    const std::string name = song["song"];
    if (!name.starts_with("copy") || song["shared_tokens"] != 1) continue;
    ++whole;
    CHECK(song["exact_run"]["source"] == name.substr(4));
    CHECK(song["run"]["source"] == name.substr(4));
    CHECK(song["run"]["at"] == 0);
    CHECK(song["run"]["transposed"] == 0);
    CHECK(song["run"]["seconds"] > 15);
  }
  CHECK(whole >= 2);
  CHECK(result["longer_than_95_percent_of_real"] >= whole);
}

TEST_CASE("examples: a comparison is the same for any number of threads, and can be seen") {
  const Workplace place;
  const std::string data = folder(place, "data", 30, 1), generated = folder(place, "generated", 5, 3);
  const auto run = [&](const std::string& threads) {
    return place.output("compare", {"--generated", generated, "--data", data, "--threads", threads});
  };
  const std::string table = run("1");
  CHECK(run("3") == table);
  CHECK_THAT(table, Catch::Contains("scale consistency") && Catch::Contains("longest run, notes") &&
                        Catch::Contains("notes on sixteenths") && Catch::Contains("generated or real") &&
                        Catch::Contains("semitones\n"));
#ifdef MUSICGEN_HAS_DISTRIBUTIONS
  place.output("compare", {"--generated", generated, "--data", data, "--picture", place / "picture.png"});
  CHECK(content(place / "picture.png").substr(1, 3) == "PNG");
#endif
}

TEST_CASE("examples: songs without notes and files without music are passed over, and named") {
  const Workplace place;
  const std::string data = folder(place, "data", 6, 1), real = folder(place, "real", 4, 2),
                    generated = folder(place, "generated", 3, 3);
  write(place / "generated/text.mid", "no music");
  write_midi(place / "generated/silent.mid", Score{});
  const Note one{0, 1, 60, 64, 0};
  write_midi(place / "generated/one.mid", Score::from_notes(std::span(&one, 1)));
  CHECK_THAT(
      place.output("compare", {"--generated", generated, "--data", data, "--real", real, "--json", place / "out.json"}),
      Catch::Contains("generated: 4 songs; skipped 2, the first") && Catch::Contains("silent.mid"));
  const auto result = nlohmann::json::parse(content(place / "out.json"));
  CHECK(result["statistics"]["inter_onset"]["generated"]["set"]["songs"] == 3);
  CHECK(result["statistics"]["pitches"]["generated"]["set"]["songs"] == 4);
  CHECK(result["originality"]["generated"]["songs"][3]["run"] == nullptr);
}

TEST_CASE("examples: one song is too few to compare, and counted in the singular") {
  const Workplace place;
  const std::string data = folder(place, "data", 6, 1), generated = folder(place, "generated", 1, 3);
  const auto finished = place.run("compare", {"--generated", generated, "--data", data});
  CHECK(finished.status == 1);
  CHECK_THAT(finished.out, Catch::StartsWith("generated: 1 song\ndata: 6 songs\n"));
  CHECK_THAT(finished.err,
             Catch::Contains("two songs of each kind are the least") && Catch::Contains("--real names others"));
  const std::string real = folder(place, "real", 4, 2);
  const auto with_real = place.run("compare", {"--generated", generated, "--data", data, "--real", real});
  CHECK(with_real.status == 1);
  CHECK_THAT(with_real.err, Catch::Contains("4 in " + real) && !Catch::Contains("--real"));
  const auto with_data = place.run("compare", {"--generated", generated, "--data", data, "--real", data});
  CHECK(with_data.status == 2);
  CHECK_THAT(with_data.err, Catch::Contains("--real: is --data itself"));
}
