// The one translation unit that holds Catch2 itself, or with version 3 its main(); every test program links it.
#define CATCH_CONFIG_RUNNER
#include <catch.hpp>

int main(int argc, char** argv) {
  return Catch::Session().run(argc, argv);
}
