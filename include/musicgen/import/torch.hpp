// Models from PyTorch and for it: the state dict of this network in a file that torch.save wrote, and back.
// docs/formats.md has the whole of it. Needs libzip: link musicgen::import_torch.
//
// Any number of threads may call these, with a model that none of them changes.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "../core/config.hpp"
#include "../model.hpp"
#include "../tokens/vocabulary.hpp"

namespace musicgen::inline MUSICGEN_ABI {

/// Where in a checkpoint the weights were, and what else was there.
struct TorchReport {
  std::string key = {};                   ///< "model" of {"model": ..., "optimizer": ...}; empty: they are all there is
  std::string prefix = {};                ///< "module." before their names, as DataParallel has it
  std::vector<std::string> ignored = {};  ///< keys of the rest
};

/// The model in the bytes of a file; see load_torch().
/// @param file  only names it in errors
template <Backend B = Cpu>
[[nodiscard]] Model<B> parse_torch(std::span<const unsigned char> bytes, const std::filesystem::path& file,
                                   std::optional<Vocabulary> vocabulary = std::nullopt, TorchReport* report = nullptr);

/// Reads a model of this network's kind, of any size, that PyTorch 1.6 or later wrote with torch.save(): its state
/// dict, or a dictionary that has it under "state_dict", "model_state_dict" or "model". Nothing in the file is run.
/// The model has no programs and is taken for one of music in no canonical order, unless save_torch() wrote the file.
/// @param vocabulary  what its tokens mean; PyTorch's files do not say
/// @param report      told where the weights were and what was ignored
/// @throws Error  naming the file and what is wrong with it
template <Backend B = Cpu>
[[nodiscard]] Model<B> load_torch(const std::filesystem::path& file,
                                  std::optional<Vocabulary> vocabulary = std::nullopt, TorchReport* report = nullptr);

/// The model as a file that torch.load() makes its state dict of, in PyTorch 1.6 and later, with weights_only=True too.
/// The rest of the model is beside it in the file, for load_torch().
template <Backend B>
[[nodiscard]] std::vector<unsigned char> torch_bytes(const Model<B>& model);

/// Writes the model for PyTorch, in one step.
/// @throws Error  if it cannot be written
template <Backend B>
void save_torch(const std::filesystem::path& file, const Model<B>& model);

}  // namespace musicgen::inline MUSICGEN_ABI

// Compiled where it is included, also where musicgen::compiled is linked, which would else need libzip.
#include "torch.ipp"
