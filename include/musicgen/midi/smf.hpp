// Standard MIDI Files, read and written.
#pragma once

#include "smf_reader.hpp"
#include "smf_writer.hpp"
