// Learning from a folder of MIDI files.
#pragma once

#include "data/batches.hpp"      // windows to learn from
#include "data/composer.hpp"     // songs made by rule
#include "data/corpus.hpp"       // POP909, MAESTRO or any folder of MIDI files
#include "data/language.hpp"     // performances or beats: which suits songs
#include "model.hpp"             // the network, and models on disk
#include "train/checkpoint.hpp"  // what resuming needs
#include "train/progress.hpp"    // what a step came to
#include "train/stages.hpp"      // how training goes
#include "train/trainer.hpp"     // training
#include "train/widen.hpp"       // more units for a model that has learned
