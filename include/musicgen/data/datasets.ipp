// Definitions of datasets.hpp.
#pragma once

#include <sys/stat.h>
#include <algorithm>
#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string_view>
#include <system_error>
#include <utility>

#include "../core/error.hpp"
#include "../core/files.hpp"
#include "../core/text.hpp"
#include "../midi.hpp"
#include "../midi/score.hpp"
#include "csv.hpp"
#include "datasets.hpp"

namespace musicgen::inline MUSICGEN_ABI {

namespace detail {

inline bool is_hidden(const std::filesystem::path& path) {
  return path.filename().string().starts_with('.');
}

/// Adds to `files` the MIDI files in `folder` and below. A folder that several links lead to is entered once.
inline void find_midi_files(const std::filesystem::path& folder, std::set<std::pair<dev_t, ino_t>>& entered,
                            std::vector<std::filesystem::path>& files, std::vector<Skipped>& skipped) {
  namespace fs = std::filesystem;
  struct stat identity {};
  if (::stat(folder.c_str(), &identity) == 0 && !entered.emplace(identity.st_dev, identity.st_ino).second) return;
  std::vector<fs::directory_entry> entries;
  std::error_code fault, ignored;
  for (fs::directory_iterator at(folder, fault), end; !fault && at != end; at.increment(fault))
    if (!is_hidden(at->path())) entries.push_back(*at);
  if (fault) skipped.push_back({folder, "cannot be read: " + fault.message()});
  std::sort(entries.begin(), entries.end());
  for (const fs::directory_entry& entry : entries) {
    if (entry.is_directory(ignored))
      find_midi_files(entry.path(), entered, files, skipped);
    else if (has_midi_extension(entry.path()) && !entry.is_other(ignored))
      files.push_back(entry.path());
  }
}

/// The path from `root`, '/' between folders, no extension.
inline std::string song_name(const std::filesystem::path& file, const std::filesystem::path& root) {
  std::filesystem::path name = file.lexically_relative(root);
  if (name.empty() || name == ".") name = file.filename();
  return name.replace_extension().generic_string();
}

inline void sort_by_path(std::vector<MidiFile>& files) {
  std::sort(files.begin(), files.end(), [](const MidiFile& a, const MidiFile& b) { return a.path < b.path; });
}

}  // namespace detail

MUSICGEN_INLINE Listing list_folder(const std::filesystem::path& path) {
  std::error_code fault;
  const auto status = std::filesystem::status(path, fault);
  if (!std::filesystem::exists(status)) throw file_error(path, "no such file or folder");
  Listing listing{path, Layout::folder, {}, {}};
  std::vector<std::filesystem::path> files{path};
  if (std::filesystem::is_directory(status)) {
    std::set<std::pair<dev_t, ino_t>> entered;
    files.clear();
    detail::find_midi_files(path, entered, files, listing.skipped);
  }
  for (const auto& file : files) listing.files.push_back({file, detail::song_name(file, path), Split::train});
  detail::sort_by_path(listing.files);
  return listing;
}

namespace detail {

/// The folder of three digits that a song of POP909 is in: the first or second part of its name.
inline std::optional<std::string> pop909_number(std::string_view name) {
  for (int depth = 0; depth < 2; ++depth) {
    const auto slash = name.find('/');
    if (slash == std::string_view::npos) return std::nullopt;
    const std::string_view folder = name.substr(0, slash);
    if (folder.size() == 3 && folder.find_first_not_of("0123456789") == std::string_view::npos)
      return std::string(folder);
    name.remove_prefix(slash + 1);
  }
  return std::nullopt;
}

inline bool is_pop909_song(const MidiFile& file) {
  const auto number = pop909_number(file.name);
  return number && ('/' + file.name).ends_with('/' + *number + '/' + *number);
}

inline Listing pop909_of(Listing all) {
  Listing listing{all.root, Layout::pop909, {}, std::move(all.skipped)};
  for (MidiFile& file : all.files)
    if (const auto number = pop909_number(file.name)) {
      file.split = number->back() == '5' ? Split::validation : Split::train;
      listing.files.push_back(std::move(file));
    } else {
      listing.skipped.push_back({file.path, "is not in a folder of three digits, as POP909's songs are"});
    }
  return listing;
}

}  // namespace detail

MUSICGEN_INLINE Listing list_pop909(const std::filesystem::path& dir) {
  return detail::pop909_of(list_folder(dir));
}

MUSICGEN_INLINE void require_melody(const Score& score) {
  const auto first = std::find_if(score.tracks.begin(), score.tracks.end(), [](auto& t) { return !t.notes.empty(); });
  if (first == score.tracks.end()) throw Error("has no notes");
  const std::string name = detail::lower_case(detail::trimmed(first->name));
  if (name != "melody" && name != "meldoy" && name != "melopy")
    throw Error("its first track with notes is not named \"melody\"");
}

namespace detail {

/// MAESTRO's table in `dir` or in a folder directly below it. If a folder has several, the newest: the one whose name
/// sorts last.
inline std::optional<std::filesystem::path> find_maestro_table(const std::filesystem::path& dir) {
  namespace fs = std::filesystem;
  std::error_code fault;
  std::vector<fs::path> folders{dir};
  for (fs::directory_iterator at(dir, fault), end; !fault && at != end; at.increment(fault))
    if (std::error_code ignored; at->is_directory(ignored) && !is_hidden(at->path())) folders.push_back(at->path());
  std::sort(folders.begin() + 1, folders.end());
  for (const fs::path& folder : folders) {
    std::optional<fs::path> newest;
    for (fs::directory_iterator at(folder, fault), end; !fault && at != end; at.increment(fault)) {
      const std::string name = at->path().filename().string();
      if (name.starts_with("maestro") && name.ends_with(".csv") && (!newest || *newest < at->path()))
        newest = at->path();
    }
    if (newest) return newest;
  }
  return std::nullopt;
}

inline std::optional<Split> parse_split(std::string_view text) {
  for (const Split split : {Split::train, Split::validation, Split::test})
    if (text == to_string(split)) return split;
  return std::nullopt;
}

/// The index of the column `name` in `header`.
inline std::size_t column(const CsvRow& header, std::string_view name, const std::filesystem::path& table) {
  const auto at = std::find(header.fields.begin(), header.fields.end(), name);
  if (at == header.fields.end()) throw file_error(table, "has no column \"" + std::string(name) + "\"");
  return static_cast<std::size_t>(at - header.fields.begin());
}

}  // namespace detail

MUSICGEN_INLINE Listing list_maestro(const std::filesystem::path& dir) {
  namespace fs = std::filesystem;
  Listing all = list_folder(dir), listing{dir, Layout::maestro, {}, std::move(all.skipped)};
  const auto table = detail::find_maestro_table(dir);
  if (!table) throw file_error(dir, "has no maestro*.csv");
  const auto bytes = read_bytes(*table);
  const auto rows = detail::parse_csv({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  if (rows.empty()) throw file_error(*table, "is empty");
  const auto split_column = detail::column(rows[0], "split", *table);
  const auto file_column = detail::column(rows[0], "midi_filename", *table);

  std::map<fs::path, MidiFile> found;
  for (MidiFile& file : all.files) found.emplace(file.path.lexically_normal(), std::move(file));
  for (const detail::CsvRow& row : std::span(rows).subspan(1)) {
    const auto skip = [&](const fs::path& file, const std::string& what) {
      listing.skipped.push_back(
          {file, table->filename().string() + ", line " + std::to_string(row.line) + ": " + what});
    };
    if (row.fields.size() <= std::max(split_column, file_column)) {
      skip(*table, "has " + std::to_string(row.fields.size()) + " fields");
      continue;
    }
    const fs::path path = (table->parent_path() / row.fields[file_column]).lexically_normal();
    const auto split = detail::parse_split(row.fields[split_column]);
    const auto file = found.find(path);
    std::error_code ignored;
    if (file == found.end())
      skip(path, fs::exists(path, ignored) ? "is not a MIDI file, or is in the table twice" : "there is no such file");
    else if (!split)
      skip(path, "\"" + row.fields[split_column] + "\" is neither train nor validation nor test");
    else
      listing.files.push_back(std::move(found.extract(file).mapped())), listing.files.back().split = *split;
  }
  for (const auto& [path, file] : found) listing.skipped.push_back({path, "is not in " + table->filename().string()});
  detail::sort_by_path(listing.files);
  return listing;
}

MUSICGEN_INLINE Listing list_files(const std::filesystem::path& path) {
  if (detail::find_maestro_table(path)) return list_maestro(path);
  Listing listing = list_folder(path);
  const bool is_pop909 = std::any_of(listing.files.begin(), listing.files.end(), detail::is_pop909_song);
  return is_pop909 ? detail::pop909_of(std::move(listing)) : listing;
}

}  // namespace musicgen::inline MUSICGEN_ABI
