// MIDI files only: scores are read, changed and written. Without tokens or models; needs no other library.
#pragma once

#include "core/error.hpp"       // errors
#include "midi/score.hpp"       // notes, tracks, tempo and everything else in a file
#include "midi/smf_reader.hpp"  // reads Standard MIDI Files
#include "midi/smf_writer.hpp"  // writes them
