#include "musicgen/import/torch.hpp"

#include <catch.hpp>
#include <cmath>
#include <musicgen/core/random.hpp>

#include "data_files.hpp"
#include "import/archives.hpp"

using namespace musicgen;
using namespace musicgen::test;

namespace {

/// The tokens under `name` in the reference data, and the largest difference of the logits after the last one.
double logit_difference(Model<>& model, const Safetensors& reference, const std::string& n) {
  const auto tokens = reference.values<Token>("tokens_" + n);
  const auto expected = reference.values<double>("logits_" + n);
  const auto& logits = model.logits({1, static_cast<int>(tokens.size()), 1, tokens, {}});
  double worst = 0;
  for (std::size_t k = 0; k < expected.size(); ++k)
    worst = std::max(worst, std::abs(static_cast<double>(logits.row(0).data()[k]) - expected[k]));
  return worst;
}

Vocabulary vocabulary_of(const std::filesystem::path& file) {
  return Vocabulary::from_names(musicgen::detail::parse_json(read_bytes(file)).get<std::vector<std::string>>());
}

/// A checkpoint that is {"epoch": 3, KEY: the state dict, "optimizer": None}.
Bytes nested(const StateDict& state, const std::string& key) {
  Pickler pickle;
  pickle.code(PickleCode::empty_dict).code(PickleCode::mark).text("epoch").number(3).text(key);
  state.add_to(pickle);
  pickle.text("optimizer").code(PickleCode::none).code(PickleCode::setitems).code(PickleCode::stop);
  return state.checkpoint(pickle.bytes());
}

}  // namespace

TEST_CASE("torch: the original's checkpoint computes what it does in PyTorch") {
  const auto seed = seed_dir();
  if (!seed) return skip("no folder with the original's checkpoint: set MUSICGEN_SEED_DIR");
  const Vocabulary vocabulary = vocabulary_of(*seed / "vocabulary.json");
  TorchReport report;
  auto model = load_torch(*seed / "music_gen_2.pt", vocabulary, &report);
  CHECK(model.dimensions() == Dimensions{310, 32, 256, 2});
  CHECK(model.vocabulary() == vocabulary);
  CHECK_FALSE(model.config().canonical);
  CHECK(report.key == "model");
  CHECK(report.prefix == "");
  CHECK(report.ignored == std::vector<std::string>{"epochs", "vocab_size"});

  const auto reference = Safetensors::read(*seed / "logits.safetensors");
  for (const std::string n : {"1", "2", "17", "200", "1000"}) {
    INFO(n << " tokens");
    CHECK(logit_difference(model, reference, n) < 1e-4);
  }
  auto decoder = model.decoder(1, 64);
  Token token = vocabulary.start();
  for (const Token expected : reference.values<Token>("greedy_64")) {
    const auto& logits = decoder.step(std::span(&token, 1));
    const auto row = logits.row(0);
    token = static_cast<Token>(std::max_element(row.begin(), row.end()) - row.begin());
    CHECK(token == expected);
  }
}

TEST_CASE("torch: a checkpoint of a training program, written by PyTorch itself") {
  TorchReport report;
  const auto model = load_torch(source_dir() / "tests" / "import" / "training.pt", std::nullopt, &report);
  CHECK(model.dimensions() == Dimensions{5, 2, 3, 2});
  CHECK(report.key == "model_state_dict");
  CHECK(report.prefix == "module.");
  CHECK(report.ignored == std::vector<std::string>{"epoch", "loss", "rng", "optimizer"});
  int count = -60;  // see make.py
  for (const auto& t : model.weights().tensors())
    for (const float value : t.values) CHECK(value == static_cast<float>(count++) / 64);
}

TEST_CASE("torch: what is written is read, with all that belongs to the model") {
  const TemporaryDirectory folder;
  const Vocabulary vocabulary = Vocabulary::standard();
  const Model<> model({{vocabulary.size(), 4, 6, 3}, vocabulary, {{0, 5, 127}}, true}, 7);
  save_torch(folder / "m.pt", model);
  const auto loaded = load_torch(folder / "m.pt");
  CHECK(same_weights(loaded, model));
  CHECK(loaded.vocabulary() == vocabulary);
  CHECK(loaded.config().profile == model.config().profile);
  CHECK(loaded.config().canonical);
  CHECK(torch_bytes(loaded) == torch_bytes(model));
  CHECK(torch_bytes(loaded) == read_bytes(folder / "m.pt"));

  const auto in_double = load_torch<BasicCpu<double>>(folder / "m.pt");
  const Bytes bytes = torch_bytes(in_double);
  CHECK(bytes.size() > read_bytes(folder / "m.pt").size() * 3 / 2);
  CHECK(same_weights(parse_torch(bytes, "d.pt"), model));
}

TEST_CASE("torch: a state dict by itself or under the usual keys, under any prefix") {
  const Model<> model = tiny_model();
  const StateDict state(model);
  for (const std::string key : {"", "state_dict", "model_state_dict", "model"}) {
    TorchReport report;
    const Bytes bytes = key.empty() ? state.checkpoint() : nested(state, key);
    CHECK(same_weights(parse_torch(bytes, "t.pt", std::nullopt, &report), model));
    CHECK(report.key == key);
    CHECK(report.ignored.size() == (key.empty() ? 0 : 2));
  }
  CHECK(
      checkpoint_refusal(nested(state, "weights")) ==
      "t.pt: has no \"embed.weight\", neither at the top nor under \"state_dict\", \"model_state_dict\" or \"model\"; "
      "its keys: epoch, weights, optimizer");

  for (const std::string prefix : {"module.", "_orig_mod.module."}) {
    Pickler pickle;
    state.add_to(pickle, prefix);
    pickle.text("loss.weight").number(1).code(PickleCode::setitem).code(PickleCode::stop);
    TorchReport report;
    CHECK(same_weights(parse_torch(state.checkpoint(pickle.bytes()), "t.pt", std::nullopt, &report), model));
    CHECK(report.prefix == prefix);
    CHECK(report.ignored == std::vector<std::string>{"loss.weight"});
  }
}

TEST_CASE("torch: two networks in one state dict are refused, unless one has no prefix") {
  StateDict state(tiny_model());
  const auto both = [&](const std::string& other) {
    Pickler pickle;
    state.add_to(pickle, "a.");
    pickle.text(other);
    add(pickle, state["embed.weight"]);
    return checkpoint_refusal(state.checkpoint(pickle.code(PickleCode::setitem).code(PickleCode::stop).bytes()));
  };
  CHECK(both("b.embed.weight") == "t.pt: has more than one network: \"a.embed.weight\" and \"b.embed.weight\"");
  CHECK_THAT(both("embed.weight"), Catch::Contains("has no tensor"));
}

TEST_CASE("torch: weights that share a storage, as a GRU on a GPU has them") {
  const Model<> model = tiny_model();
  StateDict state(model);
  std::string all;
  std::vector<StoredTensor*> shared;
  for (auto& [name, t] : state.tensors) {
    if (!name.starts_with("gru.")) continue;
    t.offset = static_cast<std::int64_t>(all.size() / sizeof(float));
    all += state.entries.at("x/data/" + t.key);
    state.entries.erase("x/data/" + t.key);
    t.key = "gru";
    shared.push_back(&t);
  }
  for (StoredTensor* t : shared) t->storage_size = static_cast<std::int64_t>(all.size() / sizeof(float));
  state.entries["x/data/gru"] = all;
  CHECK(same_weights(parse_torch(state.checkpoint(), "t.pt"), model));
}

TEST_CASE("torch: a state dict of another network is refused, with the tensor and both shapes") {
  const auto changed = [](const std::string& name, const auto& change) {
    StateDict state(tiny_model());
    change(state[name]);
    return checkpoint_refusal(state.checkpoint());
  };
  const auto reshaped = [&](const std::string& name, const Shape& shape) {
    return changed(name, [&](StoredTensor& t) { t.shape = shape, t.strides.assign(shape.size(), 0); });
  };
  CHECK(reshaped("gru.weight_hh_l1", {9, 2}) == "t.pt: tensor \"gru.weight_hh_l1\" has shape (9, 2), expected (9, 3)");
  CHECK(reshaped("gru.bias_ih_l0", {8}) == "t.pt: tensor \"gru.bias_ih_l0\" has shape (8), expected (9)");
  CHECK(reshaped("gru.bias_ih_l0", {9, 1}) == "t.pt: tensor \"gru.bias_ih_l0\" has shape (9, 1), expected (9)");
  CHECK(reshaped("embed.weight", {5, 3}) == "t.pt: tensor \"gru.weight_ih_l0\" has shape (9, 2), expected (9, 3)");
  CHECK(reshaped("embed.weight", {6, 2}) == "t.pt: tensor \"hidden2vocab.weight\" has shape (5, 3), expected (6, 3)");
  for (const Shape& shape : {Shape{}, {10}, {5, 0}, {0, 2}, {5, 2, 1}})
    CHECK_THAT(reshaped("embed.weight", shape),
               Catch::Contains("\"embed.weight\" has shape " + to_string(shape) + ", which no layer"));
  CHECK_THAT(changed("combine_ctx.bias", [](StoredTensor& t) { t.storage_type = "LongStorage"; }),
             Catch::Contains("\"combine_ctx.bias\" is not of floating-point numbers"));

  for (const auto& [name, tensor] : StateDict(tiny_model()).tensors) {
    INFO(name);
    StateDict state(tiny_model());
    std::erase_if(state.tensors, [&](const auto& t) { return t.first == name; });
    const std::string why = checkpoint_refusal(state.checkpoint());
    CHECK_THAT(why, Catch::Contains(name) || Catch::Contains("gru."));
  }
  StateDict state(tiny_model());
  state.tensors.push_back({"gru.weight_ih_l0_reverse", state["gru.weight_ih_l0"]});
  CHECK(
      checkpoint_refusal(state.checkpoint()) ==
      "t.pt: has the tensor \"gru.weight_ih_l0_reverse\", which this network has not: it would compute something else");
}

TEST_CASE("torch: shapes larger than the file are refused before memory is asked for") {
  constexpr std::int64_t million = 1'000'000, most = std::numeric_limits<std::int64_t>::max();
  for (const Shape& shape : {Shape{million, million}, {most, 1}, {most, most}, {1 << 20, 2}}) {
    StateDict state(tiny_model());
    state["embed.weight"].shape = shape;
    state["embed.weight"].strides = {0, 0};
    CHECK_THAT(checkpoint_refusal(state.checkpoint()),
               Catch::Contains("\"embed.weight\"") && Catch::Contains("too large"));
  }
  StateDict state(tiny_model());  // each may be as large as the file, but not all together
  for (int l = 0; l < 1000; ++l)
    state.tensors.push_back({"gru.weight_ih_l" + std::to_string(l), {"FloatStorage", "0", 10, 0, {100, 100}, {0, 0}}});
  CHECK_THAT(checkpoint_refusal(state.checkpoint()), Catch::Contains("too large"));
}

TEST_CASE("torch: things that are no state dict are refused") {
  const StateDict state(tiny_model());
  const auto pickled = [&](const std::string& instructions) {
    return checkpoint_refusal(state.checkpoint("\x80\2" + instructions + "."));
  };
  CHECK(pickled("K\1") == "t.pt: holds no dictionary, and so no state dict");
  CHECK(pickled("]") == "t.pt: holds no dictionary, and so no state dict");
  CHECK_THAT(pickled("}"), Catch::Contains("has no \"embed.weight\""));
  CHECK_THAT(pickled("}\x8c\5modelK\1s"), Catch::Contains("its keys: model"));
  CHECK(pickled("}\x8c\x0c"
                "embed.weightK\1s") == "t.pt: has no tensor \"embed.weight\"");
  CHECK_THAT(pickled("}\x8c\5modelq\1}h\1h\1ss"), Catch::Contains("its keys: model"));
  CHECK_THAT(pickled("}q\1\x8c\5modelh\1s"), Catch::Contains("its keys: model"));  // contains itself
}

TEST_CASE("torch: a vocabulary of another size is refused") {
  const StateDict state(tiny_model());
  CHECK_THROWS_WITH(parse_torch(state.checkpoint(), "t.pt", Vocabulary::standard()),
                    "t.pt: tensor \"embed.weight\" has shape (5, 2), but the vocabulary has 405 tokens");
}

TEST_CASE("torch: what is told of another model is refused") {
  StateDict state(tiny_model());
  state.entries["x/extra/musicgen.json"] = to_metadata(tiny_model().config());
  CHECK(checkpoint_refusal(state.checkpoint()) == "");
  state.entries["x/extra/musicgen.json"] = to_metadata({{5, 2, 4, 2}, {}, {}, true});
  CHECK(checkpoint_refusal(state.checkpoint()) ==
        "t.pt: entry \"extra/musicgen.json\" tells of another model than this");
  state.entries["x/extra/musicgen.json"] = "[";
  CHECK(checkpoint_refusal(state.checkpoint()) == "t.pt: entry \"extra/musicgen.json\" is not a JSON object");
}

TEST_CASE("torch: whatever bytes are in the pickle, it is read or refused") {
  const StateDict state(tiny_model());
  Pickler pickle;
  state.add_to(pickle);
  const std::string whole = pickle.code(PickleCode::stop).bytes();
  for (std::size_t size = 1; size < whole.size(); ++size) {
    INFO(size);
    CHECK(checkpoint_refusal(state.checkpoint(whole.substr(0, size))) != "");
  }
  Random random(3);
  for (int i = 0; i < 2000; ++i) {
    std::string changed = whole;
    for (int n = random.between(1, 4); n > 0; --n)
      changed[random.below(changed.size())] = static_cast<char>(random.below(256));
    checkpoint_refusal(state.checkpoint(changed));  // any exception but an Error fails the test
  }
}
