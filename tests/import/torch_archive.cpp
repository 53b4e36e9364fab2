#include "musicgen/import/torch_archive.hpp"

#include <Eigen/Core>
#include <catch.hpp>
#include <cmath>
#include <limits>

#include "import/archives.hpp"

using namespace musicgen;
using namespace musicgen::test;
using musicgen::detail::TorchArchive;

namespace {

/// An archive with one tensor, whose storage has these bytes.
Bytes archive_of(const StoredTensor& tensor, const std::string& storage, const std::string& byte_order = "") {
  std::map<std::string, std::string> entries{{"a b/data.pkl", dictionary_of("w", tensor)}, {"a b/data/0", storage}};
  if (!byte_order.empty()) entries["a b/byteorder"] = byte_order;
  return zipped(entries);
}

/// The values of this tensor.
template <class T = float>
std::vector<T> values(const Bytes& bytes) {
  TorchArchive archive(bytes, "t.pt");
  const auto tensor = TorchArchive::tensor(
      musicgen::detail::object_of(archive.root(), musicgen::detail::PickleObject::Kind::dictionary)->values.at(1));
  REQUIRE(tensor);
  std::vector<T> all(static_cast<std::size_t>(element_count(tensor->shape)));
  archive.copy(*tensor, "w", std::span(all));
  return all;
}
std::string fault(const Bytes& bytes) {
  try {
    values(bytes);
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}

const std::string six = raw<float>({0, 1, 2, 3, 4, 5});
StoredTensor matrix(Shape shape, Shape strides, std::int64_t offset = 0) {
  return {"FloatStorage", "0", 6, offset, std::move(shape), std::move(strides)};
}

}  // namespace

TEST_CASE("torch archive: floating-point numbers of every width are converted") {
  const std::vector<double> numbers{0, -1.5, 0.333251953125, 65504};
  const auto as = [&]<class T>(T) {
    std::vector<T> all;
    for (const double x : numbers) all.push_back(static_cast<T>(x));
    return raw(all);
  };
  const auto read = [&](const std::string& type, const std::string& bytes) {
    return values<double>(archive_of({type, "0", 4, 0, {4}, {1}}, bytes));
  };
  CHECK(read("FloatStorage", as(float{})) == numbers);
  CHECK(read("DoubleStorage", as(double{})) == numbers);
  CHECK(read("HalfStorage", as(Eigen::half{})) == numbers);
  CHECK(read("BFloat16Storage", as(Eigen::bfloat16{})) == std::vector<double>{0, -1.5, 0.333984375, 65536});
}

TEST_CASE("torch archive: views of a storage, whatever their strides and offset") {
  const auto read = [](const StoredTensor& t) { return values(archive_of(t, six)); };
  using Values = std::vector<float>;
  CHECK(read(matrix({2, 3}, {3, 1})) == Values{0, 1, 2, 3, 4, 5});
  CHECK(read(matrix({3, 2}, {1, 3})) == Values{0, 3, 1, 4, 2, 5});     // transposed
  CHECK(read(matrix({2, 2}, {3, 1}, 1)) == Values{1, 2, 4, 5});        // some columns
  CHECK(read(matrix({3}, {2}, 1)) == Values{1, 3, 5});                 // every other
  CHECK(read(matrix({2, 3}, {0, 0}, 5)) == Values{5, 5, 5, 5, 5, 5});  // expanded
  CHECK(read(matrix({2, 2}, {1, 1})) == Values{0, 1, 1, 2});           // overlapping
  CHECK(read(matrix({1, 1}, {1000, 1000}, 5)) == Values{5});           // strides that are not used
}

TEST_CASE("torch archive: the byte order is the file's") {
  std::string reversed = six;
  for (std::size_t i = 0; i < reversed.size(); i += 4)
    std::reverse(reversed.begin() + static_cast<int>(i), reversed.begin() + static_cast<int>(i) + 4);
  const std::vector<float> expected{0, 1, 2, 3, 4, 5};
  CHECK(values(archive_of(matrix({6}, {1}), six)) == expected);
  CHECK(values(archive_of(matrix({6}, {1}), six, "little")) == expected);
  CHECK(values(archive_of(matrix({6}, {1}), reversed, "big")) == expected);
  CHECK(fault(archive_of(matrix({6}, {1}), six, "middle")) == "t.pt: has the unknown byte order \"middle\"");
}

TEST_CASE("torch archive: a tensor that reaches beyond its storage is refused") {
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  for (const StoredTensor& t :
       {matrix({7}, {1}), matrix({6}, {1}, 1), matrix({1}, {1}, 6), matrix({1}, {1}, most), matrix({2}, {6}),
        matrix({2}, {most}), matrix({2, 3}, {4, 1}), matrix({2, 2}, {most, most}), matrix({3, 2}, {most / 2 + 1, 1}),
        matrix({1, 7}, {0, 1})})
    CHECK(fault(archive_of(t, six)) == "t.pt: tensor \"w\" reaches beyond its storage");
}

TEST_CASE("torch archive: a storage that is not there, or of another size, is refused") {
  StoredTensor t = matrix({3}, {1});
  CHECK(fault(archive_of(t, six + "!!!!")) ==
        "t.pt: tensor \"w\" wants 6 elements of 4 bytes in entry \"data/0\", which has 28 bytes");
  CHECK(fault(archive_of(t, six.substr(1))) != "");
  t.storage_size = std::numeric_limits<std::int64_t>::max();
  CHECK(fault(archive_of(t, six)) != "");
  t.key = "../data/0";
  CHECK(fault(archive_of(t, six)) == "t.pt: has no entry \"a b/data/../data/0\"");
}

TEST_CASE("torch archive: numbers that are no weights are refused") {
  StoredTensor t = matrix({3}, {1});
  for (const std::string type : {"LongStorage", "IntStorage", "ByteStorage", "BoolStorage"}) {
    t.storage_type = type;
    CHECK(fault(archive_of(t, six)) == "t.pt: tensor \"w\" is not of floating-point numbers but a torch." + type);
  }
  t.storage_type = "QInt8Storage";
  CHECK_THAT(fault(archive_of(t, six)), Catch::Contains("names torch.QInt8Storage"));
  for (const float bad : {NAN, INFINITY, -INFINITY})
    CHECK(fault(archive_of(matrix({6}, {1}), raw<float>({0, 0, 0, 0, 0, bad}))) ==
          "t.pt: tensor \"w\" has a value that is not a finite number");
}

TEST_CASE("torch archive: a parameter is its tensor") {
  Pickler pickle;
  pickle.global("torch._utils", "_rebuild_parameter").code(PickleCode::mark);
  add(pickle, matrix({6}, {1}));
  pickle.code(PickleCode::newtrue).code(PickleCode::empty_dict).code(PickleCode::tuple).code(PickleCode::reduce);
  const Bytes bytes = zipped({{"m/data.pkl", pickle.code(PickleCode::stop).bytes()}, {"m/data/0", six}});
  TorchArchive archive(bytes, "t.pt");
  const auto tensor = TorchArchive::tensor(archive.root());
  REQUIRE(tensor);
  CHECK(tensor->shape == Shape{6});
}

TEST_CASE("torch archive: a call that makes no proper tensor makes none") {
  const auto is_tensor = [](const StoredTensor& t, const std::string& from = "", const std::string& to = "") {
    const std::string pickle = dictionary_of("w", t);
    Bytes changed = bytes_of(pickle);
    if (!from.empty()) changed = replaced(changed, from, to);
    const Bytes bytes = zipped({{"m/data.pkl", {changed.begin(), changed.end()}}});
    const TorchArchive archive(bytes, "t.pt");
    return TorchArchive::tensor(
               musicgen::detail::object_of(archive.root(), musicgen::detail::PickleObject::Kind::dictionary)
                   ->values.at(1))
        .has_value();
  };
  CHECK(is_tensor(matrix({6}, {1})));
  CHECK(is_tensor(matrix({}, {})));
  CHECK_FALSE(is_tensor(matrix({6}, {1, 1})));
  CHECK_FALSE(is_tensor(matrix({-6}, {1})));
  CHECK_FALSE(is_tensor(matrix({6}, {-1})));
  CHECK_FALSE(is_tensor(matrix({6}, {1}, -1)));
  CHECK_FALSE(is_tensor(matrix({6}, {1}), "storage", "sturage"));
  CHECK_FALSE(is_tensor(matrix({6}, {1}), "\x89}t",
                        "\x89"
                        "0t"));  // four arguments
}

TEST_CASE("torch archive: what it is that is no checkpoint, and what to do about it") {
  const auto refused = [](const Bytes& bytes) { return fault(bytes); };
  CHECK(refused({}) == "t.pt: byte 0: is not a PyTorch checkpoint");
  CHECK(refused(bytes_of("{\"weights\": []}")) == "t.pt: byte 0: is not a PyTorch checkpoint");
  CHECK(refused(bytes_of(std::string("\x80\x02\x8a\nl\xfc\x9c\x46\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.", 21))) ==
        "t.pt: is in PyTorch's format from before 1.6; convert it in Python: "
        "torch.save(torch.load(\"t.pt\", map_location=\"cpu\"), \"new.pt\")");
  CHECK(refused(zipped({{"m/data.pkl", "\x80\2}."}, {"m/constants.pkl", ""}, {"m/code/m.py", ""}})) ==
        "t.pt: is a TorchScript archive; convert it in Python: "
        "torch.save(torch.jit.load(\"t.pt\", \"cpu\").state_dict(), \"new.pt\")");
  CHECK(refused(zipped({{"word/document.xml", ""}, {"data.pkl", ""}})) ==
        "t.pt: is a zip archive, but not a PyTorch checkpoint: it has no data.pkl in a folder");
  CHECK(refused(zipped({{"a/data.pkl", ""}, {"b/data.pkl", ""}})) == "t.pt: has more than one data.pkl");
  CHECK(refused(zipped({{"a/data.pkl", ""}})) == "t.pt: a/data.pkl: byte 0: is not a pickle of protocol 2 to 5");
  CHECK_THAT(refused(bytes_of("PK\3\4 and nothing else")), Catch::Contains("cut short or damaged"));
}
