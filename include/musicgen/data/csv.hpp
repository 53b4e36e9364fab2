// Comma-separated values (RFC 4180), the format of MAESTRO's table. Internal: for definitions only.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../core/config.hpp"

namespace musicgen::inline MUSICGEN_ABI::detail {

struct CsvRow {
  int line = 1;  ///< of the file, where the row begins
  std::vector<std::string> fields;
};

/// The rows of a table, including its header. A quoted field may contain commas, line ends and doubled quotes. Lines
/// end in LF or CRLF; a byte order mark and empty lines are skipped; quotes that never close end with the text.
inline std::vector<CsvRow> parse_csv(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  std::vector<CsvRow> rows;
  CsvRow row{1, {""}};
  bool quoted = false;
  int line = 1;
  const auto end_row = [&] {
    if (row.fields.size() > 1 || !row.fields[0].empty()) rows.push_back(std::move(row));
    row = {line, {""}};
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    std::string& field = row.fields.back();
    if (c == '\n') ++line;
    if (c == '"') {
      if (quoted && text.substr(i + 1, 1) == "\"")
        field += text[++i];
      else
        quoted = !quoted;
    } else if (c == ',' && !quoted) {
      row.fields.emplace_back();
    } else if (c == '\n' && !quoted) {
      end_row();
    } else if (c != '\r' || quoted) {
      field += c;
    }
  }
  end_row();
  return rows;
}

}  // namespace musicgen::inline MUSICGEN_ABI::detail
