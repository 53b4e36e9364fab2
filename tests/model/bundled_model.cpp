#include <catch.hpp>
#include <cstring>
#include <musicgen/core/files.hpp>
#include <musicgen/model/bundled_model.hpp>

#include "data_files.hpp"

using namespace musicgen;

TEST_CASE("bundled model: the program has the whole file in it") {
  const auto file = read_bytes(test::source_dir() / "examples" / "models" / "pop909.safetensors");
  const auto bytes = bundled_model_bytes();
  REQUIRE(bytes.size() == file.size());
  CHECK(std::memcmp(bytes.data(), file.data(), file.size()) == 0);
  const Model<> model = bundled_model();
  CHECK(model.parameter_count() == 2073574);
  CHECK(model.config().profile.usual_length);
}
