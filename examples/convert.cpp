// Converts models from and to PyTorch, and to formats with fewer bytes.
#include <array>
#include <filesystem>
#include <fstream>
#include <musicgen/core/text.hpp>
#include <musicgen/import/torch.hpp>
#include <musicgen/model/model_file.hpp>
#include <optional>
#include <string_view>
#include <system_error>

#include "machine.hpp"
#include "program.hpp"
#include "vocabulary.hpp"

using namespace musicgen;
namespace fs = std::filesystem;

namespace {

struct Options {
  fs::path in, out, vocabulary, written_vocabulary;
  Precision storage = Precision::fp32;
  std::optional<float> attention_scale;
};

/// Whether a file name means PyTorch's format (or else safetensors); nothing for other names.
std::optional<bool> is_torch_name(const fs::path& file) {
  const std::string extension = detail::lower_case(file.extension().string());
  if (extension == ".pt" || extension == ".pth") return true;
  return extension == ".safetensors" ? std::optional(false) : std::nullopt;
}

/// Whether a file is a checkpoint of PyTorch (a zip archive) or else a model (a JSON header after its length); if it is
/// neither, its name decides, and else `by_itself`.
bool is_checkpoint(const fs::path& file, bool by_itself) {
  std::array<char, 9> start{};
  std::error_code fault;
  if (fs::is_regular_file(file, fault))  // opening a pipe would block
    std::ifstream(file, std::ios::binary).read(start.data(), start.size());
  if (std::string_view(start.data(), 4) == "PK\3\4") return true;
  return start[8] != '{' && is_torch_name(file).value_or(by_itself);
}

/// Reports where in the file the weights were, and what else it contained.
void tell(const fs::path& file, const TorchReport& report) {
  std::cout << file.string() << ": state dict";
  if (!report.key.empty()) std::cout << " under \"" << report.key << '"';
  if (!report.prefix.empty()) std::cout << ", each name after \"" << detail::printable(report.prefix) << '"';
  for (std::size_t i = 0; i < report.ignored.size() && i < 20; ++i)
    std::cout << (i == 0 ? "; ignored: " : ", ") << report.ignored[i];
  if (report.ignored.size() > 20) std::cout << " and " << report.ignored.size() - 20 << " more";
  std::cout << '\n';
}
void tell(const fs::path& file, const Model<>& model) {
  const Dimensions& d = model.dimensions();
  std::cout << file.string() << ": embedding " << d.E << ", hidden " << d.H << ", layers " << d.L << ", " << d.V
            << " tokens\n";
}

void write_model(const Options& o, const Model<>& model) {
  ModelConfig config = model.config();
  config.attention.scale = o.attention_scale.value_or(config.attention.scale);
  save_model(o.out, Model<>(std::move(config), model.weights()), o.storage);
}

void from_torch(const Options& o) {
  std::optional<Vocabulary> vocabulary;
  if (!o.vocabulary.empty()) vocabulary = read_vocabulary(o.vocabulary);
  TorchReport report;
  const auto model = load_torch(o.in, std::move(vocabulary), &report);
  write_model(o, model);
  tell(o.in, report);
  tell(o.out, model);
  if (!model.config().vocabulary)
    std::cout << "it can be neither trained nor sampled: --vocabulary says what its tokens are\n";
}

void to_torch(const Options& o) {
  const auto model = load_model(o.in);
  if (o.written_vocabulary.empty()) {
    save_torch(o.out, model);
  } else {
    if (!model.config().vocabulary) throw file_error(o.in, "has no vocabulary to be saved");
    AtomicFile vocabulary(o.written_vocabulary);  // first, so that neither is written if the other cannot be
    vocabulary.write(nlohmann::json(model.vocabulary().names()).dump() + '\n');
    save_torch(o.out, model);
    vocabulary.commit();
  }
  tell(o.out, model);
  if (model.config().attention.value == AttentionValue::successor)
    std::cout << "its attention sums the outputs after those that it finds, which the original's code does not\n";
  if (model.config().attention.scale != 1)
    std::cout << "it multiplies its scores by " << model.config().attention.scale
              << ", which the original's code does not\n";
}

void to_model(const Options& o) {
  const auto model = load_model(o.in);
  write_model(o, model);
  tell(o.out, model);
}

/// @throws CLI::ValidationError  for names and options that exclude each other
void convert(const Options& o) {
  const auto to_which = is_torch_name(o.out);
  if (!to_which) throw CLI::ValidationError("OUT", "must end in .safetensors, .pt or .pth");
  const bool exporting = *to_which, from_checkpoint = is_checkpoint(o.in, !exporting);
  if (exporting && from_checkpoint) throw CLI::ValidationError("OUT", "names the format that IN has already");
  const bool importing = !exporting && from_checkpoint;
  if (!importing && !o.vocabulary.empty()) throw CLI::ValidationError("--vocabulary", "goes with a checkpoint");
  if (!exporting && !o.written_vocabulary.empty())
    throw CLI::ValidationError("--save-vocabulary", "goes with an OUT.pt");
  if (exporting && (o.storage != Precision::fp32 || o.attention_scale))
    throw CLI::ValidationError(o.attention_scale ? "--attention-scale" : "--precision", "goes with an OUT.safetensors");
  require_distinct({o.in, o.vocabulary}, {o.out, o.written_vocabulary});
  if (exporting)
    to_torch(o);
  else if (importing)
    from_torch(o);
  else
    to_model(o);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Makes a PyTorch checkpoint of this network a model, and a model a PyTorch state dict or another model");
  Options options;
  app.add_option("IN", options.in, "a checkpoint that torch.save wrote, or a model")->required()->check(file_name());
  app.add_option("OUT", options.out, "the model to write, OUT.safetensors, or the state dict, OUT.pt")->required();
  app.add_option("--vocabulary", options.vocabulary,
                 "with a checkpoint: a JSON list of its tokens, in the order of their numbers");
  app.add_option("--save-vocabulary", options.written_vocabulary, "with an OUT.pt: write that list to this file");
  add_precision(app, options.storage, "that the model is stored in: bf16 takes half the bytes, int8 a quarter");
  app.add_option("--attention-scale", options.attention_scale,
                 "what the model's attention multiplies its scores by, in place of what it did")
      ->check(number_in(1e-6, 1e6));
  return run_program(app, argc, argv, [&] { convert(options); });
}
