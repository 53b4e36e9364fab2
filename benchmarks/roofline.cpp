// What the benchmarks measured, as a table and as a picture: each kernel under the roofline of its machine (Williams,
// Waterman, Patterson, "Roofline", CACM 52, 2009). The roof is measured in the same run: the products and the reads of
// ceilings.cpp.
//
//   roofline [--picture PICTURE.png] RESULTS.json...      from benchmarks --benchmark_format=json
//
// If ceilings were measured several times, before the kernels and after them, the highest counts.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <exception>
#include <fstream>
#include <iostream>
#include <musicgen/core/error.hpp>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>
#ifdef MUSICGEN_HAS_PIANO_ROLL
#include <musicgen/render/canvas.hpp>
#endif

namespace {

using musicgen::Error;

struct Kernel {
  std::string name;
  double seconds = 0, flops = 0, bytes = 0;  // flops and bytes per second; 0: not measured
  double intensity = 0;                      // flop/byte; 0: not known

  double rate() const { return flops > 0 ? flops : bytes * intensity; }  // flop/s
};

struct Results {
  std::vector<Kernel> kernels;
  double product = 0, read = 0;  // the ceilings, per second
  std::size_t read_bytes = 0;    // the size of that read
};

double number(const nlohmann::json& j, const char* key) {
  const auto found = j.find(key);
  return found != j.end() && found->is_number() ? found->get<double>() : 0;
}

double unit_in_seconds(const nlohmann::json& j) {
  const std::string unit = j.value("time_unit", "ns");
  return unit == "s" ? 1 : unit == "ms" ? 1e-3 : unit == "us" ? 1e-6 : 1e-9;
}

/// The largest read is from memory; the others are from caches.
void add_read(Results& results, const Kernel& kernel) {
  const std::size_t bytes = std::stoull(kernel.name.substr(std::string("ceiling/read/").size()));
  if (bytes < results.read_bytes) return;
  results.read = bytes > results.read_bytes ? kernel.bytes : std::max(results.read, kernel.bytes);
  results.read_bytes = bytes;
}

/// @throws Error  for a file that no benchmark wrote
void add_results(const std::string& file, Results& results) {
  std::ifstream in(file);
  const auto j = nlohmann::json::parse(in, nullptr, /*allow_exceptions=*/false);
  if (!j.is_object() || !j.contains("benchmarks")) throw Error(file + ": holds no results of a benchmark");
  for (const auto& run : j["benchmarks"]) {
    if (run.value("run_type", "") == "aggregate") continue;  // a mean or a deviation of the runs before it
    Kernel kernel{run.value("name", ""), number(run, "real_time") * unit_in_seconds(run), number(run, "flop/s"),
                  number(run, "bytes/s"), number(run, "flop/byte")};
    kernel.name = kernel.name.substr(0, kernel.name.find("/real_time"));
    if (kernel.name.starts_with("ceiling/product")) results.product = std::max(results.product, kernel.flops);
    if (kernel.name.starts_with("ceiling/read/")) add_read(results, kernel);
    if (!kernel.name.starts_with("ceiling/")) results.kernels.push_back(kernel);
  }
}

/// @throws Error  for a file that no benchmark wrote, or without the ceilings
Results read_results(const std::vector<std::string>& files) {
  Results results;
  for (const std::string& file : files) add_results(file, results);
  if (results.product == 0 || results.read == 0)
    throw Error(files[0] + ": the ceilings were not measured: run ceiling/ with the rest");
  return results;
}

void print_table(const Results& results) {
  std::printf("%-34s %12s %10s %10s %10s\n", "kernel", "time", "GFLOP/s", "GB/s", "of ceiling");
  std::printf("%-34s %12s %10.1f %10s %10s\n", "ceiling: product", "", results.product * 1e-9, "", "100 %");
  std::printf("%-34s %12s %10s %10.1f %10s\n", "ceiling: read from memory", "", "", results.read * 1e-9, "100 %");
  for (const Kernel& k : results.kernels) {
    if (k.flops == 0 && k.bytes == 0) continue;
    const double share = k.flops > 0 ? k.flops / results.product : k.bytes / results.read;
    char flops[32] = "", bytes[32] = "";
    if (k.flops > 0) std::snprintf(flops, sizeof flops, "%.1f", k.flops * 1e-9);
    if (k.bytes > 0) std::snprintf(bytes, sizeof bytes, "%.1f", k.bytes * 1e-9);
    std::printf("%-34s %9.3f ms %10s %10s %8.0f %%\n", k.name.c_str(), k.seconds * 1e3, flops, bytes, share * 100);
  }
}

#ifdef MUSICGEN_HAS_PIANO_ROLL
using musicgen::Canvas;
using musicgen::Color;

/// Both axes logarithmic: flop/byte from 1/8 to 2048, FLOP/s over three powers of ten.
class Plot {
 public:
  explicit Plot(const Results& results) : results_(results), top_(std::log10(results.product) + 0.2) {
    for (int power = -3; power <= 11; power += 2) {
      const std::string label = power < 0 ? "1/" + std::to_string(1 << -power) : std::to_string(1 << power);
      canvas_.line(x(std::exp2(power)), bottom, x(std::exp2(power)), top, 1, grid);
      canvas_.text(x(std::exp2(power)) - Canvas::text_width(10, label) / 2, bottom + 20, 10, label, faint);
    }
    for (int power = static_cast<int>(std::ceil(top_ - powers)); power <= top_; ++power) {
      const std::string label = std::to_string(static_cast<long>(std::pow(10, power - 9))) + " GFLOP/s";
      if (power < 9) continue;
      canvas_.line(left, y(std::pow(10, power)), right, y(std::pow(10, power)), 1, grid);
      canvas_.text(left - Canvas::text_width(10, label) - 10, y(std::pow(10, power)) + 5, 10, label, faint);
    }
    canvas_.text(left, 30, 15, "kernels under the roofline of this machine", ink, 2.1);
    canvas_.text(right - Canvas::text_width(10, "operations a byte"), bottom + 42, 10, "operations a byte", faint);
    draw_roof();
    for (const Kernel& kernel : results.kernels)
      if (kernel.intensity > 0) draw(kernel);
  }
  void write(const std::string& file) const { canvas_.write_png(file); }

 private:
  static constexpr double left = 120, right = 980, top = 60, bottom = 620, powers = 3;
  static constexpr Color ink{38, 43, 51}, faint{110, 118, 129}, grid{228, 231, 235}, roof{214, 69, 65},
      point{31, 97, 184};

  double x(double intensity) const {
    return left + (std::log2(std::clamp(intensity, 0.125, 2048.0)) + 3) / 14 * (right - left);
  }
  double y(double flops) const {
    const double down = (top_ - std::log10(std::max(flops, 1.0))) / powers;
    return top + std::clamp(down, 0.0, 1.0) * (bottom - top);
  }
  void draw_roof() {
    const double ridge = results_.product / results_.read;
    const double lowest = std::max(0.125, std::pow(10, top_ - powers) / results_.read);
    canvas_.line(x(lowest), y(lowest * results_.read), x(ridge), y(results_.product), 3, roof);
    canvas_.line(x(ridge), y(results_.product), right, y(results_.product), 3, roof);
  }
  void draw(const Kernel& kernel) {
    const double px = x(kernel.intensity), py = y(kernel.rate());
    canvas_.rectangle(px - 4, py - 4, px + 4, py + 4, point, 4);
    const std::string number = std::to_string(++drawn_);
    double at = py + 4;  // beside the point, but not over another number
    while (std::any_of(taken_.begin(), taken_.end(),
                       [&](const auto& t) { return std::abs(t.second - at) < 11 && std::abs(t.first - px) < 20; }))
      at += 11;
    taken_.emplace_back(px, at);
    canvas_.text(px + 8, at, 8, number, ink, 1);
    canvas_.text(right + 50 - Canvas::text_width(9, number), top + 18 * drawn_, 9, number, faint, 1);
    canvas_.text(right + 60, top + 18 * drawn_, 9, kernel.name, ink, 1.1);
  }

  const Results& results_;
  double top_;  // log10 of the highest rate shown
  Canvas canvas_{1280, 680, Color{255, 255, 255}};
  std::vector<std::pair<double, double>> taken_;  // where numbers are
  int drawn_ = 0;
};
#endif

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> files(argv + 1, argv + argc);
  std::string picture;
  if (files.size() >= 2 && files[0] == "--picture") {
    picture = files[1];
    files.erase(files.begin(), files.begin() + 2);
  }
  if (files.empty() || files[0].starts_with("--")) {
    std::cerr << "roofline [--picture PICTURE.png] RESULTS.json...\n";
    return 2;
  }
  try {
    const Results results = read_results(files);
    print_table(results);
#ifdef MUSICGEN_HAS_PIANO_ROLL
    if (!picture.empty()) Plot(results).write(picture);
#else
    if (!picture.empty()) throw Error("built without libpng: no picture");
#endif
  } catch (const std::exception& error) {
    std::cerr << "roofline: " << error.what() << '\n';
    return 1;
  }
}
