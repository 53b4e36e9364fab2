// What may come next, on the device: the state machine of tokens/grammar.hpp, by which decode.cuh draws whole songs
// without asking the host. Its rules are explained there; names are the same.
//
// A song's state is 548 bytes and lives in the shared memory of every block. A token is tested by one thread: two loads
// and a few operations on sets of tracks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <musicgen/tokens/vocabulary.hpp>
#include <span>
#include <vector>

#include "device.cuh"

namespace musicgen::inline MUSICGEN_ABI::kernels {

/// What does not change from token to token, made on the host: copies of both vectors go to the device.
struct HostGrammarRules {
  std::vector<std::uint32_t> words;     ///< (V)  kind | value << 8 | usable << 16
  std::vector<std::uint16_t> playable;  ///< (128), the tracks on which a pitch may start
  bool canonical, has_notes = false;

  /// @param forbidden  (V), nonzero: may not come; or empty. That it leaves a way on is Grammar's to check.
  HostGrammarRules(const Vocabulary& vocabulary, bool is_canonical, std::span<const std::uint8_t> forbidden)
      : playable(pitch_count), canonical(is_canonical) {
    unsigned tracks = 0;
    bool velocity = false;
    const auto usable = [&](Token t) { return forbidden.empty() || forbidden[static_cast<std::size_t>(t)] == 0; };
    for (Token t = 0; t < vocabulary.size(); ++t) {
      const TokenEvent m = vocabulary[t];
      words.push_back(static_cast<std::uint32_t>(m.kind) | static_cast<std::uint32_t>(m.value) << 8 |
                      std::uint32_t{usable(t)} << 16);
      if (usable(t) && m.kind == TokenKind::track) tracks |= 1u << m.value;
      velocity = velocity || (usable(t) && m.kind == TokenKind::velocity);
    }
    for (Token t = 0; t < vocabulary.size(); ++t)
      if (const TokenEvent m = vocabulary[t];
          usable(t) && m.kind == TokenKind::note_on && velocity && vocabulary.note_off(m.value) != no_token)
        playable[static_cast<std::size_t>(m.value)] = static_cast<std::uint16_t>(tracks);
    for (const unsigned pitch : playable) has_notes = has_notes || pitch != 0;
  }
};

/// The same on the device.
struct GrammarRules {
  const std::uint32_t* words = nullptr;
  const std::uint16_t* playable = nullptr;
  bool canonical = false, has_notes = false;
};

/// Where a song stands. All zeros: before `^`.
struct GrammarState {
  enum Kind : std::int32_t { start, free, on, on_velocity, off, end };

  std::uint16_t sounding[pitch_count], fresh[pitch_count];  // a bit for each track
  // What is left of a step in canonical order: tracks whose (track, pitch) comes after that of the last off, or on.
  struct Order {
    std::uint16_t used_to_track, used_after_track;  // complements of Grammar's, so that zeros forbid nothing
    std::int32_t pitch;

    __device__ unsigned after(int p) const { return 0xFFFFu & ~(p > pitch ? used_to_track : used_after_track); }
    __device__ static Order none() { return {0xFFFF, 0xFFFF, 0}; }
    __device__ static Order beyond(int track, int pitch) {
      return {static_cast<std::uint16_t>(~(0xFFFFu << track)), static_cast<std::uint16_t>(~(0xFFFFu << track << 1)),
              pitch};
    }
  };
  Order offs, ons;
  std::int32_t sounding_count, time_tokens, pitch;
  std::int32_t gap_is_open;  // tN may follow
  Kind kind;

  __device__ bool allows(const GrammarRules& rules, int token) const {
    const std::uint32_t word = __ldg(&rules.words[token]);
    const auto what = static_cast<TokenKind>(word & 0xFF);
    const int value = static_cast<int>(word >> 8 & 0xFF);
    const bool usable = word >> 16 != 0;
    switch (kind) {
      case start:
        return what == TokenKind::start;
      case free:
        if (what == TokenKind::note_on) return startable(rules, value) != 0;
        if (what == TokenKind::note_off) return endable(value) != 0;
        if (what == TokenKind::time) return usable && time_may_come(rules);
        return what == TokenKind::end && usable && sounding_count == 0 && !(rules.canonical && time_tokens > 0);
      case on:
        return usable && what == TokenKind::velocity;
      case on_velocity:
        return what == TokenKind::track && (startable(rules, pitch) >> value & 1);
      case off:
        return what == TokenKind::track && (endable(pitch) >> value & 1);
      default:
        return false;
    }
  }

  /// Goes on by a token that is allowed; called by a block's threads together, between barriers.
  __device__ void advance(const GrammarRules& rules, int token) {
    const std::uint32_t word = __ldg(&rules.words[token]);
    const auto what = static_cast<TokenKind>(word & 0xFF);
    const int value = static_cast<int>(word >> 8 & 0xFF);
    if (what == TokenKind::time)
      for (unsigned p = threadIdx.x; p < pitch_count; p += blockDim.x) fresh[p] = 0;
    if (threadIdx.x > 0 || kind == end) return;
    switch (what) {
      case TokenKind::start:
        kind = free;
        break;
      case TokenKind::end:
        kind = end;
        break;
      case TokenKind::time:
        ++time_tokens;
        gap_is_open = value == max_time_steps;
        offs = ons = Order{};
        break;
      case TokenKind::note_on:
      case TokenKind::note_off:
        kind = what == TokenKind::note_on ? on : off;
        pitch = value;
        break;
      case TokenKind::velocity:
        kind = on_velocity;
        break;
      case TokenKind::track:
        finish_group(rules, value);
        break;
    }
  }

 private:
  __device__ unsigned startable(const GrammarRules& rules, int p) const {
    return __ldg(&rules.playable[p]) & ~unsigned{sounding[p]} & ons.after(p);
  }
  __device__ unsigned endable(int p) const { return sounding[p] & ~unsigned{fresh[p]} & offs.after(p); }

  __device__ bool time_may_come(const GrammarRules& rules) const {
    return gap_is_open && (!rules.canonical || sounding_count > 0 || rules.has_notes);
  }

  __device__ void finish_group(const GrammarRules& rules, int track) {
    const auto bit = static_cast<std::uint16_t>(1u << track);
    sounding[pitch] = static_cast<std::uint16_t>(sounding[pitch] ^ bit);
    if (kind == off) {
      --sounding_count;
      if (rules.canonical) offs = Order::beyond(track, pitch);
    } else {
      ++sounding_count;
      fresh[pitch] = static_cast<std::uint16_t>(fresh[pitch] | bit);
      if (rules.canonical) {
        offs = Order::none();
        ons = Order::beyond(track, pitch);
      }
    }
    kind = free;
    gap_is_open = 1;
    time_tokens = 0;
  }
};

}  // namespace musicgen::inline MUSICGEN_ABI::kernels
