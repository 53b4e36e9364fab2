// The kernels that keep what they can on the chip against the plain ones, at the sizes that they are made for: other
// shapes, more passes and more shared memory than small layers ask for. On a GPU alone: emulated they would take too
// long for every test run. Where something does not fit, plain kernels meet plain kernels, and a warning says so.
#include <algorithm>
#include <catch.hpp>
#include <cmath>
#include <functional>
#include <musicgen/backend/cuda/adam.hpp>
#include <musicgen/backend/cuda/attention.hpp>
#include <musicgen/backend/cuda/decode.hpp>
#include <musicgen/backend/cuda/gru.hpp>
#include <musicgen/backend/cuda/kernel_policy.hpp>
#include <musicgen/backend/cuda/parameters.hpp>
#include <musicgen/core/random.hpp>
#include <string>
#include <vector>

#include "machine.hpp"

namespace kernels_full_size {

using namespace musicgen;
using test::on_device;
using test::on_host;

using Results = std::vector<std::vector<float>>;

/// Of differences over the largest element. Both sides sum a thousand products in fp32, each in its own order, or round
/// a state to bf16 where the other one has the next number; attention makes factors of two or three bf16 numbers. The
/// emulator comes to half of these at most.
struct Tolerance {
  double fp32, bf16;
  double operator()(Precision precision) const { return precision == Precision::bf16 ? bf16 : fp32; }
};
constexpr Tolerance of_gru{1e-5, 2e-3}, of_attention{5e-5, 1e-2}, of_decoder{2e-5, 2e-2};

Results with_plain_kernels(const std::function<Results()>& run) {
  struct Plain {
    Plain() { cuda::kernels_in_use() = cuda::Kernels::plain; }
    ~Plain() { cuda::kernels_in_use() = cuda::Kernels::resident; }
  } const plain;
  return run();
}

void compare(const std::function<Results()>& run, double tolerance) {
  const Results expected = with_plain_kernels(run), found = run();
  REQUIRE(found.size() == expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    INFO("result " << i);
    REQUIRE(found[i].size() == expected[i].size());
    double difference = 0, largest = 0;
    bool finite = true;
    for (std::size_t j = 0; j < found[i].size(); ++j) {
      finite = finite && std::isfinite(found[i][j]);
      difference =
          std::max(difference, std::abs(static_cast<double>(found[i][j]) - static_cast<double>(expected[i][j])));
      largest = std::max(largest, std::abs(static_cast<double>(expected[i][j])));
    }
    CHECK(finite);
    CHECK(difference < tolerance * largest);
  }
  const bool same_bits = run() == found;
  CHECK(same_bits);
}

void warn_unless(bool fits, const std::string& what) {
  if (!fits) WARN("plain kernels only: " << what);
}

std::vector<float> random_floats(int rows, int columns, std::uint64_t seed, double scale = 1) {
  Random random(seed);
  std::vector<float> values(static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns));
  for (float& x : values) x = static_cast<float>(scale * (2 * random.uniform() - 1));
  return values;
}

cuda::Matrix<float> random_matrix(int rows, int columns, std::uint64_t seed) {
  const std::vector<float> values = random_floats(rows, columns, seed);
  cuda::Matrix<float> matrix;
  matrix.resize(rows, columns);
  cuda::copy(matrix.data(), values.data(), values.size() * sizeof(float));
  return matrix;
}

std::vector<float> on_host(const cuda::Matrix<float>& m) {
  return on_host(m.data(), m.size());
}

cuda::Parameters random_parameters(const Dimensions& d) {
  const cuda::Layout layout(d);
  return {layout, on_device(random_floats(1, static_cast<int>(layout.size()), 1, 1 / std::sqrt(d.H)))};
}

/// A layer with few inputs, forward and back.
void check_gru(int B, int H, Precision products) {
  constexpr int T = 4, inputs = 8;
  const Dimensions d{5, inputs, H, 1};
  const cuda::Parameters parameters = random_parameters(d);
  cuda::Buffer<cuda::bf16> rounded;
  const cuda::Weights w = cuda::weights_for_products(parameters, products, rounded);
  const cuda::Matrix<float> x = random_matrix(T * B, inputs, 2), h0 = random_matrix(B, H, 3),
                            dh = random_matrix(T * B, H, 4);
  bool resident_fits = false;
  const auto run = [&] {
    // The inputs' own products are none of what is compared: always in fp32.
    const cuda::Weights exact{w.exact, nullptr};
    cuda::GruSaved saved;
    saved.gates.exact.resize(T * B, 4 * H);
    cuda::gru_inputs(exact, 0, {x.view()}, saved.gates.exact.view());
    cuda::gru_steps(w, 0, B, h0.data(), saved);
    const bool forward_fits = saved.workspace.size() > 0;
    Results results{on_host(saved.h.exact), on_host(saved.gates.exact)};
    cuda::Parameters gradients = cuda::Parameters::zeros(d);
    cuda::gru_steps_backward(w, 0, B, saved, dh, gradients.tensors().gru(0));
    resident_fits = forward_fits && saved.carry.size() == 0;
    results.push_back(on_host(saved.gates.exact));
    results.push_back(on_host(gradients.values));
    return results;
  };
  const std::string what =
      "gru, B " + std::to_string(B) + " H " + std::to_string(H) + (products == Precision::bf16 ? ", bf16" : ", fp32");
  INFO(what);
  compare(run, of_gru(products));
  warn_unless(resident_fits, what);
}

std::vector<int> random_numbers(int count, int first, int last, std::uint64_t seed) {
  Random random(seed);
  std::vector<int> numbers(static_cast<std::size_t>(count));
  for (int& x : numbers) x = random.between(first, last);
  return numbers;
}

/// @param additions  places and copying
/// @return  whether in one pass
bool check_attention(int H, AttentionValue value, Precision precision, bool additions = false) {
  constexpr int B = 3, T = 40, Q = 33;
  const cuda::Matrix<float> h = random_matrix(T * B, H, 1), dcontext = random_matrix(Q * B, H, 2);
  const cuda::Buffer<int> of_outputs = on_device(random_numbers(T * B, -1, 3, 4)),
                          tokens = on_device(random_numbers(T * B, 0, 4, 5)),
                          targets = on_device(random_numbers(Q * B, -1, 4, 6));
  const cuda::Buffer<float> weight = on_device(random_floats(1, H, 7, 0.3)),
                            shares = on_device(random_floats(1, Q * B, 8));
  cuda::AttentionPlaces places;
  cuda::AttentionCopies copies;
  if (additions) {
    places = {of_outputs.data(), of_outputs.data() + (T - Q) * B, weight.data()};
    copies = {tokens.data() + B, targets.data(), shares.data()};
  }
  bool resident_fits = false;
  const auto run = [&] {
    cuda::FactorMatrix context;
    cuda::AttentionSaved saved;
    cuda::attention_forward(h.view(), B, Q, value, context, saved, true, precision == Precision::bf16, places, copies);
    resident_fits = saved.one_pass;
    cuda::Matrix<float> dh = random_matrix(T * B, H, 3), dplace = random_matrix(1, H, 9);
    cuda::attention_backward(h.view(), B, Q, value, saved, context.exact, dcontext, dh.view(), places, copies,
                             dplace.data());
    Results results{on_host(context.exact), on_host(dh)};
    if (additions) results.insert(results.end(), {on_host(saved.found), on_host(dplace)});
    return results;
  };
  INFO("H " << H << (value == AttentionValue::successor ? " successor" : " match") << (additions ? ", additions" : "")
            << (precision == Precision::bf16 ? ", bf16" : ", fp32"));
  compare(run, of_attention(precision));
  return resident_fits;
}

/// Logits of a few steps, the first ones with nothing to look back at; past the window if that is small.
void check_decoder(int B, int H, int window, Precision precision, AttentionValue value) {
  const Dimensions d{405, 32, H, 3};
  const cuda::Parameters parameters = random_parameters(d);
  const bool resident_fits = precision == Precision::bf16 ? cuda::ResidentDecoder<cuda::bf16>::supports(d, window)
                                                          : cuda::ResidentDecoder<float>::supports(d, window);
  const std::string what = "decoder, H " + std::to_string(H) + " window " + std::to_string(window) +
                           (precision == Precision::bf16 ? ", bf16" : ", fp32");
  INFO(what << " B " << B);
  compare(
      [&] {
        const bool in_bf16 = cuda::kernels_in_use() == cuda::Kernels::resident && resident_fits;
        cuda::Decoder decoder(parameters, B, window, in_bf16 ? precision : Precision::fp32, value);
        Results results;
        for (int t = 0; t < 7; ++t) {
          std::vector<Token> tokens;
          for (int b = 0; b < B; ++b) tokens.push_back((31 * t + 7 * b) % d.V);
          const cuda::HostMatrix& logits = decoder.step(tokens);
          results.emplace_back();
          for (int b = 0; b < B; ++b)
            results.back().insert(results.back().end(), logits.row(b).data(), logits.row(b).data() + d.V);
        }
        return results;
      },
      of_decoder(precision));
  warn_unless(resident_fits, what);
}

}  // namespace kernels_full_size

TEST_CASE("kernels: at full size, gru in one launch and a launch a step are the same", "[full]") {
  using namespace kernels_full_size;
  for (const int B : {8, 32, 64, 256})
    for (const Precision products : {Precision::fp32, Precision::bf16}) check_gru(B, 1028, products);
  check_gru(32, 2048, Precision::bf16);
}

TEST_CASE("kernels: at full size, attention in one pass and with weights in memory are the same", "[full]") {
  using namespace kernels_full_size;
  // The network's, then the most that an H100 has room for with successors, and an A100 without and with them.
  for (const Precision precision : {Precision::fp32, Precision::bf16})
    for (const AttentionValue value : {AttentionValue::match, AttentionValue::successor}) {
      bool fits = false;
      for (const int H : {1028, 960, 768, 672})
        if (!fits) fits = check_attention(H, value, precision);
      warn_unless(fits, "attention");
    }
}

TEST_CASE("kernels: at full size, attention with places and copying is the same in one pass", "[full]") {
  using namespace kernels_full_size;
  for (const AttentionValue value : {AttentionValue::match, AttentionValue::successor}) {
    warn_unless(check_attention(512, value, Precision::fp32, true), "attention in fp32");
    warn_unless(check_attention(672, value, Precision::bf16, true), "attention in bf16");
    check_attention(1028, value, Precision::bf16, true);
  }
}

TEST_CASE("kernels: at full size, decode in one launch and by the kernels of training are the same", "[full]") {
  using namespace kernels_full_size;
  for (const Precision precision : {Precision::fp32, Precision::bf16})
    for (const int B : {1, 5}) {
      check_decoder(B, 1028, 2048, precision, AttentionValue::match);
      check_decoder(B, 1028, 4, precision, AttentionValue::successor);
    }
}
