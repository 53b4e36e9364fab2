// Runs the example programs as a user would, and looks at what they leave.
#pragma once

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <map>
#include <musicgen/data/composer.hpp>
#include <musicgen/midi.hpp>
#include <musicgen/model/model_file.hpp>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "data_files.hpp"

namespace musicgen::test {

namespace fs = std::filesystem;

inline constexpr std::array program_names{"hello",    "tokenize", "compose", "train", "generate",
                                          "evaluate", "compare",  "inspect", "curves"};

inline void write(const fs::path& file, std::string_view text) {
  fs::create_directories(file.parent_path());
  std::ofstream(file, std::ios::binary) << text;
}

inline std::vector<std::string> lines(const std::string& text) {
  std::vector<std::string> all;
  std::size_t from = 0;
  for (std::size_t end; (end = text.find('\n', from)) != std::string::npos; from = end + 1)
    all.push_back(text.substr(from, end - from));
  if (from < text.size()) all.push_back(text.substr(from));
  return all;
}

inline std::vector<std::string> joined(std::vector<std::string> a, const std::vector<std::string>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

/// How a program ended and what it said.
struct Finished {
  int status = -1;  ///< of its exit, or minus the signal that ended it
  std::string out, err;
};

/// A program at work; killed with this if it still runs.
class Process {
 public:
  /// @param folder  for what it says
  Process(const std::string& program, const std::vector<std::string>& arguments, const fs::path& folder)
      : out_(folder / "stdout"), err_(folder / "stderr") {
    const std::string path = (fs::path(MUSICGEN_BUILD_DIR) / "examples" / program).string();
    std::vector<const char*> argv{path.c_str()};
    for (const std::string& argument : arguments) argv.push_back(argument.c_str());
    argv.push_back(nullptr);
    posix_spawn_file_actions_t files;
    ::posix_spawn_file_actions_init(&files);
    ::posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_addopen(&files, 1, out_.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0666);
    ::posix_spawn_file_actions_addopen(&files, 2, err_.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0666);
    const int fault = ::posix_spawn(&child_, path.c_str(), &files, nullptr, const_cast<char**>(argv.data()), ::environ);
    ::posix_spawn_file_actions_destroy(&files);
    if (fault != 0) throw std::runtime_error(path + " cannot be run");
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process() {
    if (child_ == 0) return;
    send(SIGKILL);
    wait();
  }

  void send(int signal) const { ::kill(child_, signal); }

  bool runs() {
    siginfo_t info{};
    return ::waitid(P_PID, static_cast<id_t>(child_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == 0;
  }

  Finished wait() {
    int status = 0;
    ::waitpid(std::exchange(child_, 0), &status, 0);
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status), content(out_), content(err_)};
  }

 private:
  fs::path out_, err_;
  pid_t child_ = 0;
};

/// A folder to work in, and programs that are run to their end there.
class Workplace {
 public:
  std::string operator/(const std::string& name) const { return (folder_.path() / name).string(); }
  const fs::path& path() const { return folder_.path(); }

  Finished run(const std::string& program, const std::vector<std::string>& arguments) const {
    return Process(program, arguments, speech_.path()).wait();
  }
  /// What a program that has to succeed writes to its standard output.
  std::string output(const std::string& program, const std::vector<std::string>& arguments) const {
    const Finished finished = run(program, arguments);
    if (finished.status != 0)
      throw std::runtime_error(program + " ended with " + std::to_string(finished.status) + ": " + finished.err);
    return finished.out;
  }
  Process start(const std::string& program, const std::vector<std::string>& arguments) const {
    return {program, arguments, speech_.path()};
  }

  /// A folder of short composed songs.
  std::string songs(const std::string& name = "songs", int count = 6) const {
    for (int i = 0; i < count; ++i) {
      fs::create_directories(*this / name);
      write_midi(*this / (name + "/" + std::to_string(i) + ".mid"),
                 compose(static_cast<std::uint64_t>(i), {.min_tempo = 130, .max_seconds = 46}));
    }
    return *this / name;
  }
  /// A file with a small model that has learned nothing.
  std::string model(const std::string& name = "model.safetensors", std::uint64_t seed = 1) const {
    ModelConfig config = presets::small(Vocabulary::standard());
    config.dimensions = {config.vocabulary->size(), 8, 16, 1};
    config.profile.programs = {40, 41, 0};
    save_model(*this / name, Model<>(config, seed));
    return *this / name;
  }
  /// The first half of a file.
  std::string half(const std::string& file) const {
    const std::string whole = content(file), name = *this / ("half-" + fs::path(file).filename().string());
    write(name, whole.substr(0, whole.size() / 2));
    return name;
  }
  /// Every file below, by name, and what is in it.
  std::map<std::string, std::string> files() const {
    std::map<std::string, std::string> all;
    for (const auto& entry : fs::recursive_directory_iterator(folder_.path()))
      if (entry.is_regular_file()) all[entry.path().string()] = content(entry.path());
    return all;
  }

 private:
  TemporaryDirectory folder_, speech_;
};

}  // namespace musicgen::test
