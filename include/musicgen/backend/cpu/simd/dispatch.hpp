// Which instructions the processor has, and how kernels use them.
//
// A kernel is a struct with `template <int Bytes> static void run(arguments...)`, always inlined, written with vector
// types of that many bytes. `simd::run<Kernel>(arguments...)` inlines it into a function compiled for the widest
// instructions that this processor has. The library carries no -march flag, so a program built once runs anywhere.
#pragma once

#include <atomic>

#include "../../../core/config.hpp"

namespace musicgen::inline MUSICGEN_ABI::cpu::simd {

/// Instruction sets in ascending order. `baseline` is what the program was compiled for, with vectors of 16 bytes;
/// `avx512_vnni` adds products of bytes, `avx512_bf16` those of bf16 as well.
enum class Isa { baseline, avx2, avx512, avx512_vnni, avx512_bf16 };

inline Isa best_isa() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl")) {
    if (!__builtin_cpu_supports("avx512vnni")) return Isa::avx512;
    return __builtin_cpu_supports("avx512bf16") ? Isa::avx512_bf16 : Isa::avx512_vnni;
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return Isa::avx2;
#endif
  return Isa::baseline;
}

namespace detail {
inline std::atomic<Isa>& chosen_isa() {
  static std::atomic<Isa> isa = best_isa();
  return isa;
}
}  // namespace detail

inline Isa isa() {
  return detail::chosen_isa().load(std::memory_order_relaxed);
}

/// For tests of the lesser instruction sets. Matrices packed before must not be used afterwards.
/// @param isa  at most best_isa()
inline void force_isa(Isa isa) {
  detail::chosen_isa() = isa;
}

/// Bytes of a vector.
inline int vector_bytes(Isa isa = simd::isa()) {
  return isa == Isa::baseline ? 16 : isa == Isa::avx2 ? 32 : 64;
}

namespace detail {
#if defined(__x86_64__)
template <class Kernel, class... Arguments>
[[gnu::target("avx2,fma")]] void run_avx2(Arguments... arguments) {
  Kernel::template run<32>(arguments...);
}
template <class Kernel, class... Arguments>
[[gnu::target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]] void run_avx512(Arguments... arguments) {
  Kernel::template run<64>(arguments...);
}
#endif
}  // namespace detail

/// Kernel::run<bytes of a vector>(arguments...), for these instructions.
template <class Kernel, class... Arguments>
void run_with(Isa isa, Arguments... arguments) {
#if defined(__x86_64__)
  switch (isa) {
    case Isa::avx512_bf16:
    case Isa::avx512_vnni:
    case Isa::avx512:
      return detail::run_avx512<Kernel, Arguments...>(arguments...);
    case Isa::avx2:
      return detail::run_avx2<Kernel, Arguments...>(arguments...);
    case Isa::baseline:
      break;
  }
#endif
  Kernel::template run<16>(arguments...);
}
template <class Kernel, class... Arguments>
void run(Arguments... arguments) {
  run_with<Kernel>(isa(), arguments...);
}

}  // namespace musicgen::inline MUSICGEN_ABI::cpu::simd
