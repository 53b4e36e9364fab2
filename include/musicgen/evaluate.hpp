// How good models and their songs are.
#pragma once

#include "evaluate/distributions.hpp"     // how alike the statistics of two sets of pieces are
#include "evaluate/excerpts.hpp"          // songs made comparable
#include "evaluate/likelihood.hpp"        // how well a model knows a song
#include "evaluate/measures.hpp"          // what a listener would name of a piece
#include "evaluate/novelty.hpp"           // what songs share with those that were learned from
#include "evaluate/recurrence.hpp"        // whether a tune comes back
#include "evaluate/rhythm.hpp"            // how notes lie on beats and in bars
#include "evaluate/statistics.hpp"        // figures of a piece
#include "evaluate/structureness.hpp"     // whether parts return
#include "evaluate/suffix_automaton.hpp"  // what strings have in common
#include "evaluate/two_sample.hpp"        // can a machine tell two sets of songs apart
