// The keywords, variables and functions of CUDA that our kernels use. Those at which threads meet or may wait for each
// other have the place of the call as a last, defaulted argument.
#pragma once

#include <algorithm>
#include <atomic>
#include <bit>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <type_traits>

#include "engine/engine.hpp"

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline
#define __launch_bounds__(...)

#define threadIdx (::musicgen::emulator::position->thread)
#define blockIdx (::musicgen::emulator::position->block)
#define blockDim (::musicgen::emulator::position->block_size)
#define gridDim (::musicgen::emulator::position->grid_size)

// --- Meeting places --------------------------------------------------------------------------------------------------

inline void __syncthreads(musicgen::emulator::Location at = musicgen::emulator::Location::here()) {
  musicgen::emulator::block_barrier(at);
}
inline void __syncwarp(unsigned mask = ~0u, musicgen::emulator::Location at = musicgen::emulator::Location::here()) {
  musicgen::emulator::warp_barrier(mask, at);
}

namespace musicgen::emulator {

template <class T>
concept Shuffled = std::is_arithmetic_v<T> &&(sizeof(T) == 4 || sizeof(T) == 8);

template <Shuffled T>
T shuffle(const char* primitive, unsigned mask, T value, unsigned source, Location at) {
  using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
  return std::bit_cast<T>(static_cast<Bits>(exchange(primitive, mask, std::bit_cast<Bits>(value), source, at)));
}

/// The first lane of the part of the warp, `width` lanes wide, that contains the current lane.
inline unsigned first_lane(int width) {
  return position->lane & ~(static_cast<unsigned>(width) - 1);
}
inline unsigned last_lane(int width) {
  return first_lane(width) + static_cast<unsigned>(width) - 1;
}

}  // namespace musicgen::emulator

template <musicgen::emulator::Shuffled T>
T __shfl_sync(unsigned mask, T value, int source, int width = 32,
              musicgen::emulator::Location at = musicgen::emulator::Location::here()) {
  using namespace musicgen::emulator;
  const unsigned from = first_lane(width) + (static_cast<unsigned>(source) & (static_cast<unsigned>(width) - 1));
  return shuffle("__shfl_sync", mask, value, from, at);
}

// Beyond the end of its part a lane gets its own value.
template <musicgen::emulator::Shuffled T>
T __shfl_up_sync(unsigned mask, T value, unsigned delta, int width = 32,
                 musicgen::emulator::Location at = musicgen::emulator::Location::here()) {
  using namespace musicgen::emulator;
  const unsigned lane = position->lane;
  return shuffle("__shfl_up_sync", mask, value, lane < first_lane(width) + delta ? lane : lane - delta, at);
}
template <musicgen::emulator::Shuffled T>
T __shfl_down_sync(unsigned mask, T value, unsigned delta, int width = 32,
                   musicgen::emulator::Location at = musicgen::emulator::Location::here()) {
  using namespace musicgen::emulator;
  const unsigned lane = position->lane;
  return shuffle("__shfl_down_sync", mask, value, lane + delta > last_lane(width) ? lane : lane + delta, at);
}
template <musicgen::emulator::Shuffled T>
T __shfl_xor_sync(unsigned mask, T value, int lane_mask, int width = 32,
                  musicgen::emulator::Location at = musicgen::emulator::Location::here()) {
  using namespace musicgen::emulator;
  const unsigned lane = position->lane, other = lane ^ static_cast<unsigned>(lane_mask);
  return shuffle("__shfl_xor_sync", mask, value, other > last_lane(width) ? lane : other, at);
}

inline unsigned __ballot_sync(unsigned mask, int predicate,
                              musicgen::emulator::Location at = musicgen::emulator::Location::here()) {
  return musicgen::emulator::ballot("__ballot_sync", mask, predicate != 0, at);
}
inline int __any_sync(unsigned mask, int predicate,
                      musicgen::emulator::Location at = musicgen::emulator::Location::here()) {
  return musicgen::emulator::ballot("__any_sync", mask, predicate != 0, at) != 0;
}
inline int __all_sync(unsigned mask, int predicate,
                      musicgen::emulator::Location at = musicgen::emulator::Location::here()) {
  return musicgen::emulator::ballot("__all_sync", mask, predicate == 0, at) == 0;
}

// --- Memory ----------------------------------------------------------------------------------------------------------

inline void __threadfence() {
  musicgen::emulator::fence();
}
inline void __threadfence_block() {
  musicgen::emulator::fence();
}

template <class T>
T __ldg(const T* p) {
  return *p;
}
template <class T>
T __ldcg(const T* p) {
  return *p;
}
template <class T>
void __stcg(T* p, T value) {
  *p = value;
}

inline void __nanosleep(unsigned, musicgen::emulator::Location at = musicgen::emulator::Location::here()) {
  musicgen::emulator::give_way("__nanosleep", at);
}

namespace musicgen::emulator {

/// Atomically *p = update(*p), after others have had their turn.  @return  the old value
template <class T, class Update>
T atomic_update(const char* primitive, T* p, Update&& update, std::memory_order order, Location at) {
  give_way(primitive, at);
  std::atomic_ref<T> shared(*p);
  T old = shared.load(std::memory_order_relaxed);
  T updated = update(old);
  while (!shared.compare_exchange_strong(old, updated, order, std::memory_order_relaxed)) updated = update(old);
  if (!(updated == old)) note_progress();
  return old;
}

template <class T>
concept Counted = std::same_as<T, int> || std::same_as<T, unsigned> || std::same_as<T, unsigned long long>;
template <class T>
concept Added = Counted<T> || std::same_as<T, float> || std::same_as<T, double>;

}  // namespace musicgen::emulator

template <musicgen::emulator::Added T>
T atomicAdd(T* p, std::type_identity_t<T> value,
            musicgen::emulator::Location at = musicgen::emulator::Location::here()) {
  const auto add = [value](T old) { return static_cast<T>(old + value); };
  return musicgen::emulator::atomic_update("atomicAdd", p, add, std::memory_order_relaxed, at);
}
template <musicgen::emulator::Counted T>
T atomicMax(T* p, std::type_identity_t<T> value,
            musicgen::emulator::Location at = musicgen::emulator::Location::here()) {
  const auto larger = [value](T old) { return std::max(old, value); };
  return musicgen::emulator::atomic_update("atomicMax", p, larger, std::memory_order_relaxed, at);
}
template <musicgen::emulator::Counted T>
T atomicMin(T* p, std::type_identity_t<T> value,
            musicgen::emulator::Location at = musicgen::emulator::Location::here()) {
  const auto smaller = [value](T old) { return std::min(old, value); };
  return musicgen::emulator::atomic_update("atomicMin", p, smaller, std::memory_order_relaxed, at);
}
template <musicgen::emulator::Counted T>
T atomicCAS(T* p, std::type_identity_t<T> expected, std::type_identity_t<T> value,
            musicgen::emulator::Location at = musicgen::emulator::Location::here()) {
  const auto exchange = [=](T old) { return old == expected ? value : old; };
  return musicgen::emulator::atomic_update("atomicCAS", p, exchange, std::memory_order_relaxed, at);
}
template <musicgen::emulator::Added T>
T atomicExch(T* p, std::type_identity_t<T> value,
             musicgen::emulator::Location at = musicgen::emulator::Location::here()) {
  const auto replace = [value](T) { return value; };
  return musicgen::emulator::atomic_update("atomicExch", p, replace, std::memory_order_relaxed, at);
}

// --- Arithmetic ------------------------------------------------------------------------------------------------------

inline float rsqrtf(float x) {
  return 1.0f / std::sqrt(x);
}
inline float __frsqrt_rn(float x) {
  return 1.0f / std::sqrt(x);
}
inline float __frcp_rn(float x) {
  return 1.0f / x;
}
inline float __fdividef(float x, float y) {
  return x / y;
}
inline float __fmaf_rn(float x, float y, float z) {
  return std::fma(x, y, z);
}
inline float __saturatef(float x) {
  return x > 0.0f ? std::min(x, 1.0f) : 0.0f;
}
inline float exp10f(float x) {
  return std::pow(10.0f, x);
}

// Declared, but not exported, by glibc.
#define __expf(x) std::exp(float{x})
#define __logf(x) std::log(float{x})
#define __log2f(x) std::log2(float{x})
#define __powf(x, y) std::pow(float{x}, float{y})

inline float __uint_as_float(unsigned x) {
  return std::bit_cast<float>(x);
}
inline unsigned __float_as_uint(float x) {
  return std::bit_cast<unsigned>(x);
}
inline float __int_as_float(int x) {
  return std::bit_cast<float>(x);
}
inline int __float_as_int(float x) {
  return std::bit_cast<int>(x);
}
inline int __popc(unsigned x) {
  return std::popcount(x);
}
inline int __clz(int x) {
  return std::countl_zero(static_cast<unsigned>(x));
}
inline int __ffs(int x) {
  return x == 0 ? 0 : std::countr_zero(static_cast<unsigned>(x)) + 1;
}
inline unsigned __brev(unsigned x) {
  unsigned reversed = 0;
  for (int i = 0; i < 32; ++i) reversed |= (x >> i & 1u) << (31 - i);
  return reversed;
}
inline unsigned __umulhi(unsigned x, unsigned y) {
  return static_cast<unsigned>(std::uint64_t{x} * y >> 32);
}

inline int min(int a, int b) {
  return a < b ? a : b;
}
inline int max(int a, int b) {
  return a < b ? b : a;
}
inline unsigned min(unsigned a, unsigned b) {
  return a < b ? a : b;
}
inline unsigned max(unsigned a, unsigned b) {
  return a < b ? b : a;
}
inline long long min(long long a, long long b) {
  return a < b ? a : b;
}
inline long long max(long long a, long long b) {
  return a < b ? b : a;
}
