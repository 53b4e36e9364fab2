// Bad input and outputs that cannot be written: exit status 1, one line that names the file, and nothing changed.
#include <catch.hpp>

#include "examples/programs.hpp"

using namespace musicgen;
using namespace musicgen::test;

namespace {

/// Runs what has to fail over `named`, a file or a folder.
void check_fault(const Workplace& place, const std::string& program, const std::vector<std::string>& arguments,
                 const std::string& named) {
  std::string command = program;
  for (const std::string& argument : arguments) command += ' ' + argument;
  INFO(command);
  const auto before = place.files();
  const Finished finished = place.run(program, arguments);
  CHECK(finished.status == 1);
  CHECK(lines(finished.err).size() == 1);
  CHECK_THAT(finished.err, Catch::StartsWith(program + ": ") && Catch::Contains(named) && Catch::EndsWith("\n"));
  CHECK((place.files() == before));
}

/// Every program that reads a song, over one that it cannot use.
void check_bad_song(const Workplace& place, const std::string& song) {
  const std::string model = place.model(), out = place / "out.mid";
  write(out, "MThd as it was");
  check_fault(place, "tokenize", {song}, song);
  check_fault(place, "tokenize", {"--notes", song}, song);
  check_fault(place, "inspect", {song}, song);
  check_fault(place, "train", {"--data", song, "--out", place / "m.safetensors", "--steps", "1"}, song);
  check_fault(place, "evaluate", {"--model", model, "--data", song}, song);
  check_fault(place, "compare", {"--generated", song, "--data", song}, song);
  check_fault(place, "generate", {"--model", model, "--out", out, "--prompt", song, "--tokens", "50"}, song);
}

/// Every program that reads a model, over one that it cannot use.
void check_bad_model(const Workplace& place, const std::string& model, const std::string& data) {
  const std::string out = place / "out.mid";
  write(out, "MThd as it was");
  check_fault(place, "hello", {model, out}, model);
  check_fault(place, "generate", {"--model", model, "--out", out}, model);
  check_fault(place, "evaluate", {"--model", model, "--data", data}, model);
  check_fault(place, "inspect", {model}, model);
  check_fault(place, "train", {"--data", data, "--init", model, "--out", place / "m.safetensors", "--steps", "1"},
              model);
}

std::string song_file(const Workplace& place) {
  write_midi(place / "song.mid", compose(1));
  return place / "song.mid";
}

}  // namespace

TEST_CASE("examples: a missing song") {
  const Workplace place;
  check_bad_song(place, place / "missing.mid");
}

TEST_CASE("examples: a text called .mid") {
  const Workplace place;
  write(place / "text.mid", "Dear Sir or Madam,\nthis is no music.\n");
  check_bad_song(place, place / "text.mid");
}

TEST_CASE("examples: an empty file called .mid") {
  const Workplace place;
  write(place / "empty.mid", "");
  check_bad_song(place, place / "empty.mid");
}

TEST_CASE("examples: a truncated song is read as far as it goes, or refused when strict") {
  const Workplace place;
  const std::string half = place.half(song_file(place));
  const auto words = lines(place.output("tokenize", {half}));
  CHECK(words.size() > 100);
  CHECK(words.back() == "$");
  check_fault(place, "tokenize", {"--strict", half}, half);

  const std::string stump = place / "stump.mid";
  write(stump, content(half).substr(0, 10));  // in the middle of the header
  check_bad_song(place, stump);
}

TEST_CASE("examples: folders without MIDI, or with none that is of use") {
  const Workplace place;
  const std::string model = place.model(), empty = place / "empty", names = place / "texts";
  fs::create_directories(empty);
  write(place / "texts/readme.txt", "no music");
  for (const std::string& folder : {empty, names, place / "missing"}) {
    check_fault(place, "train", {"--data", folder, "--out", place / "m.safetensors", "--steps", "1"}, folder);
    check_fault(place, "evaluate", {"--model", model, "--data", folder}, folder);
  }
  for (const std::string& folder : {empty, names, place / "missing"}) {
    check_fault(place, "compare", {"--generated", folder, "--data", place.songs()}, folder);
    check_fault(place, "compare", {"--generated", place.songs(), "--data", folder}, folder);
    check_fault(place, "compare", {"--generated", place.songs(), "--data", place.songs(), "--real", folder}, folder);
  }
  write(place / "texts/readme.mid", "no music");
  check_fault(place, "compare", {"--generated", names, "--data", place.songs()}, "readme.mid");
  check_fault(place, "train", {"--data", names, "--out", place / "m.safetensors", "--steps", "1"}, "readme.mid");
  check_fault(place, "evaluate", {"--model", model, "--data", names}, "readme.mid");
}

TEST_CASE("examples: too few songs to compare") {
  const Workplace place;
  const std::string song = song_file(place), songs = place.songs();
  check_fault(place, "compare", {"--generated", song, "--data", songs}, song);
  check_fault(place, "compare", {"--generated", songs, "--data", song}, song);
  check_fault(place, "compare", {"--generated", songs, "--data", songs, "--real", song}, song);
}

TEST_CASE("examples: bad files among good ones are passed over") {
  const Workplace place;
  const std::string songs = place.songs();
  write(place / "songs/text.mid", "no music");
  CHECK_THAT(place.output("evaluate", {"--model", place.model(), "--data", songs, "--files", "1"}),
             Catch::Contains("\"skipped_files\": 1"));
  CHECK_THAT(place.output("train", {"--data", songs, "--out", place / "m.safetensors", "--steps", "1", "--hidden", "8",
                                    "--batch", "2", "--language", "performance"}),
             Catch::Contains("text.mid"));
}

TEST_CASE("examples: a missing model") {
  const Workplace place;
  check_bad_model(place, place / "missing.safetensors", song_file(place));
}

TEST_CASE("examples: a model cut in half") {
  const Workplace place;
  check_bad_model(place, place.half(place.model()), song_file(place));
}

TEST_CASE("examples: a model that is something else") {
  const Workplace place;
  const std::string song = song_file(place);
  write(place / "text.safetensors", "This is no model, however long the text is.");
  check_bad_model(place, place / "text.safetensors", song);
  fs::create_directories(place / "folder.safetensors");
  check_bad_model(place, place / "folder.safetensors", song);
}

TEST_CASE("examples: a checkpoint cut in half is not resumed from, and stays as it is") {
  const Workplace place;
  const std::string songs = place.songs(), out = place / "m.safetensors", last = place / "m.last.safetensors";
  const std::vector<std::string> command{"--data",   songs, "--out",   out, "--steps",    "2",
                                         "--hidden", "8",   "--batch", "2", "--language", "performance"};
  place.output("train", command);
  write(last, content(place.half(last)));
  auto resumed = command;
  resumed.emplace_back("--resume");
  check_fault(place, "train", resumed, last);
}

TEST_CASE("examples: outputs that cannot be written") {
  const Workplace place;
  const std::string song = song_file(place), model = place.model(), songs = place.songs();
  write(place / "tokens.txt", "^ +60 v63 i0 t10 -60 i0 $");
  fs::create_directories(place / "folder.mid");
  for (const std::string& out : {place / "missing/out.mid", place / "song.mid/out.mid", place / "folder.mid"}) {
    check_fault(place, "hello", {model, out}, out);
    check_fault(place, "generate", {"--model", model, "--out", out, "--tokens", "50"}, out);
    check_fault(place, "generate", {"--model", model, "--out", place / "a.mid", "--tokens", "50", "--save-tokens", out},
                out);
    check_fault(place, "tokenize", {"--decode", place / "tokens.txt", out}, out);
    check_fault(place, "train", {"--data", songs, "--out", out, "--steps", "1"}, out);
    check_fault(place, "train", {"--data", songs, "--out", place / "m", "--log", out, "--steps", "1"}, out);
    // Before the songs are read, which may take long; here it would fail.
    for (const std::string option : {"--out", "--log", "--cache"}) {
      std::vector<std::string> arguments{"--data", place / "missing", "--steps", "1", option, out};
      if (option != "--out") arguments.insert(arguments.end(), {"--out", place / "m"});
      check_fault(place, "train", arguments, out);
    }
    check_fault(place, "compare", {"--generated", songs, "--data", songs, "--json", out}, out);
  }
  check_fault(place, "compose", {"--out", song}, song);
  check_fault(place, "compose", {"--out", song + "/songs"}, song);
}

TEST_CASE("examples: tokens, stages and vocabularies that are none") {
  const Workplace place;
  const std::string song = song_file(place), out = place / "out.mid", text = place / "text.txt";
  write(out, "MThd as it was");
  write(text, "^ +60 v63 i0\nt10 -60 i16 $\n");
  check_fault(place, "tokenize", {"--decode", text, out}, text + ": line 2: \"i16\"");
  check_fault(place, "tokenize", {"--decode", place / "missing.txt", out}, "missing.txt");
  check_fault(place, "tokenize", {"--vocabulary", text, song}, text);
  for (const char* stages : {"no JSON", "[]", "[{\"name\": \"one\", \"length\": 3}]", "[{\"target_length\": -1}]"}) {
    write(text, stages);
    check_fault(place, "train", {"--data", song, "--out", place / "m", "--stages", text}, text);
  }
  check_fault(place, "train", {"--data", song, "--out", place / "m", "--stages", place / "missing"}, "missing");
}

TEST_CASE("examples: a prompt longer than the song") {
  const Workplace place;
  const std::string song = song_file(place), model = place.model();
  check_fault(place, "generate", {"--model", model, "--out", place / "o.mid", "--prompt", song, "--seconds", "5"},
              "prompt");
}

TEST_CASE("examples: a prompt without notes") {
  const Workplace place;
  write_midi(place / "empty.mid", Score{});
  check_fault(place, "generate",
              {"--model", place.model(), "--out", place / "o.mid", "--prompt", place / "empty.mid", "--seconds", "5"},
              "empty.mid");
}

TEST_CASE("examples: no output takes the place of a file of another kind") {
  const Workplace place;
  const std::string song = song_file(place), model = place.model(), text = place / "text.txt";
  const std::string other = place / "other.mid", log = place / "run.jsonl";
  const std::string beats = (source_dir() / "examples/models/pop909.safetensors").string();
  fs::copy(song, other);
  write(text, "a letter");
  write(log, "{\"step\":1,\"tokens\":1000,\"validation_loss\":2.5}\n");
  for (const std::string& taken : {other, text, model}) {
    check_fault(place, "inspect", {"--picture", taken, song}, taken + ": is not a PNG picture: not overwritten");
    check_fault(place, "generate", {"--model", model, "--out", place / "o.mid", "--picture", taken}, taken);
    check_fault(place, "generate", {"--model", model, "--out", place / "o.mid", "--audio", taken}, taken);
    check_fault(place, "curves", {log, "--out", taken}, taken);
    check_fault(place, "generate", {"--model", beats, "--out", place / "o.mid", "--save-tokens", taken},
                taken + ": is not a text of tokens: not overwritten");
    check_fault(place, "generate", {"--model", beats, "--out", place / "o.mid", "--save-plan", taken},
                taken + ": is not a JSON object: not overwritten");
  }
  for (const std::string& taken : {text, model}) {
    check_fault(place, "generate", {"--out", taken}, taken);
    check_fault(place, "hello", {place / "no model", taken}, taken + ": is not a MIDI file: not overwritten");
  }
}

TEST_CASE("examples: inspect says what a file is not") {
  const Workplace place;
  const std::string text = place / "text.txt", model = place.model();
  write(text, "a letter to a friend");
  check_fault(place, "inspect", {text}, text + ": is neither a MIDI file nor a model");
  check_fault(place, "inspect", {"--json", model}, model + ": is a model: --json and --picture are for songs");
}

TEST_CASE("examples: no output takes the place of an input, or of another output") {
  const Workplace place;
  const std::string song = song_file(place), model = place.model(), prompt = place / "o-2.mid";
  fs::copy(song, prompt);
  const std::string before = content(prompt), weights = content(model);
  const auto refused = [&](const std::string& program, const std::vector<std::string>& arguments) {
    const Finished run = place.run(program, arguments);
    CHECK(run.status == 1);
    CHECK_THAT(run.err, Catch::Contains("is named twice"));
  };
  refused("generate",
          {"--model", model, "--out", place / "o.mid", "--count", "2", "--prompt", prompt, "--tokens", "9"});
  refused("generate", {"--model", model, "--out", model, "--tokens", "9"});
  refused("generate", {"--model", model, "--out", place / "a", "--tokens", "9", "--save-tokens", place / "./a"});
  refused("train", {"--data", prompt, "--out", prompt, "--steps", "1"});
  refused("train", {"--data", song, "--out", place / "m", "--log", place / "m", "--steps", "1"});
  refused("hello", {model, model});
  refused("compare", {"--generated", prompt, "--data", prompt, "--json", prompt});
  refused("compare", {"--generated", prompt, "--data", prompt, "--json", place / "a", "--picture", place / "a"});
  refused("tokenize", {"--decode", prompt, prompt});
  check_fault(place, "train", {"--data", place / ".", "--out", prompt, "--steps", "1"},
              "is not a model: not overwritten");
  CHECK((content(prompt) == before));
  CHECK((content(model) == weights));
}

TEST_CASE("examples: a model that gives no number") {
  const Workplace place;
  Model<> model = load_model(place.model());
  model.weights().embedding.setConstant(std::numeric_limits<float>::quiet_NaN());
  save_model(place / "nan.safetensors", model);
  const std::string fault = "nan.safetensors: tensor \"embed.weight\" has a number that is not finite";
  check_fault(place, "evaluate", {"--model", place / "nan.safetensors", "--data", song_file(place)}, fault);
  check_fault(place, "generate", {"--model", place / "nan.safetensors", "--out", place / "o.mid"}, fault);
}

TEST_CASE("examples: a device that is not there") {
  const Workplace place;
  ::setenv("CUDA_VISIBLE_DEVICES", "", 1);  // nor is one that is
  check_fault(place, "generate", {"--model", place.model(), "--out", place / "o.mid", "--device", "cuda"}, "cuda");
  ::unsetenv("CUDA_VISIBLE_DEVICES");
}
