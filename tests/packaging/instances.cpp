// Every member of the library's templates, for the compiler to warn about: in the tests, where the library is
// precompiled, it does not.
#include <musicgen/musicgen.hpp>

namespace musicgen {

template class Model<Cpu>;
template class Model<Cuda>;
template class Trainer<Cpu>;
template class Trainer<Cuda>;
template class Sampler<Cpu>;
template class Sampler<Cuda>;
template class cpu::Decoder<double>;
template struct BasicCpu<double>;
template std::vector<Likelihood> likelihoods(Model<Cpu>&, std::span<const Song* const>);
template std::vector<Likelihood> sampled_likelihoods(const Model<Cpu>&, std::span<const Song* const>, Precision, int);
template void save_model(const std::filesystem::path&, const Model<Cpu>&);
template Model<Cpu> load_model(const std::filesystem::path&);

}  // namespace musicgen
