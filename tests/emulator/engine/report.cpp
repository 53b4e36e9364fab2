#include "report.hpp"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <vector>

namespace musicgen::emulator::report {

namespace {

std::string triple(unsigned x, unsigned y, unsigned z) {
  return "(" + std::to_string(x) + ", " + std::to_string(y) + ", " + std::to_string(z) + ")";
}

std::string place(const Thread& thread) {
  if (thread.at.line == 0) return thread.primitive;
  const char* slash = std::strrchr(thread.at.file, '/');
  return std::string(thread.primitive) + " (" + (slash == nullptr ? thread.at.file : slash + 1) + ":" +
         std::to_string(thread.at.line) + ")";
}

std::string activity(const Thread& thread) {
  if (&thread == current_thread && thread.state == Thread::can_run) return "at " + place(thread);
  switch (thread.state) {
    case Thread::waits:
      return "waiting at " + place(thread);
    case Thread::spins:
      return "repeating " + place(thread);
    case Thread::has_ended:
      return "ended";
    case Thread::can_run:
      break;
  }
  return "running";
}

std::string name(const Thread& thread) {
  return report::name(*thread.block) + ", thread " + std::to_string(thread.index);
}

/// For an ordinary access, whose line is not known.
std::string who_accesses() {
  return name(*current_thread) + " (last seen at " + place(*current_thread) + ")";
}

/// The blocks with any thread in `state`, some of them in full.
std::string where(const Grid& grid, Thread::State state) {
  constexpr std::size_t most = 4;
  std::string text;
  std::size_t count = 0;
  for (const auto& block : grid.blocks()) {
    const auto is_in_state = [&](const Thread& thread) { return thread.state == state; };
    if (std::none_of(&block->threads[0], &block->threads[0] + block->thread_count, is_in_state)) continue;
    if (++count <= most) text += "\n  " + report::where(*block);
  }
  if (count > most) text += "\n  and " + std::to_string(count - most) + " blocks more";
  return text;
}

}  // namespace

std::string shape(const Launch& launch) {
  return "a grid of " + triple(launch.grid.x, launch.grid.y, launch.grid.z) + " blocks of " +
         triple(launch.block.x, launch.block.y, launch.block.z) + " threads";
}

std::string name(const Block& block) {
  return "block " + triple(block.index.x, block.index.y, block.index.z);
}

std::string where(const Block& block) {
  std::vector<std::pair<std::string, std::string>> groups;  // what they do, who they are
  for (std::size_t first = 0; first < block.thread_count;) {
    const std::string doing = activity(block.threads[first]);
    std::size_t last = first;
    while (last + 1 < block.thread_count && activity(block.threads[last + 1]) == doing) ++last;
    const std::string who = std::to_string(first) + (last > first ? "-" + std::to_string(last) : "");
    const auto known =
        std::find_if(groups.begin(), groups.end(), [&](const auto& group) { return group.first == doing; });
    if (known == groups.end())
      groups.emplace_back(doing, who);
    else
      known->second += ", " + who;
    first = last + 1;
  }
  std::string text = name(block) + ":";
  for (const auto& [doing, who] : groups) text += (&doing == &groups[0].first ? " threads " : "; ") + who + " " + doing;
  return text;
}

std::string here(const std::string& what) {
  return name(*current_thread) + " at " + place(*current_thread) + ": " + what;
}

std::string divergence(const Thread& thread) {
  return "divergence at " + place(thread) + ": threads that should meet there are elsewhere\n  " + where(*thread.block);
}

std::string ended_while_awaited(const Thread& thread) {
  return name(thread) + " has ended, but others wait for it\n  " + where(*thread.block);
}

std::string deadlock(const Grid& grid) {
  return "deadlock: no thread can run" + where(grid, Thread::waits);
}

std::string spin(const Grid& grid, std::size_t turns) {
  return "endless loop: nothing has changed for " + std::to_string(turns) + " turns" + where(grid, Thread::spins);
}

std::string unwritten(const SharedArray& array, const void* address) {
  const bool is_awaited = array.byte(address) == SharedArray::awaited;
  return std::string("read of shared memory that ") +
         (is_awaited ? "a copy leads to, before its wait" : "nobody has written") + ": " + who_accesses() + ": byte " +
         std::to_string(array.offset(address)) + " of " + array.described();
}

std::string bad_access(const Grid& grid, const void* address) {
  const std::string who = who_accesses();
  if (grid.is_stack_guard(address)) return "stack overflow: " + who;
  for (const auto& block : grid.blocks())
    if (const std::string what = block->shared.explain(address); !what.empty())
      return "access outside of shared memory: " + who + ": " + what;
  char text[32];
  std::snprintf(text, sizeof text, "%p", address);
  return "invalid access: " + who + ": nothing is at address " + text;
}

}  // namespace musicgen::emulator::report
