// convert: models from PyTorch and back, as a user has them, and with PyTorch itself where it is installed.
#include <catch.hpp>
#include <musicgen/import/torch.hpp>

#include "examples/programs.hpp"

using namespace musicgen;
using namespace musicgen::test;

namespace {

/// Runs what has to fail, with a line that says `named`, and change nothing.
void check_refused(const Workplace& place, const std::vector<std::string>& arguments, int status,
                   const std::string& named) {
  std::string command = "convert";
  for (const std::string& argument : arguments) command += ' ' + argument;
  INFO(command);
  const auto before = place.files();
  const Finished finished = place.run("convert", arguments);
  CHECK(finished.status == status);
  CHECK(lines(finished.err).size() == 1);
  CHECK_THAT(finished.err, Catch::StartsWith("convert: ") && Catch::Contains(named) && Catch::EndsWith("\n"));
  CHECK(finished.out == "");
  CHECK((place.files() == before));
}

/// The Python that has PyTorch, if there is one: MUSICGEN_PYTHON, by default python3.
std::optional<std::string> python_with_torch(const Workplace& place) {
  const char* named = std::getenv("MUSICGEN_PYTHON");
  const std::string python = named != nullptr ? named : "python3";
  const Finished finished = place.run("/usr/bin/env", {python, "-c", "import torch"});
  return finished.status == 0 ? std::optional(python) : std::nullopt;
}

}  // namespace

TEST_CASE("examples: a model goes to PyTorch and back unchanged, its vocabulary beside it") {
  const Workplace place;
  const std::string model = place.model(), state = place / "state.pt", back = place / "back.safetensors",
                    words = place / "words.json";
  CHECK_THAT(place.output("convert", {model, state, "--save-vocabulary", words}),
             Catch::Contains("state.pt: embedding 8, hidden 16, layers 1, 405 tokens"));
  CHECK(nlohmann::json::parse(content(words)) == nlohmann::json(Vocabulary::standard().names()));
  CHECK_THAT(place.output("convert", {state, back}), Catch::Contains("state.pt: state dict\n"));
  CHECK(content(back) == content(model));
  place.output("convert", {back, place / "STATE.PTH"});
  CHECK(content(place / "STATE.PTH") == content(state));
}

TEST_CASE("examples: a model is stored in fewer bytes, its scores multiplied by something else") {
  const Workplace place;
  const std::string model = place.model(), half = place / "half.safetensors";
  CHECK(place.output("convert", {model, half, "--precision", "bf16", "--attention-scale", "1.5"}) ==
        half + ": embedding 8, hidden 16, layers 1, 405 tokens\n");
  const Model<> before = load_model(model), after = load_model(half);
  CHECK(after.config().attention == AttentionOptions(before.config().attention.value, 1.5f));
  CHECK(after.vocabulary() == before.vocabulary());
  CHECK(std::filesystem::file_size(model) - std::filesystem::file_size(half) >
        static_cast<std::uintmax_t>(before.parameter_count()) * 2 - 100);
  place.output("convert", {half, place / "again.safetensors"});
  const Model<> again = load_model(place / "again.safetensors");
  const auto kept = again.weights().tensors(), rounded = after.weights().tensors();
  for (std::size_t i = 0; i < kept.size(); ++i)
    CHECK(std::equal(kept[i].values.begin(), kept[i].values.end(), rounded[i].values.begin()));

  const std::string quarter = place / "quarter.safetensors";
  place.output("convert", {model, quarter, "--precision", "int8"});
  CHECK(load_model(quarter).dimensions() == before.dimensions());
  const Safetensors file = Safetensors::read(quarter);
  CHECK(file.entry("embed.weight").dtype == "I8");
  CHECK(file.entry("embed.weight").size == 405u * 8);
}

TEST_CASE("examples: a checkpoint that PyTorch wrote becomes a model") {
  const Workplace place;
  const std::string training = (source_dir() / "tests" / "import" / "training.pt").string();
  const std::string said = place.output("convert", {training, place / "m.safetensors"});
  CHECK_THAT(said, Catch::Contains("state dict under \"model_state_dict\", each name after \"module.\"; "
                                   "ignored: epoch, loss, rng, optimizer\n"));
  CHECK_THAT(said, Catch::Contains("5 tokens\nit can be neither trained nor sampled: --vocabulary"));
  CHECK(load_model(place / "m.safetensors").dimensions() == Dimensions{5, 2, 3, 2});
  check_refused(place, {place / "m.safetensors", place / "m.pt", "--save-vocabulary", place / "v.json"}, 1,
                "m.safetensors: has no vocabulary");
}

TEST_CASE("examples: the original's checkpoint with its vocabulary can be sampled") {
  const auto seed = seed_dir();
  if (!seed) return skip("no folder with the original's checkpoint: set MUSICGEN_SEED_DIR");
  const Workplace place;
  const std::string checkpoint = (*seed / "music_gen_2.pt").string(), model = place / "m.safetensors";
  place.output("convert", {checkpoint, "--vocabulary", (*seed / "vocabulary.json").string(), model});
  place.output("generate", {"--model", model, "--out", place / "song.mid", "--tokens", "200"});
  CHECK(read_midi(place / "song.mid").notes().size() > 10);
  place.output("convert", {model, place / "m.pt"});
  place.output("convert", {place / "m.pt", place / "again.safetensors"});
  CHECK(content(place / "again.safetensors") == content(model));
}

TEST_CASE("examples: convert looks into a file for what it is, whatever its name") {
  const Workplace place;
  const std::string model = place.model(), state = place / "state.pt", out = place / "out.safetensors";
  place.output("convert", {model, state});
  for (const std::string name : {"model.ckpt", "model.pt"}) {
    fs::copy_file(model, place / name);
    fs::remove(out);
    place.output("convert", {place / name, out});
    CHECK(content(out) == content(model));
  }
  fs::copy_file(state, place / "state.safetensors");
  fs::remove(out);
  place.output("convert", {place / "state.safetensors", out});
  CHECK(content(out) == content(model));
  check_refused(place, {place / "state.safetensors", place / "out.pt"}, 2, "the format that IN has already");
}

TEST_CASE("examples: checkpoints that cannot be converted") {
  const Workplace place;
  const std::string model = place.model(), state = place / "state.pt", out = place / "out.safetensors";
  place.output("convert", {model, state});
  write(out, "as it was");
  check_refused(place, {place / "missing.pt", out}, 1, "missing.pt: cannot be opened");
  check_refused(place, {place.half(state), out}, 1, "half-state.pt: is a zip archive cut short or damaged");
  write(place / "old.ckpt", std::string("\x80\2\x8a\x0al\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.", 15));
  check_refused(place, {place / "old.ckpt", out}, 1, "old.ckpt: is in PyTorch's format from before 1.6");
  write(place / "noise.bin", std::string(100, 'n'));
  check_refused(place, {place / "noise.bin", out}, 1, "noise.bin: byte 0: is not a PyTorch checkpoint");
  check_refused(place, {place / "noise.bin", place / "out.pt"}, 1, "noise.bin: byte 0: the header's length");
  write(place / "few.json", R"(["^", "$"])");
  check_refused(place, {state, "--vocabulary", place / "few.json", out}, 1, "few.json: vocabulary: lacks");
  auto words = Vocabulary::standard().names();
  words.erase(words.begin());
  write(place / "others.json", nlohmann::json(words).dump());
  check_refused(place, {state, "--vocabulary", place / "others.json", out}, 1, "the vocabulary has 404 tokens");
  check_refused(place, {state, place / "no-folder/out.safetensors"}, 1, "no-folder");
  check_refused(place, {model, place / "out.pt", "--save-vocabulary", place / "no-folder/v.json"}, 1, "no-folder");
  musicgen::detail::ZipWriter evil;
  evil.add("x/data.pkl", std::string_view("\x80\2cposix\nsystem\nX\4\0\0\0true\x85R.", 31));
  const auto bytes = evil.bytes();
  write(place / "evil.pt", {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  check_refused(place, {place / "evil.pt", out}, 1, "evil.pt: x/data.pkl: byte 2: names posix.system");
}

TEST_CASE("examples: command lines of convert that cannot be right") {
  const Workplace place;
  check_refused(place, {}, 2, "required");
  check_refused(place, {"a.pt"}, 2, "OUT");
  check_refused(place, {"a.pt", "b.zip"}, 2, "must end in .safetensors, .pt or .pth");
  check_refused(place, {"a.pt", "b"}, 2, "must end in .safetensors, .pt or .pth");
  check_refused(place, {"a.safetensors", "b.pt", "--vocabulary", "v.json"}, 2, "--vocabulary");
  check_refused(place, {"a.pt", "b.safetensors", "--save-vocabulary", "v.json"}, 2, "--save-vocabulary");
  check_refused(place, {"a.pt", "b.safetensors", "--nonsense"}, 2, "--nonsense");
  check_refused(place, {"a.pt", "b.pth"}, 2, "the format that IN has already");
  check_refused(place, {"a.safetensors", "b.safetensors", "--vocabulary", "v.json"}, 2, "--vocabulary");
  check_refused(place, {"a.safetensors", "b.pt", "--precision", "bf16"}, 2, "--precision");
  check_refused(place, {"a.safetensors", "b.pt", "--attention-scale", "2"}, 2, "--attention-scale");
  check_refused(place, {"a.safetensors", "b.safetensors", "--precision", "fp16"}, 2, "--precision");
  check_refused(place, {"a.safetensors", "b.safetensors", "--attention-scale", "0"}, 2, "--attention-scale");
  check_refused(place, {"a.safetensors", "a.safetensors"}, 1, "is named twice");
  check_refused(place, {"a.pt", "a.safetensors", "--vocabulary", "a.safetensors"}, 1, "is named twice");
  const Finished help = place.run("convert", {"--help"});
  CHECK(help.status == 0);
  CHECK_THAT(help.out, Catch::Contains("--vocabulary") && Catch::Contains("--save-vocabulary"));
}

TEST_CASE("examples: PyTorch loads what convert writes, number by number") {
  const Workplace place;
  const auto python = python_with_torch(place);
  if (!python) return skip("no Python with PyTorch: set MUSICGEN_PYTHON");
  const std::string model = place.model();
  place.output("convert", {model, place / "state.pt"});
  write(place / "check.py", R"(
import json, struct, sys, torch
state = torch.load(sys.argv[1])
try:
    state = torch.load(sys.argv[1], weights_only=True)
except TypeError:  # before 1.13
    pass
file = open(sys.argv[2], "rb").read()
size, = struct.unpack("<Q", file[:8])
header = json.loads(file[8:8 + size])
header.pop("__metadata__")
assert list(sorted(state)) == list(sorted(header)), list(state)
for name, entry in header.items():
    first, last = entry["data_offsets"]
    expected = torch.frombuffer(bytearray(file[8 + size + first:8 + size + last]), dtype=torch.float32)
    assert torch.equal(state[name], expected.view(entry["shape"])), name
torch.save({"model": state}, sys.argv[3])
)");
  const Finished finished =
      place.run("/usr/bin/env", {*python, place / "check.py", place / "state.pt", model, place / "again.pt"});
  INFO(finished.err);
  REQUIRE(finished.status == 0);
  write(place / "words.json", nlohmann::json(Vocabulary::standard().names()).dump());
  place.output("convert", {place / "again.pt", "--vocabulary", place / "words.json", place / "m.safetensors"});
  const Model<> loaded = load_model(place / "m.safetensors"), expected = load_model(model);
  const auto a = loaded.weights().tensors(), b = expected.weights().tensors();
  for (std::size_t i = 0; i < b.size(); ++i)
    CHECK(std::equal(a[i].values.begin(), a[i].values.end(), b[i].values.begin()));
}
