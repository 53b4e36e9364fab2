// The device's memory and products for emulated kernels: the host's memory and plain loops.
// kernels/runtime.cu is the GPU's twin.
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <emulator/engine/requests.hpp>
#include <emulator/global_memory.hpp>
#include <emulator/runtime.hpp>
#include <kernels/product.hpp>
#include <musicgen/backend/cuda/graph_capture.hpp>
#include <musicgen/backend/cuda/memory.hpp>
#include <musicgen/core/error.hpp>
#include <string>
#include <vector>

namespace musicgen::inline MUSICGEN_ABI::cuda {

namespace {

std::size_t memory_left = SIZE_MAX, allocations_left = SIZE_MAX;
std::size_t allocation_count = 0, allocated_bytes = 0, most_bytes = 0, replay_count = 0;

float number(float x) {
  return x;
}
float number(bf16 x) {
  const std::uint32_t bits = std::uint32_t{x.bits} << 16;
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

/// The elements by rows, as floats.
template <class T>
void unpack(View<const T> m, std::vector<float>& values) {
  values.resize(static_cast<std::size_t>(m.rows) * static_cast<std::size_t>(m.columns));
  const std::int64_t down = m.transposed ? 1 : m.stride, right = m.transposed ? m.stride : 1;
  float* out = values.data();
  for (int i = 0; i < m.rows; ++i)
    for (int j = 0; j < m.columns; ++j) *out++ = number(m.data[i * down + j * right]);
}

template <class T>
void multiply_on_host(View<const T> a, View<const T> b, View<float> c, float alpha, float beta,
                      const Batches& batches) {
  std::vector<float> left, right, sums(static_cast<std::size_t>(c.columns));
  for (int i = 0; i < batches.count; ++i) {
    unpack(a, left);
    unpack(b, right);
    const float* x = left.data();
    for (int row = 0; row < c.rows; ++row) {
      std::fill(sums.begin(), sums.end(), 0.0f);
      const float* y = right.data();
      for (int k = 0; k < a.columns; ++k, ++x)
        for (float& sum : sums) sum += *x * *y++;
      float* out = c.data + row * c.stride;
      for (const float sum : sums) {
        *out = alpha * sum + (beta == 0 ? 0 : beta * *out);
        ++out;
      }
    }
    a.data += batches.a;
    b.data += batches.b;
    c.data += batches.c;
  }
}

}  // namespace

std::string why_not_available() {
  return "";
}
std::string device_name() {
  return "an emulated GPU";
}
Stream stream() {
  return nullptr;
}
void synchronize() {
  if (emulator::recording()) throw Error("emulator: work that is recorded waits");
}

void* allocate(std::size_t bytes) {  // aligned to only 16 bytes, so that the end is guarded
  if (emulator::recording()) throw Error("emulator: work that is recorded asks for memory");
  ++allocation_count;
  if (bytes > memory_left || allocations_left == 0)
    throw Error("emulator: out of memory: " + std::to_string(bytes) + " bytes are needed");
  if (allocations_left < SIZE_MAX) --allocations_left;
  if (memory_left < SIZE_MAX) memory_left -= bytes;
  void* const memory = emulator::allocate_global(bytes);
  most_bytes = std::max(most_bytes, allocated_bytes += bytes);
  return memory;
}
std::size_t allocations() {
  return allocation_count;
}
std::size_t bytes_in_use() {
  return allocated_bytes;
}
std::size_t peak_bytes() {
  return most_bytes;
}
void release(void* memory, std::size_t bytes) noexcept {
  if (!memory) return;
  allocated_bytes -= bytes;
  if (memory_left < SIZE_MAX) memory_left += bytes;
  emulator::release_global(memory);
}
void* allocate_host(std::size_t bytes) {
  return emulator::allocate_global(bytes);
}
void release_host(void* memory) noexcept {
  emulator::release_global(memory);
}

void copy(void* to, const void* from, std::size_t bytes) {
  emulator::request([=] { std::memcpy(to, from, bytes); });
}
void set_zero(void* memory, std::size_t bytes) {
  emulator::request([=] { std::memset(memory, 0, bytes); });
}

void multiply(View<const float> a, View<const float> b, View<float> c, float alpha, float beta,
              const Batches& batches) {
  emulator::request([=] { multiply_on_host(a, b, c, alpha, beta, batches); });
}
void multiply(View<const bf16> a, View<const bf16> b, View<float> c, float alpha, float beta, const Batches& batches) {
  emulator::request([=] { multiply_on_host(a, b, c, alpha, beta, batches); });
}

struct RecordedWork {
  emulator::Requests requests;
};

Recording record(const std::function<void()>& work) {
  return new RecordedWork{emulator::record(work)};
}
void replay(Recording recording) {
  ++replay_count;
  for (const auto& request : recording->requests) request();
}
void release_recording(Recording recording) noexcept {
  delete recording;
}
std::size_t replays() {
  return replay_count;
}

}  // namespace musicgen::inline MUSICGEN_ABI::cuda

void musicgen::emulator::leave_memory(std::size_t bytes) {
  cuda::memory_left = bytes;
}
void musicgen::emulator::leave_allocations(std::size_t count) {
  cuda::allocations_left = count;
}
