// Models from and for PyTorch: reads the state dict of this network from a file that torch.save has written, and writes
// one. Details: docs/formats.md. Needs libzip: link musicgen::import_torch.
//
// Any number of threads may call these functions, as long as none of them changes the model.
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

/// Where in a checkpoint the weights were, and what else it contained.
struct TorchReport {
  std::string key = {};                   ///< "model" in {"model": ..., "optimizer": ...}; empty: at the top
  std::string prefix = {};                ///< of their names, such as DataParallel's "module."
  std::vector<std::string> ignored = {};  ///< the other keys
};

/// The model in the bytes of a file; see load_torch().
/// @param file  its name, for errors
template <Backend B = Cpu>
[[nodiscard]] Model<B> parse_torch(std::span<const unsigned char> bytes, const std::filesystem::path& file,
                                   std::optional<Vocabulary> vocabulary = std::nullopt, TorchReport* report = nullptr);

/// Reads a model with this network's architecture, of any size, that PyTorch 1.6 or later has written with
/// torch.save(): its state dict, or a dictionary with the state dict under "state_dict", "model_state_dict" or "model".
/// No code in the file is run. Unless save_torch() wrote the file, the model has no programs, and its tokens are
/// assumed not to be in canonical order.
/// @param vocabulary  the meaning of its tokens, which PyTorch's files do not have
/// @param report      out: where the weights were, and what was ignored
/// @throws Error  naming the file and what is wrong with it
template <Backend B = Cpu>
[[nodiscard]] Model<B> load_torch(const std::filesystem::path& file,
                                  std::optional<Vocabulary> vocabulary = std::nullopt, TorchReport* report = nullptr);

/// The model as a file from which torch.load() of PyTorch 1.6 and later reads its state dict, also with
/// weights_only=True. The file has the rest of the model, too, for load_torch().
template <Backend B>
[[nodiscard]] std::vector<unsigned char> torch_bytes(const Model<B>& model);

/// Writes the model for PyTorch, in one step.
/// @throws Error  if it cannot be written
template <Backend B>
void save_torch(const std::filesystem::path& file, const Model<B>& model);

}  // namespace musicgen::inline MUSICGEN_ABI

// Always compiled where it is included: otherwise musicgen::compiled would need libzip.
#include "torch.ipp"
