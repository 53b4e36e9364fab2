// Part of the library musicgen::compiled: training.
#include <musicgen/compiled/instances.hpp>
#include <musicgen/train/checkpoint.ipp>
#include <musicgen/train/progress.ipp>
#include <musicgen/train/sequences.ipp>
#include <musicgen/train/stages.ipp>
#include <musicgen/train/trainer.ipp>
#include <musicgen/train/widen.ipp>

namespace musicgen::inline MUSICGEN_ABI {

MUSICGEN_TRAIN_INSTANCES(BasicCpu<float>)
MUSICGEN_TRAIN_INSTANCES(BasicCpu<double>)

}  // namespace musicgen::inline MUSICGEN_ABI
