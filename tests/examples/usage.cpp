// Help, and command lines that cannot be right: exit status 2 and a line that says why.
#include <catch.hpp>

#include "examples/programs.hpp"

using namespace musicgen::test;

namespace {

void check_usage(const Workplace& place, const std::string& program, const std::vector<std::string>& arguments,
                 const std::string& named) {
  std::string command = program;
  for (const std::string& argument : arguments) command += ' ' + argument;
  INFO(command);
  const Finished finished = place.run(program, arguments);
  CHECK(finished.status == 2);
  CHECK(lines(finished.err).size() == 1);
  CHECK_THAT(finished.err, Catch::StartsWith(program + ": ") && Catch::Contains(named) && Catch::EndsWith("\n"));
  CHECK(finished.out == "");
}

}  // namespace

TEST_CASE("examples: every program has help") {
  const Workplace place;
  for (const std::string program : program_names) {
    INFO(program);
    const Finished finished = place.run(program, {"--help"});
    CHECK(finished.status == 0);
    CHECK_THAT(finished.out, Catch::Contains(program) && Catch::Contains("--help"));
    CHECK(finished.err == "");
  }
}

TEST_CASE("examples: unknown and missing options are usage errors") {
  const Workplace place;
  const std::map<std::string, std::vector<std::string>> complete{{"hello", {"m"}},
                                                                 {"tokenize", {"a.mid"}},
                                                                 {"compose", {"--out", "songs"}},
                                                                 {"train", {"--data", "songs", "--out", "m"}},
                                                                 {"generate", {"--model", "m", "--out", "a.mid"}},
                                                                 {"evaluate", {"--model", "m", "--data", "songs"}},
                                                                 {"compare", {"--generated", "a", "--data", "songs"}},
                                                                 {"inspect", {"a.mid"}},
                                                                 {"curves", {"a.jsonl", "--out", "a.png"}}};
  for (const std::string program : program_names) {
    if (program != "hello") check_usage(place, program, {}, "required");
    auto arguments = complete.at(program);
    arguments.emplace_back("--nonsense");
    check_usage(place, program, arguments, "--nonsense");
  }
  CHECK(place.files().empty());
}

TEST_CASE("examples: files that have no name are usage errors") {
  const Workplace place;
  const std::string out = place / "a";
  check_usage(place, "generate", {"--out", ""}, "--out: is empty");
  check_usage(place, "train", {"--data", "songs", "--out", ""}, "--out: is empty");
  check_usage(place, "train", {"--data", "", "--out", out}, "--data: is empty");
  check_usage(place, "evaluate", {"--model", "", "--data", "songs"}, "--model: is empty");
  check_usage(place, "evaluate", {"--model", "m", "--data", ""}, "--data: is empty");
  check_usage(place, "evaluate", {"--model", "m", "--data", "d", "--annotations", ""}, "--annotations: is empty");
  check_usage(place, "compare", {"--generated", "", "--data", "songs"}, "--generated: is empty");
  check_usage(place, "compare", {"--generated", "songs", "--data", ""}, "--data: is empty");
  check_usage(place, "compose", {"--out", ""}, "--out: is empty");
  check_usage(place, "curves", {"a.jsonl", "--out", ""}, "--out: is empty");
  check_usage(place, "hello", {"m", ""}, "SONG.mid: is empty");
  check_usage(place, "inspect", {""}, "FILE: is empty");
  check_usage(place, "tokenize", {""}, "IN: is empty");
  CHECK(place.files().empty());
}

TEST_CASE("examples: options out of range, and those that do not go together, are usage errors") {
  const Workplace place;
  const auto generate = [&](std::vector<std::string> arguments, const std::string& named) {
    arguments.insert(arguments.begin(), {"--model", "m", "--out", place / "a.mid"});
    check_usage(place, "generate", arguments, named);
  };
  generate({"--temperature", "-1"}, "--temperature");
  generate({"--temperature", "warm"}, "--temperature");
  generate({"--top-k", "-3"}, "--top-k");
  generate({"--top-p", "1.5"}, "--top-p");
  generate({"--top-p", "0"}, "--top-p");
  generate({"--min-p", "2"}, "--min-p");
  generate({"--pitch-temperature", "0"}, "--pitch-temperature");
  generate({"--pitch-top-p", "2"}, "--pitch-top-p");
  generate({"--pitch-min-p", "2"}, "--pitch-min-p");
  generate({"--velocity-temperature", "0"}, "--velocity-temperature");
  generate({"--density", "nan"}, "--density");
  generate({"--density", "11"}, "--density");
  generate({"--pitch-class-prior", "-1"}, "--pitch-class-prior");
  generate({"--pitch-class-prior", "nan"}, "--pitch-class-prior");
  generate({"--velocity-prior", "-1"}, "--velocity-prior");
  generate({"--near-onset-penalty", "-1"}, "--near-onset-penalty");
  generate({"--chord-size-penalty", "11"}, "--chord-size-penalty");
  generate({"--timing-sharpness", "-1"}, "--timing-sharpness");
  generate({"--song-variation", "-1"}, "--song-variation");
  generate({"--max-rest", "-1"}, "--max-rest");
  generate({"--max-note-length", "0.5"}, "--max-note-length");
  generate({"--end-bias-after", "0"}, "--end-bias-after");
  generate({"--calm", "11"}, "--calm");
  generate({"--variety", "nan"}, "--variety");
  generate({"--key", "H"}, "E minor");
  generate({"--tracks", "0"}, "--tracks");
  for (const std::string list : {"1,two", "1,,3", ",1", "1,", "", "17", "1,0", " 1", "1 3"})
    generate({"--tracks", list}, "--tracks: \"" + list + "\" is not a list of whole numbers in 1 to 16");
  generate({"--seconds", "-5"}, "--seconds");
  generate({"--seconds", "nan"}, "--seconds");
  generate({"--tokens", "0"}, "--tokens");
  generate({"--count", "0"}, "--count: 0 is not in 1 to 100000");
  generate({"--count", "2.5"}, "--count: \"2.5\" is not a whole number in 1 to 100000");
  generate({"--temperature", "101"}, "--temperature: 101 is not in 0 to 100");
  generate({"--temperature", "warm"}, "--temperature: \"warm\" is not a number in 0 to 100");
  generate({"--max-rest", "2e6"}, "--max-rest: 2e6 is not in 0 to 1000000");
  generate({"--seed", "-1"}, "--seed");
  generate({"--seed", "many"}, "--seed");
  generate({"--device", "abacus"}, "--device");
  generate({"--threads", "-1"}, "--threads");
  generate({"--prompt-seconds", "3"}, "--prompt");

  const auto train = [&](std::vector<std::string> arguments, const std::string& named) {
    arguments.insert(arguments.begin(), {"--data", "songs", "--out", place / "m"});
    check_usage(place, "train", arguments, named);
  };
  train({"--preset", "huge"}, "--preset");
  train({"--hidden", "0"}, "--hidden");
  train({"--batch", "0"}, "--batch");
  train({"--steps", "0"}, "--steps");
  train({"--steps", "many"}, "--steps");
  train({"--minutes", "-1"}, "--minutes");
  train({"--minutes", "nan"}, "--minutes");
  train({"--learning-rate", "0"}, "--learning-rate");
  train({"--transpose", "3"}, "--transpose");
  train({"--attention-scale", "0"}, "--attention-scale");
  train({"--tempo", "0", "1"}, "--tempo");
  train({"--tempo", "nan", "1"}, "--tempo");
  train({"--velocity", "-40", "1"}, "--velocity");
  train({"--transpose", "2", "-2"}, "--transpose");
  train({"--tempo", "1.2", "0.8"}, "--tempo");
  train({"--velocity", "5", "-5"}, "--velocity");
  train({"--language", "notes"}, "--language");
  train({"--leave-out", "1.5"}, "--leave-out");
  train({"--leave-out", "nan"}, "--leave-out");
  train({"--annotations", ""}, "--annotations: is empty");
  train({"--language", "performance", "--leave-out", "0.1"}, "--leave-out: is for the language of beats");
  train({"--language", "performance", "--annotations", "a"}, "--annotations: is for the language of beats");
  train({"--language", "beats", "--transpose", "0", "1"}, "--transpose: is for the language of performances");
  train({"--language", "beats", "--tempo", "1", "1.1"}, "--tempo: is for the language of performances");
  check_usage(place, "evaluate", {"--model", "m", "--data", "d", "--split", "most"}, "--split");
  check_usage(place, "evaluate", {"--model", "m", "--data", "d", "--files", "0"}, "--files");
  check_usage(place, "compare", {"--generated", "a", "--data", "d", "--seconds", "0"}, "--seconds");
  check_usage(place, "compare", {"--generated", "a", "--data", "d", "--seconds", "nan"}, "--seconds");
  check_usage(place, "compare", {"--generated", "a"}, "--data");
  check_usage(place, "tokenize", {"a.mid", "b.mid"}, "OUT");
  check_usage(place, "tokenize", {"--decode", "a.txt"}, "OUT");
  check_usage(place, "tokenize", {"--decode", "--notes", "a.txt", "b.mid"}, "--notes");
  check_usage(place, "compose", {"--out", place / "songs", "--count", "0"}, "--count");
  CHECK(place.files().empty());
}
