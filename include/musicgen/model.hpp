// Models and their files.
#pragma once

#include "model/bundled_model.hpp"  // the bundled model
#include "model/config.hpp"         // sizes, vocabulary, presets
#include "model/model.hpp"          // the network
#include "model/model_file.hpp"     // models on disk and in memory
#include "model/safetensors.hpp"    // the files' format
