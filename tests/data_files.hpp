// Where tests find data outside the project, and folders for output.
#pragma once

#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace musicgen::test {

/// Prints why a test does not run; CTest then shows it as skipped. Return from the test afterwards. A test that prints
/// this and fails still counts as skipped, so call it before any check.
inline void skip(std::string_view reason) {
  std::cout << "SKIPPED: " << reason << std::endl;
}

/// The project's folder; MUSICGEN_SOURCE_DIR comes from CMake.
inline std::filesystem::path source_dir() {
  return MUSICGEN_SOURCE_DIR;
}

inline std::string content(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// A new folder, removed with its content when this object goes out of scope.
class TemporaryDirectory {
 public:
  explicit TemporaryDirectory(const std::filesystem::path& in = std::filesystem::temp_directory_path()) {
    std::string name = (in / "musicgen-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no folder can be made in " + in.string());
    path_ = name;
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  const std::filesystem::path& path() const { return path_; }
  /// A path in the folder.
  std::filesystem::path operator/(const std::filesystem::path& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

namespace detail {

/// The value of an environment variable, if it is set.
inline std::optional<std::filesystem::path> environment(const char* variable) {
  const char* value = std::getenv(variable);
  return value != nullptr && *value != '\0' ? std::optional<std::filesystem::path>(value) : std::nullopt;
}

/// `path`, if it is a folder.
inline std::optional<std::filesystem::path> folder(const std::filesystem::path& path) {
  std::error_code ignored;
  return std::filesystem::is_directory(path, ignored) ? std::optional(path) : std::nullopt;
}

/// Unpacks a tar archive into an existing folder.
inline void unpack(const std::filesystem::path& archive, const std::filesystem::path& into) {
  const std::string from = archive.string(), to = into.string();
  const char* arguments[] = {"tar", "-xf", from.c_str(), "-C", to.c_str(), nullptr};
  pid_t child = 0;
  int status = 0;
  if (::posix_spawnp(&child, "tar", nullptr, nullptr, const_cast<char**>(arguments), ::environ) != 0 ||
      ::waitpid(child, &status, 0) != child || status != 0)
    throw std::runtime_error("tar cannot unpack " + from);
}

/// The folder `name` in an archive of POP909 (the whole archive if `name` is empty), unpacked once into the build
/// folder; nothing if there is no archive.
inline std::optional<std::filesystem::path> unpacked_pop909(const char* archive_name, const char* name,
                                                            const std::filesystem::path& into) {
  namespace fs = std::filesystem;
  const fs::path build = MUSICGEN_BUILD_DIR, unpacked = build / into;
  const fs::path archive = source_dir().parent_path() / "shared" / "pop909" / archive_name;
  if (fs::is_directory(unpacked) || !fs::is_regular_file(archive)) return folder(unpacked);
  const TemporaryDirectory beside(build);
  fs::create_directory(beside / "all");
  unpack(archive, beside / "all");
  // Tests run in parallel: the second one finds the folder of the first, and drops its own.
  std::error_code taken;
  fs::rename(beside / "all" / name, unpacked, taken);
  return folder(unpacked);
}

}  // namespace detail

/// The folder of POP909 (with 001/, 002/, ...): MUSICGEN_POP909_DIR, else ../shared/pop909/pop909.tar.xz, unpacked once
/// into the build folder; nothing if there is neither.
inline std::optional<std::filesystem::path> pop909_dir() {
  if (const auto named = detail::environment("MUSICGEN_POP909_DIR")) return detail::folder(*named);
  return detail::unpacked_pop909("pop909.tar.xz", "POP909", "POP909");
}

/// The folder of its annotations (POP909/001, structure/POP909/001): MUSICGEN_POP909_ANNOTATIONS_DIR, else
/// ../shared/pop909/annotations.tar.xz in the same way.
inline std::optional<std::filesystem::path> pop909_annotations_dir() {
  if (const auto named = detail::environment("MUSICGEN_POP909_ANNOTATIONS_DIR")) return detail::folder(*named);
  return detail::unpacked_pop909("annotations.tar.xz", "", "POP909-annotations");
}

/// The folder with the reference models `model_*.safetensors`: MUSICGEN_GOLDEN_DIR, by default ../shared/golden;
/// nothing if it is missing.
inline std::optional<std::filesystem::path> golden_dir() {
  return detail::folder(
      detail::environment("MUSICGEN_GOLDEN_DIR").value_or(source_dir().parent_path() / "shared" / "golden"));
}

/// The folder with the original project's checkpoint and PyTorch's results for it: MUSICGEN_SEED_DIR, by default
/// ../shared/seed; nothing if it is missing.
inline std::optional<std::filesystem::path> seed_dir() {
  return detail::folder(
      detail::environment("MUSICGEN_SEED_DIR").value_or(source_dir().parent_path() / "shared" / "seed"));
}

}  // namespace musicgen::test
