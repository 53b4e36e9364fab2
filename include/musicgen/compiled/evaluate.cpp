// Part of the library musicgen::compiled: evaluation, of models in float and in double.
#include <musicgen/backend/cpu/cpu.hpp>
#include <musicgen/compiled/instances.hpp>
#include <musicgen/evaluate/distributions.ipp>
#include <musicgen/evaluate/excerpts.ipp>
#include <musicgen/evaluate/likelihood.ipp>
#include <musicgen/evaluate/measures.ipp>
#include <musicgen/evaluate/novelty.ipp>
#include <musicgen/evaluate/recurrence.ipp>
#include <musicgen/evaluate/rhythm.ipp>
#include <musicgen/evaluate/statistics.ipp>
#include <musicgen/evaluate/structureness.ipp>
#include <musicgen/evaluate/suffix_automaton.ipp>
#include <musicgen/evaluate/two_sample.ipp>

namespace musicgen::inline MUSICGEN_ABI {
MUSICGEN_LIKELIHOOD_INSTANCES(BasicCpu<float>)
MUSICGEN_LIKELIHOOD_INSTANCES(BasicCpu<double>)
}  // namespace musicgen::inline MUSICGEN_ABI
