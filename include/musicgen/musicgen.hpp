// musicgen: learns from MIDI files and writes new music. Needs nlohmann-json.
#pragma once

#include "analyze.hpp"              // beats, keys, chords and phrases
#include "evaluate.hpp"             // how good models and their songs are
#include "layers.hpp"               // the layers by themselves
#include "midi.hpp"                 // scores, Standard MIDI Files
#include "sample.hpp"               // new music
#include "tokens/decoder.hpp"       // tokens as a score
#include "tokens/encoder.hpp"       // a score as tokens
#include "tokens/grammar.hpp"       // what may come next
#include "tokens/token_events.hpp"  // tokens in groups
#include "tokens/vocabulary.hpp"    // what tokens say
#include "train.hpp"                // learning from a folder
#include "version.hpp"
