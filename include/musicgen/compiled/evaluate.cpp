// Part of the library musicgen::compiled: evaluation, of models in float and in double.
#include <musicgen/backend/cpu/cpu.hpp>
#include <musicgen/evaluate/distributions.ipp>
#include <musicgen/evaluate/excerpts.ipp>
#include <musicgen/evaluate/likelihood.ipp>
#include <musicgen/evaluate/novelty.ipp>
#include <musicgen/evaluate/statistics.ipp>
#include <musicgen/evaluate/suffix_automaton.ipp>

#define MUSICGEN_INSTANTIATE(B)                                                                                        \
  template std::vector<Likelihood> likelihoods(Model<B>&, std::span<const Song* const>);                               \
  template std::vector<Likelihood> sampled_likelihoods(const Model<B>&, std::span<const Song* const>, Precision, int); \
  template Likelihood likelihood(Model<B>&, std::span<const Song* const>);

namespace musicgen::inline MUSICGEN_ABI {
MUSICGEN_INSTANTIATE(BasicCpu<float>)
MUSICGEN_INSTANTIATE(BasicCpu<double>)
}  // namespace musicgen::inline MUSICGEN_ABI
#undef MUSICGEN_INSTANTIATE
