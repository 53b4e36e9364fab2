// musicgen: learns from MIDI files and writes new music. One header to include; needs Eigen and nlohmann-json.
#pragma once

// In the order in which data flow.
// clang-format off
#include "core/error.hpp"              // what goes wrong
#include "midi/score.hpp"              // notes, tracks, tempo
#include "midi/smf.hpp"                // Standard MIDI Files, read and written
#include "tokens/vocabulary.hpp"       // the words
#include "tokens/encoder.hpp"          // a score as words
#include "tokens/decoder.hpp"          // and back
#include "tokens/grammar.hpp"          // what may come next
#include "data/composer.hpp"           // songs made by rule
#include "data/corpus.hpp"             // POP909, MAESTRO or any folder of MIDI files
#include "data/batches.hpp"            // windows to learn from
#include "model.hpp"                   // the network
#include "backend/cuda/cuda.hpp"       // on an NVIDIA GPU, for programs that link musicgen::cuda
#include "train/stages.hpp"            // how training goes
#include "train/checkpoint.hpp"        // models on disk
#include "train/trainer.hpp"           // training
#include "train/widen.hpp"              // more units for a model that has learned
#include "evaluate/likelihood.hpp"     // how well a model knows a song
#include "evaluate/statistics.hpp"     // figures of a piece, and
#include "evaluate/distributions.hpp"  // how alike those of two sets are
#include "evaluate/novelty.hpp"        // what songs share with those that were learned from
#include "sample/processors/key.hpp"   // what a listener asks for: a key,
#include "sample/processors/pitch_range.hpp"  // a range,
#include "sample/processors/tracks.hpp"  // fewer tracks,
#include "sample/processors/rule.hpp"  // or whatever a function says
#include "sample/presets.hpp"          // chains of processors, to begin with
#include "sample/sampler.hpp"          // new music
#include "version.hpp"
#ifdef MUSICGEN_COMPILED
#include "compiled/templates.hpp"      // not to be compiled again
#endif
// clang-format on
