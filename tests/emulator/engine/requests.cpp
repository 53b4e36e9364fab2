#include "requests.hpp"

#include <utility>

namespace musicgen::emulator {

namespace {

Requests* noted = nullptr;

}  // namespace

void request(std::function<void()> work) {
  if (noted)
    noted->push_back(std::move(work));
  else
    work();
}

Requests record(const std::function<void()>& work) {
  Requests requests;
  noted = &requests;
  try {
    work();
  } catch (...) {
    noted = nullptr;
    throw;
  }
  noted = nullptr;
  return requests;
}

bool recording() {
  return noted != nullptr;
}

}  // namespace musicgen::emulator
