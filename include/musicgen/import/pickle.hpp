// Internal: reads pickles as data, without running anything.
//
// A pickle is a program for a machine with a stack and a memo (described in Python's Lib/pickletools.py), which in
// Python may call anything. Here it can only make numbers, texts and containers. A name or a call in it is kept as
// such, for the caller to interpret; a name that the caller has not allowed is an error.
#pragma once

#include <bit>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "../core/config.hpp"
#include "../core/error.hpp"
#include "../core/text.hpp"

namespace musicgen::inline MUSICGEN_ABI::detail {

struct PickleObject;

/// monostate is None, and everything that a checkpoint is not read for: bytes, numbers of more than 64 bits. Texts
/// point into the pickle.
using PickleValue = std::variant<std::monostate, bool, std::int64_t, double, std::string_view, PickleObject*>;

struct PickleObject {
  enum class Kind : std::uint8_t {
    tuple,
    list,        ///< sets, too
    dictionary,  ///< key, value, key, value, ...
    global,      ///< `name`, "module.name"
    call,        ///< of `name`; its only value is the tuple of arguments
    persistent   ///< its only value identifies what is kept outside the pickle
  };
  Kind kind;
  std::string_view name;
  std::vector<PickleValue> values;
};

/// The value as an object of that kind; null if it is not one.
[[nodiscard]] inline const PickleObject* object_of(const PickleValue& value, PickleObject::Kind kind) {
  const auto object = std::get_if<PickleObject*>(&value);
  return object != nullptr && (*object)->kind == kind ? *object : nullptr;
}

/// The arguments if the value is a call of `name`; null otherwise.
[[nodiscard]] inline const PickleObject* arguments_of(const PickleValue& value, std::string_view name) {
  const PickleObject* call = object_of(value, PickleObject::Kind::call);
  return call != nullptr && call->name == name ? object_of(call->values[0], PickleObject::Kind::tuple) : nullptr;
}

// clang-format off
/// The instructions of protocols 2 to 5 that do not make objects of other classes, by their Python names.
enum class PickleCode : unsigned char {
  proto = 0x80, frame = 0x95, stop = '.', mark = '(', pop = '0', pop_mark = '1',
  none = 'N', newtrue = 0x88, newfalse = 0x89, binint = 'J', binint1 = 'K', binint2 = 'M', long1 = 0x8a, long4 = 0x8b,
  binfloat = 'G', short_binstring = 'U', binstring = 'T', short_binunicode = 0x8c, binunicode = 'X',
  binunicode8 = 0x8d, short_binbytes = 'C', binbytes = 'B', binbytes8 = 0x8e, bytearray8 = 0x96,
  empty_tuple = ')', tuple = 't', tuple1 = 0x85, tuple2 = 0x86, tuple3 = 0x87, empty_list = ']', append = 'a',
  appends = 'e', empty_dict = '}', setitem = 's', setitems = 'u', empty_set = 0x8f, additems = 0x90, frozenset = 0x91,
  binput = 'q', long_binput = 'r', memoize = 0x94, binget = 'h', long_binget = 'j',
  global = 'c', stack_global = 0x93, reduce = 'R', build = 'b', binpersid = 'Q'
};
// clang-format on

/// Runs one pickle. Objects live as long as this object, and may refer to each other in any way, even in circles.
class Unpickler {
 public:
  /// Bounds memory (some 150 bytes per instruction) and time; a state dict takes a few thousand.
  static constexpr std::size_t most_instructions = 1'000'000;

  /// @param bytes    must outlive this
  /// @param allowed  names, "module.name", that the pickle may contain besides collections.OrderedDict; must outlive
  /// this
  /// @param where    names the pickle in errors
  Unpickler(std::span<const unsigned char> bytes, std::span<const std::string_view> allowed,
            std::filesystem::path where)
      : bytes_(reinterpret_cast<const char*>(bytes.data()), bytes.size()),
        allowed_(allowed),
        where_(std::move(where)) {}

  /// Runs the pickle and returns its value. To be called once.
  /// @throws Error  naming the byte of the faulty instruction
  [[nodiscard]] PickleValue run() {
    if (bytes_.size() < 2 || bytes_[0] != '\x80' || bytes_[1] < 2 || bytes_[1] > 5)
      fail("is not a pickle of protocol 2 to 5");
    for (std::size_t count = 0;; ++count) {
      start_ = at_;
      if (count == most_instructions)
        fail("goes on after " + std::to_string(count) + " instructions: too much besides the weights");
      const auto code = static_cast<PickleCode>(number(1));
      if (code == PickleCode::stop) break;
      if (!do_number(code) && !do_text(code) && !do_stack(code) && !do_container(code) && !do_call(code)) refuse(code);
    }
    if (stack_.size() != 1 || !marks_.empty()) fail("ends with " + std::to_string(stack_.size()) + " values, not one");
    return stack_[0];
  }

 private:
  using Kind = PickleObject::Kind;
  using Code = PickleCode;

  [[noreturn]] void fail(const std::string& what) const { throw file_error(where_, start_, what); }

  [[noreturn]] void refuse(Code code) const {
    constexpr std::pair<unsigned char, const char*> names[] = {{'i', "INST"},       {'o', "OBJ"},    {0x81, "NEWOBJ"},
                                                               {0x92, "NEWOBJ_EX"}, {'P', "PERSID"}, {0x82, "EXT1"},
                                                               {0x83, "EXT2"},      {0x84, "EXT4"}};
    for (const auto& [refused, name] : names)
      if (static_cast<unsigned char>(code) == refused)
        fail(std::string("has the instruction ") + name + ", which no state dict needs");
    fail("has the unknown instruction " + std::to_string(static_cast<int>(code)));
  }

  // --- Bytes ---

  std::string_view take(std::uint64_t size) {
    if (size > bytes_.size() - at_)
      fail("wants " + std::to_string(size) + " bytes, there are " + std::to_string(bytes_.size() - at_));
    const auto taken = bytes_.substr(at_, size);
    at_ += size;
    return taken;
  }
  static std::uint64_t bits_of(char byte) { return static_cast<unsigned char>(byte); }
  /// An unsigned number of `size` bytes, little-endian.
  std::uint64_t number(int size) {
    std::uint64_t value = 0;
    int shift = 0;
    for (const char byte : take(static_cast<std::uint64_t>(size))) value |= bits_of(byte) << shift, shift += 8;
    return value;
  }
  std::string_view line() {
    const auto end = bytes_.find('\n', at_);
    if (end == bytes_.npos) fail("has a name without an end");
    const auto taken = take(end - at_);
    ++at_;
    return taken;
  }

  // --- Stack ---

  void push(PickleValue value) { stack_.push_back(value); }
  PickleValue pop() {
    if (stack_.size() <= (marks_.empty() ? 0 : marks_.back())) fail("takes a value that is not there");
    const PickleValue value = stack_.back();
    stack_.pop_back();
    return value;
  }
  /// Takes the topmost mark off the stack, and returns what was above it.
  std::vector<PickleValue> pop_to_mark() {
    if (marks_.empty()) fail("takes values back to a mark that is not there");
    const auto first = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
    std::vector<PickleValue> values(first, stack_.end());
    stack_.erase(first, stack_.end());
    marks_.pop_back();
    return values;
  }
  void push_object(Kind kind, std::vector<PickleValue> values, std::string_view name = {}) {
    push(&objects_.emplace_back(PickleObject{kind, name, std::move(values)}));
  }
  void push_tuple(int size) {
    std::vector<PickleValue> values(static_cast<std::size_t>(size));
    for (std::size_t i = values.size(); i-- > 0;) values[i] = pop();
    push_object(Kind::tuple, std::move(values));
  }
  /// Appends to the container on top of the stack.
  void extend(Kind kind, const std::vector<PickleValue>& values) {
    PickleValue target = pop();
    if (object_of(target, kind) == nullptr) fail("adds to something that is not a container");
    auto& all = std::get<PickleObject*>(target)->values;
    all.insert(all.end(), values.begin(), values.end());
    push(target);
  }

  // --- Instructions; each function runs those of its kind, and returns whether this was one ---

  bool do_number(Code code) {
    switch (code) {
      case Code::none:
        return push({}), true;
      case Code::newtrue:
        return push(true), true;
      case Code::newfalse:
        return push(false), true;
      case Code::binint1:
        return push(static_cast<std::int64_t>(number(1))), true;
      case Code::binint2:
        return push(static_cast<std::int64_t>(number(2))), true;
      case Code::binint:
        return push(std::int64_t{static_cast<std::int32_t>(number(4))}), true;
      case Code::long1:
        return push_long(take(number(1))), true;
      case Code::long4:
        return push_long(take(number(4))), true;
      case Code::binfloat: {
        std::uint64_t bits = 0;
        for (const char byte : take(8)) bits = bits << 8 | bits_of(byte);  // big-endian
        return push(std::bit_cast<double>(bits)), true;
      }
      default:
        return false;
    }
  }
  /// A whole number in two's complement, little-endian.
  void push_long(std::string_view bytes) {
    if (bytes.size() > 8) return push({});
    std::uint64_t value = !bytes.empty() && bits_of(bytes.back()) >= 0x80 ? ~std::uint64_t{0} : 0;
    for (std::size_t i = bytes.size(); i-- > 0;) value = value << 8 | bits_of(bytes[i]);
    push(static_cast<std::int64_t>(value));
  }

  bool do_text(Code code) {
    switch (code) {
      case Code::short_binstring:
      case Code::short_binunicode:
        return push(take(number(1))), true;
      case Code::binstring:
      case Code::binunicode:
        return push(take(number(4))), true;
      case Code::binunicode8:
        return push(take(number(8))), true;
      case Code::short_binbytes:
        return take(number(1)), push({}), true;
      case Code::binbytes:
        return take(number(4)), push({}), true;
      case Code::binbytes8:
      case Code::bytearray8:
        return take(number(8)), push({}), true;
      default:
        return false;
    }
  }

  bool do_stack(Code code) {
    switch (code) {
      case Code::proto:
        return number(1), true;
      case Code::frame:
        if (const auto size = number(8); size > bytes_.size() - at_) fail("has a frame that goes beyond the end");
        return true;
      case Code::mark:
        return marks_.push_back(stack_.size()), true;
      case Code::pop:
        return pop(), true;
      case Code::pop_mark:
        return pop_to_mark(), true;
      case Code::binput:
        return remember(number(1)), true;
      case Code::long_binput:
        return remember(number(4)), true;
      case Code::memoize:
        return remember(memo_.size()), true;
      case Code::binget:
        return recall(number(1)), true;
      case Code::long_binget:
        return recall(number(4)), true;
      default:
        return false;
    }
  }
  void remember(std::uint64_t index) {
    const PickleValue top = pop();
    memo_[index] = top;
    push(top);
  }
  void recall(std::uint64_t index) {
    const auto found = memo_.find(index);
    if (found == memo_.end()) fail("asks for value " + std::to_string(index) + ", which was never kept");
    push(found->second);
  }

  bool do_container(Code code) {
    switch (code) {
      case Code::empty_tuple:
        return push_tuple(0), true;
      case Code::tuple1:
        return push_tuple(1), true;
      case Code::tuple2:
        return push_tuple(2), true;
      case Code::tuple3:
        return push_tuple(3), true;
      case Code::tuple:
        return push_object(Kind::tuple, pop_to_mark()), true;
      case Code::frozenset:
        return push_object(Kind::list, pop_to_mark()), true;
      case Code::empty_list:
      case Code::empty_set:
        return push_object(Kind::list, {}), true;
      case Code::empty_dict:
        return push_object(Kind::dictionary, {}), true;
      case Code::append:
        return extend(Kind::list, {pop()}), true;
      case Code::appends:
      case Code::additems:
        return extend(Kind::list, pop_to_mark()), true;
      case Code::setitem: {
        const PickleValue value = pop(), key = pop();
        return extend(Kind::dictionary, {key, value}), true;
      }
      case Code::setitems: {
        const auto items = pop_to_mark();
        if (items.size() % 2 != 0) fail("has a key without a value");
        return extend(Kind::dictionary, items), true;
      }
      default:
        return false;
    }
  }

  bool do_call(Code code) {
    switch (code) {
      case Code::global: {
        const auto module = line(), name = line();
        return push_global(module, name), true;
      }
      case Code::stack_global: {
        const PickleValue name = pop(), module = pop();
        if (!std::holds_alternative<std::string_view>(name) || !std::holds_alternative<std::string_view>(module))
          fail("has a name that is not a text");
        return push_global(std::get<std::string_view>(module), std::get<std::string_view>(name)), true;
      }
      case Code::reduce:
        return call(), true;
      case Code::build: {  // attributes: of a state dict, the versions of its modules
        const PickleValue state = pop(), object = pop();
        if (object_of(state, Kind::dictionary) == nullptr || object_of(object, Kind::dictionary) == nullptr)
          fail("sets attributes of something that is not a state dict");
        return push(object), true;
      }
      case Code::binpersid:
        return push_object(Kind::persistent, {pop()}), true;
      default:
        return false;
    }
  }
  void push_global(std::string_view module, std::string_view name) {
    const auto is_it = [&](std::string_view allowed) {
      return allowed.size() == module.size() + 1 + name.size() && allowed.starts_with(module) &&
             allowed[module.size()] == '.' && allowed.ends_with(name);
    };
    if (is_it(ordered_dict)) return push_object(Kind::global, {}, ordered_dict);
    for (const std::string_view allowed : allowed_)
      if (is_it(allowed)) return push_object(Kind::global, {}, allowed);
    fail("names " + printable(module) + "." + printable(name) +
         ", which is neither a tensor nor a container: save the state dict alone");
  }
  void call() {
    const PickleValue arguments = pop(), callable = pop();
    const PickleObject* function = object_of(callable, Kind::global);
    const PickleObject* tuple = object_of(arguments, Kind::tuple);
    if (function == nullptr || tuple == nullptr) fail("calls something that is not a function");
    if (function->name != ordered_dict) return push_object(Kind::call, {arguments}, function->name);
    if (!tuple->values.empty()) fail("makes an OrderedDict in a way of its own");
    push_object(Kind::dictionary, {});
  }

  static constexpr std::string_view ordered_dict = "collections.OrderedDict";

  std::string_view bytes_;
  std::span<const std::string_view> allowed_;
  std::filesystem::path where_;
  std::size_t at_ = 0, start_ = 0;  // the next byte, and that of the current instruction
  std::vector<PickleValue> stack_;
  std::vector<std::size_t> marks_;  // sizes of the stack
  std::map<std::uint64_t, PickleValue> memo_;
  std::deque<PickleObject> objects_;
};

}  // namespace musicgen::inline MUSICGEN_ABI::detail
