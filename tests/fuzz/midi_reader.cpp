// Looks for bytes that harm the MIDI reader, or that it reads and cannot read again after writing. With clang:
//
//   clang++ -std=c++20 -O1 -g -fsanitize=fuzzer,address,undefined -Iinclude -Itests tests/fuzz/midi_reader.cpp
//   ./a.out -max_len=4096 FOLDER_WITH_MIDI_FILES
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "midi/smf_bytes.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (!musicgen::test::survives({data, size})) std::abort();
  return 0;
}
