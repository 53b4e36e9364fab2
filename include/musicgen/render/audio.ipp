// Definitions of audio.hpp.
#pragma once

#include <fluidsynth.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <tuple>
#include <vector>

#include "../core/error.hpp"
#include "../core/files.hpp"
#include "audio.hpp"

namespace musicgen::inline MUSICGEN_ABI {

inline std::optional<std::filesystem::path> find_soundfont() {
  namespace fs = std::filesystem;
  if (const char* named = std::getenv("MUSICGEN_SOUNDFONT"); named != nullptr && *named != '\0') return fs::path(named);
  using Rank = std::tuple<bool, bool, fs::path>;
  std::optional<Rank> best;
  for (const char* folder : {"/usr/share/sounds/sf2", "/usr/share/soundfonts", "/usr/share/sounds/sf3",
                             "/usr/local/share/soundfonts", "/opt/homebrew/share/soundfonts"}) {
    std::error_code ignored;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder, ignored)) {
      const std::string name = entry.path().filename().string(), extension = entry.path().extension().string();
      if ((extension != ".sf2" && extension != ".sf3") || !entry.is_regular_file(ignored)) continue;
      const auto lacks = [&](const char* word) { return name.find(word) == std::string::npos; };
      Rank rank{lacks("default"), lacks("GM"), entry.path()};
      if (!best || rank < *best) best = std::move(rank);
    }
    if (best) return std::get<fs::path>(*best);
  }
  return std::nullopt;
}

namespace detail {

/// Whether a file begins like a soundfont. FluidSynth's loaders print messages about other files.
inline bool is_soundfont(const std::filesystem::path& file) {
  char head[12] = {};
  std::ifstream(file, std::ios::binary).read(head, sizeof head);
  return std::string_view(head, 4) == "RIFF" && std::string_view(head + 8, 4) == "sfbk";
}

/// What the synthesizer is told, and when.
struct SynthEvent {
  std::int64_t frame;
  bool on;
  int channel, pitch, velocity;
};

/// A FluidSynth synthesizer with a channel for every track.
class Synth {
 public:
  Synth(const std::vector<Track>& tracks, const std::filesystem::path& soundfont, double gain)
      : channels_(std::clamp((static_cast<int>(tracks.size()) + 15) / 16 * 16, 16, 256)) {
    for (int level = 0; level < LAST_LOG_LEVEL; ++level)
      fluid_set_log_function(
          level, [](int, const char*, void*) {}, nullptr);
    settings_.reset(new_fluid_settings());
    fluid_settings_setint(settings_.get(), "synth.midi-channels", channels_);
    fluid_settings_setnum(settings_.get(), "synth.sample-rate", audio_sample_rate);
    fluid_settings_setnum(settings_.get(), "synth.gain", gain);
    fluid_settings_setint(settings_.get(), "synth.dynamic-sample-loading", 1);  // only the instruments that play
    fluid_settings_setint(settings_.get(), "synth.lock-memory", 0);
    synth_.reset(new_fluid_synth(settings_.get()));
    if (!synth_) throw Error("audio: FluidSynth does not start");
    if (!is_soundfont(soundfont) || fluid_synth_sfload(synth_.get(), soundfont.c_str(), 1) == FLUID_FAILED)
      throw file_error(soundfont, "cannot be loaded as a soundfont");
    for (std::size_t i = 0; i < tracks.size(); ++i) {
      fluid_synth_set_channel_type(synth_.get(), channel(i),
                                   tracks[i].is_drums() ? CHANNEL_TYPE_DRUM : CHANNEL_TYPE_MELODIC);
      // Since FluidSynth 2.4 the type of a channel no longer selects its bank.
      fluid_synth_bank_select(synth_.get(), channel(i), tracks[i].is_drums() ? 128 : 0);
      fluid_synth_program_change(synth_.get(), channel(i), tracks[i].program);
    }
  }

  int channel(std::size_t track) const { return static_cast<int>(track % static_cast<std::size_t>(channels_)); }

  void play(const SynthEvent& event) {
    if (event.on)
      fluid_synth_noteon(synth_.get(), event.channel, event.pitch, event.velocity);
    else
      fluid_synth_noteoff(synth_.get(), event.channel, event.pitch);
  }

  /// The next frames, left and right in turn, in the machine's byte order.
  void render(std::vector<std::int16_t>& samples) {
    const auto frames = static_cast<int>(samples.size() / 2);
    if (fluid_synth_write_s16(synth_.get(), frames, samples.data(), 0, 2, samples.data(), 1, 2) == FLUID_FAILED)
      throw Error("audio: FluidSynth does not play");
  }

 private:
  struct Close {
    void operator()(fluid_settings_t* settings) const { delete_fluid_settings(settings); }
    void operator()(fluid_synth_t* synth) const { delete_fluid_synth(synth); }
  };
  int channels_;
  std::unique_ptr<fluid_settings_t, Close> settings_;
  std::unique_ptr<fluid_synth_t, Close> synth_;
};

inline std::vector<SynthEvent> synth_events(const Score& score, const Synth& synth) {
  std::vector<SynthEvent> events;
  for (std::size_t i = 0; i < score.tracks.size(); ++i)
    for (const TickNote& n : score.tracks[i].notes) {
      const auto frame = [&](std::int64_t tick) {
        return std::llround(score.seconds(score.tracks[i], tick) * audio_sample_rate);
      };
      events.push_back({frame(n.start), true, synth.channel(i), n.pitch, n.velocity});
      events.push_back({frame(n.end), false, synth.channel(i), n.pitch, 0});
    }
  std::stable_sort(events.begin(), events.end(),
                   [](auto& a, auto& b) { return std::tuple(a.frame, a.on) < std::tuple(b.frame, b.on); });
  return events;
}

/// The 44 bytes before 16-bit stereo samples (RIFF WAVE, format 1: integers, low byte first).
inline std::string wav_header(std::uint32_t data_bytes) {
  std::string header;
  const auto put = [&](std::uint32_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) header += static_cast<char>(value >> (8 * i) & 0xFF);
  };
  constexpr std::uint32_t rate = audio_sample_rate, channels = 2, frame_bytes = 4;
  header += "RIFF", put(36 + data_bytes, 4), header += "WAVEfmt ", put(16, 4), put(1, 2), put(channels, 2);
  put(rate, 4), put(rate * frame_bytes, 4), put(frame_bytes, 2), put(16, 2), header += "data", put(data_bytes, 4);
  return header;
}

}  // namespace detail

inline void write_wav(const std::filesystem::path& file, const Score& score, const AudioOptions& options) {
  const auto found = options.soundfont.empty() ? find_soundfont() : std::optional(options.soundfont);
  if (!found)
    throw Error("audio: no soundfont found: install one (Debian: timgm6mb-soundfont) or name it in MUSICGEN_SOUNDFONT");
  const double seconds = score.duration() + options.tail.count();
  if (!(seconds < 24000)) throw file_error(file, "a WAV file cannot hold so long a song");
  AtomicFile out(file);
  detail::Synth synth(score.tracks, *found, options.gain);

  const auto end = static_cast<std::int64_t>(std::ceil(seconds * audio_sample_rate));
  out.write(detail::wav_header(static_cast<std::uint32_t>(end * 4)));
  std::vector<std::int16_t> samples;
  std::string bytes;
  std::int64_t frame = 0;
  const auto play_until = [&](std::int64_t until) {
    while (frame < until) {
      samples.resize(2 * static_cast<std::size_t>(std::min<std::int64_t>(until - frame, 4096)));
      synth.render(samples);
      bytes.clear();
      for (const std::int16_t sample : samples) {
        bytes += static_cast<char>(sample & 0xFF);
        bytes += static_cast<char>(sample >> 8 & 0xFF);
      }
      out.write(bytes);
      frame += static_cast<std::int64_t>(samples.size() / 2);
    }
  };
  for (const detail::SynthEvent& event : detail::synth_events(score, synth)) {
    play_until(event.frame);
    synth.play(event);
  }
  play_until(end);
  out.commit();
}

}  // namespace musicgen::inline MUSICGEN_ABI
