// What all example programs have in common: options, exit statuses, and error messages of one line.
//
//   int main(int argc, char** argv) {
//     CLI::App app("Writes a song from nothing");
//     std::string out;
//     app.add_option("--out", out, "the MIDI file to write")->required();
//     return run_program(app, argc, argv, [&] { ... });
//   }
#pragma once

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <new>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

/// The common part of number_in() and whole_number_in().
template <class Number>
CLI::Validator between(Number low, Number high, const std::string& kind) {
  std::ostringstream range;
  range.precision(15);
  range << low << " to " << high;
  const auto check = [low, high, kind, range = range.str()](const std::string& text) {
    Number number{};
    if (!CLI::detail::lexical_cast(text, number)) return '"' + text + "\" is not a " + kind + " in " + range;
    return number >= low && number <= high ? std::string() : text + " is not in " + range;
  };
  return {check, range.str()};
}
/// A number from `low` to `high`; unlike CLI::Range it refuses NaN.
inline CLI::Validator number_in(double low, double high) {
  return between(low, high, "number");
}
inline CLI::Validator whole_number_in(std::int64_t low, std::int64_t high) {
  return between(low, high, "whole number");
}

/// The name of a file or folder, which must not be empty.
inline CLI::Validator file_name() {
  return CLI::Validator([](const std::string& text) { return text.empty() ? "is empty" : std::string(); }, "FILE");
}

/// A whole number that is not negative and fits into 64 bits, in digits.
inline CLI::Validator seed_number() {
  return CLI::Validator(
      [](const std::string& text) {
        std::uint64_t number = 0;
        const auto [rest, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
        const bool fits = fault == std::errc() && rest == text.data() + text.size();
        return fits && (text == "0" || text[0] != '0') ? std::string()
                                                       : text + " is not a whole number of up to 64 bits";
      },
      "UINT");
}

/// Keeps a program from overwriting its inputs, or one output with another. Empty names do not count.
/// @throws std::runtime_error  naming the file
inline void require_distinct(const std::vector<std::filesystem::path>& read,
                             const std::vector<std::filesystem::path>& written) {
  namespace fs = std::filesystem;
  std::set<fs::path> seen;
  std::error_code fault;
  const auto place = [&](const fs::path& file) {
    const fs::path absolute = fs::absolute(file, fault), real = fs::weakly_canonical(absolute, fault);
    return fault ? absolute.lexically_normal() : real;  // opening it will give the error
  };
  for (const fs::path& file : read)
    if (!file.empty()) seen.insert(place(file));
  for (const fs::path& file : written) {
    const bool device = fs::exists(file, fault) && !fs::is_regular_file(file, fault);  // such as /dev/null
    if (!file.empty() && !device && !seen.insert(place(file)).second)
      throw std::runtime_error(file.string() + ": is named twice, and would be overwritten");
  }
}

/// Keeps a program from replacing a file of another kind: a file that exists and is not empty must begin with one of
/// these.
/// @throws std::runtime_error  naming the file
inline void require_replaceable(const std::filesystem::path& file, const std::vector<std::string>& beginnings,
                                const std::string& kind) {
  std::error_code fault;
  if (!std::filesystem::is_regular_file(file, fault) || std::filesystem::file_size(file, fault) == 0) return;
  std::string head(4, '\0');
  std::ifstream(file, std::ios::binary).read(head.data(), static_cast<std::streamsize>(head.size()));
  if (std::none_of(beginnings.begin(), beginnings.end(), [&](const auto& begin) { return head.starts_with(begin); }))
    throw std::runtime_error(file.string() + ": is not a " + kind + ": not overwritten");
}
inline void require_midi(const std::filesystem::path& file) {
  require_replaceable(file, {"MThd", "RIFF"}, "MIDI file");
}
inline void require_png(const std::filesystem::path& file) {
  require_replaceable(file, {"\x89PNG"}, "PNG picture");
}
inline void require_json(const std::filesystem::path& file) {
  require_replaceable(file, {"{"}, "JSON object");
}
inline void require_tokens(const std::filesystem::path& file) {
  require_replaceable(file, {"^"}, "text of tokens");
}
inline void require_wav(const std::filesystem::path& file) {
  require_replaceable(file, {"RIFF"}, "WAV file");
}

/// Parses the command line, then runs `body`.
///
/// Exit status: 0 for success (including `--help`), 2 for an invalid command line, 1 for any other exception: a file
/// that is not a MIDI file, a full disk, no memory. With 1 and 2 there is one line on stderr, "NAME: message". A file
/// that does not exist is bad input, not bad usage: let the library report it (without CLI::ExistingFile). `body` may
/// throw CLI::ValidationError for options that exclude each other.
inline int run_program(CLI::App& app, int argc, char** argv, const std::function<void()>& body) {
  const std::string name = argc > 0 ? std::filesystem::path(argv[0]).filename().string() : "musicgen";
  const auto fail = [&](int status, std::string message) {
    std::cout.flush();
    std::replace(message.begin(), message.end(), '\n', ' ');
    std::cerr << name << ": " << message << '\n';
    return status;
  };
  app.name(name);
  try {
    app.parse(argc, argv);
    body();
    if (!std::cout.flush()) throw std::runtime_error("cannot write to the standard output");
    return 0;
  } catch (const CLI::Success& help) {
    return app.exit(help);
  } catch (const CLI::ParseError& error) {
    return fail(2, std::string(error.what()) + " (--help tells more)");
  } catch (const std::bad_alloc&) {
    return fail(1, "out of memory");
  } catch (const std::exception& error) {
    return fail(1, error.what());
  }
}
