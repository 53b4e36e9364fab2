#include <catch2/catch.hpp>
#include <musicgen/train/safetensors.hpp>

#include "data_files.hpp"

using namespace musicgen;

namespace {

std::string file_of(const std::string& header, std::size_t data_bytes = 0) {
  const std::uint64_t n = header.size();
  std::string file(reinterpret_cast<const char*>(&n), 8);
  return file + header + std::string(data_bytes, '\0');
}

}  // namespace

TEST_CASE("safetensors: tensors and metadata survive a file") {
  const test::TemporaryDirectory folder;
  const std::vector<float> f{1.5f, -2, 3, 4, 5, 6};
  const std::vector<double> d{1e-300};
  const std::vector<std::int64_t> i{-1, std::int64_t{1} << 40};
  Safetensors out;
  out.metadata()["key"] = "a \"value\"\n";
  out.add<float>("f", {2, 3}, f);
  out.add<double>("d", {}, d);
  out.add<std::int64_t>("i", {2}, i);
  out.add<float>("empty", {0, 3}, {});
  out.write(folder / "t.safetensors");
  const auto in = Safetensors::read(folder / "t.safetensors");
  CHECK(in.metadata() == out.metadata());
  CHECK(in.values<float>("f") == f);
  CHECK(in.values<double>("d") == d);
  CHECK(in.values<std::int64_t>("i") == i);
  CHECK(in.values<float>("empty").empty());
  CHECK(in.entry("f").shape == Shape{2, 3});
}

TEST_CASE("safetensors: bf16 is read as the float it abbreviates") {
  const test::TemporaryDirectory folder;
  std::string file = file_of(R"({"x":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]}})");
  file += std::string("\x80\x3f\x00\xc0", 4);
  write_bytes(folder / "t", file);
  CHECK(Safetensors::read(folder / "t").values<float>("x") == std::vector<float>{1, -2});
}

TEST_CASE("safetensors: a shape that is not the expected one names tensor and shapes") {
  const test::TemporaryDirectory folder;
  Safetensors out;
  out.add<float>("w", {2, 1}, std::vector<float>{1, 2});
  out.write(folder / "t");
  std::vector<float> into(3);
  CHECK_THROWS_WITH(Safetensors::read(folder / "t").read_into<float>("w", {3, 1}, into),
                    (folder / "t").string() + ": tensor \"w\" has shape (2, 1), expected (3, 1)");
  CHECK_THROWS_WITH(Safetensors::read(folder / "t").entry("v"), (folder / "t").string() + ": has no tensor \"v\"");
}

TEST_CASE("safetensors: a file cut anywhere is refused") {
  const test::TemporaryDirectory folder;
  Safetensors out;
  out.metadata()["k"] = "v";
  out.add<float>("w", {5}, std::vector<float>{1, 2, 3, 4, 5});
  out.write(folder / "whole");
  const auto bytes = read_bytes(folder / "whole");
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    write_bytes(folder / "cut", {reinterpret_cast<const char*>(bytes.data()), size});
    CHECK_THROWS_AS(Safetensors::read(folder / "cut"), Error);
  }
}

TEST_CASE("safetensors: headers that lie are refused") {
  const test::TemporaryDirectory folder;
  const auto refused = [&](const std::string& content) {
    write_bytes(folder / "t", content);
    INFO(content);
    CHECK_THROWS_AS(Safetensors::read(folder / "t"), Error);
  };
  refused(std::string("\xff\xff\xff\xff\xff\xff\xff\xff", 8));
  refused(file_of("[]"));
  refused(file_of("{\"x\":"));
  refused(file_of(R"({"x":1})"));
  refused(file_of(R"({"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", 7));
  refused(file_of(R"({"x":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}})", 8));
  refused(file_of(R"({"x":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}})", 8));
  refused(file_of(R"({"x":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}})", 8));
  refused(file_of(R"({"x":{"dtype":"Q4","shape":[2],"data_offsets":[0,8]}})", 8));
  refused(file_of(R"({"x":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}})"));
  refused(
      file_of(R"({"x":{"dtype":"F32","shape":[18446744073709551615],"data_offsets":[0,18446744073709551612]}})", 8));
  refused(file_of(R"({"__metadata__":7})"));
}
