// Definitions of smf_writer.hpp.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "../core/files.hpp"
#include "../core/text.hpp"
#include "mtrk_writer.hpp"
#include "smf_format.hpp"
#include "smf_writer.hpp"
#include "track_writer.hpp"

namespace musicgen::inline MUSICGEN_ABI {

namespace detail {

/// The tracks that go into one MTrk chunk.
struct MtrkPlan {
  std::vector<std::size_t> tracks;  // indices into score.tracks

  /// Whether the track can share the chunk: a chunk has one name, and only their channels tell its tracks apart.
  bool can_take(const Score& score, const Track& track) const {
    if (track.channel == no_channel) return false;
    return std::all_of(tracks.begin(), tracks.end(), [&](std::size_t k) {
      const Track& other = score.tracks[k];
      return other.channel != track.channel && other.channel != no_channel && other.name == track.name &&
             (score.format != 2 || other.own_tempo == track.own_tempo);
    });
  }
};

inline bool says_something(const Score& score) {
  return !score.name.empty() || !score.texts.empty() || !score.sysex.empty();
}

/// Format 0: everything in one chunk, if possible.
inline bool plan_one(const Score& score, std::vector<MtrkPlan>& plan) {
  plan.assign(1, {});
  for (std::size_t k = 0; k < score.tracks.size(); ++k) {
    if (!plan[0].can_take(score, score.tracks[k])) return false;
    plan[0].tracks.push_back(k);
  }
  return score.tracks.empty() || score.name.empty() || score.name == score.tracks[0].name;
}

/// Formats 1 and 2: a chunk for every `Track::chunk`. In format 1 the first one is the score's.
inline std::vector<MtrkPlan> plan_several(const Score& score, int format) {
  std::vector<MtrkPlan> plan(format == 1 ? 1 : 0);
  std::unordered_map<int, std::size_t> place;  // of each chunk in the plan
  if (format == 1 && !says_something(score)) place[0] = 0;
  for (std::size_t k = 0; k < score.tracks.size(); ++k) {
    const Track& track = score.tracks[k];
    const auto known = track.chunk == own_chunk ? place.end() : place.find(track.chunk);
    if (known != place.end() && plan[known->second].can_take(score, track)) {
      plan[known->second].tracks.push_back(k);
      continue;
    }
    if (track.chunk != own_chunk) place.emplace(track.chunk, plan.size());
    plan.push_back({{k}});
  }
  return plan;
}

inline void check_division(std::uint16_t division) {
  if (division == 0 || ((division & 0x8000) && (division & 0xFF) == 0))
    throw Error("the division " + std::to_string(division) + " has no ticks");
}

inline void check_own_tempo(const Score& score) {
  for (std::size_t k = 0; k < score.tracks.size(); ++k)
    if (const auto& tempo = score.tracks[k].own_tempo;
        tempo && (score.format != 2 || tempo->division() != score.tempo.division()))
      throw Error("track " + std::to_string(k) + ": a tempo of its own needs format 2 and the score's division");
}

inline void write_header(int format, std::size_t tracks, std::uint16_t division, MidiBytes& out) {
  if (tracks > 0xFFFF) throw Error(std::to_string(tracks) + " tracks are more than the 65535 that a MIDI file holds");
  out.text("MThd");
  out.big_endian(6, 4);
  out.big_endian(static_cast<std::uint32_t>(format), 2);
  out.big_endian(static_cast<std::uint32_t>(tracks), 2);
  out.big_endian(division, 2);
}

inline void write_chunk(const OtherChunk& chunk, std::size_t k, MidiBytes& out) {
  if (chunk.type.size() != 4 || chunk.type == "MTrk")
    refuse("score", "other chunk", k, "type \"" + printable(chunk.type) + "\" is not 4 bytes, or is a track's");
  if (chunk.bytes.size() > 0xFFFFFFFF) refuse("score", "other chunk", k, "is of over 4 GiB");
  out.text(chunk.type);
  out.big_endian(static_cast<std::uint32_t>(chunk.bytes.size()), 4);
  out.bytes.insert(out.bytes.end(), chunk.bytes.begin(), chunk.bytes.end());
}

/// Writes a chunk: what belongs to the score if it is the first one, and the tracks.
inline void write_mtrk(const Score& score, int format, const MtrkPlan& plan, bool is_first,
                       const ChannelPrograms& programs, MidiBytes& out) {
  MtrkWriter mtrk;
  const Track* front = plan.tracks.empty() ? nullptr : &score.tracks[plan.tracks[0]];
  if (format == 2) {
    const bool has_own = front && front->own_tempo;
    add_tempo(has_own ? *front->own_tempo : score.tempo, "track " + std::to_string(plan.tracks[0]), mtrk);
  } else if (is_first) {
    add_tempo(score.tempo, "score", mtrk);
  }
  if (is_first) add_score(score, mtrk);
  std::vector<TrackPlace> places;
  for (const std::size_t k : plan.tracks)
    places.push_back(add_track(score.tracks[k], "track " + std::to_string(k), places.size(), programs, mtrk));
  add_places(places, mtrk);
  mtrk.write(front ? front->name : is_first ? score.name : std::string(), out);
}

}  // namespace detail

MUSICGEN_INLINE std::vector<unsigned char> midi_bytes(const Score& score) {
  using namespace detail;
  check_division(score.tempo.division());
  if (score.format < 0 || score.format > 2) throw Error("format " + std::to_string(score.format) + " is not 0, 1 or 2");
  check_own_tempo(score);
  std::vector<MtrkPlan> plan;
  int format = score.format;
  if (format == 0 && !plan_one(score, plan)) format = 1;
  if (format != 0) plan = plan_several(score, format);

  MidiBytes out;
  write_header(format, plan.size(), score.tempo.division(), out);
  // In format 2 tracks are independent.
  const ChannelPrograms programs(format == 2 ? std::span<const Track>() : std::span(score.tracks));
  for (std::size_t k = 0; k < plan.size(); ++k) write_mtrk(score, format, plan[k], k == 0, programs, out);
  for (std::size_t k = 0; k < score.other_chunks.size(); ++k) write_chunk(score.other_chunks[k], k, out);
  return std::move(out.bytes);
}

MUSICGEN_INLINE void write_midi(const std::filesystem::path& file, const Score& score) {
  std::vector<unsigned char> bytes;
  try {
    bytes = midi_bytes(score);
  } catch (const Error& error) {
    throw file_error(file, error.what());
  }
  AtomicFile out(file);
  out.write(bytes.data(), bytes.size());
  out.commit();
}

}  // namespace musicgen::inline MUSICGEN_ABI
