// The network's layers by themselves, forward and backward, on the CPU: for courses, for checking a gradient, for
// another network.
#pragma once

#include "backend/cpu/adam.hpp"
#include "backend/cpu/attention.hpp"
#include "backend/cpu/embedding.hpp"
#include "backend/cpu/gru.hpp"
#include "backend/cpu/head.hpp"
#include "backend/cpu/loss.hpp"
#include "backend/cpu/muon.hpp"
