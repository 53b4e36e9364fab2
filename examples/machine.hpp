// The options --device and --threads.
#pragma once

#include <CLI/CLI.hpp>
#include <musicgen/backend/backend.hpp>
#include <musicgen/backend/cpu/cpu.hpp>
#ifdef MUSICGEN_HAS_CUDA
#include <musicgen/cuda.hpp>
#endif
#include <musicgen/core/error.hpp>
#include <musicgen/core/thread_pool.hpp>
#include <string>
#include <vector>

#include "program.hpp"

inline CLI::Option* add_precision(CLI::App& app, musicgen::Precision& precision, const std::string& help,
                                  const std::vector<std::string>& names = {"fp32", "bf16", "int8"}) {
  const auto choose = [&precision](const std::string& name) {
    using musicgen::Precision;
    precision = name == "bf16" ? Precision::bf16 : name == "int8" ? Precision::int8 : Precision::fp32;
  };
  return app.add_option_function<std::string>("--precision", choose, help)->check(CLI::IsMember(names));
}

struct Machine {
  std::string device = "auto";
  int threads = 0;

  void add_options(CLI::App& app) {
    app.add_option("--device", device, "cpu, cuda or auto: a GPU if there is one")
        ->capture_default_str()
        ->check(CLI::IsMember({"cpu", "cuda", "auto"}));
    app.add_option("--threads", threads, "0: as many as the machine has; results do not depend on it")
        ->capture_default_str()
        ->check(whole_number_in(0, 1024));
  }

  /// Calls body(Backend{}) with the backend that fits the options and the machine.
  /// @throws Error  for a device that is not available
  /// @param precision    of a decoder; a GPU is chosen automatically only for fp32
  /// @param on_cpu_only  whether the model runs on the CPU alone; called only if a GPU would be chosen otherwise
  template <class Body, class Question>
  void run(Body&& body, musicgen::Precision precision, Question&& on_cpu_only) const {
    musicgen::set_threads(threads);
#ifdef MUSICGEN_HAS_CUDA
    std::string reason = "not asked for";
    if (device == "cuda" || (device == "auto" && precision == musicgen::Precision::fp32))
      reason = musicgen::cuda::why_not_available();
    if (reason.empty() && (device == "cuda" || !on_cpu_only())) return body(musicgen::Cuda{});
#else
    static_cast<void>(precision), static_cast<void>(on_cpu_only);
    const std::string reason = "this program was built without CUDA";
#endif
    if (device == "cuda") throw musicgen::Error("--device cuda: " + reason);
    body(musicgen::Cpu{});
  }
};
