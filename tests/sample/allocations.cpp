// Sampling allocates nothing once it is warm, on any thread: every allocation of this program is counted.
#include <atomic>
#include <catch.hpp>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <musicgen/sample/sampler.hpp>

#include "sample/models.hpp"

#if defined(__SANITIZE_ADDRESS__)
#define COUNT_BY_SANITIZER
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define COUNT_BY_SANITIZER
#endif
#endif

namespace {
std::atomic<std::int64_t> allocations = 0;
}

#if defined(COUNT_BY_SANITIZER)
extern "C" int __sanitizer_install_malloc_and_free_hooks(void (*)(const volatile void*, std::size_t),
                                                         void (*)(const volatile void*));
namespace {
[[maybe_unused]] const int installed = __sanitizer_install_malloc_and_free_hooks(
    [](const volatile void*, std::size_t) { ++allocations; }, [](const volatile void*) {});
constexpr bool counting = true;
}  // namespace
#elif defined(__GLIBC__)
// operator new ends up here, also for memory aligned to a cache line.
extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);

void* malloc(std::size_t size) {
  ++allocations;
  return __libc_malloc(size);
}
void* calloc(std::size_t count, std::size_t size) {
  ++allocations;
  return __libc_calloc(count, size);
}
void* realloc(void* old, std::size_t size) {
  ++allocations;
  return __libc_realloc(old, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) {
  ++allocations;
  return __libc_memalign(alignment, size);
}
void* memalign(std::size_t alignment, std::size_t size) {
  ++allocations;
  return __libc_memalign(alignment, size);
}
int posix_memalign(void** result, std::size_t alignment, std::size_t size) {
  ++allocations;
  *result = __libc_memalign(alignment, size);
  return *result == nullptr ? ENOMEM : 0;
}
}
namespace {
constexpr bool counting = true;
}
#else
namespace {
constexpr bool counting = false;
}
#endif

using namespace musicgen;
using namespace musicgen::test;

namespace {

/// Runs `body` once on every thread of the pool, so that each has allocated its memory.
template <class Body>
void warm_threads(const Body& body) {
  const int threads = thread_pool().threads();
  std::atomic<int> arrived = 0;
  thread_pool().parallel_for(threads, [&](std::int64_t) {
    ++arrived;
    while (arrived < threads) std::this_thread::yield();  // no thread takes two
    body();
  });
}

/// The number of allocations in `body`.
template <class Body>
std::int64_t allocations_in(Body&& body) {
  const std::int64_t before = allocations;
  body();
  return allocations - before;
}

}  // namespace

TEST_CASE("sample: the counter of allocations counts") {
  CHECK(counting);
  CHECK(allocations_in([] { delete new volatile int(3); }) == 1);
  CHECK(allocations_in([] { cpu::Matrix<float>::Zero(9, 9).setZero(); }) >= 1);
  CHECK(allocations_in([] { std::thread([] { std::free(std::malloc(7)); }).join(); }) >= 2);
}

TEST_CASE("model: a training step allocates nothing after the first") {
  for (const int count : {1, 2}) {
    const Threads threads(count);
    Model<> model = untrained(Vocabulary::standard(), 1, true, 1, 152);
    Cpu::Parameters m = Cpu::zeros(model.dimensions()), v = m;
    const std::vector<Token> inputs(4 * 70, 7), targets(4 * 20, 9);
    const Sequences batch{4, 70, 20, inputs, targets};
    warm_threads([&] {
      Model<> other = model;
      other.forward(batch);
      other.backward(batch);
    });
    const auto step = [&](int t) {
      model.forward(batch);
      model.backward(batch);
      Cpu::update(model.weights(), model.gradients(), m, v, t, 1e-3, {.muon = t % 2 == 1 ? 3.0 : 0.0});
    };
    step(1);
    CHECK(allocations_in([&] {
            for (int t = 2; t < 6; ++t) step(t);
          }) == 0);
  }
}

TEST_CASE("sample: a step allocates nothing, past the attention window and from song to song") {
  for (const auto& [count, precision] :
       {std::pair(1, Precision::fp32), {2, Precision::fp32}, {2, Precision::bf16}, {2, Precision::int8}}) {
    const Threads threads(count);
    Model<> model = untrained(Vocabulary::standard(), 1, true, 1, 710);
    REQUIRE(is_shared_among_threads(model, 1));
    model.weights().head.b2[model.vocabulary().end()] = 2;
    const Rule steer([](Logits logits, const SongState& song) {
      if (song.sounding() > 1) logits.add(60, 1);
      if (song.steps() % 7 == 3) logits.forbid(TokenKind::note_on);  // so that there have to be rests
    });
    ProcessorChain at_run_time;
    at_run_time.push_back(few_notes());
    at_run_time.push_back(Key{1});  // which has C#, 61
    presets::Lifelike style = presets::lifelike(MusicProfile());
    style.get<EndBias>().after = std::chrono::seconds(4);
    style.get<MaxNoteLength>().length = std::chrono::seconds(2);
    style.get<PitchSampling>().top_p = 0.9f;
    style.get<VelocityPrior>() = {79, 0.2f};
    Sampler sampler(
        model, Chain(at_run_time, steer, style),
        {.temperature = 1.2f, .top_k = 200, .top_p = 0.99f, .min_p = 0.001f, .window = 64, .precision = precision});
    for (int i = 0; i < 100; ++i) sampler.next();
    int songs = 0;
    CHECK(allocations_in([&] {
            for (int i = 0; i < 2000; ++i) songs += sampler.next() == model.vocabulary().end();
          }) == 0);
    CHECK(songs > 0);
    CHECK(allocations_in([&] {
            for (int i = 0; i < 100; ++i) sampler.next_note();
          }) == 0);
    double sum = 0;
    CHECK(allocations_in([&] {
            int i = 0;
            for (const Note& note : sampler.stream()) {
              sum += note.end;
              if (++i == 100) break;
            }
          }) == 0);
    CHECK(sum > 0);
    const auto state = sampler.snapshot();
    CHECK(allocations_in([&] { sampler.restore(state); }) == 0);
    for (int i = 0; i < 10; ++i) sampler.next();
    CHECK(allocations_in([&] {
            sampler.set_temperature(0.9f);
            sampler.set_top_k(100);
            sampler.set_top_p(0.9f);
            sampler.set_min_p(0.01f);
            sampler.set_seed(5);
            sampler.processor<Density>().density = 0.3f;
            sampler.processor<Key>().tonic = 0;
            sampler.processor<Tracks>() = Tracks(std::array{0, 1});
            for (int i = 0; i < 200; ++i) sampler.next();
          }) == 0);
    sampler.until(std::chrono::seconds(1));
    std::size_t events = 0;
    CHECK(allocations_in([&] {
            for (int second = 2; second < 30; ++second)
              events += sampler.until(sampler.so_far().time() + std::chrono::seconds(1)).size();
          }) == 0);
    CHECK(events > 0);
  }
}

TEST_CASE("sample: a step in the language of beats allocates nothing, under a plan and past the attention window") {
  const Model<> model = untrained_in_beats(1, 1, 24);
  const SamplerOptions options{.temperature = 1.2f,
                               .window = 64,
                               .plan = {.key = Key{4, true},
                                        .tempos = {{0, 96}},
                                        .form = parse_form("A1 B2"),
                                        .chords = chord_a_bar("C G Am F"),
                                        .chord_bars = 4}};
  Sampler sampler(model, Chain(PitchRange{40, 80}, presets::lifelike(model)), options);
  for (int i = 0; i < 100; ++i) sampler.next();
  int songs = 0;
  CHECK(allocations_in([&] {
          for (int i = 0; i < 3000; ++i) songs += sampler.next() == model.vocabulary().end();
        }) == 0);
  CHECK(songs > 0);
  CHECK(allocations_in([&] {
          for (int i = 0; i < 100; ++i) sampler.next_note();
          sampler.set_temperature(0.9f);
          for (int i = 0; i < 100; ++i) sampler.next();
        }) == 0);
  sampler.until(std::chrono::seconds(1));
  CHECK(allocations_in([&] { sampler.until(sampler.so_far().time() + std::chrono::seconds(20)); }) == 0);
  const auto state = sampler.snapshot();
  CHECK(allocations_in([&] { sampler.restore(state); }) == 0);
}
