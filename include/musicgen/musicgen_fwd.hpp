// Forward declarations of the library's names: for headers that only pass its objects on.
#pragma once

#include "core/config.hpp"

namespace musicgen::inline MUSICGEN_ABI {

class Error;
class ThreadPool;

// midi/
struct Note;
struct Score;
struct Track;

// analyze/
struct Analysis;

// tokens/
class Grammar;
class SongState;
class Vocabulary;
struct TokenEvent;

// data/
class Corpus;
struct CorpusOptions;
struct MusicProfile;
struct Song;

// backend/, model/
template <class Scalar>
struct BasicCpu;
using Cpu = BasicCpu<float>;
struct Cuda;
struct ModelConfig;

// train/
struct Progress;
struct TrainerOptions;
struct TrainingResult;

// sample/
class AnyProcessor;
class Logits;
class ProcessorChain;
struct NoteEvent;
struct PlanRequest;
struct SamplerOptions;

// evaluate/
struct Likelihood;
struct Measures;
struct Statistics;

}  // namespace musicgen::inline MUSICGEN_ABI
