// Sampling on the device against the host's Chooser: the same tokens.
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <kernels/launch.hpp>
#include <kernels/sampling.cuh>
#include <limits>

#include "chooser.hpp"
#include "machine.hpp"

namespace kernels_sampling {

using namespace musicgen;
using test::Choice;
using test::Chooser;
using test::on_device;
using test::on_host;

constexpr float inf = std::numeric_limits<float>::infinity();

/// Songs that each choose a token.
struct Songs {
  int B, V;
  std::vector<float> logits, bias;
  std::vector<std::uint8_t> allowed;   // (B, V) or empty
  std::vector<std::uint32_t> pitches;  // two tokens of three, or the only one

  Songs(int songs, int vocabulary, std::uint64_t seed, double contrast) : B(songs), V(vocabulary) {
    Random random(seed);
    for (int i = 0; i < B * V; ++i) logits.push_back(static_cast<float>(contrast * random.normal()));
    for (int v = 0; v < V; ++v)
      if (v % 3 != 1) pitches.push_back(static_cast<std::uint32_t>(v));
  }

  std::span<const float> logits_of(int b) const { return std::span(logits).subspan(at(b), at(1)); }
  std::span<const std::uint8_t> allowed_of(int b) const {
    return allowed.empty() ? std::span<const std::uint8_t>() : std::span(allowed).subspan(at(b), at(1));
  }
  std::size_t at(int b) const { return static_cast<std::size_t>(b * V); }
};

Choice on_the_cpu(const Songs& songs, int b, const kernels::SamplingOptions& options, Random random) {
  return Chooser(songs.V, songs.pitches)
      .choose<float>(songs.logits_of(b), songs.bias, songs.allowed_of(b), options, random);
}

struct Result {
  std::vector<kernels::Generator> generators;
  std::vector<int> tokens;
  std::vector<double> log_probabilities;
};

Result sample(const Songs& songs, kernels::SamplingRules rules, const std::vector<kernels::Generator>& generators) {
  const auto count = static_cast<std::size_t>(songs.B), words = static_cast<std::size_t>((songs.V + 31) / 32);
  std::vector<std::uint32_t> allowed(songs.allowed.empty() ? 0 : count * words), pitches(words);
  for (std::size_t i = 0; i < songs.allowed.size(); ++i) {
    const std::size_t b = i / static_cast<std::size_t>(songs.V), v = i % static_cast<std::size_t>(songs.V);
    allowed[b * words + v / 32] |= std::uint32_t{songs.allowed[i]} << v % 32;
  }
  for (const std::uint32_t v : songs.pitches) pitches[v / 32] |= std::uint32_t{1} << v % 32;
  const auto logits = on_device(songs.logits), bias = on_device(songs.bias);
  const auto allowed_bits = on_device(allowed), pitch_bits = on_device(pitches);
  auto going_on = on_device(generators);
  auto tokens = on_device(std::vector<int>(count, -7));
  cuda::Buffer<double> log_probabilities(count);
  rules.V = songs.V;
  rules.pitches = pitch_bits.data();
  rules.bias = bias.data();  // none: nullptr
  kernels::sample(
      {songs.B, rules, logits.data(), allowed_bits.data(), going_on.data(), tokens.data(), log_probabilities.data()},
      cuda::launches());
  return {on_host(going_on), on_host(tokens), on_host(log_probabilities)};
}

void check_against_the_cpu(const Songs& songs, const kernels::SamplingOptions& options, double doubtful = 0x1p-50) {
  std::vector<kernels::Generator> generators;
  for (int b = 0; b < songs.B; ++b) generators.push_back({7, static_cast<std::uint64_t>(b), 0});
  const Result result = sample(songs, {.V = songs.V, .options = options, .doubtful = doubtful}, generators);
  for (int b = 0; b < songs.B; ++b) {
    const auto i = static_cast<std::size_t>(b);
    const Choice expected = on_the_cpu(songs, b, options, Random(7, static_cast<std::uint64_t>(b)));
    CHECK(result.tokens[i] == expected.token);
    CHECK(result.log_probabilities[i] == Approx(expected.log_probability).epsilon(1e-13));
    CHECK(result.generators[i].drawn == (options.temperature > 0 ? 2 : 0));
  }
}

const std::vector<kernels::SamplingOptions> many_options{
    {},
    {.temperature = 0},
    {.temperature = 0.7f},
    {.top_k = 5},
    {.top_k = 1000},
    {.top_p = 0.8f},
    {.min_p = 0.1f},
    {.pitch_temperature = 0.6f},
    {.pitch_top_p = 0.7f},
    {.temperature = 0, .pitch_top_p = 0.2f},
    {.pitch_min_p = 0.2f},
    {.pitch_temperature = 0.7f, .pitch_top_p = 0.9f, .pitch_min_p = 0.05f},
    {.temperature = 1.2f, .top_p = 0.95f, .pitch_temperature = 0.8f, .pitch_top_p = 0.9f},
    {.temperature = 1.3f, .top_k = 7, .top_p = 0.9f, .min_p = 0.05f}};

TEST_CASE("kernel sampling: under every rule the CPU's tokens") {
  const int V = GENERATE(1, 19, 310, 1100);
  CAPTURE(V);
  test::under_all_schedules([&] {
    for (const kernels::SamplingOptions& options : many_options) {
      CAPTURE(options.temperature, options.top_k, options.top_p, options.min_p, options.pitch_temperature,
              options.pitch_top_p, options.pitch_min_p);
      check_against_the_cpu(Songs(V > 300 ? 3 : 12, V, static_cast<std::uint64_t>(V), 2), options);
    }
  });
}

TEST_CASE("kernel sampling: mask and bias rule tokens out, unless nothing were left") {
  Songs songs(40, 45, 3, 1);
  Random random(4);
  for (int i = 0; i < songs.B * songs.V; ++i) songs.allowed.push_back(random.uniform() < 0.3);
  for (int v = 0; v < songs.V; ++v) {
    songs.allowed[songs.at(0) + static_cast<std::size_t>(v)] = v >= 40;
    songs.allowed[songs.at(1) + static_cast<std::size_t>(v)] = 0;  // then the first token comes
    songs.bias.push_back(v >= 40 ? -inf : v % 7 == 0 ? 1.5f : 0.0f);
  }
  for (const kernels::SamplingOptions& options : many_options) check_against_the_cpu(songs, options);
  songs.bias[5] = inf;
  for (const kernels::SamplingOptions& options : many_options) check_against_the_cpu(songs, options);
}

TEST_CASE("kernel sampling: of equally probable tokens the first ones stay") {
  Songs songs(64, 38, 5, 1);
  for (float& x : songs.logits) x = std::round(x);  // many are equal
  for (const kernels::SamplingOptions& options : many_options) check_against_the_cpu(songs, options);
  for (float& x : songs.logits) x = 1;  // sums of ones are exact, and so is their part
  check_against_the_cpu(songs, {.top_p = 0.5f});
}

TEST_CASE("kernel sampling: a draw in doubt is repeated in the CPU's order") {
  const Songs songs(60, 310, 6, 1);
  check_against_the_cpu(songs, {}, 1);     // always
  check_against_the_cpu(songs, {}, 1e-5);  // now and then
}

__global__ static void draw_kernel(kernels::Generator* generator, double* numbers, int count) {
  for (int i = 0; i < count; ++i) numbers[i] = generator->uniform();
}

TEST_CASE("kernel sampling: the generator goes on as Random does, from any place") {
  for (const std::uint64_t drawn : {0u, 1u, 2u, 3u, 1003u}) {
    auto generator = on_device(std::vector<kernels::Generator>{{0x123456789abcdef0, 0xfedcba9876543210, drawn}});
    cuda::Buffer<double> numbers(5);
    device::launch(draw_kernel, 1, 1, 0, cuda::launches(), generator.data(), numbers.data(), 5);
    Random random(0x123456789abcdef0, 0xfedcba9876543210);
    for (std::uint64_t i = 0; i < drawn; ++i) random.bits();
    for (const double x : on_host(numbers)) CHECK(x == random.uniform());
  }
}

TEST_CASE("kernel sampling: logits that are not finite give no token") {
  Songs songs(3, 33, 7, 1);
  songs.logits[songs.at(0) + 32] = NAN;
  songs.logits[songs.at(2) + 4] = -inf;
  const std::vector<kernels::Generator> generators(3, {1, 2, 0});
  const Result result = sample(songs, {33}, generators);
  CHECK(result.tokens[0] == no_token);
  CHECK(result.tokens[1] >= 0);
  CHECK(result.tokens[2] == no_token);
}

}  // namespace kernels_sampling
