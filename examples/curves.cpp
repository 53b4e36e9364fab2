// Draws the validation loss over tokens from the logs of training runs.
#include <cerrno>
#include <cstring>
#include <fstream>
#include <musicgen/core/json.hpp>
#include <musicgen/musicgen.hpp>

#include "program.hpp"
#include "render.hpp"

using namespace musicgen;
namespace fs = std::filesystem;

#ifdef MUSICGEN_HAS_CURVES
namespace {

/// @throws Error  for a file that is not a training log, or has no validation loss of at most `below`
Curve read_log(const fs::path& file, double below) {
  std::error_code fault;
  if (fs::is_directory(file, fault)) throw file_error(file, "is a directory");
  std::ifstream in(file);  // may be a pipe
  if (!in) throw file_error(file, std::string("cannot be opened: ") + std::strerror(errno));
  Curve curve{file.stem().string(), {}};
  std::string text;
  for (int line = 1; std::getline(in, text); ++line) {
    const auto j = detail::parse_json(text);
    if (in.eof() && !j.is_object()) break;  // the last line of a run that is still writing, or was killed
    const auto bad = [&] { return file_error(file, "line " + std::to_string(line) + " is not from a training log"); };
    if (!j.is_object() || !j.contains("step")) throw bad();
    if (!j.contains("validation_loss")) continue;
    const auto tokens = detail::json_value<double>(j.value("tokens", nlohmann::json()));
    const auto loss = detail::json_value<double>(j["validation_loss"]);
    if (!tokens || !loss || *tokens < 1) throw bad();
    const Curve::Point point{*tokens * 1e-6, *loss};
    if (point.y <= below && (curve.points.empty() || point.x > curve.points.back().x)) curve.points.push_back(point);
  }
  if (curve.points.empty()) throw file_error(file, "has no validation loss that could be drawn");
  return curve;
}

}  // namespace
#endif

int main(int argc, char** argv) {
  CLI::App app("Draws the validation loss that training runs have logged, nats/token over millions of tokens");
  std::vector<std::string> logs;
  fs::path out;
  double below = 1e9;
  app.add_option("LOG.jsonl", logs, "what `train --log` has written; the name is the legend's")->required();
  app.add_option("--out", out, "the picture to write, PNG")->required()->check(file_name());
  app.add_option("--below", below, "leave out losses over this")->check(number_in(1e-6, 1e6));
  return run_program(app, argc, argv, [&] {
    require_pictures();
#ifdef MUSICGEN_HAS_CURVES
    require_distinct({logs.begin(), logs.end()}, {out});
    require_png(out);
    std::vector<Curve> curves;
    for (const auto& log : logs) curves.push_back(read_log(log, below));
    draw_curves(curves, {.title = "validation loss, nats/token", .x_unit = "million tokens"}).write_png(out);
#endif
  });
}
