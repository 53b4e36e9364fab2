// A model that needs no file when the program runs.
#include <cstdlib>
#include <musicgen/model/bundled_model.hpp>

int main() {
  return musicgen::bundled_model().config().profile.usual_length ? EXIT_SUCCESS : EXIT_FAILURE;
}
