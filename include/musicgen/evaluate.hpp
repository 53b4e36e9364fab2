// How good models and their songs are.
#pragma once

#include "evaluate/distributions.hpp"     // how alike the statistics of two sets of pieces are
#include "evaluate/excerpts.hpp"          // songs made comparable
#include "evaluate/likelihood.hpp"        // how well a model knows a song
#include "evaluate/novelty.hpp"           // what songs share with those that were learned from
#include "evaluate/statistics.hpp"        // figures of a piece
#include "evaluate/suffix_automaton.hpp"  // what strings have in common
