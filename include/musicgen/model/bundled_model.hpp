// The bundled model, compiled into the program, so that it needs no file.
//
// With CMake: target_link_libraries(program PRIVATE musicgen::bundled_model). A program that does not link that target
// must not call these.
#pragma once

#include <cstddef>
#include <span>

#include "../backend/cpu/cpu.hpp"
#include "../core/config.hpp"
#include "model_file.hpp"

extern "C" {
/// Where the file's bytes begin and end. Defined by the target musicgen::bundled_model.
extern const std::byte musicgen_bundled_model_begin[];
extern const std::byte musicgen_bundled_model_end[];
}

namespace musicgen::inline MUSICGEN_ABI {

/// The bytes of the file pop909.safetensors. Safe to call from any thread.
[[nodiscard]] inline std::span<const std::byte> bundled_model_bytes() {
  return {musicgen_bundled_model_begin, musicgen_bundled_model_end};
}

/// A model of pop-piano music in the language of beats (docs/results.md), to sample from or to fine-tune on other
/// music.
template <Backend B = Cpu>
[[nodiscard]] Model<B> bundled_model() {
  return parse_model<B>(bundled_model_bytes(), "the bundled model");
}

}  // namespace musicgen::inline MUSICGEN_ABI
