// Runs tests of vector code once for every instruction set of this processor.
#pragma once

#include <catch.hpp>
#include <musicgen/backend/cpu/simd/dispatch.hpp>

namespace musicgen::test {

template <class Body>
void under_every_isa(Body&& body) {
  using cpu::simd::Isa;
  for (const Isa isa : {Isa::baseline, Isa::avx2, Isa::avx512, Isa::avx512_vnni, Isa::avx512_bf16}) {
    if (isa > cpu::simd::best_isa()) continue;
    cpu::simd::force_isa(isa);
    INFO("vectors of " << cpu::simd::vector_bytes() << " bytes");
    body();
  }
  cpu::simd::force_isa(cpu::simd::best_isa());
}

}  // namespace musicgen::test
