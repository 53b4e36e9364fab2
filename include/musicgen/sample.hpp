// New music from a model.
#pragma once

#include "midi.hpp"                           // its result, a score
#include "model.hpp"                          // the network, and models on disk
#include "sample/plan_analysis.hpp"           // plans of songs, as where their bars and chords are
#include "sample/plan_json.hpp"               // plans of songs, as text
#include "sample/presets.hpp"                 // chains of processors to start from
#include "sample/processors/key.hpp"          // what a user may ask for: a key,
#include "sample/processors/pitch_range.hpp"  // a range,
#include "sample/processors/rule.hpp"         // a rule given as a function,
#include "sample/processors/tracks.hpp"       // fewer tracks
#include "sample/sampler.hpp"                 // songs, streams, events
