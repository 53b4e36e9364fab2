// Requests to the emulated device, performed at once or recorded to be performed later, repeatedly, like a CUDA graph.
#pragma once

#include <functional>
#include <vector>

namespace musicgen::emulator {

using Requests = std::vector<std::function<void()>>;

/// Performs the request, or records it if a recording is being made.
void request(std::function<void()> work);

/// What `work` requests, without performing it.
Requests record(const std::function<void()>& work);

/// Whether a recording is being made.
bool recording();

}  // namespace musicgen::emulator
