#include "musicgen/import/pickle.hpp"

#include <catch.hpp>
#include <string>

#include "import/archives.hpp"

using namespace musicgen;
using namespace musicgen::test;
using musicgen::detail::arguments_of;
using musicgen::detail::object_of;
using musicgen::detail::PickleObject;
using musicgen::detail::PickleValue;
using musicgen::detail::Unpickler;
using Kind = musicgen::detail::PickleObject::Kind;
using namespace std::string_literals;

namespace {

constexpr std::array<std::string_view, 1> allowed{"torch.Size"};

/// The value of a pickle of these instructions, between PROTO 2 and STOP; valid as long as this object.
struct Read {
  explicit Read(const std::string& instructions)
      : bytes(bytes_of("\x80\x02" + instructions + '.')), unpickler(bytes, allowed, "p"), value(unpickler.run()) {}

  template <class T>
  T as() const {
    REQUIRE(std::holds_alternative<T>(value));
    return std::get<T>(value);
  }
  std::size_t size(Kind kind) const {
    const PickleObject* object = object_of(value, kind);
    REQUIRE(object != nullptr);
    return object->values.size();
  }

  Bytes bytes;
  Unpickler unpickler;
  PickleValue value;
};

std::string pickle_refusal(const std::string& all) {
  const Bytes bytes = bytes_of(all);
  try {
    static_cast<void>(Unpickler(bytes, allowed, "p").run());
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}
/// After PROTO 2, so that the first instruction is at byte 2.
std::string refusal_of(const std::string& instructions) {
  return pickle_refusal("\x80\x02" + instructions);
}

}  // namespace

TEST_CASE("pickle: numbers") {
  CHECK(Read("K\xff").as<std::int64_t>() == 255);
  CHECK(Read("M\x01\x80"s).as<std::int64_t>() == 0x8001);
  CHECK(Read("J\xfe\xff\xff\xff").as<std::int64_t>() == -2);
  CHECK(Read("\x8a\x00"s).as<std::int64_t>() == 0);
  CHECK(Read("\x8a\x01\x80").as<std::int64_t>() == -128);
  CHECK(Read("\x8a\x02\x80\x00"s).as<std::int64_t>() == 128);
  CHECK(Read("\x8b\x02\x00\x00\x00\x00\x01"s).as<std::int64_t>() == 256);
  CHECK(Read("G\x3f\xf8\x00\x00\x00\x00\x00\x00"s).as<double>() == 1.5);
  CHECK(Read("\x88").as<bool>());
  CHECK_FALSE(Read("\x89").as<bool>());
  CHECK(std::holds_alternative<std::monostate>(Read("N").value));
  CHECK(std::holds_alternative<std::monostate>(Read("\x8a\x09\x00\x00\x00\x00\x00\x00\x00\x00\x01"s).value));
}

TEST_CASE("pickle: names, and bytes, which nobody asks for") {
  for (const std::string& text :
       {"U\x02hi"s, "T\x02\x00\x00\x00hi"s, "\x8c\x02hi"s, "X\x02\x00\x00\x00hi"s,
        "\x8d\x02\x00\x00\x00\x00\x00\x00\x00hi"s, "\x95\x04\x00\x00\x00\x00\x00\x00\x00\x8c\x02hi"s})
    CHECK(Read(text).as<std::string_view>() == "hi");
  for (const std::string& bytes : {"C\x02hi"s, "B\x02\x00\x00\x00hi"s, "\x8e\x02\x00\x00\x00\x00\x00\x00\x00hi"s,
                                   "\x96\x02\x00\x00\x00\x00\x00\x00\x00hi"s})
    CHECK(std::holds_alternative<std::monostate>(Read(bytes).value));
}

TEST_CASE("pickle: containers") {
  CHECK(Read(")").size(Kind::tuple) == 0);
  CHECK(Read("N\x85").size(Kind::tuple) == 1);
  CHECK(Read("NN\x86").size(Kind::tuple) == 2);
  CHECK(Read("NNN\x87").size(Kind::tuple) == 3);
  CHECK(Read("(NNNNt").size(Kind::tuple) == 4);
  CHECK(Read("]Na(NNe").size(Kind::list) == 3);
  CHECK(Read("\x8f(NN\x90").size(Kind::list) == 2);
  CHECK(Read("(NN\x91").size(Kind::list) == 2);
  CHECK(Read("}K\1Ns(K\2NK\3Nu").size(Kind::dictionary) == 6);
  CHECK(Read("ccollections\nOrderedDict\n)R}b").size(Kind::dictionary) == 0);
  const Read order("K\1K\2K\3\x87");
  CHECK(std::get<std::int64_t>(object_of(order.value, Kind::tuple)->values[2]) == 3);
}

TEST_CASE("pickle: what was kept comes back, in circles too") {
  CHECK(Read("K\7q\1"
             "0h\1")
            .as<std::int64_t>() == 7);
  CHECK(Read("K\7r\xff\xff\xff\xff"
             "0j\xff\xff\xff\xff")
            .as<std::int64_t>() == 7);
  CHECK(Read("K\7\x94K\5\x94"
             "00h\1")
            .as<std::int64_t>() == 5);
  const Read circle("]q\0h\0a"s);
  CHECK(std::get<PickleObject*>(object_of(circle.value, Kind::list)->values[0]) ==
        std::get<PickleObject*>(circle.value));
}

TEST_CASE("pickle: names and calls stay names and calls") {
  const Read by_line("ctorch\nSize\nK\1\x85R"), by_stack("\x8c\5torch\x8c\4Size\x93K\1\x85R");
  for (const Read* read : {&by_line, &by_stack}) {
    REQUIRE(arguments_of(read->value, "torch.Size") != nullptr);
    CHECK(arguments_of(read->value, "torch.Size")->values.size() == 1);
    CHECK(arguments_of(read->value, "torch.Sizes") == nullptr);
  }
  CHECK(object_of(Read("K\1Q").value, Kind::persistent) != nullptr);
}

TEST_CASE("pickle: whatever would run something is refused where it stands") {
  CHECK(refusal_of("cos\nsystem\nX\4\0\0\0true\x85R."s) ==
        "p: byte 2: names os.system, which is neither a tensor nor a container: save the state dict alone");
  CHECK_THAT(refusal_of("\x8c\2os\x8c\6system\x93."), Catch::Contains("byte 14: names os.system"));
  CHECK_THAT(refusal_of("cbuiltins\neval\n."), Catch::Contains("names builtins.eval"));
  CHECK_THAT(refusal_of("ctorch\nSiz\n."), Catch::Contains("names torch.Siz"));
  CHECK_THAT(refusal_of("ctorch\nFize\n."), Catch::Contains("names torch.Fize"));
  CHECK_THAT(refusal_of("ctorch.Size\n\n."), Catch::Contains("names torch.Size."));
  CHECK_THAT(refusal_of("c\ntorch.Size\n."), Catch::Contains("names .torch.Size"));
  CHECK_THAT(refusal_of("cos\n\x1b[31msystem\n."), Catch::Contains("names os.?[31msystem"));
  CHECK_THAT(refusal_of("(ios\nsystem\n."), Catch::Contains("INST"));
  CHECK_THAT(refusal_of("(ctorch\nSize\no."), Catch::Contains("OBJ"));
  CHECK_THAT(refusal_of("ctorch\nSize\n)\x81."), Catch::Contains("byte 15: has the instruction NEWOBJ"));
  CHECK_THAT(refusal_of("ctorch\nSize\n)}\x92."), Catch::Contains("NEWOBJ_EX"));
  CHECK_THAT(refusal_of("\x82\1."), Catch::Contains("EXT1"));
  CHECK_THAT(refusal_of("\x83\1\1."), Catch::Contains("EXT2"));
  CHECK_THAT(refusal_of("\x84\1\1\1\1."), Catch::Contains("EXT4"));
  CHECK_THAT(refusal_of("Pid\n."), Catch::Contains("PERSID"));
  CHECK_THAT(refusal_of("\x97."), Catch::Contains("unknown instruction 151"));
  CHECK_THAT(refusal_of("I1\n."), Catch::Contains("unknown instruction 73"));
  CHECK_THAT(refusal_of("ctorch\nSize\n}b."), Catch::Contains("sets attributes"));
  CHECK_THAT(refusal_of("ctorch\nSize\n)R}b."), Catch::Contains("sets attributes"));
  CHECK_THAT(refusal_of("}K\1b."), Catch::Contains("sets attributes"));
  CHECK_THAT(refusal_of("K\1)R."), Catch::Contains("calls something that is not a function"));
  CHECK_THAT(refusal_of("ctorch\nSize\n)R)R."), Catch::Contains("calls something that is not a function"));
  CHECK_THAT(refusal_of("ctorch\nSize\nK\1R."), Catch::Contains("calls something that is not a function"));
  CHECK_THAT(refusal_of("ccollections\nOrderedDict\n)\x85R."), Catch::Contains("OrderedDict"));
  CHECK_THAT(refusal_of("K\1K\2\x93."), Catch::Contains("a name that is not a text"));
}

TEST_CASE("pickle: a program that cannot be right is refused") {
  CHECK(pickle_refusal("") == "p: byte 0: is not a pickle of protocol 2 to 5");
  for (const std::string& start : {"\x80"s, "}."s, "\x80\1}."s, "\x80\6}."s, "(dp0\n."s})
    CHECK(pickle_refusal(start) != "");
  for (const std::string& missing : {"."s,
                                     "0."s,
                                     "1."s,
                                     "t."s,
                                     "\x85."s,
                                     "\x86."s,
                                     "K\1\x86."s,
                                     "a."s,
                                     "]a."s,
                                     "}s."s,
                                     "}K\1s."s,
                                     "u."s,
                                     "e."s,
                                     "R."s,
                                     ")R."s,
                                     "b."s,
                                     "Q."s,
                                     "\x93."s,
                                     "q\1."s,
                                     "\x94."s,
                                     "h\1."s,
                                     "j\1\0\0\0."s,
                                     "](0."s,
                                     "](0t."s,
                                     "](K\1"
                                     "00."s})
    CHECK_THAT(refusal_of(missing), Catch::Contains("byte "));
  CHECK_THAT(refusal_of("K\1K\2."), Catch::Contains("ends with 2 values"));
  CHECK_THAT(refusal_of("K\1(."), Catch::Contains("ends with"));
  CHECK_THAT(refusal_of("}(K\1u."), Catch::Contains("a key without a value"));
  CHECK_THAT(refusal_of("]K\1K\2s."), Catch::Contains("adds to something that is not a container"));
  CHECK_THAT(refusal_of("}K\1a."), Catch::Contains("adds to something that is not a container"));
  CHECK_THAT(refusal_of("ctorch\nSize\n)RK\1K\2s."), Catch::Contains("adds to something that is not a container"));
}

TEST_CASE("pickle: lengths beyond the end, and ends too early, are refused without memory for them") {
  const std::string huge(8, '\xff');
  for (const std::string& lengths :
       {"U\5hi."s, "\x8c\xffhi."s, "T\xff\xff\xff\xffhi."s, "X\xff\xff\xff\x7fhi."s, "\x8d" + huge, "\x8e" + huge,
        "\x96" + huge, "B\xff\xff\xff\xff"s, "\x8a\xff."s, "\x8b\xff\xff\xff\xff."s, "\x95" + huge + "N.", "cos"s,
        "cos\nsystem"s, "K"s, "J\1\1"s, "G\1"s, "N"s, ""s}) {
    CHECK_THAT(refusal_of(lengths), Catch::StartsWith("p: byte "));
  }
}

TEST_CASE("pickle: bombs are cheap") {
  // Each list contains the one before twice: 2^200 elements for a reader that visits them all.
  std::string twice = "]q\1";
  for (int i = 0; i < 200; ++i) twice += "0]h\1ah\1aq\1";
  CHECK(Read(twice).size(Kind::list) == 2);
  // As deep as it is long.
  CHECK(Read(std::string(100000, ']') + std::string(99999, 'a')).size(Kind::list) == 1);
  CHECK(Read(")" + std::string(100000, '\x85')).size(Kind::tuple) == 1);
  // One tuple of arguments for many calls.
  std::string calls = "(" + std::string(100000, 'N') + "tq\1";
  for (int i = 0; i < 100000; ++i) calls += "0ctorch\nSize\nh\1R";
  CHECK(arguments_of(Read(calls).value, "torch.Size")->values.size() == 100000);
  CHECK_THAT(refusal_of(std::string(2'000'000, '}')), Catch::Contains("byte 1000001: goes on after 1000000"));
}
