// musicgen: learns from MIDI files and writes new music. Needs nlohmann-json.
#pragma once

#include "analyze.hpp"              // beats, keys, chords and phrases
#include "evaluate.hpp"             // measures models and their songs
#include "layers.hpp"               // the layers by themselves
#include "midi.hpp"                 // scores, Standard MIDI Files
#include "sample.hpp"               // new music
#include "tokens/decoder.hpp"       // from tokens to a score
#include "tokens/encoder.hpp"       // from a score to tokens
#include "tokens/grammar.hpp"       // which tokens may come next
#include "tokens/token_events.hpp"  // tokens in groups
#include "tokens/vocabulary.hpp"    // the meaning of tokens
#include "train.hpp"                // learning from a folder
#include "version.hpp"
