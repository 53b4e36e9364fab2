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
  std::vector<Token> tokens{};              ///< `^ ... $` as written, with a prompt's and those that end open notes
  std::vector<double> log_probabilities{};  ///< of each token by the model, in nats; 0 where it was given, not chosen.
                                            ///< Empty without the grammar, or if rules left nothing that it allows; the
                                            ///< tokens are then those of the resulting notes
};

/// For players: the beginning or the end of a note.
struct NoteEvent {
  std::chrono::duration<double> time;  ///< since the song began
  bool on;
  int pitch, velocity, track;  ///< as in Note; an off has its note's velocity
  bool operator==(const NoteEvent&) const = default;
};

/// The position of a sampler's stream: the song, and what its processors know of it, but no settings.
template <class B>
struct SamplerState {
  typename B::Decoder::State decoder;
  SongInProgress song;
  AnyProcessor chain;
  bool begun;
  std::uint64_t songs;
};

/// Several samplers may work at once, even of one const model. A sampler, and what it returns references to, is for one
/// thread at a time. A copy goes on independently; copies share the weights.
template <Backend B = Cpu>
class Sampler {
 public:
  using Scalar = typename B::Scalar;
  using State = SamplerState<B>;

  /// Copies what it needs of the model. Under the grammar, new notes are only on the tracks of the training music, if
  /// the model knows them (`MusicProfile::programs`).
  /// @param processor  a chain or a single processor; apart from it, only the grammar and the plan change the logits
  /// @throws Error  for options or settings out of range, rules that leave no note to play, a plan that is impossible
  ///                or that the model has no words for, or a model without a vocabulary
  template <LogitsProcessor P>
  Sampler(const Model<B>& model, P processor, const SamplerOptions& options = {})
      : Sampler(model, AnyProcessor(std::move(processor)), options) {}
  Sampler(const Model<B>& model, AnyProcessor processor, const SamplerOptions& options = {});
  /// With presets::lifelike(model). Compiled with the library, not with the program.
  Sampler(const Model<B>& model, presets::Lifelike chain, const SamplerOptions& options = {});
  /// With presets::plain(model).
  explicit Sampler(const Model<B>& model, const SamplerOptions& options = {});
  Sampler(const Sampler& other);
  Sampler(Sampler&&) noexcept;
  Sampler& operator=(const Sampler& other);
  Sampler& operator=(Sampler&&) noexcept;
  ~Sampler();

  /// Possible reasons for worse songs, one sentence each.
  [[nodiscard]] const std::vector<std::string>& warnings() const;

  // ---- whole songs ----

  /// The next song. A sampler's n-th song depends only on model, processors, options, prompt and n.
  /// @throws Error  if the prompt is not shorter than the song, or for an impossible length
  [[nodiscard]] Score song(const Length& length) { return std::move(generate(1, length).front().score); }
  [[nodiscard]] Score song() { return song(options().length); }

  /// `count` songs side by side; the same songs as one after another.
  /// @throws Error  as song(), and for a count under 1
  [[nodiscard]] std::vector<GeneratedSong> generate(int count, const Length& length);
  [[nodiscard]] std::vector<GeneratedSong> generate(int count) { return generate(count, options().length); }

  // ---- a song to go on from ----

  /// From now on songs begin with the first `length` (0: all) of this one. Notes that still sound there are the model's
  /// to end. The prompt is part of the song, and may contain what processors forbid. In the language of beats, its plan
  /// is what `analyze()` finds, it ends at a bar line if there is one within its length, and options().plan applies to
  /// what follows.
  /// @throws Error  for a song longer than a week, or a negative length; in the language of beats also for a song
  ///                without a beat, saying why, or with a key, tempo or metre other than the requested one. The prompt
  ///                then stays as it was
  void prompt(const Score& score, std::chrono::duration<double> length = {});
  /// Where the prompt ends: at its last note event or, in the language of beats, at a bar line; 0 without a prompt.
  [[nodiscard]] std::chrono::duration<double> prompt_length() const;

  // ---- a stream; once it runs, it allocates nothing and does not slow down ----

  /// The next token, without `^` and the prompt. After `$` comes the next song. The first token after a new prompt
  /// takes as long as reading the prompt.
  Token next();
  /// The model's log-probability of the last token, in nats.
  [[nodiscard]] double log_probability() const;
  /// The next note; notes come in the order of their ends. The model cannot end the song.
  /// @throws Error  if none has come for an hour of music
  Note next_note();
  /// The note-ons and note-offs before `time`, counted from the song's beginning, that have not been returned yet, in
  /// order of time; at the same time, offs first. Events of the prompt are not returned: a player begins at
  /// prompt_length(), and gets only the offs of notes that sound there. The model cannot end the song. Valid until the
  /// next call; events during next() and next_note() are skipped.
  std::span<const NoteEvent> until(std::chrono::duration<double> time);
  /// The song so far: what sounds, and what time it is.
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

  /// The stream's position, to return to: under the same settings the same tokens follow again.
  [[nodiscard]] State snapshot() const;
  /// Returns to a position of this sampler's stream, or of another sampler's with the same model, window, precision and
  /// types of processors. Keeps this sampler's options and the settings of its processors.
  /// @throws Error  for a state of another kind
  void restore(const State& state);

  // ---- settings, from the next token on; allocates nothing ----

  [[nodiscard]] const SamplerOptions& options() const;
  /// @throws Error  for a value out of range
  void set_temperature(float temperature);
  void set_top_k(int top_k);
  void set_top_p(float top_p);
  void set_min_p(float min_p);
  /// Songs from now on, and the rest of the present one, use this seed.
  void set_seed(std::uint64_t seed);
  /// The first processor of type P, also in nested chains. Its settings may be changed:
  /// `sampler.processor<Density>().density = 0.5f`.
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
