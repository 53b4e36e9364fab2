// What a song's plan is to be: options, and files of JSON.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <filesystem>
#include <musicgen/core/files.hpp>
#include <musicgen/sample/plan_json.hpp>
#include <string>

#include "program.hpp"

/// A text that `parse` reads, or says in an Error what is wrong with it.
template <class Parse>
CLI::Validator readable_by(Parse parse, const std::string& name) {
  return CLI::Validator(
      [parse](const std::string& text) {
        try {
          static_cast<void>(parse(text));
          return std::string();
        } catch (const musicgen::Error& error) {
          return std::string(error.what());
        }
      },
      name);
}

struct PlanOptions {
  std::string key, meter, form, chords;
  int tempo = 0, bars = 0;
  std::filesystem::path file, save;

  void add(CLI::App& app) {
    using namespace musicgen;
    const char* const group = "Plan, for models of beats";
    app.add_option("--key", key,
                   R"(the song's key, or for models of performances only notes of it: "E minor", "C# major", "Bb")")
        ->check(readable_by(&Key::parse, "KEY"));
    app.add_option("--tempo", tempo, "quarter notes a minute")
        ->check(whole_number_in(min_tempo, max_tempo))
        ->group(group);
    app.add_option("--meter", meter, R"(such as "3/4")")->check(readable_by(parse_meter, "METER"))->group(group);
    auto* const with_form =
        app.add_option("--form", form,
                       R"(phrases and how many bars each has, after which the song ends: "i4 A8 B8 o4")")
            ->check(readable_by(parse_form, "FORM"))
            ->group(group);
    app.add_option("--bars", bars, "how many bars the song has, instead of --form")
        ->check(whole_number_in(1, 1'000'000))
        ->excludes(with_form)
        ->group(group);
    app.add_option("--chords", chords, R"(a chord a bar, from the beginning when they are over: "C G Am F")")
        ->check(readable_by(chord_a_bar, "CHORDS"))
        ->group(group);
    app.add_option("--plan", file, "a JSON file with all of these; options given beside it count")->group(group);
    app.add_option("--save-plan", save, "the plan of the written song, for --plan")->group("Output");
  }

  /// The first option that only models with a plan have; empty if none is given.
  [[nodiscard]] std::string given() const {
    return tempo > 0         ? "--tempo"
           : !meter.empty()  ? "--meter"
           : !form.empty()   ? "--form"
           : bars > 0        ? "--bars"
           : !chords.empty() ? "--chords"
           : !file.empty()   ? "--plan"
           : !save.empty()   ? "--save-plan"
                             : "";
  }

  /// @throws musicgen::Error  naming the file and what is wrong with it
  [[nodiscard]] musicgen::PlanRequest request() const {
    using namespace musicgen;
    PlanRequest plan = file.empty() ? PlanRequest() : read(file);
    if (!key.empty()) plan.key = Key::parse(key);
    if (tempo > 0) plan.tempos = {{0, tempo}};
    if (!meter.empty()) plan.meters = {{0, parse_meter(meter)}};
    if (!form.empty() || bars > 0) {  // in place of either in the file
      plan.form = form.empty() ? std::vector<Plan::Phrase>() : parse_form(form);
      plan.bars = bars;
      plan = first_bars(plan, plan.length());
    }
    if (!chords.empty()) {
      plan.chords = chord_a_bar(chords);
      plan.chord_bars = static_cast<int>(plan.chords.size());
    }
    return plan;
  }

 private:
  static musicgen::PlanRequest read(const std::filesystem::path& file) {
    const auto bytes = musicgen::read_bytes(file);
    try {
      return musicgen::parse_plan({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    } catch (const musicgen::Error& error) {
      throw musicgen::file_error(file, error.what());
    }
  }
};
