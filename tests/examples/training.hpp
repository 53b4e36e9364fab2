// Short training runs of a small network.
#pragma once

#include <musicgen/train/progress.hpp>
#include <nlohmann/json.hpp>

#include "examples/programs.hpp"

namespace musicgen::test {

/// A place with songs to learn from.
class TrainingPlace : public Workplace {
 public:
  TrainingPlace() : data_(songs()), stages_(*this / "stages.json") {
    write(stages_, R"([{"name": "short", "target_length": 31}])");
  }

  const std::string& data() const { return data_; }
  const std::string& stages() const { return stages_; }

  /// Arguments that train NAME.safetensors, of performances; of options given twice the last counts.
  std::vector<std::string> command(const std::string& name, int steps,
                                   const std::vector<std::string>& more = {}) const {
    std::map<std::string, std::string> options{{"--data", data_},
                                               {"--language", "performance"},
                                               {"--out", *this / (name + ".safetensors")},
                                               {"--hidden", "16"},
                                               {"--layers", "1"},
                                               {"--embedding", "8"},
                                               {"--batch", "4"},
                                               {"--stages", stages_},
                                               {"--seed", "3"},
                                               {"--steps", std::to_string(steps)}};
    std::vector<std::string> arguments;
    for (std::size_t i = 0; i < more.size(); ++i) {
      if (options.erase(more[i]) == 0) {
        arguments.push_back(more[i]);
      } else {
        arguments.insert(arguments.end(), {more[i], more[i + 1]});
        ++i;
      }
    }
    for (const auto& [option, value] : options) arguments.insert(arguments.end(), {option, value});
    return arguments;
  }

  std::string model_bytes(const std::string& name) const { return content(*this / (name + ".safetensors")); }
  std::string last(const std::string& name) const { return *this / (name + ".last.safetensors"); }

  /// Weights and moments of the last checkpoint.
  std::map<std::string, std::vector<float>> tensors(const std::string& name) const {
    const Safetensors file = Safetensors::read(last(name));
    std::map<std::string, std::vector<float>> all;
    for (const auto& [tensor, entry] : file.entries()) all[tensor] = file.values<float>(tensor);
    return all;
  }
  /// Where the last checkpoint stands.
  std::int64_t checkpoint_step(const std::string& name) const {
    return nlohmann::json::parse(Safetensors::read(last(name)).metadata().at("training")).at("step");
  }

  std::vector<nlohmann::json> log(const std::string& name) const {
    std::vector<nlohmann::json> all;
    for (const std::string& line : lines(content(*this / name))) all.push_back(nlohmann::json::parse(line));
    return all;
  }
  /// The losses of each step: a log without the clock.
  std::vector<std::pair<std::int64_t, double>> losses(const std::string& name) const {
    std::vector<std::pair<std::int64_t, double>> all;
    for (const auto& line : log(name)) all.emplace_back(line.at("step"), line.at("loss"));
    return all;
  }

 private:
  std::string data_, stages_;
};

}  // namespace musicgen::test
