// Definitions of error.hpp.
#pragma once

#include <utility>

#include "error.hpp"

namespace musicgen::inline MUSICGEN_ABI {

MUSICGEN_INLINE Error::Error(const std::string& what, ErrorCode code, std::filesystem::path path,
                             std::optional<std::uint64_t> offset)
    : std::runtime_error(what), code_(code), path_(std::move(path)), offset_(offset) {}

MUSICGEN_INLINE Error file_error(const std::filesystem::path& file, std::uint64_t byte, const std::string& what) {
  return Error(file.string() + ": byte " + std::to_string(byte) + ": " + what, ErrorCode::file_format, file, byte);
}

MUSICGEN_INLINE Error file_error(const std::filesystem::path& file, const std::string& what, ErrorCode code) {
  return Error(file.string() + ": " + what, code, file);
}

}  // namespace musicgen::inline MUSICGEN_ABI
