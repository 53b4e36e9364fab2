#include <catch.hpp>
#include <limits>
#include <musicgen/core/bf16.hpp>
#include <musicgen/core/files.hpp>
#include <musicgen/model/model_file.hpp>
#include <musicgen/tokens/context.hpp>
#include <nlohmann/json.hpp>

#include "data_files.hpp"

using namespace musicgen;
using namespace std::chrono_literals;

namespace {

ModelConfig tiny() {
  const Vocabulary vocabulary = Vocabulary::standard();
  return {{vocabulary.size(), 4, 6, 2},
          vocabulary,
          {{0, 5, 127}, 70ms, 40s, 77, true},
          false,
          {AttentionValue::successor, 0.3f}};
}
/// A file with one member of its metadata replaced.
void write_with(const std::filesystem::path& file, const char* key, const nlohmann::json& value) {
  Safetensors t = to_safetensors(Model<>(tiny()));
  auto j = nlohmann::json::parse(t.metadata()["musicgen"]);
  j[key] = value;
  t.metadata()["musicgen"] = j.dump();
  t.write(file);
}

}  // namespace

TEST_CASE("checkpoint: a model survives a file") {
  const test::TemporaryDirectory folder;
  const Model<> model(tiny(), 7);
  save_model(folder / "m", model);
  const auto loaded = load_model(folder / "m");
  CHECK(loaded.dimensions() == model.dimensions());
  CHECK(loaded.vocabulary() == model.vocabulary());
  CHECK(loaded.config().profile == model.config().profile);
  CHECK(loaded.config().canonical == false);
  CHECK(loaded.config().attention == AttentionOptions(AttentionValue::successor, 0.3f));
  const auto a = model.weights().tensors(), b = loaded.weights().tensors();
  for (std::size_t i = 0; i < a.size(); ++i)
    CHECK(std::equal(a[i].values.begin(), a[i].values.end(), b[i].values.begin()));
  save_model(folder / "again", loaded);
  CHECK(read_bytes(folder / "m") == read_bytes(folder / "again"));
}

TEST_CASE("checkpoint: a model with contexts that copies survives a file") {
  const test::TemporaryDirectory folder;
  ModelConfig config = tiny();
  config.dimensions.C = 5;
  CHECK_THROWS_WITH(Model<>(config, 7), "model: has 5 context rows; this version needs 264");
  config.dimensions.C = Context::rows;
  config.dimensions.copies = true;
  const Model<> model(config, 7);
  save_model(folder / "m", model);
  const auto loaded = load_model(folder / "m");
  CHECK(loaded.dimensions() == model.dimensions());
  save_model(folder / "again", loaded);
  CHECK(read_bytes(folder / "m") == read_bytes(folder / "again"));
}

TEST_CASE("checkpoint: a model is read from memory as from its file") {
  const test::TemporaryDirectory folder;
  const Model<> model(tiny(), 7);
  save_model(folder / "m", model);
  auto bytes = read_bytes(folder / "m");
  const auto loaded = parse_model(std::as_bytes(std::span(bytes)), "in memory");
  bytes.clear();
  save_model(folder / "again", loaded);
  CHECK(read_bytes(folder / "m") == read_bytes(folder / "again"));
  bytes = read_bytes(folder / "m");
  bytes.pop_back();
  CHECK_THROWS_WITH(parse_model(std::as_bytes(std::span(bytes)), "in memory"),
                    Catch::Contains("in memory: byte 8: ") && Catch::Contains("cut short"));
}

TEST_CASE("checkpoint: stored in bf16, each weight is the nearest of its numbers") {
  const test::TemporaryDirectory folder;
  const Model<> model(tiny(), 7);
  save_model(folder / "m", model, Precision::bf16);
  const auto exact = model.weights().tensors();
  const Model<> loaded = load_model(folder / "m");
  const auto stored = loaded.weights().tensors();
  for (std::size_t i = 0; i < exact.size(); ++i)
    for (std::size_t k = 0; k < exact[i].values.size(); ++k)
      REQUIRE(stored[i].values[k] == from_bf16(to_bf16(exact[i].values[k])));
  CHECK(Safetensors::read(folder / "m").entry("embed.weight").dtype == "BF16");
}

TEST_CASE("checkpoint: stored in int8, each weight is the nearest multiple of its row's step, and stays it") {
  const test::TemporaryDirectory folder;
  const Model<> model(tiny(), 7);
  save_model(folder / "m", model, Precision::int8);
  const Safetensors file = Safetensors::read(folder / "m");
  CHECK(file.entry("embed.weight").dtype == "I8");
  CHECK(file.entry("gru.bias_ih_l0").dtype == "F32");
  const Model<> loaded = load_model(folder / "m");
  const auto exact = model.weights().tensors(), stored = loaded.weights().tensors();
  for (std::size_t i = 0; i < exact.size(); ++i) {
    const auto size = exact[i].values.size(), columns = size / static_cast<std::size_t>(exact[i].shape[0]);
    for (std::size_t first = 0; first < size; first += columns) {
      float largest = 0;
      for (std::size_t k = first; k < first + columns; ++k) largest = std::max(largest, std::abs(exact[i].values[k]));
      const float most = exact[i].shape.size() == 2 ? 0.501f * largest / 127 : 0;
      for (std::size_t k = first; k < first + columns; ++k)
        REQUIRE(std::abs(stored[i].values[k] - exact[i].values[k]) <= most);
    }
  }
  save_model(folder / "again", loaded, Precision::int8);
  CHECK(read_bytes(folder / "again") == read_bytes(folder / "m"));

  Model<> broken = model;
  broken.weights().tensors()[0].values[3] = std::numeric_limits<float>::quiet_NaN();
  CHECK_THROWS_AS(save_model(folder / "again", broken, Precision::int8), Error);
  CHECK(read_bytes(folder / "again") == read_bytes(folder / "m"));
}

TEST_CASE("checkpoint: a file from before there was a choice attends over matches") {
  const test::TemporaryDirectory folder;
  Safetensors t = to_safetensors(Model<>(tiny()));
  auto j = nlohmann::json::parse(t.metadata()["musicgen"]);
  j["version"] = 1;
  j.erase("attention");
  j.erase("attention_scale");
  t.metadata()["musicgen"] = j.dump();
  t.write(folder / "m");
  CHECK(load_model(folder / "m").config().attention == AttentionOptions(AttentionValue::match, 1));
}

TEST_CASE("checkpoint: a weight that is not finite is named") {
  const test::TemporaryDirectory folder;
  Model<> model(tiny(), 1);
  model.weights().head.b2[3] = std::numeric_limits<float>::infinity();
  save_model(folder / "m", model);
  CHECK_THROWS_WITH(load_model(folder / "m"),
                    Catch::Contains("m: tensor \"") && Catch::Contains("\" has a number that is not finite"));
}

TEST_CASE("checkpoint: files that are no model, or not this one, are refused with the reason") {
  const test::TemporaryDirectory folder;
  const auto file = folder / "m";
  const auto refused = [&](const std::string& part) { CHECK_THROWS_WITH(load_model(file), Catch::Contains(part)); };
  Safetensors other;
  other.add<float>("x", {1}, std::vector<float>{1});
  other.write(file);
  refused("not written by musicgen");
  write_with(file, "version", 4);
  refused("is of version 4, this program reads up to 3");
  write_with(file, "hidden", 1 << 30);
  refused("\"combine_ctx.weight\" has shape (6, 12)");
  write_with(file, "hidden", "six");
  refused("lacks \"hidden\" or it has the wrong type");
  write_with(file, "hidden", std::uint64_t{4294967296} + 6);
  refused("lacks \"hidden\" or it has the wrong type");
  write_with(file, "hidden", 6.0);
  refused("lacks \"hidden\" or it has the wrong type");
  write_with(file, "usual_length", -1);
  refused("m: profile: usual length is -10 ms, not positive");
  write_with(file, "usual_length", std::int64_t{1} << 62);
  refused("m: usual_length is 4611686018427387904 steps");
  write_with(file, "usual_velocity", -1);
  refused("m: profile: usual velocity is -1, not in 1..127");
  write_with(file, "usual_velocity", 128);
  refused("m: profile: usual velocity is 128, not in 1..127");
  write_with(file, "sustain", 1);
  refused("lacks \"sustain\" or it has the wrong type");
  write_with(file, "attention", "elsewhere");
  refused("attention is \"elsewhere\", neither match nor successor");
  write_with(file, "attention_scale", 0);
  refused("m: model: attention scale is 0.000000, not in 1e-6 to 1e6");
  write_with(file, "attention_scale", 3e38);
  refused("not in 1e-6 to 1e6");
  write_with(file, "attention_scale", "half");
  refused("lacks \"attention_scale\" or it has the wrong type");
  write_with(file, "embedding", 5);
  refused("\"embed.weight\" has shape (405, 4), expected (405, 5)");
  write_with(file, "layers", 3);
  refused("has no tensor \"gru.weight_ih_l2\"");
  write_with(file, "programs", {0, 128});
  refused("m: profile: program 128 is not in 0..127");
  write_with(file, "hidden", 0);
  refused("m: model: hidden size is 0, not positive");
  write_with(file, "vocabulary_size", 404);
  refused("m: model: vocabulary size is 404, but the vocabulary has 405 tokens");
  write_with(file, "vocabulary", {"+60", "what"});
  refused("\"what\" is not a token");
}
