// Takes models over from PyTorch, and back.
#include <musicgen/core/text.hpp>
#include <musicgen/import/torch.hpp>
#include <musicgen/train/checkpoint.hpp>

#include "program.hpp"
#include "vocabulary.hpp"

using namespace musicgen;
namespace fs = std::filesystem;

namespace {

/// Whether a name stands for PyTorch's format, or else for safetensors; nothing for other names.
std::optional<bool> is_torch_name(const fs::path& file) {
  const std::string extension = detail::lower_case(file.extension().string());
  if (extension == ".pt" || extension == ".pth") return true;
  return extension == ".safetensors" ? std::optional(false) : std::nullopt;
}

/// Says where in the file the weights were, and what else was there.
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

void from_torch(const fs::path& in, const fs::path& vocabulary_file, const fs::path& out) {
  std::optional<Vocabulary> vocabulary;
  if (!vocabulary_file.empty()) vocabulary = read_vocabulary(vocabulary_file);
  TorchReport report;
  const auto model = load_torch(in, std::move(vocabulary), &report);
  save_model(out, model);
  tell(in, report);
  tell(out, model);
  if (!model.config().vocabulary)
    std::cout << "it can be neither trained nor sampled: --vocabulary says what its tokens are\n";
}

void to_torch(const fs::path& in, const fs::path& vocabulary_file, const fs::path& out) {
  const auto model = load_model(in);
  if (vocabulary_file.empty()) {
    save_torch(out, model);
  } else {
    if (!model.config().vocabulary) throw file_error(in, "has no vocabulary to be saved");
    AtomicFile vocabulary(vocabulary_file);  // first, so that neither is written where the other cannot be
    vocabulary.write(nlohmann::json(model.vocabulary().texts()).dump() + '\n');
    save_torch(out, model);
    vocabulary.commit();
  }
  tell(out, model);
  if (model.config().attention.value == AttentionValue::successor)
    std::cout << "its attention sums the outputs after those that it finds, which the original's code does not\n";
  if (model.config().attention.scale != 1)
    std::cout << "it multiplies its scores by " << model.config().attention.scale
              << ", which the original's code does not\n";
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Makes a PyTorch checkpoint of this network a model, and a model a PyTorch state dict");
  fs::path in, out, read, written;
  app.add_option("IN", in, "a checkpoint that torch.save wrote; for an OUT.pt, a model")->required();
  app.add_option("OUT", out, "the model to write, OUT.safetensors, or the state dict, OUT.pt")->required();
  app.add_option("--vocabulary", read, "with a checkpoint: a JSON list of its tokens, in the order of their numbers");
  app.add_option("--save-vocabulary", written, "with a model: write that list to this file");

  return run_program(app, argc, argv, [&] {
    const auto to_which = is_torch_name(out);
    if (!to_which) throw CLI::ValidationError("OUT", "must end in .safetensors, .pt or .pth");
    if (is_torch_name(in) == to_which) throw CLI::ValidationError("OUT", "names the format that IN has already");
    const bool exporting = *to_which;
    if (exporting && !read.empty()) throw CLI::ValidationError("--vocabulary", "goes with an OUT.safetensors");
    if (!exporting && !written.empty()) throw CLI::ValidationError("--save-vocabulary", "goes with an OUT.pt");
    require_distinct({in, read}, {out, written});
    if (exporting)
      to_torch(in, written, out);
    else
      from_torch(in, read, out);
  });
}
