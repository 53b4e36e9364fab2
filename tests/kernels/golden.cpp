// The reference models of PyTorch (tests/golden) through kernels.
#include "golden/case.hpp"

#include <musicgen/cuda.hpp>

#include "data_files.hpp"

using namespace musicgen;

namespace {

int check_folder(const std::filesystem::path& folder) {
  return test::for_each_golden_case(folder, [](const test::GoldenCase& c) { test::check_golden<Cuda>(c, 1e-4); });
}

}  // namespace

TEST_CASE("kernels: golden, the project's own reference models") {
  CHECK(check_folder(test::source_dir() / "tests" / "golden") == 3);
}

TEST_CASE("kernels: golden, every reference model in MUSICGEN_GOLDEN_DIR") {
  const auto folder = test::golden_dir();
  if (!folder) return test::skip("no folder of reference models: set MUSICGEN_GOLDEN_DIR");
  CHECK(check_folder(*folder) > 0);
}
