// musicgen: learns from MIDI files and writes new music. One header to include; needs Eigen and nlohmann-json.
//
// In the order in which data flow:
#pragma once

#include "core/error.hpp"           // what goes wrong
#include "data/batches.hpp"         // windows to learn from
#include "data/composer.hpp"        // songs made by rule
#include "data/corpus.hpp"          // POP909, MAESTRO or any folder of MIDI files
#include "evaluate/likelihood.hpp"  // how well a model knows a song
#include "midi/score.hpp"           // notes, tracks, tempo
#include "midi/smf.hpp"             // Standard MIDI Files, read and written
#include "model.hpp"                // the network
#include "sample/bias.hpp"          // what a listener asks for
#include "sample/sampler.hpp"       // new music
#include "tokens/decoder.hpp"       // and back
#include "tokens/encoder.hpp"       // a score as words
#include "tokens/grammar.hpp"       // what may come next
#include "tokens/vocabulary.hpp"    // the words
#include "train/checkpoint.hpp"     // models on disk
#include "train/stages.hpp"         // how training goes
#include "train/trainer.hpp"        // training
#include "version.hpp"
