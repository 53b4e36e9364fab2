#include "musicgen/import/pickle_writer.hpp"

#include <catch.hpp>

using namespace musicgen::detail;

TEST_CASE("pickle: instructions are written as Python writes them") {
  Pickler pickle;
  pickle.global("torch", "Size").code(PickleCode::mark).number(-2).text("ab").code(PickleCode::tuple);
  CHECK(pickle.code(PickleCode::reduce).code(PickleCode::stop).bytes() ==
        std::string("\x80\x02"
                    "ctorch\nSize\n("
                    "\x8a\x08\xfe\xff\xff\xff\xff\xff\xff\xff"
                    "X\x02\x00\x00\x00"
                    "abtR.",
                    35));
}
