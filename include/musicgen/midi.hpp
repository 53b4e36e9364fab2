// MIDI files alone: a score, read, changed and written. Nothing of tokens or models; needs no other library.
#pragma once

#include "core/error.hpp"       // what goes wrong
#include "midi/score.hpp"       // notes, tracks, tempo, and all else that a file holds
#include "midi/smf_reader.hpp"  // Standard MIDI Files read
#include "midi/smf_writer.hpp"  // and written
