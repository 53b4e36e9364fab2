// Plans as JSON: what `generate --plan` reads and `--save-plan` writes. The schema is in docs/generate.md.
#pragma once

#include <string>
#include <string_view>

#include "../core/config.hpp"
#include "plan_request.hpp"

namespace musicgen::inline MUSICGEN_ABI {

/// @param json  {"key": "E minor", "tempo": 96, "meter": "3/4", "form": "i4 A8", "chords": "C G Am F", "bars": 32};
///              each part is optional. Lists where tempo, metre or chords change, with bars and beats counted from 1
/// @throws Error  in one line, naming the part that is wrong; for an impossible plan, as require_valid()
[[nodiscard]] PlanRequest parse_plan(std::string_view json);

/// The plan as JSON, on several lines.
/// @throws Error  for chords that repeat but are not one per bar
[[nodiscard]] std::string plan_json(const PlanRequest& plan);

}  // namespace musicgen::inline MUSICGEN_ABI

#ifndef MUSICGEN_COMPILED
#include "plan_json.ipp"
#endif
