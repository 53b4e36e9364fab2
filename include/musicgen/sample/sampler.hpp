// Music from a model: whole songs, or a stream that goes on as long as somebody listens.
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "../core/config.hpp"
#include "../core/error.hpp"
#include "../core/text.hpp"
#include "../midi/score.hpp"
#include "../model.hpp"
#include "../tokens/decoder.hpp"
#include "../tokens/encoder.hpp"
#include "voice.hpp"

namespace musicgen::inline MUSICGEN_ABI {

/// How long a song is to be: until the model ends it, which it is more and more likely to do once a song has had the
/// usual length of its music (SamplerOptions::ending_after), but no longer than ten minutes; or a time; or a number of
/// tokens.
/// A model that has got stuck and writes over a thousand tokens a second of music is not listened to for ever.
struct Length {
  Length() = default;
  /// A time, for which the model's own end waits. Whatever sounds then is ended there.
  template <class Rep, class Period>
  Length(std::chrono::duration<Rep, Period> time) : seconds(std::chrono::duration<double>(time).count()) {}
  /// So many tokens at most; what ends the notes that still sound comes on top.
  static Length in_tokens(std::int64_t count) {
    Length length;
    length.tokens = count;
    return length;
  }

  std::optional<double> seconds;  ///< over 0
  std::int64_t tokens = 0;        ///< 0: not given
};

/// A song and how it came about.
struct GeneratedSong {
  Score score;
  std::vector<Token> tokens;              ///< `^ ... $` as written, a prompt's and those that end open notes included
  std::vector<double> log_probabilities;  ///< of each token by the model, in nats; 0 where it was given, not chosen.
                                          ///< Without the grammar none: the tokens are those of the notes that came
};

namespace detail {
/// The time steps that fit into so many seconds.
inline std::int64_t whole_steps(double seconds) {
  return static_cast<std::int64_t>(std::floor(seconds / step_seconds + 1e-6));
}
}  // namespace detail

template <Backend B>
class Sampler {
 public:
  using Scalar = typename B::Scalar;

  /// Takes a copy of what it needs of the model. Under the grammar, new notes are on tracks that its music had, if it
  /// says which (`MusicProfile::programs`).
  /// @throws Error  for options out of range, or a model without a vocabulary
  explicit Sampler(const Model<B>& model, SamplerOptions options = {})
      : rules_(model.vocabulary(), model.config().canonical, options, model.config().profile),
        model_programs_(model.config().profile.programs),
        programs_(model_programs_),
        given_{rules_.vocabulary().start()},
        decoder_(model.decoder(1, options.attention_window, options.precision)),
        beginning_(rules_, given_),
        voice_(beginning_) {}

  // ---- whole songs ----

  /// The next song. The n-th of a sampler depends on model, options, prompt and n alone.
  /// @throws Error  if the prompt is longer than the song, or the length is none
  Score song(Length length = {}) { return std::move(generate(1, length).front().score); }

  /// `count` songs side by side, the same as one after the other.
  std::vector<GeneratedSong> generate(int count, Length length = {});

  // ---- a song to go on from ----

  /// From now on songs begin with this one, up to `seconds` of it (0: all). Notes that sound there are the model's to
  /// end. The prompt is part of the song, and may have what the bias rules out.
  /// @throws Error  for a song longer than a week, or a negative time
  void prompt(const Score& score, double seconds = 0);
  /// Where the prompt's last note event is, in seconds; 0 without a prompt.
  double prompt_seconds() const { return static_cast<double>(prompt_steps_) * step_seconds; }

  // ---- token by token, note by note; allocates nothing, takes as long for the first hour as for the last ----

  /// The next token, `^` and the prompt not among them. After `$` comes the next song. The first one after a prompt
  /// takes as long as reading the prompt.
  Token next() { return advance({}); }
  /// The model's log-probability, in nats, of the token that came last.
  double log_probability() const { return voice_.log_probability(); }
  /// The next note to end, in the order of their ends. The model's own end of a song does not come.
  Note next_note() {
    do advance({.end_waits = true});
    while (!voice_.finished());
    return *voice_.finished();
  }
  /// What sounds, and what time it is, for a player that does not wait for notes to end.
  const Grammar& so_far() const { return voice_.grammar(); }

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
  Stream stream() { return Stream(*this); }

  /// The stream's place, to come back to: again the same tokens follow.
  struct State {
    typename B::Decoder::State decoder;
    Voice voice;
    bool begun;
    std::uint64_t songs;
  };
  State snapshot() const { return {decoder_.state(), voice_, begun_, songs_}; }
  void restore(const State& state) {
    decoder_.restore(state.decoder);
    voice_ = state.voice;
    begun_ = state.begun;
    songs_ = state.songs;
  }

 private:
  Token advance(const Limit& limit) {
    if (!begun_ || voice_.ended()) {
      voice_ = beginning_.of_song(rules_.options, songs_++);
      begun_ = true;
      if (after_given_) {
        decoder_.restore(*after_given_);
      } else {
        decoder_.reset();
        if (given_.size() > 1) {  // which takes its time, once
          feed(decoder_, 1);
          after_given_ = decoder_.state();
        }
      }
    }
    const Token last = voice_.last();
    return voice_.choose(logits_of(decoder_.step(std::span(&last, 1)), 0), rules_, limit);
  }

  /// Gives every song of the decoder what is given, but the last token, which the first step takes.
  void feed(typename B::Decoder& decoder, std::size_t songs) {
    for (std::size_t i = 0; i + 1 < given_.size(); ++i) {
      row_.assign(songs, given_[i]);
      decoder.step(row_);
    }
  }

  template <class Logits>
  static std::span<const Scalar> logits_of(const Logits& logits, std::size_t row) {
    return {logits.row(static_cast<std::ptrdiff_t>(row)).data(), static_cast<std::size_t>(logits.cols())};
  }

  Limit limit_of(const Length& length) const;
  GeneratedSong finish(const Voice& voice, GeneratedSong song) const;

  VoiceRules rules_;
  std::vector<int> model_programs_, programs_;
  std::vector<Token> given_;  // `^` and the prompt
  std::int64_t prompt_steps_ = 0;
  typename B::Decoder decoder_;
  std::optional<typename B::Decoder::State> after_given_;  // a prompt, all but its last token, once it has been fed
  Voice beginning_, voice_;
  std::vector<Token> row_;
  bool begun_ = false;
  std::uint64_t songs_ = 0;  // begun so far
};

template <Backend B>
void Sampler<B>::prompt(const Score& score, double seconds) {
  if (!(seconds >= 0)) throw Error("sampler: a prompt of " + detail::number_text(seconds) + " s");
  Encoded song = encode(score, rules_.vocabulary());
  const std::int64_t limit =
      seconds > 0 ? detail::whole_steps(std::min(seconds, 1e9)) : std::numeric_limits<std::int64_t>::max();
  std::size_t kept = 1;  // up to the last note event in time; before it `^`
  std::int64_t steps = 0, steps_kept = 0;
  for (std::size_t i = 1; i + 1 < song.tokens.size() && steps <= limit; ++i) {
    if (const TokenEvent m = rules_.vocabulary()[song.tokens[i]]; m.kind == TokenKind::time) {
      steps += m.value;
    } else {
      kept = i + 1;
      steps_kept = steps;
    }
  }
  song.tokens.resize(kept);
  beginning_ = Voice(rules_, song.tokens);
  given_ = std::move(song.tokens);
  prompt_steps_ = steps_kept;
  programs_ = std::move(song.programs);
  if (programs_.size() < model_programs_.size())  // tracks that the prompt lacks
    programs_.insert(programs_.end(), model_programs_.begin() + std::ssize(programs_), model_programs_.end());
  begun_ = false;
  after_given_.reset();
}

template <Backend B>
Limit Sampler<B>::limit_of(const Length& length) const {
  constexpr double longest_seconds = 600, densest = 1000;  // tokens a second
  if (length.seconds && !(*length.seconds > 0 && *length.seconds < 1e9))
    throw Error("sampler: a song of " + detail::number_text(*length.seconds) + " s");
  if (length.tokens < 0) throw Error("sampler: a song of " + std::to_string(length.tokens) + " tokens");
  Limit limit;
  limit.end_waits = length.seconds.has_value();
  const double seconds = length.seconds.value_or(longest_seconds + prompt_seconds());
  const auto given = static_cast<std::int64_t>(given_.size());
  limit.steps = std::max<std::int64_t>(1, detail::whole_steps(seconds));
  limit.tokens = length.tokens > 0 ? length.tokens : given + std::llround((10 + seconds) * densest);
  if (prompt_steps_ >= limit.steps)
    throw Error("the prompt lasts " + detail::number_text(prompt_seconds()) + " s, and the whole song is to last " +
                detail::number_text(seconds) + " s: take less of the prompt, or ask for a longer song");
  if (given >= limit.tokens)
    throw Error("the prompt has " + std::to_string(given) + " tokens, and the whole song is to have " +
                std::to_string(limit.tokens));
  return limit;
}

template <Backend B>
std::vector<GeneratedSong> Sampler<B>::generate(int count, Length length) {
  if (count < 1) throw Error("sampler: " + std::to_string(count) + " songs");
  const Limit limit = limit_of(length);
  auto decoder = decoder_.of_batch(count);
  std::vector<Voice> voices;
  for (int i = 0; i < count; ++i) voices.push_back(beginning_.of_song(rules_.options, songs_++));
  feed(decoder, voices.size());
  row_.resize(voices.size());

  std::vector<GeneratedSong> songs(voices.size(), {{}, given_, std::vector<double>(given_.size())});
  const auto writing = [&](const Voice& voice) { return !voice.at_limit(limit); };
  while (std::any_of(voices.begin(), voices.end(), writing)) {
    for (std::size_t i = 0; i < voices.size(); ++i) row_[i] = voices[i].last();
    const auto& logits = decoder.step(row_);
    for (std::size_t i = 0; i < voices.size(); ++i) {
      if (!writing(voices[i])) continue;
      const Token token = voices[i].choose(logits_of(logits, i), rules_, limit);
      if (token == no_token) continue;
      songs[i].tokens.push_back(token);
      songs[i].log_probabilities.push_back(voices[i].log_probability());
    }
  }
  for (std::size_t i = 0; i < voices.size(); ++i) songs[i] = finish(voices[i], std::move(songs[i]));
  return songs;
}

/// Ends what still sounds, and puts the notes together.
template <Backend B>
GeneratedSong Sampler<B>::finish(const Voice& voice, GeneratedSong song) const {
  if (rules_.options.grammar) {
    const Closing end = closing(voice.grammar());
    song.tokens.resize(song.tokens.size() - static_cast<std::size_t>(end.drop));
    song.log_probabilities.resize(song.tokens.size());
    song.tokens.insert(song.tokens.end(), end.tokens.begin(), end.tokens.end());
    song.log_probabilities.resize(song.tokens.size());
    song.score = decode(song.tokens, rules_.vocabulary(), programs_);
  } else {  // whatever was drawn, this is what it comes to
    song.score = decode(song.tokens, rules_.vocabulary(), programs_);
    song.tokens = encode(song.score, rules_.vocabulary()).tokens;
    song.log_probabilities.clear();
  }
  return song;
}

}  // namespace musicgen::inline MUSICGEN_ABI
