#include <catch.hpp>
#include <musicgen/evaluate/likelihood.hpp>

#include "data/corpora.hpp"
#include "sample/models.hpp"

using namespace musicgen;
using namespace musicgen::test;

namespace {

using Double = BasicCpu<double>;

/// The same model in double precision.
Model<Double> in_double(Model<>& model) {
  auto weights = Double::zeros(model.dimensions());
  auto to = weights.tensors();
  const auto from = model.weights().tensors();
  for (std::size_t i = 0; i < to.size(); ++i)
    std::copy(from[i].values.begin(), from[i].values.end(), to[i].values.begin());
  return {model.config(), std::move(weights)};
}

/// Songs of 1 to 40 notes.
std::vector<Song> short_songs(int count, std::uint64_t seed) {
  Random random(seed);
  std::vector<Song> songs;
  for (int i = 0; i < count; ++i) {
    std::vector<MillisecondNote> notes;
    for (int n = random.between(1, 40); n > 0; --n) {
      const int start = random.between(0, 9000);
      notes.push_back({start, start + random.between(20, 3000), random.between(40, 80), random.between(1, 127),
                       random.between(0, 3)});
    }
    songs.push_back(song_of("song" + std::to_string(i), score_of(notes)));
  }
  return songs;
}

std::vector<const Song*> pointers(const std::vector<Song>& songs) {
  std::vector<const Song*> all;
  for (const Song& song : songs) all.push_back(&song);
  return all;
}

/// -log p of each token, one token at a time: a plain reference.
Likelihood plain_likelihood(const Model<Double>& model, const Song& song) {
  const Vocabulary& vocabulary = model.vocabulary();
  auto decoder = model.decoder(1, static_cast<int>(song.tokens.size()));
  Grammar grammar(vocabulary, {.canonical = model.config().canonical});
  Likelihood sum;
  for (std::size_t i = 0; i + 1 < song.tokens.size(); ++i) {
    grammar.advance(song.tokens[i]);
    const auto& logits = decoder.step(std::span(&song.tokens[i], 1));
    double all = 0, allowed = 0;
    for (Token t = 0; t < vocabulary.size(); ++t) {
      all += std::exp(logits(0, t));
      if (grammar.allows(t)) allowed += std::exp(logits(0, t));
    }
    const double own = logits(0, song.tokens[i + 1]);
    const KindLikelihood one{1, std::log(all) - own, std::log(allowed) - own};
    sum.nats += one.nats;
    sum.masked_nats += one.masked_nats;
    sum.kinds[static_cast<std::size_t>(vocabulary[song.tokens[i + 1]].kind)] += one;
  }
  return sum;
}

}  // namespace

TEST_CASE("likelihood: is what the network says token by token, in double precision") {
  for (const bool canonical : {true, false}) {
    Model<> model = untrained(Vocabulary::standard(), 3, canonical, 6);
    Model<Double> precise = in_double(model);
    std::vector<Song> songs = short_songs(4, 20);
    songs.push_back(song_of("^ +60 v63 i0 t10 -60 i0 $"));
    songs.push_back(song_of("^ $"));
    const auto exact = likelihoods(precise, pointers(songs)), found = likelihoods(model, pointers(songs));
    REQUIRE(exact.size() == songs.size());
    for (std::size_t i = 0; i < songs.size(); ++i) {
      const Likelihood plain = plain_likelihood(precise, songs[i]);
      CHECK(exact[i].nats == Approx(plain.nats).epsilon(1e-10));
      CHECK(exact[i].masked_nats == Approx(plain.masked_nats).epsilon(1e-10));
      CHECK(found[i].nats == Approx(plain.nats).epsilon(1e-5));
      CHECK(found[i].masked_nats == Approx(plain.masked_nats).epsilon(1e-5));
      CHECK(exact[i].masked_nats <= exact[i].nats);
      CHECK(exact[i].nats > 0);
      for (std::size_t k = 0; k < token_kind_count; ++k) {
        CHECK(exact[i].kinds[k].tokens == plain.kinds[k].tokens);
        CHECK(exact[i].kinds[k].nats == Approx(plain.kinds[k].nats).epsilon(1e-10));
        CHECK(exact[i].kinds[k].masked_nats == Approx(plain.kinds[k].masked_nats).epsilon(1e-10));
      }
    }
  }
}

TEST_CASE("likelihood: does not depend on which songs come along, nor on threads") {
  Model<> model = untrained(Vocabulary::standard(), 5, true, 4, 40);
  std::vector<Song> songs = short_songs(40, 50);  // more than a batch
  songs.push_back(song_of("^ $"));
  std::vector<std::vector<Likelihood>> results;
  for (const int count : {1, 2, 3}) {
    const Threads threads(count);
    results.push_back(likelihoods(model, pointers(songs)));
  }
  for (std::size_t i = 0; i < songs.size(); ++i) {
    const Song* const alone[] = {&songs[i]};
    const Likelihood single = likelihoods<Cpu>(model, alone).front();
    for (const auto& result : results) CHECK(result[i] == single);
  }
  std::vector<const Song*> backwards = pointers(songs);
  std::reverse(backwards.begin(), backwards.end());
  const auto reversed = likelihoods(model, backwards);
  for (std::size_t i = 0; i < songs.size(); ++i) CHECK(reversed[songs.size() - 1 - i] == results[0][i]);
}

TEST_CASE("likelihood: as the sampler sees songs, it is the same, but for precision and window") {
  Model<> model = untrained(Vocabulary::standard(), 5, true, 4, 40);
  std::vector<Song> songs = short_songs(40, 50);  // more than a batch
  songs.push_back(song_of("^ $"));
  const auto whole = likelihoods(model, pointers(songs));
  const auto sampled = [&](Precision precision, int window) {
    return sampled_likelihoods(model, pointers(songs), precision, window);
  };
  const auto fp32 = sampled(Precision::fp32, 400);
  for (std::size_t i = 0; i < songs.size(); ++i) {
    CHECK(fp32[i].tokens == whole[i].tokens);
    CHECK(fp32[i].nats == Approx(whole[i].nats).epsilon(1e-6));
    CHECK(fp32[i].masked_nats == Approx(whole[i].masked_nats).epsilon(1e-6));
  }
  const double all = total(fp32).nats;
  for (const auto& other :
       {sampled(Precision::bf16, 400), sampled(Precision::int8, 400), sampled(Precision::fp32, 20)}) {
    CHECK(total(other).nats != all);
    CHECK(total(other).nats == Approx(all).epsilon(0.01));
  }
}

TEST_CASE("likelihood: a window of nothing is an error") {
  const std::vector<Song> songs = short_songs(1, 5);
  CHECK_THROWS_WITH(sampled_likelihoods(untrained(), pointers(songs), Precision::fp32, 0), Catch::Contains("window"));
}

TEST_CASE("likelihood: counts tokens, notes and seconds, and sums up") {
  Model<> model = untrained();
  const Song a = song_of("^ +60 v63 i0 t50 -60 i0 $"), b = song_of("^ +60 v63 i0 +64 v63 i1 t100 t50 -60 i0 -64 i1 $");
  const Song* const songs[] = {&a, &b};
  const Likelihood sum = likelihood<Cpu>(model, songs);
  CHECK(sum.songs == 2);
  CHECK(sum.tokens == 7 + 13);
  CHECK(sum.notes == 3);
  CHECK(sum.seconds == Approx(2));
  const auto parts = likelihoods<Cpu>(model, songs);
  CHECK(sum.nats == parts[0].nats + parts[1].nats);
  CHECK(sum.masked_nats == parts[0].masked_nats + parts[1].masked_nats);
  const auto of = [](const Likelihood& l, TokenKind kind) { return l.kinds[static_cast<std::size_t>(kind)]; };
  for (const auto& [kind, tokens] : {std::pair(TokenKind::note_on, 3),
                                     {TokenKind::note_off, 3},
                                     {TokenKind::velocity, 3},
                                     {TokenKind::track, 6},
                                     {TokenKind::time, 3},
                                     {TokenKind::start, 0},
                                     {TokenKind::end, 2}}) {
    CHECK(of(sum, kind).tokens == tokens);
    CHECK(of(sum, kind).nats == of(parts[0], kind).nats + of(parts[1], kind).nats);
  }
  CHECK(likelihoods<Cpu>(model, {}).empty());
}

TEST_CASE("likelihood: per token, per note and per second are the sum over each") {
  Likelihood l{.songs = 1, .tokens = 20, .notes = 4, .seconds = 5, .nats = 40, .masked_nats = 30};
  CHECK(l.nats_per_token() == 2);
  CHECK(l.nats_per_note() == 10);
  CHECK(l.bits_per_second() == Approx(8 / 0.69314718056));
  CHECK(l.masked_nats_per_token() == 1.5);
  CHECK(l.masked_nats_per_note() == 7.5);
  CHECK(l.masked_bits_per_second() == Approx(6 / 0.69314718056));
  l += l;
  CHECK(l == Likelihood{.songs = 2, .tokens = 40, .notes = 8, .seconds = 10, .nats = 80, .masked_nats = 60});
  CHECK(Likelihood{}.nats_per_note() == 0);  // without songs
}

TEST_CASE("likelihood: a model without opinion gives every token the same share, of what may come where masked") {
  Model<> model = untrained();
  model.weights().head.w2.setZero();
  model.weights().head.b2.setZero();
  const Song song = song_of("^ +60 v63 i0 t50 -60 i0 $");
  const Song* const songs[] = {&song};
  const Likelihood l = likelihood<Cpu>(model, songs);
  CHECK(l.nats_per_token() == Approx(std::log(405)));
  // Allowed: 128 ons or $; 31 velocities; 16 tracks; 128 ons or 100 gaps (no off yet); 128 ons or the off; only i0; 128
  // ons, 100 gaps or $.
  const double masked = std::log(129) + std::log(31) + std::log(16) + std::log(228) + std::log(129) + std::log(229);
  CHECK(l.masked_nats == Approx(masked));
  const KindLikelihood& times = l.kinds[static_cast<std::size_t>(TokenKind::time)];
  CHECK(times.tokens == 1);
  CHECK(times.nats == Approx(std::log(405)));
  CHECK(times.masked_nats == Approx(std::log(228)));
}

TEST_CASE("likelihood: a song that leaves the grammar is not masked from there on") {
  Model<> model = untrained();
  // Ons out of order: well formed, but not canonical.
  const Song song = song_of("^ +64 v63 i0 +60 v63 i0 t50 -60 i0 -64 i0 $");
  const Song* const songs[] = {&song};
  const Likelihood l = likelihood<Cpu>(model, songs);
  CHECK(std::isfinite(l.masked_nats));
  CHECK(l.masked_nats < l.nats);
}

TEST_CASE("likelihood: a token that the model lacks is an error, and so is a model without a vocabulary") {
  const Song song = song_of("^ +1 v63 i15 t50 -1 i15 $");
  const Song* const songs[] = {&song};
  Model<> small = untrained(fewer_words());
  CHECK_THROWS_AS(likelihoods<Cpu>(small, songs), Error);
  CHECK_THROWS_WITH(sampled_likelihoods<Cpu>(small, songs, Precision::fp32, 20),
                    Catch::Contains(song.name + " has token"));
  Model<> numbers(ModelConfig{{405, 8, 16, 1}, {}, {}, true});
  CHECK_THROWS_WITH(likelihoods<Cpu>(numbers, songs), Catch::Contains("vocabulary"));
}
