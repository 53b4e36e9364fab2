#include "memory.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <new>

#include "sanitizers.hpp"

namespace musicgen::emulator {

namespace {

constexpr std::size_t page = 4096;
constexpr int poison_byte = 0xFF;

std::size_t rounded_up(std::size_t bytes, std::size_t unit) {
  return (bytes + unit - 1) / unit * unit;
}

}  // namespace

GuardedBuffer::GuardedBuffer(std::size_t bytes) : size_(bytes) {
  const std::size_t aligned = rounded_up(bytes, 16);  // the alignment that cp.async and ldmatrix need
  const std::size_t inner = rounded_up(aligned, page);
  mapped_ = inner + 2 * page;
  void* memory = mmap(nullptr, mapped_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  mapping_ = static_cast<char*>(memory);
  if (inner > 0 && mprotect(mapping_ + page, inner, PROT_READ | PROT_WRITE) != 0) throw std::bad_alloc();
  data_ = mapping_ + page + inner - aligned;
  poison();
}

GuardedBuffer::~GuardedBuffer() {
  munmap(mapping_, mapped_);
}

void GuardedBuffer::poison() {
  std::memset(mapping_ + page, poison_byte, mapped_ - 2 * page);
}

bool GuardedBuffer::surroundings_are_untouched() const {
  const auto is_poison = [](char c) { return c == static_cast<char>(poison_byte); };
  return std::all_of(mapping_ + page, data_, is_poison) &&
         std::all_of(data_ + size_, mapping_ + mapped_ - page, is_poison);
}

std::ptrdiff_t GuardedBuffer::bytes_outside(const void* address) const {
  const auto* at = static_cast<const char*>(address);
  return at < data_ ? at - data_ : std::max<std::ptrdiff_t>(at - (data_ + size_), 0);
}

std::string SharedArray::described() const {
  const std::string what = name_ == nullptr ? "dynamic shared memory" : "shared array \"" + std::string(name_) + "\"";
  return what + " of " + std::to_string(size()) + " bytes";
}

void SharedArray::poison() {
  GuardedBuffer::poison();
  std::fill(bytes_.begin(), bytes_.end(), unwritten);
}

void SharedMemory::poison() {
  for (const auto& array : arrays_) array->poison();
}

char* SharedMemory::find(const char* name) const {
  for (const auto& array : arrays_)
    if (array->name() == name) return array->data();
  return nullptr;
}

char* SharedMemory::declare(const char* name, std::size_t bytes) {
  return arrays_.emplace_back(std::make_unique<SharedArray>(name, bytes))->data();
}

std::size_t SharedMemory::static_bytes() const {
  std::size_t sum = 0;
  for (const auto& array : arrays_)
    if (array->name() != nullptr) sum += rounded_up(array->size(), 16);
  return sum;
}

bool SharedMemory::has_room_for(std::size_t bytes) const {
  return static_bytes() + bytes <= most_static && static_bytes() + bytes + arrays_[0]->size() <= most;
}

bool SharedMemory::contains(const void* memory, std::size_t bytes) const {
  const SharedArray* const array = near(memory);
  return array != nullptr && array->holds(memory, bytes);
}

std::string SharedMemory::explain(const void* address) const {
  const SharedArray* const array = near(address);
  if (array == nullptr) return "";
  const std::ptrdiff_t outside = array->bytes_outside(address);
  if (outside < 0) return std::to_string(-outside) + " bytes before the start of " + array->described();
  return std::to_string(outside) + " bytes after the end of " + array->described();
}

std::string SharedMemory::explain_damage() const {
  for (const auto& array : arrays_)
    if (!array->surroundings_are_untouched()) return array->described();
  return "";
}

}  // namespace musicgen::emulator
