// The device's half of kernels/device.cuh, by the emulator. kernels/device_nvidia.cuh is the other one, where each
// function is explained.
#pragma once

#include <musicgen/core/config.hpp>

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <tuple>
#include <type_traits>

#include "cuda_functions.hpp"
#include "engine/engine.hpp"
#include "engine/requests.hpp"

// A type can have the number of elements last, so `Element` and it are put together. The address of the name stands for
// the declaration, and differs between the instances of a template.
#define MUSICGEN_SHARED(Element, name, ...)   \
  static constexpr char name##_key[] = #name; \
  using name##_type = Element __VA_ARGS__;    \
  [[maybe_unused]] name##_type& name =        \
      *static_cast<name##_type*>(::musicgen::emulator::static_shared(name##_key, sizeof(name##_type)))

namespace musicgen::inline MUSICGEN_ABI::device {

using emulator::Location;
using Stream = struct StreamOfTheEmulator*;  // launches have ended when they return, so streams are all the same

namespace detail {

template <class... Parameters>
void run(void (*kernel)(Parameters...), const emulator::Launch& launch, const std::tuple<Parameters...>& arguments) {
  emulator::request([=] {
    const auto call = [&] { std::apply(kernel, arguments); };
    emulator::run(
        launch, [](const void* closure) { (*static_cast<decltype(call)*>(closure))(); }, &call);
  });
}

}  // namespace detail

template <class... Parameters>
void launch(void (*kernel)(Parameters...), dim3 grid, dim3 block, std::size_t shared_bytes, Stream,
            std::type_identity_t<Parameters>... arguments) {
  detail::run(kernel, {grid, block, shared_bytes, false}, std::tuple<Parameters...>(arguments...));
}

template <class... Parameters>
void launch_cooperative(void (*kernel)(Parameters...), dim3 grid, dim3 block, std::size_t shared_bytes, Stream,
                        std::type_identity_t<Parameters>... arguments) {
  detail::run(kernel, {grid, block, shared_bytes, true}, std::tuple<Parameters...>(arguments...));
}

struct Limits {
  int multiprocessors;
  std::size_t shared_bytes;
};
inline Limits limits() {
  return {132, 227 * 1024};  // an H100's
}

template <class T>
T* dynamic_shared() {
  return static_cast<T*>(emulator::dynamic_shared());
}

inline std::uint16_t round_to_bf16(float x) {
  if (x != x) return 0x7FFF;  // as cvt.rn.bf16.f32 has it
  const auto bits = std::bit_cast<std::uint32_t>(x);
  return static_cast<std::uint16_t>((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
}

inline void mma_bf16(float (&c)[4], const std::uint32_t (&a)[4], const std::uint32_t (&b)[2],
                     Location at = Location::here()) {
  emulator::mma_bf16(c, a, b, at);
}

inline void ldmatrix_x4(std::uint32_t (&d)[4], const void* row, Location at = Location::here()) {
  emulator::ldmatrix_x4(d, row, false, at);
}
inline void ldmatrix_x4_trans(std::uint32_t (&d)[4], const void* row, Location at = Location::here()) {
  emulator::ldmatrix_x4(d, row, true, at);
}

template <int bytes>
void copy_async(void* shared, const void* global, Location at = Location::here()) {
  static_assert(bytes == 4 || bytes == 8 || bytes == 16);
  emulator::copy_async(shared, global, bytes, bytes, at);
}
template <int bytes>
void copy_async_or_zero(void* shared, const void* global, bool inside, Location at = Location::here()) {
  static_assert(bytes == 4 || bytes == 8 || bytes == 16);
  emulator::copy_async(shared, global, bytes, inside ? bytes : 0, at);
}
inline void copy_async_commit() {
  emulator::commit_copies();
}
template <int pending>
void copy_async_wait() {
  emulator::wait_for_copies(pending);
}

inline unsigned load_acquire(const unsigned* p, Location at = Location::here()) {
  emulator::give_way("load_acquire", at);
  return std::atomic_ref(*const_cast<unsigned*>(p)).load(std::memory_order_acquire);
}
inline void store_release(unsigned* p, unsigned value, Location at = Location::here()) {
  emulator::give_way("store_release", at);
  if (std::atomic_ref(*p).exchange(value, std::memory_order_release) != value) emulator::note_progress();
}
inline void add_release(unsigned* p, unsigned value, Location at = Location::here()) {
  const auto add = [value](unsigned old) { return old + value; };
  emulator::atomic_update("add_release", p, add, std::memory_order_release, at);
}

inline int computed_here(int x) {
  return x;
}

inline void require_cooperative(Location at = Location::here()) {
  emulator::require_cooperative(at);
}

}  // namespace musicgen::inline MUSICGEN_ABI::device
