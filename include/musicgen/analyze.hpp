// What a piece is as music: beats and bars, keys, chords, phrases. Needs no other library.
#pragma once

#include "analyze/analysis.hpp"  // what is found
#include "analyze/analyze.hpp"   // finds it in a score
#include "analyze/pop909.hpp"    // what people found in POP909
