// Learning from a folder of MIDI files.
#pragma once

#include "data/batches.hpp"      // windows to learn from
#include "data/composer.hpp"     // songs made by rule
#include "data/corpus.hpp"       // POP909, MAESTRO or any folder of MIDI files
#include "data/language.hpp"     // performances or beats: which suits songs
#include "model.hpp"             // the network, and models on disk
#include "train/checkpoint.hpp"  // the state for resuming
#include "train/progress.hpp"    // the result of a step
#include "train/stages.hpp"      // the stages of training
#include "train/trainer.hpp"     // training
#include "train/widen.hpp"       // adds units to a trained model
