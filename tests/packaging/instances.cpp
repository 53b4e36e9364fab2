// Every member of templates that musicgen::compiled does not have, for the compiler to warn about: in the tests, where
// the library's headers are precompiled, it does not.
#include <musicgen/musicgen.hpp>

namespace musicgen::inline MUSICGEN_ABI {

template class cpu::Decoder<double>;
template struct BasicCpu<double>;

}  // namespace musicgen::inline MUSICGEN_ABI
