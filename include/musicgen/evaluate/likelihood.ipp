// Definitions of likelihood.hpp.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <string>

#include "../core/error.hpp"
#include "../core/thread_pool.hpp"
#include "../model/model.hpp"
#include "../tokens/context.hpp"
#include "../tokens/grammar.hpp"
#include "likelihood.hpp"

namespace musicgen::inline MUSICGEN_ABI {

namespace detail {

/// -log softmax(logits)_target over the tokens whose mask is not 0, in double. A target that the mask excludes counts
/// as allowed: a song may break the grammar of a model that was trained on other songs.
template <class Scalar>
double masked_nll(std::span<const Scalar> logits, Token target, std::span<const std::uint8_t> mask) {
  const auto y = static_cast<std::size_t>(target);
  double max = static_cast<double>(logits[y]);
  for (std::size_t v = 0; v < logits.size(); ++v)
    if (mask[v]) max = std::max(max, static_cast<double>(logits[v]));
  double sum = 0;
  for (std::size_t v = 0; v < logits.size(); ++v)
    if (mask[v] || v == y) sum += std::exp(static_cast<double>(logits[v]) - max);
  return max + std::log(sum) - static_cast<double>(logits[y]);
}

/// Adds up one song's likelihood, token by token.
class LikelihoodAccumulator {
 public:
  /// @throws Error  if the song has a token that the vocabulary lacks
  LikelihoodAccumulator(const Song& song, const ModelConfig& config)
      : song_(&song),
        everything_(static_cast<std::size_t>(config.vocabulary->size()), 1),
        mask_(everything_),
        grammar_(*config.vocabulary, {.canonical = config.canonical}) {
    for (const Token token : song.tokens)
      if (token < 0 || token >= config.vocabulary->size())
        throw Error(song.name + " has token " + std::to_string(token) + ": the vocabulary has " +
                    std::to_string(config.vocabulary->size()) + " tokens");
    sum_.songs = 1;
    sum_.tokens = static_cast<std::int64_t>(song.tokens.size()) - 1;
    sum_.notes = song.notes;
    sum_.seconds = song.seconds();
  }

  /// @param logits  (V), for what follows token t of the song; called for t = 0, 1, 2, ... but the last
  template <class Scalar>
  void add(std::size_t t, std::span<const Scalar> logits) {
    if (t + 1 >= song_->tokens.size()) return;
    grammatical_ = grammatical_ && grammar_.allows(song_->tokens[t]);
    if (grammatical_) {
      grammar_.advance(song_->tokens[t]);
      grammar_.allowed(mask_);
    }
    const Token target = song_->tokens[t + 1];
    const KindLikelihood of_target{1, masked_nll(logits, target, everything_),
                                   masked_nll(logits, target, grammatical_ ? mask_ : everything_)};
    sum_.nats += of_target.nats;
    sum_.masked_nats += of_target.masked_nats;
    sum_.kinds[static_cast<std::size_t>(grammar_.vocabulary()[target].kind)] += of_target;
  }

  /// @throws Error  if it is not finite
  const Likelihood& sum() const {
    if (!std::isfinite(sum_.nats + sum_.masked_nats))
      throw Error("the model's probabilities for " + song_->name + " are not finite");
    return sum_;
  }

 private:
  const Song* song_;
  std::vector<std::uint8_t> everything_, mask_;
  Grammar grammar_;
  bool grammatical_ = true;  // other songs may break the grammar; from there on nothing is masked
  Likelihood sum_;
};

/// Indices of the songs, longest first, so that songs of a batch have similar lengths.
inline std::vector<std::size_t> longest_first(std::span<const Song* const> songs) {
  std::vector<std::size_t> order(songs.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return songs[a]->tokens.size() > songs[b]->tokens.size(); });
  return order;
}

}  // namespace detail

MUSICGEN_INLINE KindLikelihood& KindLikelihood::operator+=(const KindLikelihood& other) {
  tokens += other.tokens;
  nats += other.nats;
  masked_nats += other.masked_nats;
  return *this;
}

MUSICGEN_INLINE KindLikelihood Likelihood::plan() const {
  KindLikelihood sum;
  for (auto k = static_cast<std::size_t>(TokenKind::bar) + 1; k < token_kind_count; ++k) sum += kinds[k];
  return sum;
}

MUSICGEN_INLINE Likelihood& Likelihood::operator+=(const Likelihood& other) {
  songs += other.songs;
  tokens += other.tokens;
  notes += other.notes;
  seconds += other.seconds;
  nats += other.nats;
  masked_nats += other.masked_nats;
  for (std::size_t k = 0; k < kinds.size(); ++k) kinds[k] += other.kinds[k];
  return *this;
}

namespace detail {

/// The context after each of the inputs (T*B); empty if the model takes none.
template <class SomeModel>
void contexts_after(std::span<const Token> inputs, std::size_t B, const SomeModel& model,
                    std::vector<Token>& contexts) {
  const Dimensions& d = model.dimensions();
  contexts.resize(d.C > 0 ? inputs.size() * Context::parts : 0);
  for (std::size_t b = 0; d.C > 0 && b < B; ++b) {
    SongState song;
    for (std::size_t i = b; i < inputs.size(); i += B) {
      song.advance(model.vocabulary()[inputs[i]]);
      const auto of = Context::of(song.place(), d.V);
      std::copy(of.begin(), of.end(), contexts.begin() + static_cast<std::ptrdiff_t>(i * Context::parts));
    }
  }
}

}  // namespace detail

template <Backend B>
std::vector<Likelihood> likelihoods(const Model<B>& model, std::span<const Song* const> songs) {
  const Dimensions& d = model.dimensions();
  const double row_bytes = sizeof(typename B::Scalar) * (5.0 * d.L * d.H + 3.0 * d.H + d.V);
  constexpr std::size_t largest_batch = 32;
  const Vocabulary& vocabulary = model.vocabulary();
  const std::vector<std::size_t> order = detail::longest_first(songs);
  std::vector<Likelihood> all(songs.size());
  typename Model<B>::Workspace workspace;
  std::vector<Token> inputs, targets, contexts;
  for (std::size_t first = 0; first < order.size();) {
    const std::size_t T = songs[order[first]]->tokens.size() - 1;  // the longest of the batch
    // Copying keeps the attention weights of each position.
    const double bytes = row_bytes + (d.copies ? sizeof(typename B::Scalar) * static_cast<double>(T) : 0.0);
    const auto largest_rows = static_cast<std::size_t>(1e9 / bytes);
    const std::size_t rows =
        std::min({largest_batch, std::max<std::size_t>(1, largest_rows / T), order.size() - first});
    inputs.assign(T * rows, vocabulary.end());
    targets.assign(T * rows, no_token);
    for (std::size_t b = 0; b < rows; ++b)
      for (std::size_t t = 0; t + 1 < songs[order[first + b]]->tokens.size(); ++t)
        inputs[t * rows + b] = songs[order[first + b]]->tokens[t];
    detail::contexts_after(inputs, rows, model, contexts);
    const int N = static_cast<int>(rows), length = static_cast<int>(T);
    const auto& logits = model.logits({N, length, length, inputs, targets, contexts}, workspace);
    thread_pool().parallel_for(N, [&](std::int64_t b) {
      const std::size_t i = order[first + static_cast<std::size_t>(b)];
      detail::LikelihoodAccumulator accumulator(*songs[i], model.config());
      for (std::size_t t = 0; t < T; ++t)
        accumulator.add(t, detail::logits_row(logits, static_cast<std::int64_t>(t) * N + b));
      all[i] = accumulator.sum();
    });
    first += rows;
  }
  return all;
}

template <Backend B>
std::vector<Likelihood> sampled_likelihoods(const Model<B>& model, std::span<const Song* const> songs,
                                            Precision precision, int window) {
  constexpr std::size_t largest_batch = 32;
  const Dimensions& d = model.dimensions();
  const std::vector<std::size_t> order = detail::longest_first(songs);
  std::vector<Likelihood> all(songs.size());
  if (order.empty()) return all;
  const auto longest = static_cast<int>(songs[order[0]]->tokens.size());
  const auto decoder = model.decoder(1, std::min(window, longest), precision);
  for (std::size_t first = 0; first < order.size(); first += largest_batch) {
    const std::span<const std::size_t> batch(&order[first], std::min(largest_batch, order.size() - first));
    auto batch_decoder = decoder.of_batch(static_cast<int>(batch.size()));
    std::vector<detail::LikelihoodAccumulator> accumulators;
    for (const std::size_t i : batch) accumulators.emplace_back(*songs[i], model.config());
    std::vector<Token> inputs(batch.size()), contexts;
    std::vector<SongState> states(batch.size());
    for (std::size_t t = 0; t + 1 < songs[batch[0]]->tokens.size(); ++t) {
      for (std::size_t b = 0; b < batch.size(); ++b) {
        const auto& tokens = songs[batch[b]]->tokens;
        inputs[b] = t < tokens.size() ? tokens[t] : model.vocabulary().end();
      }
      contexts.clear();
      for (std::size_t b = 0; d.C > 0 && b < batch.size(); ++b) {
        states[b].advance(model.vocabulary()[inputs[b]]);
        const auto of = Context::of(states[b].place(), d.V);
        contexts.insert(contexts.end(), of.begin(), of.end());
      }
      const auto& logits = batch_decoder.step(inputs, contexts);
      thread_pool().parallel_for(std::ssize(batch), [&](std::int64_t b) {
        accumulators[static_cast<std::size_t>(b)].add(t, detail::logits_row(logits, b));
      });
    }
    for (std::size_t b = 0; b < batch.size(); ++b) all[batch[b]] = accumulators[b].sum();
  }
  return all;
}

MUSICGEN_INLINE Likelihood total(std::span<const Likelihood> songs) {
  Likelihood sum;
  for (const Likelihood& one : songs) sum += one;
  return sum;
}

}  // namespace musicgen::inline MUSICGEN_ABI
