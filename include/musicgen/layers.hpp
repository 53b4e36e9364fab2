// The layers of the network by themselves, forward and backward, on the CPU: for teaching, for checking gradients, for
// other networks.
#pragma once

#include "backend/cpu/adam.hpp"
#include "backend/cpu/attention.hpp"
#include "backend/cpu/embedding.hpp"
#include "backend/cpu/gru.hpp"
#include "backend/cpu/head.hpp"
#include "backend/cpu/loss.hpp"
#include "backend/cpu/muon.hpp"
