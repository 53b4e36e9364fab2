// Internal: writes pickles instruction by instruction.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "../core/config.hpp"
#include "pickle.hpp"

namespace musicgen::inline MUSICGEN_ABI::detail {

/// A pickle of protocol 2, which every version of PyTorch reads.
class Pickler {
 public:
  Pickler() { add({0x80, 2}); }

  Pickler& code(PickleCode c) { return add({static_cast<unsigned char>(c)}); }
  Pickler& number(std::int64_t value) {
    code(PickleCode::long1).add({8});
    for (int shift = 0; shift < 64; shift += 8)
      add({static_cast<unsigned char>(static_cast<std::uint64_t>(value) >> shift)});
    return *this;
  }
  Pickler& text(std::string_view value) {
    code(PickleCode::binunicode);
    for (int shift = 0; shift < 32; shift += 8) add({static_cast<unsigned char>(value.size() >> shift)});
    bytes_ += value;
    return *this;
  }
  Pickler& global(std::string_view module, std::string_view name) {
    code(PickleCode::global);
    bytes_ += std::string(module) + '\n' + std::string(name) + '\n';
    return *this;
  }
  /// The pickle so far; it ends with PickleCode::stop.
  [[nodiscard]] const std::string& bytes() const { return bytes_; }

 private:
  Pickler& add(std::initializer_list<unsigned char> bytes) {
    for (const unsigned char byte : bytes) bytes_ += static_cast<char>(byte);
    return *this;
  }

  std::string bytes_;
};

}  // namespace musicgen::inline MUSICGEN_ABI::detail
