#include "adam.cuh"

#include <bit>
#include <cmath>
#include <musicgen/backend/cuda/adam.hpp>
#include <musicgen/backend/cuda/graph_capture.hpp>
#include <musicgen/backend/cuda/muon.hpp>

#include "launch.hpp"

namespace musicgen::inline MUSICGEN_ABI::cuda {

namespace {

/// One per process, like its stream. Never freed: the device may be gone when static objects are destroyed.
struct Workspace {
  Buffer<double> parts;
  Buffer<kernels::Norm> norm;
  HostBuffer<kernels::Norm> norm_on_host;
  Buffer<kernels::AdamStep> step;
  HostBuffer<kernels::AdamStep> step_on_host;
  Buffer<float> muon_step;
  HostBuffer<float> muon_step_on_host;
  MuonSaved muon;
  GraphCapture update;

  static Workspace& get() {
    static Workspace& workspace = *new Workspace;
    return workspace;
  }

  /// The norm of x, with the factor that clips it; on the host after synchronize().
  void begin_norm(const Buffer<float>& x, double clip) {
    kernels::sum_of_squares(x.data(), static_cast<std::int64_t>(x.size()), clip, parts.data(), norm.data(), launches());
    copy(norm_on_host.data(), norm.data(), sizeof(kernels::Norm));
  }

 private:
  Workspace() {
    parts.resize(kernels::most_parts_of_a_norm);
    norm.resize(1);
    norm.set_zero();  // its padding is copied as well
    norm_on_host.resize(1);
    step.resize(1);
    step_on_host.resize(1);
    muon_step.resize(2);
    muon_step_on_host.resize(2);
  }
};

/// Calls f(first, count) for the numbers that Adam updates: all or, with Muon, those outside Muon's matrices.
template <class F>
void for_adams_numbers(const Layout& layout, bool beside_muon, F&& f) {
  const auto& begins = layout.begins;
  if (!beside_muon) return f(std::size_t{0}, layout.size());
  const std::size_t layers = static_cast<std::size_t>(layout.dimensions.L), head = 1 + 4 * layers;
  f(std::size_t{0}, begins[1]);
  for (std::size_t l = 0; l < layers; ++l) f(begins[3 + 4 * l], begins[5 + 4 * l] - begins[3 + 4 * l]);
  f(begins[head + 1], layout.size() - begins[head + 1]);
}

}  // namespace

double sum_of_squares(const Buffer<float>& x) {
  Workspace& workspace = Workspace::get();
  workspace.begin_norm(x, 0);
  synchronize();
  return workspace.norm_on_host[0].squared;
}

double adam_update(Parameters& w, const Parameters& g, Parameters& m, Parameters& v, std::int64_t t,
                   double learning_rate, const OptimizerOptions& options) {
  Workspace& workspace = Workspace::get();
  const auto n = static_cast<double>(t);
  const auto S = [](double x) { return static_cast<float>(x); };
  workspace.step_on_host[0] = {.beta1 = S(options.beta1),
                               .rest1 = S(1 - options.beta1),
                               .beta2 = S(options.beta2),
                               .rest2 = S(1 - options.beta2),
                               .epsilon = S(options.epsilon),
                               .decay = S(1 - learning_rate * options.weight_decay),
                               .step = S(learning_rate / (1 - std::pow(options.beta1, n))),
                               .root = S(1 / std::sqrt(1 - std::pow(options.beta2, n)))};
  copy(workspace.step.data(), workspace.step_on_host.data(), sizeof(kernels::AdamStep));
  const double muon_rate = learning_rate * options.muon;
  workspace.muon_step_on_host[0] = S(1 - muon_rate * options.weight_decay);
  workspace.muon_step_on_host[1] = S(muon_rate);
  copy(workspace.muon_step.data(), workspace.muon_step_on_host.data(), 2 * sizeof(float));
  workspace.update.run(
      {place_of(w.values.data()), place_of(g.values.data()), place_of(m.values.data()), place_of(v.values.data()),
       static_cast<std::int64_t>(g.values.size()), std::bit_cast<std::int64_t>(options.clip), options.muon > 0,
       std::bit_cast<std::int64_t>(options.muon_momentum)},
      [&] {
        workspace.begin_norm(g.values, options.clip);
        if (options.muon > 0)  // first, since it may run out of memory: then nothing has changed
          muon_update(w, g, m, &workspace.norm.data()->factor, workspace.muon_step.data(), S(options.muon_momentum),
                      workspace.muon);
        for_adams_numbers(w.layout, options.muon > 0, [&](std::size_t first, std::size_t count) {
          kernels::adam_update(workspace.step.data(), workspace.norm.data(), g.values.data() + first,
                               static_cast<std::int64_t>(count), w.values.data() + first, m.values.data() + first,
                               v.values.data() + first, launches());
        });
      });
  synchronize();  // so that the numbers of the step may be overwritten
  return std::sqrt(workspace.norm_on_host[0].squared);
}

Weights weights_for_products(const Parameters& p, Precision products, Buffer<bf16>& rounded) {
  if (products != Precision::bf16) return {p.tensors(), nullptr};
  rounded.resize(p.values.size());
  kernels::round(p.values.data(), static_cast<std::int64_t>(p.values.size()), device_bf16(rounded.data()), launches());
  return {p.tensors(), rounded.data()};
}

}  // namespace musicgen::inline MUSICGEN_ABI::cuda
