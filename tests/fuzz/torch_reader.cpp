// Looks for bytes that harm the reader of PyTorch's checkpoints. With clang:
//
//   clang++ -std=c++20 -O1 -g -fsanitize=fuzzer,address,undefined -Iinclude -Itests
//     tests/fuzz/torch_reader.cpp -lzip
//   ./a.out -max_len=8192 -rss_limit_mb=512 FOLDER_WITH_CHECKPOINTS_AND_PICKLES
//
// Bytes that are no zip archive are taken for the pickle of a checkpoint whose storages are in order: the checksums of
// an archive let few changes pass.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>

#include "import/archives.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace musicgen;
  static const test::StateDict state(test::tiny_model());
  const std::span<const unsigned char> bytes(data, size);
  const bool is_zip = size >= 4 && std::string(bytes.begin(), bytes.begin() + 4) == "PK\3\4";
  try {
    const auto model =
        is_zip ? parse_torch(bytes, "t.pt") : parse_torch(state.checkpoint({bytes.begin(), bytes.end()}), "t.pt");
    // What is read can be written and read again.
    if (!test::same_weights(parse_torch(torch_bytes(model), "u.pt"), model)) std::abort();
  } catch (const Error&) {
  }
  return 0;
}
