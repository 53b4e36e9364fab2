// Music from a model: whole songs, or a stream that goes on as long as somebody listens.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <span>
#include <string>
#include <typeinfo>
#include <utility>
#include <vector>

#include "../core/config.hpp"
#include "../midi/score.hpp"
#include "../model/model.hpp"
#include "../tokens/song_state.hpp"
#include "../tokens/vocabulary.hpp"
#include "options.hpp"
#include "presets.hpp"
#include "processor.hpp"
#include "song_writer.hpp"

namespace musicgen::inline MUSICGEN_ABI {

/// A song and how it came about.
struct GeneratedSong {
  Score score{};
  std::vector<Token> tokens{};              ///< `^ ... $` as written, a prompt's and those that end open notes included
  std::vector<double> log_probabilities{};  ///< of each token by the model, in nats; 0 where it was given, not chosen.
                                            ///< None without the grammar, and where rules left nothing that it allows:
                                            ///< then the tokens are those of the notes that came
};

/// For players: a note begins, or ends.
struct NoteEvent {
  std::chrono::duration<double> time;  ///< since the song began
  bool on;
  int pitch, velocity, track;  ///< as in Note; an off has its note's velocity
  bool operator==(const NoteEvent&) const = default;
};

/// The place of a sampler's stream: the song, and what its processors know of it; not what is asked for.
template <class B>
struct SamplerState {
  typename B::Decoder::State decoder;
  SongInProgress song;
  AnyProcessor chain;
  bool begun;
  std::uint64_t songs;
};

/// Several samplers may work at once, of one const model too; one sampler, and what it returns references to, is for a
/// thread at a time. A copy goes on by itself; copies share the weights.
template <Backend B = Cpu>
class Sampler {
 public:
  using Scalar = typename B::Scalar;
  using State = SamplerState<B>;

  /// Takes a copy of what it needs of the model. Under the grammar, new notes are on tracks that its music had, if it
  /// says which (`MusicProfile::programs`).
  /// @param processor  a chain, or a single processor: what changes the logits, and nothing else does but the grammar
  /// @throws Error  for options or settings out of range, rules that leave no note to play, a plan that cannot be or
  ///                that the model has no words for, or a model without a vocabulary
  template <LogitsProcessor P>
  Sampler(const Model<B>& model, P processor, const SamplerOptions& options = {})
      : Sampler(model, AnyProcessor(std::move(processor)), options) {}
  Sampler(const Model<B>& model, AnyProcessor processor, const SamplerOptions& options = {});
  /// With presets::lifelike(model): compiled with the library, not with the program.
  Sampler(const Model<B>& model, presets::Lifelike chain, const SamplerOptions& options = {});
  /// With presets::plain(model).
  explicit Sampler(const Model<B>& model, const SamplerOptions& options = {});
  Sampler(const Sampler& other);
  Sampler(Sampler&&) noexcept;
  Sampler& operator=(const Sampler& other);
  Sampler& operator=(Sampler&&) noexcept;
  ~Sampler();

  /// What may make songs worse than they could be, a sentence each.
  [[nodiscard]] const std::vector<std::string>& warnings() const;

  // ---- whole songs ----

  /// The next song. The n-th of a sampler depends on model, processors, options, prompt and n alone.
  /// @throws Error  if the prompt is longer than the song, or the length is none
  [[nodiscard]] Score song(const Length& length) { return std::move(generate(1, length).front().score); }
  [[nodiscard]] Score song() { return song(options().length); }

  /// `count` songs side by side, the same as one after the other.
  /// @throws Error  as song(), and for a count under 1
  [[nodiscard]] std::vector<GeneratedSong> generate(int count, const Length& length);
  [[nodiscard]] std::vector<GeneratedSong> generate(int count) { return generate(count, options().length); }

  // ---- a song to go on from ----

  /// From now on songs begin with this one, up to `length` of it (0: all). Notes that sound there are the model's to
  /// end. The prompt is part of the song, and may have what processors forbid. In the language of beats its plan is
  /// what `analyze()` finds, and it ends at a bar line, if one is within its length; what options().plan asks for comes
  /// after it.
  /// @throws Error  for a song longer than a week, or a negative length; in the language of beats also for a song
  ///                without a beat, saying why, or with another key, tempo or metre than is asked for. Then the prompt
  ///                stays as it was
  void prompt(const Score& score, std::chrono::duration<double> length = {});
  /// Where the prompt ends: at its last note event, in the language of beats at a bar line; 0 without a prompt.
  [[nodiscard]] std::chrono::duration<double> prompt_length() const;

  // ---- a stream; allocates nothing once it runs, takes as long for the first hour as for the last ----

  /// The next token, `^` and the prompt not among them. After `$` comes the next song. The first one after a prompt
  /// takes as long as reading the prompt.
  Token next();
  /// The model's log-probability, in nats, of the token that came last.
  [[nodiscard]] double log_probability() const;
  /// The next note to end, in the order of their ends. The model's own end of a song does not come.
  /// @throws Error  if none has come for an hour of music
  Note next_note();
  /// The note-ons and note-offs before `time`, counted from the song's beginning, that have not been told yet, in order
  /// of time; of one time, offs first. A prompt's own events are not told: a player begins at prompt_length(), and
  /// notes that sound there end by an off whose on was the prompt's. The model's own end of a song does not come. Valid
  /// until the next call; notes of next() and next_note() are passed over.
  std::span<const NoteEvent> until(std::chrono::duration<double> time);
  /// What sounds, and what time it is.
  [[nodiscard]] const SongState& so_far() const;

  /// next_note() as a range without end: `for (const Note& note : sampler.stream()) play(note);`
  class Stream {
   public:
    class iterator {
     public:
      using iterator_category = std::input_iterator_tag;
      using value_type = Note;
      using difference_type = std::ptrdiff_t;
      using pointer = const Note*;
      using reference = const Note&;
      explicit iterator(Sampler& sampler) : sampler_(&sampler), note_(sampler.next_note()) {}
      const Note& operator*() const { return note_; }
      const Note* operator->() const { return &note_; }
      iterator& operator++() {
        note_ = sampler_->next_note();
        return *this;
      }
      void operator++(int) { ++*this; }
      bool operator==(std::default_sentinel_t) const { return false; }

     private:
      Sampler* sampler_;
      Note note_;
    };
    explicit Stream(Sampler& sampler) : sampler_(sampler) {}
    iterator begin() { return iterator(sampler_); }
    std::default_sentinel_t end() const { return {}; }

   private:
    Sampler& sampler_;
  };
  [[nodiscard]] Stream stream() { return Stream(*this); }

  /// The stream's place, to come back to: again the same tokens follow, if the same is asked for.
  [[nodiscard]] State snapshot() const;
  /// Goes to the place of this sampler's stream, or of that of another one of the same model, window, precision and
  /// types of processors. What this one is asked for stays: its options, and the settings of its processors.
  /// @throws Error  for a state of another kind
  void restore(const State& state);

  // ---- what is asked for, from the next token on; allocates nothing ----

  [[nodiscard]] const SamplerOptions& options() const;
  /// @throws Error  for what is out of range
  void set_temperature(float temperature);
  void set_top_k(int top_k);
  void set_top_p(float top_p);
  void set_min_p(float min_p);
  /// Songs from now on, and the rest of the present one, are as those of this seed.
  void set_seed(std::uint64_t seed);
  /// The processor of type P, in chains within the chain, too; the first if there are several. Change its settings as
  /// you like: `sampler.processor<Density>().density = 0.5f`.
  /// @throws Error  if there is none
  template <class P>
  [[nodiscard]] P& processor() {
    return *static_cast<P*>(find(typeid(P)));
  }

 private:
  struct Impl;

  void* find(const std::type_info& type);

  std::unique_ptr<Impl> impl_;
};

template <Backend B, class... More>
Sampler(const Model<B>&, More&&...) -> Sampler<B>;

}  // namespace musicgen::inline MUSICGEN_ABI

#ifndef MUSICGEN_COMPILED
#include "sampler.ipp"
#endif
