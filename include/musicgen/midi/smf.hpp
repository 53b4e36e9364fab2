// The old name of musicgen/midi.hpp.
#pragma once

#include "../midi.hpp"
