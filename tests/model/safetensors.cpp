#include <catch.hpp>
#include <musicgen/core/files.hpp>
#include <musicgen/model/safetensors.hpp>

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

TEST_CASE("safetensors: eight bits are rounded to 1/127 of each row's largest") {
  const test::TemporaryDirectory folder;
  Safetensors out;
  out.add_int8<float>("w", {3, 3}, std::vector<float>{-2.54f, 1.02f, 0.011f, 0, 0, 0, 1e-39f, -1e-39f, 0});
  out.write(folder / "t");
  const auto in = Safetensors::read(folder / "t");
  CHECK(in.entry("w").dtype == "I8");
  CHECK(in.entry("w").size == 9);
  const auto w = in.values<double>("w");
  const std::vector<double> expected{-2.54, 1.02, 0.02, 0, 0, 0, 1e-39, -1e-39, 0};
  for (std::size_t i = 0; i < w.size(); ++i)
    CHECK(std::abs(w[i] - expected[i]) <= 1e-7 * std::abs(expected[i]) + 1e-43);
  // Rounding it again changes nothing.
  Safetensors again;
  again.add_int8<float>("w", {3, 3}, in.values<float>("w"));
  CHECK(again.values<float>("w") == in.values<float>("w"));
  CHECK(in.values<std::int64_t>("w") == std::vector<std::int64_t>{-2, 1, 0, 0, 0, 0, 0, 0, 0});
  CHECK_THROWS_WITH(out.add_int8<float>("n", {1, 2}, std::vector<float>{0, NAN}),
                    "tensor \"n\" has a number that is not finite");
  CHECK_THROWS_AS(out.add_int8<double>("n", {1, 2}, std::vector<double>{0, 1e300}), Error);
}

TEST_CASE("safetensors: eight bits of no elements, and scales in another type, are read") {
  const test::TemporaryDirectory folder;
  Safetensors out;
  out.add_int8<float>("a", {0, 3}, std::vector<float>{});
  out.add_int8<float>("b", {3, 0}, std::vector<float>{});
  out.add_int8<float>("c", {2}, std::vector<float>{-5, 0.25f});
  out.write(folder / "t");
  const auto in = Safetensors::read(folder / "t");
  CHECK(in.values<float>("a").empty());
  CHECK(in.values<float>("b").empty());
  CHECK(in.values<float>("c") == std::vector<float>{-5, 0.25f});
  write_bytes(folder / "h", file_of(R"({"w":{"dtype":"I8","shape":[],"data_offsets":[0,1]},)"
                                    R"("w.scale":{"dtype":"BF16","shape":[],"data_offsets":[1,3]}})") +
                                std::string("\xfe\x00\x40", 3));
  CHECK(Safetensors::read(folder / "h").values<float>("w") == std::vector<float>{-4});
}

TEST_CASE("safetensors: every tensor begins on a multiple of its elements' size") {
  const test::TemporaryDirectory folder;
  Safetensors out;
  out.add_int8<float>("q", {1, 3}, std::vector<float>{1, 2, 127});
  out.add_bf16<float>("h", {1}, std::vector<float>{3});
  out.add<double>("d", {1}, std::vector<double>{4});
  out.add_int8<float>("p", {1, 1}, std::vector<float>{5});
  out.add<float>("empty", {0}, std::vector<float>{});
  out.write(folder / "t");
  const auto in = Safetensors::read(folder / "t");
  const std::map<std::string, std::size_t> sizes{{"F64", 8}, {"F32", 4}, {"BF16", 2}, {"I8", 1}};
  for (const auto& [name, entry] : in.entries()) CHECK(entry.first % sizes.at(entry.dtype) == 0);
  CHECK(in.values<float>("q") == std::vector<float>{1, 2, 127});
  CHECK(in.values<float>("h") == std::vector<float>{3});
  CHECK(in.values<float>("d") == std::vector<float>{4});
  CHECK(in.values<float>("p") == std::vector<float>{5});
}

TEST_CASE("safetensors: eight bits without a scale for each row are refused") {
  const test::TemporaryDirectory folder;
  const auto refused = [&](const std::string& header, const std::string& why) {
    write_bytes(folder / "t", file_of(header) + std::string(12, '\1'));
    CHECK_THROWS_WITH(Safetensors::read(folder / "t").values<float>("w"), (folder / "t").string() + ": " + why);
  };
  const std::string w = R"("w":{"dtype":"I8","shape":[2,2],"data_offsets":[0,4]})", scale = R"(,"w.scale":{"dtype":)";
  const std::string no_scale = "tensor \"w\" is in eight bits, and there is no \"w.scale\" in more";
  refused("{" + w + "}", no_scale);
  refused("{" + w + scale + R"("F32","shape":[1],"data_offsets":[4,8]}})",
          "tensor \"w.scale\" has shape (1), expected (2)");
  refused("{" + w + scale + R"("I8","shape":[2],"data_offsets":[4,6]}})", no_scale);
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
