// What is asked of the emulated device: done at once, or noted to be done later, again and again, as a CUDA graph is.
#pragma once

#include <functional>
#include <vector>

namespace musicgen::emulator {

using Requests = std::vector<std::function<void()>>;

/// Does it, or notes it where a recording is being made.
void request(std::function<void()> work);

/// What `work` requests, none of it done.
Requests record(const std::function<void()>& work);

/// Whether one is being made.
bool recording();

}  // namespace musicgen::emulator
