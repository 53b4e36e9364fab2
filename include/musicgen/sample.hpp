// New music from a model.
#pragma once

#include "midi.hpp"                           // what comes of it
#include "model.hpp"                          // the network, and models on disk
#include "sample/plan_json.hpp"               // plans of songs, as text
#include "sample/presets.hpp"                 // chains of processors, to begin with
#include "sample/processors/key.hpp"          // what a listener asks for: a key,
#include "sample/processors/pitch_range.hpp"  // a range,
#include "sample/processors/rule.hpp"         // whatever a function says,
#include "sample/processors/tracks.hpp"       // fewer tracks
#include "sample/sampler.hpp"                 // songs, streams, events
