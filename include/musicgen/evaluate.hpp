// Measures models and their songs.
#pragma once

#include "evaluate/distributions.hpp"     // how similar the statistics of two sets of pieces are
#include "evaluate/excerpts.hpp"          // excerpts of songs, for comparisons
#include "evaluate/likelihood.hpp"        // how well a model knows a song
#include "evaluate/novelty.hpp"           // what songs have copied from the training songs
#include "evaluate/statistics.hpp"        // statistics of a piece
#include "evaluate/suffix_automaton.hpp"  // finds common parts of strings
