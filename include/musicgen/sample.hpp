// New music from a model.
#pragma once

#include "midi.hpp"            // what comes of it
#include "model.hpp"           // the network, and models on disk
#include "sample/sampler.hpp"  // songs, streams, events
