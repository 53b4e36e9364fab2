// From logits to the next token, on the device. Rules and their order: sample/token_sampler.hpp, and for pitches
// sample/processors/pitch_sampling.hpp before.
//
//   x_v = logit_v + bias_v, of pitches shaped        p_v = exp((x_v - max x) / temperature)        top-k, top-p, min-p
//   token = the first v with  p_0 + ... + p_v > u (p_0 + ... + p_{V-1}),  u uniform from the counter-based generator
//
// All in double, as there. What is guaranteed against the CPU's (tests/kernels/chooser.hpp), for the same logits and
// generator:
//   - temperature, bias, mask, top-k and min-p only compare numbers that are computed one by one, with the same
//     operations. On a GPU exp may differ from the C library's by a last bit; in the emulator it is the same.
//   - The draw sums in another order, side by side. Each of the sums, here and there, is off by less than V 2^-52 of
//     the whole; if u falls as near as V 2^-50 to an edge between two tokens, which it does once in 10^9 draws, one
//     thread repeats the draw in the CPU's order. So for the same p the token is the same, without exception.
//   - top-p cuts where sums in an order of descending p reach top_p of the whole. The CPU's order there depends on its
//     library's nth_element; the cut can differ if a sum comes as near as V 2^-52 to it. Sums of equal p are exact.
//   - Pitch temperature, top-p and min-p put a quotient of sums, rounded by as much, into the logits of pitches.
//   - The log-probability is the same but for rounding of double: 1e-15 V.
//
// A block a song. With n = V / threads: 2 n exponentials a thread, some ten barriers; top-k and top-p rank the tokens
// by V n comparisons. Bytes: 4 V logits (and as many of the bias) a song; 20 V of shared memory: V up to 11,000.
// Estimate for V 310 and 512 threads on an H100: 1 us, with top-k or top-p 2 us.
#pragma once

#include <cfloat>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <musicgen/tokens/vocabulary.hpp>

#include "device.cuh"
#include "sampling_options.hpp"

namespace musicgen::inline MUSICGEN_ABI::kernels {

/// The place in a stream of random numbers: core/random.hpp's Random.
struct Generator {
  std::uint64_t seed, stream;
  std::uint64_t drawn = 0;  ///< numbers of 32 bits so far, two a uniform()

  __device__ double uniform() {
    const uint4 block = philox(drawn / 4);
    const std::uint32_t first = word(block, drawn % 4);
    const std::uint32_t second = drawn % 4 == 3 ? philox(drawn / 4 + 1).x : word(block, drawn % 4 + 1);
    drawn += 2;
    const std::uint64_t top = first >> 5, bottom = second >> 6;
    return static_cast<double>(static_cast<long long>(top << 26 | bottom)) * 0x1p-53;
  }

 private:
  __device__ static std::uint32_t word(const uint4& block, std::uint64_t i) {
    return i == 0 ? block.x : i == 1 ? block.y : i == 2 ? block.z : block.w;
  }

  __device__ uint4 philox(std::uint64_t block) const {
    const auto low = [](std::uint64_t x) { return static_cast<std::uint32_t>(x); };
    const auto high = [](std::uint64_t x) { return static_cast<std::uint32_t>(x >> 32); };
    uint4 counter{low(block), high(block), low(stream), high(stream)};
    std::uint32_t key0 = low(seed), key1 = high(seed);
#pragma unroll
    for (int round = 0; round < 10; ++round, key0 += 0x9E3779B9u, key1 += 0xBB67AE85u) {
      const std::uint64_t a = std::uint64_t{0xD2511F53u} * counter.x, b = std::uint64_t{0xCD9E8D57u} * counter.z;
      counter = {high(b) ^ counter.y ^ key0, low(b), high(a) ^ counter.w ^ key1, low(a)};
    }
    return counter;
  }
};

/// How to choose among V tokens; the same for all songs of a launch.
struct SamplingRules {
  int V;
  SamplingOptions options = {};
  const float* bias = nullptr;             ///< (V) or none; -infinity: never
  const std::uint32_t* pitches = nullptr;  ///< ((V+31)/32), bits of the tokens that options.pitch_... are for, or none
  double doubtful = 0x1p-50;  ///< times V, of the whole: a draw as near to an edge is repeated in the CPU's order
};

struct DeviceChoice {
  int token;  ///< no_token: the logits are not finite
  double log_probability;
};

/// A mask over tokens, a bit each from the lowest; none allows all.
struct TokenMask {
  const std::uint32_t* bits = nullptr;
  __device__ bool operator()(int token) const { return !bits || (bits[token / 32] >> token % 32 & 1); }
};

/// Chooses a token with all threads of a block, which all get it.
class BlockChooser {
 public:
  __host__ __device__ static std::size_t shared_bytes(int V) {
    return (2 * sizeof(double) + sizeof(int)) * static_cast<std::size_t>(V) + device::warp_size * sizeof(double) + 16;
  }

  /// @param shared  shared_bytes(V), aligned to 16; may be used otherwise before and after a call
  __device__ BlockChooser(const SamplingRules& rules, void* shared)
      : rules_(rules),
        parts_(static_cast<double*>(shared)),
        p_(parts_ + device::warp_size),
        sorted_(p_ + rules.V),
        rank_(reinterpret_cast<int*>(sorted_ + rules.V)) {}

  /// @param logits   (V), may have been written by other blocks of this launch
  /// @param allowed  says whether a token may come
  template <class Allowed>
  __device__ DeviceChoice choose(const float* logits, const Allowed& allowed, Generator& random) {
    const double log_sum = log_sum_exp(logits);
    if (!(log_sum <= DBL_MAX)) return {no_token, 0};
    double largest = fill(logits, rules_.bias, allowed);
    if (!(largest > -HUGE_VAL)) largest = fill(logits, nullptr, allowed);
    const SamplingOptions& o = rules_.options;
    if (rules_.pitches && (o.pitch_temperature != 1 || o.pitch_top_p < 1 || o.pitch_min_p > 0))
      largest = shape_pitches();
    int token;
    if (rules_.options.temperature > 0) {
      for_each([&](int v) {
        const double x = p_[v];
        p_[v] = x == -HUGE_VAL ? 0.0 : exp((x - largest) / static_cast<double>(rules_.options.temperature));
      });
      __syncthreads();
      truncate();
      token = draw(random.uniform());
    } else {
      token = first_where([&](int v) { return p_[v] == largest; });
    }
    return {token, static_cast<double>(__ldcg(&logits[token])) - log_sum};
  }

 private:
  static constexpr int threads_a_warp = device::warp_size;

  template <class Function>
  __device__ void for_each(Function&& f) const {
    for (int v = static_cast<int>(threadIdx.x); v < rules_.V; v += static_cast<int>(blockDim.x)) f(v);
  }

  /// Of all threads' values; each thread gets it.
  template <class Join>
  __device__ double joined(double value, Join&& join) {
    for (int step = threads_a_warp / 2; step > 0; step /= 2) value = join(value, __shfl_xor_sync(~0u, value, step));
    if (threadIdx.x % threads_a_warp == 0) parts_[threadIdx.x / threads_a_warp] = value;
    __syncthreads();
    value = parts_[0];
    for (unsigned w = 1; w < blockDim.x / threads_a_warp; ++w) value = join(value, parts_[w]);
    __syncthreads();
    return value;
  }
  __device__ double largest_of(double value) {
    return joined(value, [](double a, double b) { return a > b ? a : b; });
  }
  __device__ double sum_of(double value) {
    return joined(value, [](double a, double b) { return a + b; });
  }
  /// The first token for which it holds; 0 if for none.
  template <class Condition>
  __device__ int first_where(Condition&& holds) {
    int first = rules_.V;
    for_each([&](int v) {
      if (v < first && holds(v)) first = v;
    });
    const double found = largest_of(-static_cast<double>(first));
    return static_cast<int>(-found) % rules_.V;
  }

  /// NaN if a logit is not finite.
  __device__ double log_sum_exp(const float* logits) {
    double max = -HUGE_VAL, sum = 0;
    for_each([&](int v) {
      const float x = __ldcg(&logits[v]);
      max = !(fabsf(x) <= FLT_MAX) ? HUGE_VAL : fmax(max, static_cast<double>(x));
    });
    max = largest_of(max);
    if (!(max < HUGE_VAL)) return NAN;
    for_each([&](int v) { sum += exp(static_cast<double>(__ldcg(&logits[v])) - max); });
    return max + log(sum_of(sum));
  }

  /// p := x. @return  the largest
  template <class Allowed>
  __device__ double fill(const float* logits, const float* bias, const Allowed& allowed) {
    double largest = -HUGE_VAL;
    for_each([&](int v) {
      const double x = static_cast<double>(__ldcg(&logits[v])) + (bias ? static_cast<double>(bias[v]) : 0.0);
      p_[v] = x == x && allowed(v) ? fmin(x, DBL_MAX) : -HUGE_VAL;
      largest = fmax(largest, p_[v]);
    });
    return largest_of(largest);
  }

  /// x of note-ons as pitch_sampling.hpp has it. @return  the largest of all x
  __device__ double shape_pitches() {
    const SamplingOptions& o = rules_.options;
    const TokenMask pitches{rules_.pitches};
    const auto for_pitches = [&](auto&& f) {
      for_each([&](int v) {
        if (pitches(v)) f(v);
      });
    };
    double largest = -HUGE_VAL, all = 0, saved = 0, count = 0;
    for_pitches([&](int v) { largest = fmax(largest, p_[v]); });
    largest = largest_of(largest);
    if (largest > -HUGE_VAL) {
      for_pitches([&](int v) {
        const double x = p_[v] - largest;
        all += exp(x);
        p_[v] = exp(x / static_cast<double>(o.pitch_temperature));
        ++count;
      });
      all = sum_of(all);
      if (o.pitch_top_p < 1) {
        rank(pitches);
        cut_to_nucleus(static_cast<int>(sum_of(count)), static_cast<double>(o.pitch_top_p), pitches);
      }
      for_pitches([&](int v) {
        if (p_[v] < static_cast<double>(o.pitch_min_p)) p_[v] = 0;
        saved += p_[v];
      });
      saved = sum_of(saved);
      for_pitches([&](int v) { p_[v] = largest + log(p_[v] * (all / saved)); });
    }
    double of_all = -HUGE_VAL;
    for_each([&](int v) { of_all = fmax(of_all, p_[v]); });
    return largest_of(of_all);
  }

  /// Sets to 0 what top-k, top-p and min-p leave out.
  __device__ void truncate() {
    const SamplingOptions& o = rules_.options;
    if (o.top_k > 0 || o.top_p < 1) {
      rank({});
      const int saved = o.top_k > 0 ? min(o.top_k, rules_.V) : rules_.V;
      if (o.top_p < 1) {
        cut_to_nucleus(saved, static_cast<double>(o.top_p), {});
      } else {
        for_each([&](int v) {
          if (rank_[v] >= saved) p_[v] = 0;
        });
      }
      __syncthreads();
    }
    if (o.min_p > 0) {
      for_each([&](int v) {
        if (p_[v] < static_cast<double>(o.min_p)) p_[v] = 0;
      });
      __syncthreads();
    }
  }

  /// Of some tokens, how many of them are more probable than each, or as probable and before it; and p in that order.
  __device__ void rank(const TokenMask& some) {
    for_each([&](int v) {
      if (!some(v)) return;
      const double mine = p_[v];
      int before = 0;
      for (int w = 0; w < rules_.V; ++w) before += some(w) && (p_[w] > mine || (p_[w] == mine && w < v));
      rank_[v] = before;
      sorted_[before] = mine;
    });
    __syncthreads();
  }

  /// Keeps, of the `saved` most probable of those ranked, those before which less than top_p of their sum lies.
  __device__ void cut_to_nucleus(int saved, double top_p, const TokenMask& ranked) {
    const Share own(*this, sorted_, saved);
    const double wanted = top_p * own.total;
    double before = own.before;
    for (int i = own.first; i < own.last; ++i) {
      const double p = sorted_[i];
      sorted_[i] = before < wanted ? p : 0.0;
      before += p;
    }
    __syncthreads();
    for_each([&](int v) {
      if (ranked(v)) p_[v] = rank_[v] < saved ? sorted_[rank_[v]] : 0.0;
    });
  }

  /// Neighbouring elements for each thread, and what comes before them.
  struct Share {
    int first, last;
    double before, total;

    __device__ Share(BlockChooser& chooser, const double* x, int n) {
      const int threads = static_cast<int>(blockDim.x), each = (n + threads - 1) / threads;
      const unsigned lane = threadIdx.x % threads_a_warp, warp = threadIdx.x / threads_a_warp;
      first = min(n, static_cast<int>(threadIdx.x) * each);
      last = min(n, first + each);
      double sum = 0;
      for (int i = first; i < last; ++i) sum += x[i];
      double up_to = sum;  // of the warp's lanes
      for (unsigned step = 1; step < threads_a_warp; step *= 2) {
        const double earlier = __shfl_up_sync(~0u, up_to, step);
        if (lane >= step) up_to += earlier;
      }
      if (lane == threads_a_warp - 1) chooser.parts_[warp] = up_to;
      __syncthreads();
      before = up_to - sum;
      total = 0;
      for (unsigned w = 0; w < blockDim.x / threads_a_warp; ++w) {
        if (w == warp) before += total;
        total += chooser.parts_[w];
      }
      __syncthreads();
    }
  };

  __device__ int draw(double uniform) {
    const Share own(*this, p_, rules_.V);
    const double target = uniform * own.total, doubtful = own.total * rules_.V * rules_.doubtful;
    double up_to = own.before;
    int token = rules_.V;
    bool in_doubt = false;
    for (int v = own.first; v < own.last; ++v) {
      if (p_[v] == 0) continue;
      up_to += p_[v];
      in_doubt = in_doubt || fabs(up_to - target) <= doubtful;
      if (up_to > target && token == rules_.V) token = v;
    }
    // One number says both: the first token, below all of them if in doubt.
    const double first = largest_of(in_doubt ? 1.0 : -static_cast<double>(token));
    if (first > 0) return draw_in_order(uniform);
    return static_cast<int>(-first) % rules_.V;
  }

  /// As token_sampler.hpp does it.
  __device__ int draw_in_order(double uniform) {
    if (threadIdx.x == 0) {
      double sum = 0;
      for (int v = 0; v < rules_.V; ++v) sum += p_[v];
      sorted_[0] = uniform * sum;
    }
    __syncthreads();  // through memory: a product that is part of no fused operation
    double rest = sorted_[0];
    int last = 0;
    for (int v = 0; v < rules_.V; ++v) {
      if (p_[v] == 0) continue;
      last = v;
      rest -= p_[v];
      if (rest < 0) break;
    }
    __syncthreads();
    return last;
  }

  SamplingRules rules_;
  double* parts_;   // (warps)
  double* p_;       // (V)
  double* sorted_;  // (V)
  int* rank_;       // (V)
};

/// The next token of each song.
struct Sampling {
  int B;
  SamplingRules rules;
  const float* logits;           ///< (B, V)
  const std::uint32_t* allowed;  ///< (B, (V+31)/32), a bit for each token that may come, from the lowest; or nullptr
  Generator* generators;         ///< (B), go on
  int* tokens;                   ///< (B), assigned; no_token where logits are not finite
  double* log_probabilities;     ///< (B), assigned: the model's own
};

__global__ static void __launch_bounds__(512, 1) sample_kernel(Sampling x) {
  const unsigned b = blockIdx.x;
  Generator random = x.generators[b];
  const auto V = static_cast<unsigned>(x.rules.V);
  BlockChooser chooser(x.rules, device::dynamic_shared<double>());
  const TokenMask allowed{x.allowed ? x.allowed + b * ((V + 31) / 32) : nullptr};
  const DeviceChoice choice = chooser.choose(x.logits + b * V, allowed, random);
  if (threadIdx.x == 0) {
    x.generators[b] = random;
    x.tokens[b] = choice.token;
    x.log_probabilities[b] = choice.log_probability;
  }
}

/// @throws Error  for a V of more than about 11,000, whose probabilities do not fit into shared memory
inline void sample(const Sampling& x, device::Stream stream) {
  const int threads = x.rules.V < 512 ? (x.rules.V + 31) / 32 * 32 : 512;
  device::launch(sample_kernel, static_cast<unsigned>(x.B), static_cast<unsigned>(threads),
                 BlockChooser::shared_bytes(x.rules.V), stream, x);
}

}  // namespace musicgen::inline MUSICGEN_ABI::kernels
