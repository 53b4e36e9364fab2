// Definitions of sampler.hpp.
#pragma once

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "../core/error.hpp"
#include "../core/text.hpp"
#include "../tokens/decoder.hpp"
#include "../tokens/encoder.hpp"
#include "decoder_input.hpp"
#include "in_order.hpp"
#include "prompt.hpp"
#include "sampler.hpp"

namespace musicgen::inline MUSICGEN_ABI {

namespace detail {

/// The number of 10 ms steps that fit into some seconds.
inline std::int64_t whole_steps(double seconds) {
  return static_cast<std::int64_t>(std::floor(seconds / step_seconds + 1e-6));
}

inline constexpr const char* no_profile =
    "the model says nothing of the music that it learned from: its instruments, how long notes and songs last, and how "
    "loud they are";

/// Makes the score of a song, and puts its tokens in order if they do not obey the grammar.
inline void finish_song(GeneratedSong& song, const SongInProgress& end, const SongWriter& writer,
                        std::span<const int> programs) {
  if (writer.options.grammar && !end.irregular) {
    const Closing close = closing(writer.grammar(), end.state);
    song.tokens.resize(song.tokens.size() - static_cast<std::size_t>(close.drop));
    song.log_probabilities.resize(song.tokens.size());
    song.tokens.insert(song.tokens.end(), close.tokens.begin(), close.tokens.end());
    song.log_probabilities.resize(song.tokens.size());
    song.score = decode(song.tokens, writer.vocabulary(), programs);
  } else {  // whatever was drawn becomes the tokens of the resulting notes
    song.score = decode(song.tokens, writer.vocabulary(), programs);
    song.tokens = writer.vocabulary().has_beats() ? in_order(song.score, song.tokens, writer.vocabulary())
                                                  : encode(song.score, writer.vocabulary()).tokens;
    song.log_probabilities.clear();
  }
}

}  // namespace detail

template <Backend B>
struct Sampler<B>::Impl {
  static constexpr std::size_t many_events = 4096;  // of one call of until(): minutes of music

  Impl(const Model<B>& model, AnyProcessor processor, const SamplerOptions& options)
      : chain(std::move(processor)),
        writer(model.vocabulary(), model.config().canonical, options, chain, model.config().profile),
        model_programs(model.config().profile.programs),
        programs(model_programs),
        given{writer.vocabulary().start()},
        decoder(model.decoder(1, attention_window(options, writer.vocabulary()), options.precision)),
        input(model.dimensions()) {
    if (model.config().profile == MusicProfile()) warnings.emplace_back(detail::no_profile);
    writer.begin(song, chain, 0, given);
    events.reserve(many_events);
  }

  /// Begins the next song of the stream.
  void begin_song() {
    writer.begin(song, chain, songs++, given);
    begun = true;
    unchosen.clear();
    if (after_given) {
      decoder.restore(*after_given);
    } else {
      decoder.reset();
      if (given.size() > 1) {  // slow, but done once
        feed(decoder, 1);
        after_given = decoder.state();
      }
    }
  }

  Token advance(const Limit& limit) {
    if (!begun || song.state.ended()) begin_song();
    const Token token = choose(limit);
    if (token != no_token) return token;
    song.last = writer.vocabulary().end();  // the plan has ended in silence
    song.step = song.state.advance({TokenKind::end, 0});
    return song.last;
  }

  Token choose(const Limit& limit) {
    if (!unchosen.empty()) {
      const Token token = writer.choose(std::span<const Scalar>(unchosen), song, chain, limit);
      unchosen.clear();
      return token;
    }
    input.clear();
    input.add(song.last, song.state);
    const auto logits = detail::logits_row(input.feed(decoder), 0);
    try {
      return writer.choose(logits, song, chain, limit);
    } catch (...) {  // the last token has been fed, and must not be fed again
      unchosen.assign(logits.begin(), logits.end());
      throw;
    }
  }

  /// Advances by a token for a player, for whom the song must not end.
  /// @throws Error  if time has stopped passing, as it may without the grammar
  void advance_for_player() {
    const std::int64_t before = song.state.steps();
    advance({.end_waits = true});
    stuck = song.state.steps() == before ? stuck + 1 : 0;
    if (stuck > 100000) throw Error("sampler: the song stands still: 100,000 tokens, and none of time");
  }

  /// Feeds the given tokens to every song of the decoder, except the last one, which the first step feeds.
  void feed(typename B::Decoder& to, std::size_t count) {
    SongState at;
    for (std::size_t i = 0; i + 1 < given.size(); ++i) {
      at.advance(writer.vocabulary()[given[i]]);
      input.clear();
      input.add(given[i], at, count);
      input.feed(to);
    }
  }

  Limit limit_of(const Length& length) const;

  AnyProcessor chain;
  SongWriter writer;
  std::vector<std::string> warnings{};
  std::vector<int> model_programs, programs;
  std::vector<Token> given;  // `^` and the prompt
  SongState heard{};         // after the prompt
  typename B::Decoder decoder;
  detail::DecoderInput input;
  std::optional<typename B::Decoder::State> after_given{};  // once a prompt, except its last token, has been fed
  SongInProgress song{};                                    // of the stream
  bool begun = false;
  std::uint64_t songs = 0;         // begun so far
  std::vector<Scalar> unchosen{};  // logits after the last token, if choosing from them failed
  int stuck = 0;                   // tokens since time last passed
  std::vector<NoteEvent> events{};
};

template <Backend B>
Sampler<B>::Sampler(const Model<B>& model, AnyProcessor processor, const SamplerOptions& options)
    : impl_(std::make_unique<Impl>(model, std::move(processor), options)) {}
template <Backend B>
Sampler<B>::Sampler(const Model<B>& model, presets::Lifelike chain, const SamplerOptions& options)
    : Sampler(model, AnyProcessor(std::move(chain)), options) {}
template <Backend B>
Sampler<B>::Sampler(const Model<B>& model, const SamplerOptions& options)
    : Sampler(model, AnyProcessor(presets::plain(model)), options) {}
template <Backend B>
Sampler<B>::Sampler(const Sampler& other) : impl_(std::make_unique<Impl>(*other.impl_)) {
  impl_->events.reserve(Impl::many_events);
}
template <Backend B>
Sampler<B>::Sampler(Sampler&&) noexcept = default;
template <Backend B>
Sampler<B>& Sampler<B>::operator=(const Sampler& other) {
  impl_ = std::make_unique<Impl>(*other.impl_);
  impl_->events.reserve(Impl::many_events);
  return *this;
}
template <Backend B>
Sampler<B>& Sampler<B>::operator=(Sampler&&) noexcept = default;
template <Backend B>
Sampler<B>::~Sampler() = default;

template <Backend B>
const std::vector<std::string>& Sampler<B>::warnings() const {
  return impl_->warnings;
}
template <Backend B>
const SamplerOptions& Sampler<B>::options() const {
  return impl_->writer.options;
}
template <Backend B>
double Sampler<B>::log_probability() const {
  return impl_->song.log_probability;
}
template <Backend B>
const SongState& Sampler<B>::so_far() const {
  return impl_->song.state;
}
template <Backend B>
std::chrono::duration<double> Sampler<B>::prompt_length() const {
  return impl_->heard.time();
}

// ---- settings ----

namespace detail {
/// @throws Error  for a value out of range; then nothing has changed
template <class T>
void set_option(SamplerOptions& options, T SamplerOptions::*option, T value) {
  const T before = std::exchange(options.*option, value);
  try {
    require_in_range(options);
  } catch (...) {
    options.*option = before;
    throw;
  }
}
}  // namespace detail

template <Backend B>
void Sampler<B>::set_temperature(float temperature) {
  detail::set_option(impl_->writer.options, &SamplerOptions::temperature, temperature);
}
template <Backend B>
void Sampler<B>::set_top_k(int top_k) {
  detail::set_option(impl_->writer.options, &SamplerOptions::top_k, top_k);
}
template <Backend B>
void Sampler<B>::set_top_p(float top_p) {
  detail::set_option(impl_->writer.options, &SamplerOptions::top_p, top_p);
}
template <Backend B>
void Sampler<B>::set_min_p(float min_p) {
  detail::set_option(impl_->writer.options, &SamplerOptions::min_p, min_p);
}
template <Backend B>
void Sampler<B>::set_seed(std::uint64_t seed) {
  impl_->writer.options.seed = seed;
  impl_->song.random = Random(seed, impl_->song.state.number());
}
template <Backend B>
void* Sampler<B>::find(const std::type_info& type) {
  if (void* const found = impl_->chain.find(type)) return found;
  throw Error("sampler: none of its processors is of the type that is asked for");
}

// ---- a stream ----

template <Backend B>
Token Sampler<B>::next() {
  return impl_->advance({});
}

template <Backend B>
Note Sampler<B>::next_note() {
  constexpr std::chrono::hours hour(1);
  const SongState& song = impl_->song.state;
  std::chrono::duration<double> silent{};
  do {
    impl_->advance_for_player();
    if (const TokenEvent m = impl_->writer.vocabulary()[impl_->song.last]; m.kind == TokenKind::time)
      silent += m.value * song.step_length();
    if (silent > hour) throw Error("sampler: for an hour no note has come, since the rules forbid it");
  } while (!impl_->song.step.ended);
  return *impl_->song.step.ended;
}

template <Backend B>
std::span<const NoteEvent> Sampler<B>::until(std::chrono::duration<double> time) {
  std::vector<NoteEvent>& events = impl_->events;
  events.clear();
  const SongInProgress& song = impl_->song;
  const auto at = [](double seconds) { return std::chrono::duration<double>(seconds); };
  while (!impl_->begun || song.state.ended() || song.state.time() < time) {
    impl_->advance_for_player();
    if (const auto& ended = song.step.ended)
      events.push_back({at(ended->end), false, ended->pitch, ended->velocity, ended->track});
    if (song.step.began) {
      const SongState::Onset& note = *song.state.last_note();
      events.push_back({song.state.time(), true, song.state.pitch_heard(note.pitch), note.velocity, note.track});
    }
  }
  return events;
}

template <Backend B>
SamplerState<B> Sampler<B>::snapshot() const {
  return {impl_->decoder.state(), impl_->song, impl_->chain, impl_->begun, impl_->songs};
}

template <Backend B>
void Sampler<B>::restore(const State& state) {
  if (!impl_->chain.same_kind(state.chain)) detail::refuse_other_processors();
  impl_->decoder.restore(state.decoder);  // checks before it changes anything
  impl_->chain.take_song(state.chain);
  impl_->unchosen.clear();
  impl_->song = state.song;
  impl_->begun = state.begun;
  impl_->songs = state.songs;
}

// ---- whole songs ----

template <Backend B>
void Sampler<B>::prompt(const Score& score, std::chrono::duration<double> length) {
  if (!(length.count() >= 0)) throw Error("sampler: a prompt of " + detail::number_text(length.count()) + " s");
  Impl& impl = *impl_;
  const Vocabulary& vocabulary = impl.writer.vocabulary();
  Encoded song = detail::encode_prompt(score, vocabulary);
  song.tokens.resize(detail::prompt_size(song.tokens, vocabulary, length));
  if (const int bars = impl.writer.options.plan.bars; bars > 0)
    detail::shorten_last_phrase(song.tokens, vocabulary, bars);
  SongState heard;
  for (const Token token : song.tokens) heard.advance(vocabulary[token]);
  impl.writer.guide().require_fits(heard);
  impl.given = std::move(song.tokens);
  impl.heard = heard;
  impl.programs = std::move(song.programs);
  const std::vector<int>& known = impl.model_programs;
  if (impl.programs.size() < known.size())  // tracks that the prompt lacks
    impl.programs.insert(impl.programs.end(), known.begin() + std::ssize(impl.programs), known.end());
  impl.begun = false;
  impl.unchosen.clear();
  impl.after_given.reset();
}

template <Backend B>
Limit Sampler<B>::Impl::limit_of(const Length& length) const {
  constexpr double densest = 1000;  // tokens a second
  const double longest_seconds = writer.options.plan.ends() ? 86400 : 600;
  if (length.time && !(length.time->count() > 0 && length.time->count() < 1e9))
    throw Error("sampler: a song of " + detail::number_text(length.time->count()) + " s");
  if (length.tokens < 0) throw Error("sampler: a song of " + std::to_string(length.tokens) + " tokens");
  const double prompt_seconds = heard.time().count();
  Limit limit;
  limit.end_waits = length.time.has_value() && !writer.options.plan.ends();
  const double seconds = length.time ? length.time->count() : longest_seconds + prompt_seconds;
  const auto count = static_cast<std::int64_t>(given.size());
  if (writer.vocabulary().has_beats())
    limit.seconds = seconds;
  else
    limit.steps = std::max<std::int64_t>(1, detail::whole_steps(seconds));
  limit.tokens = length.tokens > 0 ? length.tokens : count + std::llround((10 + seconds) * densest);
  if (heard.steps() >= limit.steps || !limit.has_room(heard))
    throw Error("the prompt lasts " + detail::number_text(prompt_seconds) + " s, and the whole song is to last " +
                detail::number_text(seconds) + " s" + (writer.vocabulary().has_beats() ? ", in whole bars" : "") +
                ": take less of the prompt, or ask for a longer song");
  if (count >= limit.tokens)
    throw Error("the prompt has " + std::to_string(count) + " tokens, and the whole song is to have " +
                std::to_string(limit.tokens));
  return limit;
}

template <Backend B>
std::vector<GeneratedSong> Sampler<B>::generate(int count, const Length& length) {
  if (count < 1) throw Error("sampler: " + std::to_string(count) + " songs");
  Impl& impl = *impl_;
  const Limit limit = impl.limit_of(length);
  const auto n = static_cast<std::size_t>(count);
  auto decoder = impl.decoder.of_batch(count);
  std::vector<SongInProgress> written(n);
  std::vector<AnyProcessor> chains(n, impl.chain);
  for (std::size_t i = 0; i < n; ++i) impl.writer.begin(written[i], chains[i], impl.songs++, impl.given);
  impl.feed(decoder, n);

  std::vector<GeneratedSong> songs(n, {{}, impl.given, std::vector<double>(impl.given.size())});
  const auto writing = [&](const SongInProgress& song) { return !song.at_limit(limit); };
  while (std::any_of(written.begin(), written.end(), writing)) {
    impl.input.clear();
    for (const SongInProgress& song : written) impl.input.add(song.last, song.state);
    const auto& logits = impl.input.feed(decoder);
    for (std::size_t i = 0; i < n; ++i) {
      if (!writing(written[i])) continue;
      const Token token =
          impl.writer.choose(detail::logits_row(logits, static_cast<std::int64_t>(i)), written[i], chains[i], limit);
      if (token == no_token) continue;
      songs[i].tokens.push_back(token);
      songs[i].log_probabilities.push_back(written[i].log_probability);
    }
  }
  for (std::size_t i = 0; i < n; ++i) detail::finish_song(songs[i], written[i], impl.writer, impl.programs);
  return songs;
}

}  // namespace musicgen::inline MUSICGEN_ABI
