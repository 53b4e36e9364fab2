#include <atomic>
#include <catch.hpp>
#include <musicgen/core/thread_pool.hpp>
#include <stdexcept>
#include <thread>
#include <vector>

using namespace musicgen;

TEST_CASE("thread pool: every iteration runs once") {
  for (const int threads : {1, 2, 3, 8}) {
    ThreadPool pool(threads);
    CHECK(pool.threads() == threads);
    for (int round = 0; round < 200; ++round) {
      std::vector<std::atomic<int>> seen(37);
      pool.parallel_for(37, [&](std::int64_t i) { ++seen[static_cast<std::size_t>(i)]; });
      for (const auto& count : seen) REQUIRE(count == 1);
    }
    pool.parallel_for(0, [](std::int64_t) { FAIL("there is nothing to do"); });
  }
}

TEST_CASE("thread pool: a fault in a body reaches the caller, and the pool works on") {
  ThreadPool pool(3);
  for (int round = 0; round < 20; ++round)
    CHECK_THROWS_WITH(pool.parallel_for(10,
                                        [](std::int64_t i) {
                                          if (i == 7) throw std::runtime_error("seven");
                                        }),
                      "seven");
  std::atomic<int> sum = 0;
  pool.parallel_for(10, [&](std::int64_t i) { sum += static_cast<int>(i); });
  CHECK(sum == 45);
}

TEST_CASE("thread pool: loops within loops, and from several threads at once") {
  ThreadPool pool(3);
  std::atomic<int> count = 0;
  pool.parallel_for(5, [&](std::int64_t) { pool.parallel_for(4, [&](std::int64_t) { ++count; }); });
  CHECK(count == 20);
  std::vector<std::thread> callers;
  for (int c = 0; c < 4; ++c)
    callers.emplace_back([&] {
      for (int round = 0; round < 100; ++round) pool.parallel_for(6, [&](std::int64_t) { ++count; });
    });
  for (auto& caller : callers) caller.join();
  CHECK(count == 20 + 4 * 100 * 6);
}

TEST_CASE("thread pool: a team waits for each other at every step") {
  for (const int threads : {1, 2, 3, 5}) {
    ThreadPool pool(threads);
    for (const int most : {1, 2, 8}) {
      const int size = std::min(most, threads);
      std::vector<int> members(static_cast<std::size_t>(size)), seen(static_cast<std::size_t>(size));
      std::atomic<int> faults = 0;
      for (int round = 0; round < 20; ++round)
        pool.together(most, [&](Team& team, int member) {
          faults += team.size() != size;
          for (int step = 0; step < 50; ++step) {
            members[static_cast<std::size_t>(member)] = round * 50 + step;
            team.wait();
            for (const int other : members) faults += other != round * 50 + step;
            team.wait();
          }
          ++seen[static_cast<std::size_t>(member)];
        });
      CHECK(faults == 0);
      CHECK(seen == std::vector<int>(static_cast<std::size_t>(size), 20));
    }
  }
}

TEST_CASE("thread pool: a team within a loop is its caller alone") {
  ThreadPool pool(3);
  std::atomic<int> alone = 0;
  pool.parallel_for(4, [&](std::int64_t) {
    pool.together(3, [&](Team& team, int member) {
      team.wait();
      alone += team.size() == 1 && member == 0;
    });
  });
  CHECK(alone == 4);
}

TEST_CASE("thread pool: the process-wide pool takes the size it is told") {
  set_threads(3);
  CHECK(thread_pool().threads() == 3);
  set_threads(0);
  CHECK(thread_pool().threads() >= 1);
}
