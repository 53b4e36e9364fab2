// What is measured: the training step, the sampling of tokens, and the machine's ceilings.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <musicgen/backend/cpu/product.hpp>
#include <musicgen/backend/cpu/simd/dispatch.hpp>
#include <musicgen/backend/cpu/simd/vector.hpp>
#include <musicgen/core/thread_pool.hpp>
#include <musicgen/layers.hpp>
#include <musicgen/musicgen.hpp>
#include <numeric>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace musicgen::benchmarks {

/// A batch's shape: B sequences of T tokens, the loss on the last Q.
struct BatchShape {
  int B, T, Q;
};

/// The original's stages; the fourth at its longest.
inline BatchShape stage_shape(int number, int B = 32) {
  const Stage stage = stages::original().at(static_cast<std::size_t>(number - 1));
  return {B, stage.input_length[1] + stage.target_length - 1, stage.target_length};
}

inline Dimensions dimensions(int H, int L) {
  return {Vocabulary::standard().size(), 32, H, L};
}

/// Multiplications and additions of a forward pass: those of the products, with the first layer's inputs from a table.
inline double forward_flops(const Dimensions& d, const BatchShape& s) {
  const double H = d.H, V = d.V, rows = s.B * s.T, queries = s.B * s.Q;
  const double table = 2 * V * d.E * 3 * H;
  const double gru = 2 * rows * 3 * H * H * (2 * d.L - 1);
  const double pairs = queries * (s.T - 0.5 * (s.Q + 1));
  const double attention = 2 * 2 * pairs * H;
  const double head = 2 * queries * (2 * H * H + H * V);
  return table + gru + attention + head;
}

/// Those of a training step: for each product the backward pass has two, for attention's two it has four.
inline double training_flops(const Dimensions& d, const BatchShape& s) {
  return 3 * forward_flops(d, s);
}

/// Forward, backward and Adam on one batch of random tokens.
template <Backend Machine>
class BasicTrainingStep {
 public:
  BasicTrainingStep(const Dimensions& d, const BatchShape& s, Precision products = Precision::fp32)
      : model_({d, std::nullopt, {}, true}), m_(Machine::zeros(d)), v_(Machine::zeros(d)) {
    model_.set_products(products);
    Random random(1, 2);
    const auto draw = [&] { return static_cast<Token>(random.below(static_cast<std::uint32_t>(d.V))); };
    inputs_.resize(static_cast<std::size_t>(s.B * s.T));
    targets_.resize(static_cast<std::size_t>(s.B * s.Q));
    for (Token& t : inputs_) t = draw();
    for (Token& t : targets_) t = draw();
    batch_ = {s.B, s.T, s.Q, inputs_, targets_};
  }
  BasicTrainingStep(const BasicTrainingStep&) = delete;

  double run() {
    model_.forward_backward(batch_);
    Machine::update(model_.weights(), model_.gradients(), m_, v_, ++t_, 1e-4, {});
    return model_.loss();
  }

 private:
  Model<Machine> model_;
  typename Machine::Parameters m_, v_;
  std::vector<Token> inputs_, targets_;
  Sequences batch_;
  std::int64_t t_ = 0;
};
using TrainingStep = BasicTrainingStep<Cpu>;

/// "fp32", "bf16" or "int8"
inline Precision precision_of(const std::string& name) {
  if (name == "fp32") return Precision::fp32;
  if (name == "bf16") return Precision::bf16;
  if (name == "int8") return Precision::int8;
  throw Error("no such precision: " + name);
}

/// Tokens one after another, with a full window of earlier outputs: one song through the sampler, several through the
/// decoder alone.
class Sampling {
 public:
  Sampling(const Dimensions& d, Precision precision, int window, int songs)
      : d_(d),
        precision_(precision),
        window_(window),
        sampler_(endless_sampler(d, window, precision)),
        decoder_(Model<Cpu>({d, std::nullopt, {}, true}).decoder(songs, window, precision)),
        tokens_(static_cast<std::size_t>(songs)) {
    sampler_.next();  // begins the song, which never ends
    auto state = sampler_.snapshot();
    state.decoder.steps = window;
    sampler_.restore(state);
    auto decoder_state = decoder_.state();
    decoder_state.steps = window;
    decoder_.restore(decoder_state);
  }

  void run(int tokens) {
    for (int i = 0; i < tokens; ++i) {
      if (tokens_.size() == 1)
        sampler_.next();
      else
        decoder_.step(tokens_);
    }
  }
  void step() { decoder_.step(tokens_); }
  bool window_is_full() const { return static_cast<double>(sampler_.snapshot().decoder.steps) >= window_; }

  /// Of weights and earlier outputs, read once per step.
  double bytes() const {
    const double H = d_.H, V = d_.V;
    const double weights = 3 * H * H * (2 * d_.L - 1) + 2 * H * H + H * V;
    const double outputs = static_cast<double>(tokens_.size()) * window_ * H;
    return (precision_ == Precision::fp32 ? 4 : precision_ == Precision::bf16 ? 2 : 1) * (weights + outputs);
  }

 private:
  static Sampler<Cpu> endless_sampler(const Dimensions& d, int window, Precision precision) {
    const Forbid no_end{[](TokenEvent m) { return m.kind == TokenKind::end; }};
    return Sampler<Cpu>(Model<Cpu>({d, Vocabulary::standard(), {}, true}), no_end,
                        {.temperature = 1, .top_p = 0.95f, .window = window, .precision = precision});
  }

  Dimensions d_;
  Precision precision_;
  double window_;
  Sampler<Cpu> sampler_;
  Cpu::Decoder decoder_;
  std::vector<Token> tokens_;
};

/// A product of two square matrices: the rate that the training step is measured against.
class SquareProduct {
 public:
  explicit SquareProduct(cpu::Index n, Precision precision = Precision::fp32)
      : a_(n, n), b_(n, n), c_(n, n), precision_(precision) {
    a_.setConstant(1);
    b_.setConstant(1);
  }
  void run() {
    cpu::product<float>(cpu::view(std::as_const(a_)), cpu::view(std::as_const(b_)), cpu::view(c_), cpu::Into::assign,
                        precision_);
  }
  double flops() const { return 2.0 * static_cast<double>(a_.rows() * a_.rows() * a_.rows()); }

 private:
  cpu::Matrix<float> a_, b_, c_;
  Precision precision_;
};

/// Reads more memory than fits into the caches, from end to end on all threads: the rate that sampling with large
/// weights is measured against.
class StreamingRead {
 public:
  explicit StreamingRead(std::size_t bytes) : data_(bytes / sizeof(std::uint64_t), 1) {}
  std::uint64_t run() {
    const std::int64_t parts = thread_pool().threads();
    std::vector<std::uint64_t> sums(static_cast<std::size_t>(parts));
    thread_pool().parallel_for(parts, [&](std::int64_t part) {
      const std::int64_t n = std::ssize(data_);
      cpu::simd::run<Sum>(data_.data() + n * part / parts, n * (part + 1) / parts - n * part / parts,
                          &sums[static_cast<std::size_t>(part)]);
    });
    return std::accumulate(sums.begin(), sums.end(), std::uint64_t{0});
  }
  double bytes() const { return static_cast<double>(data_.size() * sizeof(std::uint64_t)); }

 private:
  struct Sum {
    template <int Bytes>
    [[gnu::always_inline]] inline static void run(const std::uint64_t* data, std::int64_t n, std::uint64_t* sum) {
      constexpr int width = Bytes / 8, J = 8;
      cpu::simd::Vector<std::uint64_t, Bytes> sums[J] = {}, v;
      for (std::int64_t i = 0; i + J * width <= n; i += J * width)
#pragma GCC unroll 8
        for (int j = 0; j < J; ++j) {
          cpu::simd::load(v, data + i + j * width);
          sums[j] += v;
        }
      for (int j = 1; j < J; ++j) sums[0] += sums[j];
      *sum = 0;
      for (int i = 0; i < width; ++i) *sum += sums[0][i];
    }
  };
  std::vector<std::uint64_t> data_;
};

}  // namespace musicgen::benchmarks
