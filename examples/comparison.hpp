// What `compare` finds, as a table, as JSON and as a picture.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <iterator>
#include <musicgen/data/splits.hpp>
#include <musicgen/evaluate/distributions.hpp>
#include <musicgen/evaluate/excerpts.hpp>
#include <musicgen/evaluate/measures.hpp>
#include <musicgen/evaluate/novelty.hpp>
#include <musicgen/evaluate/statistics.hpp>
#include <musicgen/evaluate/two_sample.hpp>
#include <nlohmann/json.hpp>
#include <optional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "formatted.hpp"
#include "render.hpp"

/// A statistic's values and how they compare: of generated songs, and of songs that were learned from, each with real
/// ones that were not. The second says how near real songs come to each other.
struct ComparedStatistic {
  const char *name, *label, *unit;
  std::vector<double> held_out, generated, learned;              ///< finite
  std::optional<musicgen::Comparison> of_generated, of_learned;  ///< nothing where too few songs have the statistic

  /// "note length, s"
  std::string title() const { return *unit ? std::string(label) + ", " + unit : label; }
};

/// Figures of songs: real ones that were not learned from, generated ones, and real ones that were.
template <class Figures>
struct ThreeSets {
  std::vector<Figures> held_out{}, generated{}, learned{};
};

/// Whether a classifier tells generated songs, and songs that were learned from, from real ones that were not; nothing
/// where there are too few songs.
struct TwoSampleTests {
  std::optional<musicgen::TwoSampleResult> of_generated{}, of_learned{};
};

struct Report {
  double seconds = 0;        ///< of each song
  std::size_t compared = 0;  ///< songs of each kind whose statistics are compared
  std::size_t learned = 0;   ///< songs in which copies have been looked for
  std::vector<ComparedStatistic> statistics{}, measures{};
  ThreeSets<musicgen::Measures> music{};  ///< what `measures` are taken from
  TwoSampleTests two_sample{};
  std::vector<musicgen::Originality> generated{}, held_out{};
};

/// Every figure of a list.
template <class List, class Figures>
std::vector<ComparedStatistic> compare_figures(const List& list, const ThreeSets<Figures>& songs) {
  const auto comparison = [](const std::vector<double>& real, const std::vector<double>& other) {
    return real.size() < 2 || other.size() < 2 ? std::nullopt : std::optional(musicgen::compare(real, other));
  };
  std::vector<ComparedStatistic> all;
  for (const musicgen::Figure<Figures>& figure : list) {
    ComparedStatistic of{.name = figure.name,
                         .label = figure.label,
                         .unit = figure.unit,
                         .held_out = values_of(songs.held_out, figure),
                         .generated = values_of(songs.generated, figure),
                         .learned = values_of(songs.learned, figure),
                         .of_generated = {},
                         .of_learned = {}};
    of.of_generated = comparison(of.held_out, of.generated);
    of.of_learned = comparison(of.held_out, of.learned);
    all.push_back(std::move(of));
  }
  return all;
}

/// The excerpts of a minute of songs; versions of a song have its number.
/// @param first_number  of the songs: each kind has numbers of its own
inline std::vector<musicgen::Excerpt> minutes_of(const std::vector<musicgen::Song>& songs,
                                                 const musicgen::Vocabulary& vocabulary, std::size_t first_number) {
  std::vector<musicgen::Excerpt> all;
  const auto versions = musicgen::first_versions(songs);
  for (std::size_t i = 0; i < songs.size(); ++i) {
    auto excerpts = musicgen::excerpts_of(musicgen::notes_of(songs[i], vocabulary), std::chrono::minutes(1),
                                          first_number + versions[i]);
    std::move(excerpts.begin(), excerpts.end(), std::back_inserter(all));
  }
  return all;
}

/// Nothing where a set has excerpts of one song at most.
inline std::optional<musicgen::TwoSampleResult> test_of(const std::vector<musicgen::Excerpt>& real,
                                                        const std::vector<musicgen::Excerpt>& other) {
  const auto several = [](const std::vector<musicgen::Excerpt>& set) {
    return std::any_of(set.begin(), set.end(), [&](const musicgen::Excerpt& e) { return e.song != set.front().song; });
  };
  return several(real) && several(other) ? std::optional(musicgen::two_sample_test(real, other)) : std::nullopt;
}

/// One figure of every song.
template <class Figure>
std::vector<double> each(const std::vector<musicgen::Originality>& songs, Figure figure) {
  std::vector<double> all;
  for (const musicgen::Originality& song : songs) all.push_back(static_cast<double>(figure(song)));
  return all;
}

struct OriginalityFigure {
  const char *name, *label;
  double table_factor;
  double (*of)(const musicgen::Originality&);
};
inline constexpr std::array originality_figures{
    OriginalityFigure{"run_notes", "longest run, notes", 1, [](auto& o) { return 1.0 * o.intervals.notes; }},
    OriginalityFigure{"run_seconds", "longest run, s", 1, [](auto& o) { return o.intervals.seconds; }},
    OriginalityFigure{"exact_run_notes", "longest exact run, notes", 1, [](auto& o) { return 1.0 * o.tokens.notes; }},
    OriginalityFigure{"exact_run_seconds", "longest exact run, s", 1, [](auto& o) { return o.tokens.seconds; }},
    OriginalityFigure{"shared_intervals", "runs of 7 notes, %", 100, [](auto& o) { return o.shared_intervals; }},
    OriginalityFigure{"shared_tokens", "runs of 12 tokens, %", 100, [](auto& o) { return o.shared_tokens; }}};

/// Songs whose longest run is longer than that of 95 % of the held-out songs.
inline std::vector<const musicgen::Originality*> suspicious(const Report& report) {
  const auto notes = [](auto& o) { return o.intervals.notes; };
  const double usual = musicgen::quantile(each(report.held_out, notes), 0.95);
  std::vector<const musicgen::Originality*> all;
  for (const musicgen::Originality& song : report.generated)
    if (notes(song) > usual) all.push_back(&song);
  return all;
}

// ---- The table ----

/// "1:07.4"
inline std::string minutes(double seconds) {
  const auto tenths = std::lround(seconds * 10);
  return formatted("%ld:%02ld.%ld", tenths / 600, tenths / 10 % 60, tenths % 10);
}

/// A cell of the table; a dash where too few songs have the statistic.
inline std::string cell(const char* format, std::optional<double> value, const char* dash) {
  return value ? formatted(format, *value) : dash;
}

inline void print_row(std::ostream& out, const ComparedStatistic& s) {
  const musicgen::Summary generated = musicgen::summarize(s.generated), real = musicgen::summarize(s.held_out);
  const auto of = [](const std::optional<musicgen::Comparison>& c, double (*figure)(const musicgen::Comparison&)) {
    return c ? std::optional(figure(*c)) : std::nullopt;
  };
  const auto overlap = [](const musicgen::Comparison& c) { return c.agreement.overlap; };
  const auto divergence = [](const musicgen::Comparison& c) { return c.agreement.divergence; };
  const auto distance = [](const musicgen::Comparison& c) { return c.wasserstein; };
  out << formatted("%-28s", s.title().c_str());
  for (const musicgen::Summary* set : {&generated, &real})
    out << (set->count > 1 ? formatted("%9.2f%8.2f", set->mean, set->deviation) : formatted("%9s%8s", "-", "-"))
        << (set == &generated ? "  " : "");
  out << cell("%8.2f", of(s.of_generated, overlap), "       -") << cell("%6.2f", of(s.of_learned, overlap), "     -")
      << cell("  %8.2f", of(s.of_generated, divergence), "         -")
      << cell("%6.2f", of(s.of_learned, divergence), "     -")
      << cell(" %10.3f", of(s.of_generated, distance), "          -")
      << cell("%8.3f", of(s.of_learned, distance), "       -") << '\n';
}

/// How many songs have a beat.
inline auto with_beat(const std::vector<musicgen::Measures>& songs) {
  return std::count_if(songs.begin(), songs.end(), [](const musicgen::Measures& song) { return song.has_beat; });
}

inline void print_statistics(std::ostream& out, const Report& report) {
  out << formatted("\n%zu songs of each kind, the first %g s of each\n\n", report.compared, report.seconds)
      << formatted("%-28s%17s%19s%14s%16s%15s\n", "", "generated    ", "real    ", "overlap  ", "divergence  ",
                   "distance")
      << formatted("%-28s%9s%8s  %9s%8s%8s%6s  %8s%6s %10s%8s\n", "", "mean", "+-", "mean", "+-", "gen.", "real",
                   "gen.", "real", "gen.", "real");
  for (const ComparedStatistic& s : report.statistics) print_row(out, s);
  out << '\n';
  for (const ComparedStatistic& s : report.measures) print_row(out, s);
  out << formatted("\nSongs with a beat: generated %td, real %td, learned from %td\n",
                   with_beat(report.music.generated), with_beat(report.music.held_out), with_beat(report.music.learned))
      << "In the last three columns \"real\": as many songs that were learned from, compared with the same real "
         "ones; a dash: too few songs have it\n";
}

inline void print_two_sample(std::ostream& out, const Report& report) {
  out << "\nExcerpts of a minute that a classifier puts into the right set, songs that it has not seen (0.5: chance)\n";
  const auto line = [&](const char* name, const std::optional<musicgen::TwoSampleResult>& test) {
    if (!test)
      out << formatted("%-28s too few songs\n", name);
    else
      out << formatted("%-28s%9.3f +- %.3f   %zu and %zu excerpts, %d folds\n", name, test->accuracy,
                       test->standard_error, test->second_excerpts, test->first_excerpts, test->folds);
  };
  line("generated or real", report.two_sample.of_generated);
  line("learned from or real", report.two_sample.of_learned);
}

inline void print_originality(std::ostream& out, const Report& report) {
  const auto title = [](const char* name, std::size_t songs) { return std::to_string(songs) + ' ' + name + " songs"; };
  out << formatted("\nWhat of their first %g s occurs in the %zu songs that were learned from\n\n", report.seconds,
                   report.learned)
      << formatted("%-28s%27s%31s\n", "", title("generated", report.generated.size()).c_str(),
                   title("real", report.held_out.size()).c_str())
      << formatted("%-28s%9s%9s%9s%13s%9s%9s\n", "", "median", "95 %", "most", "median", "95 %", "most");
  for (const OriginalityFigure& figure : originality_figures) {
    const auto a = each(report.generated, figure.of), b = each(report.held_out, figure.of);
    const auto in_table = [&](const std::vector<double>& songs, double share) {
      return musicgen::quantile(songs, share) * figure.table_factor;
    };
    out << formatted("%-28s%9.2f%9.2f%9.2f%13.2f%9.2f%9.2f\n", figure.label, in_table(a, 0.5), in_table(a, 0.95),
                     in_table(a, 1), in_table(b, 0.5), in_table(b, 0.95), in_table(b, 1));
  }
}

/// Where the longest runs are, so that one can listen.
inline void print_runs(std::ostream& out, const Report& report) {
  out << "\nSongs with a longer run than 95 % of the real songs: " << suspicious(report).size() << " of "
      << report.generated.size() << ". The longest:\n";
  std::vector<const musicgen::Originality*> songs;
  for (const auto& song : report.generated) songs.push_back(&song);
  std::stable_sort(songs.begin(), songs.end(),
                   [](auto* a, auto* b) { return a->intervals.notes > b->intervals.notes; });
  songs.resize(std::min<std::size_t>(songs.size(), 5));
  for (const auto* song : songs)
    if (const musicgen::CopiedRun& run = song->intervals; run.notes > 0)
      out << song->song << " at " << minutes(run.at) << ": " << run.notes
          << formatted(" notes in %.1f s, as ", run.seconds) << run.source << " at " << minutes(run.source_at)
          << formatted(", %+d semitones\n", run.transposition);
}

inline void print(std::ostream& out, const Report& report) {
  print_statistics(out, report);
  print_two_sample(out, report);
  print_originality(out, report);
  print_runs(out, report);
}

// ---- JSON ----

using Json = nlohmann::ordered_json;

inline Json to_json(const musicgen::Summary& s) {
  return {{"songs", s.count}, {"mean", s.mean}, {"deviation", s.deviation}};
}

inline Json to_json(const std::optional<musicgen::Comparison>& c) {
  if (!c) return nullptr;
  return {{"set", to_json(c->other)},
          {"overlap", c->agreement.overlap},
          {"divergence", c->agreement.divergence},
          {"overlap_within_set", c->agreement_within.overlap},
          {"divergence_within_set", c->agreement_within.divergence},
          {"wasserstein", c->wasserstein}};
}

inline Json to_json(const musicgen::CopiedRun& run) {
  if (run.source.empty()) return nullptr;
  return {{"notes", run.notes},   {"seconds", run.seconds},     {"at", run.at},
          {"source", run.source}, {"source_at", run.source_at}, {"transposed", run.transposition}};
}

inline Json to_json(const std::vector<musicgen::Originality>& songs) {
  Json figures = Json::object(), all = Json::array();
  for (const OriginalityFigure& figure : originality_figures) {
    const std::vector<double> of_songs = each(songs, figure.of);
    figures[figure.name] = {{"median", musicgen::quantile(of_songs, 0.5)},
                            {"95_percent", musicgen::quantile(of_songs, 0.95)},
                            {"most", musicgen::quantile(of_songs, 1)}};
  }
  for (const musicgen::Originality& o : songs)
    all.push_back({{"song", o.song},
                   {"run", to_json(o.intervals)},
                   {"exact_run", to_json(o.tokens)},
                   {"shared_intervals", o.shared_intervals},
                   {"shared_tokens", o.shared_tokens}});
  return {{"figures", figures}, {"songs", all}};
}

inline Json to_json(const std::vector<ComparedStatistic>& all) {
  Json figures = Json::object();
  for (const ComparedStatistic& s : all)
    figures[s.name] = {{"unit", s.unit},
                       {"real", to_json(musicgen::summarize(s.held_out))},
                       {"generated", to_json(s.of_generated)},
                       {"baseline", to_json(s.of_learned)}};
  return figures;
}

inline Json to_json(const std::optional<musicgen::TwoSampleResult>& test) {
  if (!test) return nullptr;
  return {{"accuracy", test->accuracy},
          {"standard_error", test->standard_error},
          {"excerpts", test->second_excerpts},
          {"real_excerpts", test->first_excerpts},
          {"folds", test->folds}};
}

/// How many songs have a beat, and where in the bar their notes begin.
inline Json beats_to_json(const std::vector<musicgen::Measures>& songs) {
  return {{"songs_with_beat", with_beat(songs)}, {"bar_positions", musicgen::mean_positions(songs)}};
}

inline Json to_json(const Report& report) {
  return {
      {"seconds", report.seconds},
      {"songs_compared", report.compared},
      {"songs_learned_from", report.learned},
      {"statistics", to_json(report.statistics)},
      {"measures", to_json(report.measures)},
      {"beats",
       {{"real", beats_to_json(report.music.held_out)},
        {"generated", beats_to_json(report.music.generated)},
        {"baseline", beats_to_json(report.music.learned)}}},
      {"two_sample",
       {{"generated", to_json(report.two_sample.of_generated)}, {"baseline", to_json(report.two_sample.of_learned)}}},
      {"originality",
       {{"generated", to_json(report.generated)},
        {"real", to_json(report.held_out)},
        {"longer_than_95_percent_of_real", suspicious(report).size()}}}};
}

// ---- The picture ----

inline void draw([[maybe_unused]] const std::filesystem::path& file, [[maybe_unused]] const Report& report) {
#ifdef MUSICGEN_HAS_DISTRIBUTIONS
  std::vector<musicgen::DistributionPanel> panels;
  for (const auto* figures : {&report.statistics, &report.measures})
    for (const ComparedStatistic& s : *figures) {
      std::string note = "of too few songs";
      if (s.of_generated && s.of_learned)
        note =
            formatted("overlap %.2f (real %.2f)", s.of_generated->agreement.overlap, s.of_learned->agreement.overlap);
      panels.push_back({s.title(), note, {s.held_out, s.generated, s.learned}});
    }
  musicgen::write_distributions(file, panels,
                                {.title = formatted("%zu songs of each kind, %g s", report.compared, report.seconds),
                                 .names = {"real", "generated", "learned from"}});
#else
  require_pictures();
#endif
}
