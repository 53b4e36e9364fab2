// Part of the library musicgen::cuda: the templates for its backend, compiled by the host's compiler.
#include <musicgen/core/config.hpp>

// Whatever is not a template is in musicgen::compiled, too, which a program also links. The two definitions are the
// same, and one of them must yield.
#undef MUSICGEN_INLINE
#define MUSICGEN_INLINE [[gnu::weak]]

#include <musicgen/compiled/instances.hpp>
#include <musicgen/cuda.hpp>
#include <musicgen/evaluate/likelihood.ipp>
#include <musicgen/model/model.ipp>
#include <musicgen/model/model_file.ipp>
#include <musicgen/sample/sampler.ipp>
#include <musicgen/train/checkpoint.ipp>
#include <musicgen/train/sequences.ipp>
#include <musicgen/train/trainer.ipp>
#include <musicgen/train/widen.ipp>

namespace musicgen::inline MUSICGEN_ABI {

MUSICGEN_MODEL_INSTANCES(Cuda)
MUSICGEN_TRAIN_INSTANCES(Cuda)
MUSICGEN_LIKELIHOOD_INSTANCES(Cuda)
template class Sampler<Cuda>;

}  // namespace musicgen::inline MUSICGEN_ABI
