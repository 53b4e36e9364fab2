// Compares the resident decoder with the CPU's in double.
#include <emulator/emulator.hpp>
#include <emulator/global_memory.hpp>
#include <kernels/decode.cuh>
#include <musicgen/model.hpp>
#include <vector>

#include "../backend/cpu/numeric.hpp"

namespace kernels_decode {

using namespace musicgen;
using cpu::Matrix;

Model<> random_model(int V, int H, int L) {
  ModelConfig config;
  config.dimensions = {V, 5, H, L};
  Model<> model(config, 3);
  for (auto& t : model.weights().tensors())  // so that attention is selective
    for (float& w : t.values) w *= t.name.starts_with("gru") ? 3.0f : 1.5f;
  return model;
}

std::vector<Token> random_tokens(int count, int V) {
  Random random(8);
  std::vector<Token> tokens;
  for (int i = 0; i < count; ++i) tokens.push_back(static_cast<Token>(random.below(static_cast<std::uint64_t>(V))));
  return tokens;
}

/// The CPU's decoder in double, with the weights rounded to bf16 on request.
cpu::Decoder<double> double_decoder(const Model<>& model, int B, int W) {
  auto weights = cpu::Parameters<double>::zeros(model.dimensions());
  const auto from = model.weights().tensors();
  auto to = weights.tensors();
  for (std::size_t i = 0; i < to.size(); ++i)
    std::copy(from[i].values.begin(), from[i].values.end(), to[i].values.begin());
  return cpu::Decoder<double>(weights, B, W, Precision::fp32, model.config().attention);
}

template <class Weight>
class EmulatedDecoder {
 public:
  EmulatedDecoder(const Model<>& model, int B, int W, kernels::DecodeGrid launch_grid)
      : shape{B,
              model.dimensions().V,
              model.dimensions().H,
              model.dimensions().L,
              W,
              model.config().attention.value == AttentionValue::successor,
              model.config().attention.scale},
        grid(launch_grid),
        logits(B, shape.V),
        rows_(shape.rows() * static_cast<std::size_t>(shape.width())),
        biases_(shape.L, 4 * shape.H),
        b1_(model.weights().head.b1),
        b2_(model.weights().head.b2),
        state_(kernels::DecodeState<Weight>::bytes(shape)),
        work_(kernels::DecodeWork::bytes(shape), std::byte{0xFF}) {
    const auto& p = model.weights();
    cpu::gru_inputs(p.gru[0], cpu::view(p.embedding), table_);
    const auto pack = [&](const Matrix<float>& w, int column, int matrix) {
      kernels::pack_decode_rows(shape, w.data() + column, static_cast<int>(w.cols()), static_cast<int>(w.rows()),
                                matrix, rows_.data(), nullptr);
    };
    for (int l = 0; l < shape.L; ++l) {
      const auto& layer = p.gru[static_cast<std::size_t>(l)];
      if (l > 0) pack(layer.w_ih, 0, shape.w_ih(l));
      pack(layer.w_hh, 0, shape.w_hh(l));
      const Matrix<float> no_input = Matrix<float>::Zero(1, layer.w_ih.cols());
      Matrix<float> biases;
      cpu::gru_inputs(layer, cpu::view(no_input), biases);
      std::copy_n(biases.data(), biases.size(), biases_.row(l).data());
    }
    pack(p.head.w1, 0, shape.w1_h());
    pack(p.head.w1, shape.H, shape.w1_c());
    pack(p.head.w2, 0, shape.w2());
  }

  const Matrix<float>& step(const Token* tokens) {
    kernels::decode<Weight>({shape,
                             {rows_.data(), table_.data(), biases_.data(), b1_.data(), b2_.data()},
                             {shape, state_.data()},
                             {shape, work_.data()}},
                            tokens, logits.data(), grid, nullptr);
    return logits;
  }

  const emulator::Global<std::byte>& state() const { return state_; }
  void restore(const emulator::Global<std::byte>& state) { state_ = state; }

  kernels::DecodeShape shape;
  kernels::DecodeGrid grid;
  Matrix<float> logits;

 private:
  emulator::Global<Weight> rows_;
  Matrix<float> table_, biases_;
  cpu::RowVector<float> b1_, b2_;
  emulator::Global<std::byte> state_, work_;
};

struct Size {
  int B, V, H, L, W, steps;
  kernels::DecodeGrid grid;
};

TEST_CASE("kernel decode: a token at a time gives the CPU's logits, beyond the window") {
  const auto size = GENERATE(Size{1, 19, 8, 1, 1, 4, {3, 64}}, Size{3, 19, 20, 2, 2, 6, {3, 64}},
                             Size{2, 31, 20, 3, 17, 22, {4, 32}}, Size{1, 310, 130, 3, 2, 4, {3, 96}},
                             Size{4, 19, 8, 2, 5, 8, {9, 32}});  // the last: blocks without a unit
  CAPTURE(size.B, size.V, size.H, size.L, size.W);
  const auto model = random_model(size.V, size.H, size.L);
  const auto tokens = random_tokens(size.B * size.steps, size.V);
  const auto worst = [&](auto decoder) {
    auto reference = double_decoder(model, size.B, size.W);
    double difference = 0;
    for (int t = 0; t < size.steps; ++t) {
      const auto row =
          std::span(tokens).subspan(static_cast<std::size_t>(t * size.B), static_cast<std::size_t>(size.B));
      const Matrix<double> expected = reference.step(row);
      difference = std::max(difference, test::relative_difference(decoder.step(row.data()), expected));
    }
    return difference;
  };
  emulator::under_all_schedules([&](emulator::Schedule schedule) {
    CAPTURE(schedule.name());
    CHECK(worst(EmulatedDecoder<float>(model, size.B, size.W, size.grid)) < 1e-5);
    CHECK(worst(EmulatedDecoder<device::bf16>(model, size.B, size.W, size.grid)) < 2e-2);
  });
}

TEST_CASE("kernel decode: under every schedule, with any number of blocks, the same bits") {
  const int B = GENERATE(1, 3), L = B, V = 19, W = 5, steps = 9;
  const auto model = random_model(V, 21, L);
  const auto tokens = random_tokens(steps * B, V);
  const auto decoded = [&](int blocks) {
    EmulatedDecoder<float> decoder(model, B, W, {blocks, 64});
    for (int t = 0; t < steps; ++t) decoder.step(&tokens[static_cast<std::size_t>(t * B)]);
    return decoder.logits;
  };
  const Matrix<float> expected = decoded(3);
  emulator::under_all_schedules([&](emulator::Schedule schedule) {
    CAPTURE(schedule.name());
    for (const int blocks : {1, 4}) CHECK(decoded(blocks) == expected);
  });
}

TEST_CASE("kernel decode: restoring a state repeats what followed it, zeros are the beginning") {
  const auto model = random_model(19, 12, 2);
  EmulatedDecoder<float> decoder(model, 1, 4, {2, 64});
  const auto tokens = random_tokens(9, 19);
  const Matrix<float> begun = decoder.step(&tokens[0]);
  for (const Token& token : tokens) decoder.step(&token);
  const auto state = decoder.state();
  const Matrix<float> first = decoder.step(&tokens[3]);
  decoder.step(&tokens[4]);
  decoder.restore(state);
  CHECK(decoder.step(&tokens[3]) == first);
  decoder.restore(emulator::Global<std::byte>(state.size()));
  CHECK(decoder.step(&tokens[0]) == begun);
}

TEST_CASE("kernel decode: more songs than a launch has room for are refused") {
  EmulatedDecoder<float> decoder(random_model(19, 12, 1), 5, 4, {2, 64});
  CHECK_THROWS_WITH(decoder.step(std::vector<Token>(5, 7).data()), Catch::Contains("5 songs"));
}

}  // namespace kernels_decode
