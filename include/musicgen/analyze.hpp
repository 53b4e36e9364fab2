// Musical analysis of a piece: beats and bars, keys, chords, phrases. Needs no other library.
#pragma once

#include "analyze/analysis.hpp"  // the result
#include "analyze/analyze.hpp"   // finds it in a score
#include "analyze/pop909.hpp"    // reads what people have annotated in POP909
