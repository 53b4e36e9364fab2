// Measures models and their songs.
#pragma once

#include "evaluate/distributions.hpp"     // how similar the statistics of two sets of pieces are
#include "evaluate/excerpts.hpp"          // excerpts of songs, for comparisons
#include "evaluate/likelihood.hpp"        // how well a model knows a song
#include "evaluate/measures.hpp"          // what a listener would name in a piece
#include "evaluate/novelty.hpp"           // what songs have copied from the training songs
#include "evaluate/recurrence.hpp"        // whether a tune comes back
#include "evaluate/rhythm.hpp"            // how notes lie on beats and in bars
#include "evaluate/statistics.hpp"        // statistics of a piece
#include "evaluate/structureness.hpp"     // whether parts return
#include "evaluate/suffix_automaton.hpp"  // finds common parts of strings
#include "evaluate/two_sample.hpp"        // whether a classifier tells two sets of songs apart
