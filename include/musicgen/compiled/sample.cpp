// Part of the library musicgen::compiled: sampling.
#include <musicgen/backend/cpu/cpu.hpp>
#include <musicgen/sample/options.ipp>
#include <musicgen/sample/plan_analysis.ipp>
#include <musicgen/sample/plan_guide.ipp>
#include <musicgen/sample/plan_json.ipp>
#include <musicgen/sample/plan_request.ipp>
#include <musicgen/sample/presets.ipp>
#include <musicgen/sample/processor.ipp>
#include <musicgen/sample/processors/chord_size_penalty.ipp>
#include <musicgen/sample/processors/density.ipp>
#include <musicgen/sample/processors/end_bias.ipp>
#include <musicgen/sample/processors/key.ipp>
#include <musicgen/sample/processors/max_note_length.ipp>
#include <musicgen/sample/processors/max_rest.ipp>
#include <musicgen/sample/processors/near_onset_penalty.ipp>
#include <musicgen/sample/processors/note_sampling.ipp>
#include <musicgen/sample/processors/phrase_returns.ipp>
#include <musicgen/sample/processors/pitch_class_prior.ipp>
#include <musicgen/sample/processors/pitch_sampling.ipp>
#include <musicgen/sample/processors/timing_sharpness.ipp>
#include <musicgen/sample/processors/velocity_prior.ipp>
#include <musicgen/sample/processors/velocity_temperature.ipp>
#include <musicgen/sample/repeat_guide.ipp>
#include <musicgen/sample/sampler.ipp>
#include <musicgen/sample/song_writer.ipp>
#include <musicgen/sample/token_sampler.ipp>

namespace musicgen::inline MUSICGEN_ABI {
template class Sampler<BasicCpu<float>>;
template class Sampler<BasicCpu<double>>;
}  // namespace musicgen::inline MUSICGEN_ABI
