// A program of somebody else's that computes on a GPU, or says why it does not.
#include <iostream>
#include <musicgen/core/error.hpp>
#include <musicgen/cuda.hpp>

int main() {
  const std::string reason = musicgen::cuda::why_not_available();
  try {
    const auto weights = musicgen::Cuda::zeros({10, 4, 8, 1});
    std::cout << musicgen::cuda::device_name() << ": " << weights.values.size() << " weights\n";
    return reason.empty() ? 0 : 1;
  } catch (const musicgen::Error& error) {
    std::cout << error.what() << '\n';
    return error.what() == reason ? 0 : 1;
  }
}
