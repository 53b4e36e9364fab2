// Processors, which change the logits before a token is chosen: one concept for the library's rules and for a user's.
//
//   struct NoRepeats {  // no two equal pitches in a row
//     void apply(musicgen::Logits logits, const musicgen::SongState& song) {
//       if (song.last_note()) logits.forbid(logits.vocabulary().note_on(song.last_note()->pitch));
//     }
//   };
//   musicgen::Sampler sampler(model, musicgen::Chain(NoRepeats(), musicgen::presets::lifelike(model)));
//
// A processor has at least one of the first two of these members, and may have the others:
//
//   void apply(Logits, const SongState&)        changes the logits of the next token. Should not allocate if tokens
//                                               must come on time.
//   bool forbids(TokenEvent) const              whether a token must never come, at any place of the song. The grammar
//                                               looks ahead: it never leads to where only such tokens could follow.
//                                               Asked again between notes, so the answer may change. Notes come with
//                                               the pitch that is heard; in the language of beats, tokens have another
//                                               pitch unless the song is in C major or A minor.
//   void observe(TokenEvent, const SongState&)  called with each token, chosen or from a prompt, and the song after it
//   void begin(const SongState&)                called when a song begins; its number and its variation are known
//   void check() const                          throws Error for settings out of range; called when a sampler is made
//   song                                        a member of any copyable type: the processor's state in a song. It is
//                                               `{}` when a song begins, and part of snapshots.
//
// All other members are settings: they stay from song to song, and when a snapshot is restored.
//
// Processors and chains of them are for one thread at a time, like the sampler that has them; copies are independent.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <tuple>
#include <type_traits>
#include <typeinfo>
#include <utility>
#include <vector>

#include "../core/config.hpp"
#include "../tokens/song_state.hpp"
#include "../tokens/vocabulary.hpp"
#include "logits.hpp"

namespace musicgen::inline MUSICGEN_ABI {

namespace detail {
template <class P>
concept Applies = requires(P p, Logits logits, const SongState& song) {
  p.apply(logits, song);
};
template <class P>
concept Forbids = requires(const P p, TokenEvent event) {
  { p.forbids(event) } -> std::convertible_to<bool>;
};
template <class P>
concept OfProcessors = requires(P p, const P other, const std::type_info& type) {
  p.take_song(other);
  p.find(type);
};
}  // namespace detail

template <class P>
concept LogitsProcessor = std::copy_constructible<P> &&(detail::Applies<P> || detail::Forbids<P>);

namespace detail {

template <class P>
void apply(P& p, Logits logits, const SongState& song) {
  if constexpr (Applies<P>) p.apply(logits, song);
}
template <class P>
bool forbids(const P& p, TokenEvent event) {
  if constexpr (Forbids<P>) return p.forbids(event);
  return false;
}
template <class P>
void observe(P& p, TokenEvent token, const SongState& song) {
  if constexpr (requires { p.observe(token, song); }) p.observe(token, song);
}
template <class P>
void begin(P& p, const SongState& song) {
  if constexpr (requires { p.song; }) p.song = decltype(p.song){};
  if constexpr (requires { p.begin(song); }) p.begin(song);
}
template <class P>
void check(const P& p) {
  if constexpr (requires { p.check(); }) p.check();
}
/// Whether the song's state can be taken from the other one: chains put together at run time must have the same
/// processors.
template <class P>
bool same_kind(const P& p, const P& other) {
  if constexpr (requires { p.same_kind(other); }) return p.same_kind(other);
  return true;
}
/// Takes the song's state from another one; the settings stay.
template <class P>
void take_song(P& p, const P& other) {
  if constexpr (OfProcessors<P>) p.take_song(other);
  if constexpr (requires { p.song; }) p.song = other.song;
}
/// The processor of a type: this one, or one inside it; null if there is none.
template <class P>
void* find(P& p, const std::type_info& type) {
  if (type == typeid(P)) return &p;
  if constexpr (OfProcessors<P>) return p.find(type);
  return nullptr;
}

/// The event of a token, at the pitch that is heard.
inline TokenEvent heard(TokenEvent token, const SongState& song) {
  const bool is_note = token.kind == TokenKind::note_on || token.kind == TokenKind::note_off;
  return is_note ? TokenEvent{token.kind, song.pitch_heard(token.value)} : token;
}

/// @throws Error  saying that a snapshot has other processors
[[noreturn]] void refuse_other_processors();

}  // namespace detail

/// Processors one after another, known at compile time; itself a processor.
template <LogitsProcessor... Ps>
class Chain {
 public:
  explicit Chain(Ps... processors) : processors_(std::move(processors)...) {}

  /// The processor of a type, which the chain itself must have exactly once.
  template <class P>
  P& get() {
    return std::get<P>(processors_);
  }
  template <class P>
  const P& get() const {
    return std::get<P>(processors_);
  }

  void apply(Logits logits, const SongState& song) {
    std::apply([&](auto&... p) { (detail::apply(p, logits, song), ...); }, processors_);
  }
  bool forbids(TokenEvent event) const {
    return std::apply([&](const auto&... p) { return (detail::forbids(p, event) || ...); }, processors_);
  }
  void observe(TokenEvent token, const SongState& song) {
    std::apply([&](auto&... p) { (detail::observe(p, token, song), ...); }, processors_);
  }
  void begin(const SongState& song) {
    std::apply([&](auto&... p) { (detail::begin(p, song), ...); }, processors_);
  }
  void check() const {
    std::apply([](const auto&... p) { (detail::check(p), ...); }, processors_);
  }
  [[nodiscard]] bool same_kind(const Chain& other) const { return same_kinds(other, std::index_sequence_for<Ps...>()); }
  void take_song(const Chain& other) { take_songs(other, std::index_sequence_for<Ps...>()); }
  void* find(const std::type_info& type) {
    void* found = nullptr;
    std::apply([&](auto&... p) { ((found = found ? found : detail::find(p, type)), ...); }, processors_);
    return found;
  }

 private:
  template <std::size_t... I>
  bool same_kinds(const Chain& other, std::index_sequence<I...>) const {
    return (detail::same_kind(std::get<I>(processors_), std::get<I>(other.processors_)) && ...);
  }
  template <std::size_t... I>
  void take_songs(const Chain& other, std::index_sequence<I...>) {
    (detail::take_song(std::get<I>(processors_), std::get<I>(other.processors_)), ...);
  }

  std::tuple<Ps...> processors_;
};

/// A processor of any type; copies have copies of it.
class AnyProcessor {
 public:
  // Not LogitsProcessor<P>: whether P can be copied may depend on whether it can become an AnyProcessor.
  template <class P>
  requires(!std::same_as<P, AnyProcessor> && (detail::Applies<P> || detail::Forbids<P>)) AnyProcessor(P processor)
      : held_(std::make_unique<Holder<P>>(std::move(processor))) {
    static_assert(std::is_copy_constructible_v<P>, "a processor has to be copied with its song");
  }
  AnyProcessor(const AnyProcessor& other) : held_(other.held_->clone()) {}
  AnyProcessor(AnyProcessor&&) noexcept = default;
  AnyProcessor& operator=(const AnyProcessor& other) {
    held_ = other.held_->clone();
    return *this;
  }
  AnyProcessor& operator=(AnyProcessor&&) noexcept = default;
  ~AnyProcessor() = default;

  void apply(Logits logits, const SongState& song) { held_->apply(logits, song); }
  [[nodiscard]] bool forbids(TokenEvent event) const { return held_->forbids(event); }
  void observe(TokenEvent token, const SongState& song) { held_->observe(token, song); }
  void begin(const SongState& song) { held_->begin(song); }
  void check() const { held_->check(); }
  /// Whether the other one has processors of the same types, one for one.
  [[nodiscard]] bool same_kind(const AnyProcessor& other) const {
    return held_->type() == other.held_->type() && held_->same_kind(*other.held_);
  }
  /// Takes the song's state from a copy of this; the settings stay. Allocates nothing unless a processor's `song` does.
  /// @throws Error  if the other one is not a copy, but has other processors
  void take_song(const AnyProcessor& other) {
    if (!same_kind(other)) detail::refuse_other_processors();
    held_->take_song(*other.held_);
  }
  /// The processor of a type: this one, or one inside it; null if there is none.
  [[nodiscard]] void* find(const std::type_info& type) { return held_->find(type); }

  /// Sets the entries (V) of all tokens that `forbids` rules out to 1.
  /// @param song  its key determines which pitches are heard
  void add_forbidden(const Vocabulary& vocabulary, const SongState& song, std::span<std::uint8_t> mask) const {
    held_->add_forbidden(vocabulary, song, mask);
  }

 private:
  struct Held {
    virtual ~Held() = default;
    virtual std::unique_ptr<Held> clone() const = 0;
    virtual const std::type_info& type() const = 0;
    virtual void apply(Logits, const SongState&) = 0;
    virtual bool forbids(TokenEvent) const = 0;
    virtual void add_forbidden(const Vocabulary&, const SongState&, std::span<std::uint8_t>) const = 0;
    virtual void observe(TokenEvent, const SongState&) = 0;
    virtual void begin(const SongState&) = 0;
    virtual void check() const = 0;
    virtual bool same_kind(const Held&) const = 0;
    virtual void take_song(const Held&) = 0;
    virtual void* find(const std::type_info&) = 0;
  };

  template <class P>
  struct Holder final : Held {
    explicit Holder(P&& p) : processor(std::move(p)) {}
    std::unique_ptr<Held> clone() const override { return std::make_unique<Holder>(*this); }
    const std::type_info& type() const override { return typeid(P); }
    void apply(Logits logits, const SongState& song) override { detail::apply(processor, logits, song); }
    bool forbids(TokenEvent event) const override { return detail::forbids(processor, event); }
    void add_forbidden(const Vocabulary& vocabulary, const SongState& song,
                       std::span<std::uint8_t> mask) const override {
      if constexpr (detail::Forbids<P>)
        for (Token t = 0; t < vocabulary.size(); ++t)
          if (processor.forbids(detail::heard(vocabulary[t], song))) mask[static_cast<std::size_t>(t)] = 1;
    }
    void observe(TokenEvent token, const SongState& song) override { detail::observe(processor, token, song); }
    void begin(const SongState& song) override { detail::begin(processor, song); }
    void check() const override { detail::check(processor); }
    bool same_kind(const Held& other) const override {
      return detail::same_kind(processor, static_cast<const Holder&>(other).processor);
    }
    void take_song(const Held& other) override {
      detail::take_song(processor, static_cast<const Holder&>(other).processor);
    }
    void* find(const std::type_info& type) override { return detail::find(processor, type); }

    P processor;
  };

  std::unique_ptr<Held> held_;
};

/// Processors one after another, put together at run time; itself a processor.
class ProcessorChain {
 public:
  ProcessorChain() = default;
  explicit ProcessorChain(std::vector<AnyProcessor> processors) : processors_(std::move(processors)) {}

  void push_back(AnyProcessor processor) { processors_.push_back(std::move(processor)); }
  [[nodiscard]] std::size_t size() const { return processors_.size(); }

  void apply(Logits logits, const SongState& song) {
    for (AnyProcessor& p : processors_) p.apply(logits, song);
  }
  [[nodiscard]] bool forbids(TokenEvent event) const {
    for (const AnyProcessor& p : processors_)
      if (p.forbids(event)) return true;
    return false;
  }
  void observe(TokenEvent token, const SongState& song) {
    for (AnyProcessor& p : processors_) p.observe(token, song);
  }
  void begin(const SongState& song) {
    for (AnyProcessor& p : processors_) p.begin(song);
  }
  void check() const {
    for (const AnyProcessor& p : processors_) p.check();
  }
  [[nodiscard]] bool same_kind(const ProcessorChain& other) const {
    for (std::size_t i = 0; i < size() && size() == other.size(); ++i)
      if (!processors_[i].same_kind(other.processors_[i])) return false;
    return size() == other.size();
  }
  /// @throws Error  if the other one is not a copy, but has other processors
  void take_song(const ProcessorChain& other) {
    if (!same_kind(other)) detail::refuse_other_processors();
    for (std::size_t i = 0; i < size(); ++i) processors_[i].take_song(other.processors_[i]);
  }
  [[nodiscard]] void* find(const std::type_info& type) {
    for (AnyProcessor& p : processors_)
      if (void* const found = p.find(type)) return found;
    return nullptr;
  }

 private:
  std::vector<AnyProcessor> processors_;
};

}  // namespace musicgen::inline MUSICGEN_ABI

#ifndef MUSICGEN_COMPILED
#include "processor.ipp"
#endif
