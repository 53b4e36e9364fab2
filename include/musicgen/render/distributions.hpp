// Distributions of several sets in small pictures, one for each statistic: density over value, the first set as an
// area, the others as lines.
//
// Pure functions: any number of threads may call them.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "../core/config.hpp"
#include "canvas.hpp"

namespace musicgen::inline MUSICGEN_ABI {

/// One of the small pictures.
struct DistributionPanel {
  std::string title;                      ///< above it
  std::string note;                       ///< below the title
  std::vector<std::vector<double>> sets;  ///< the values of each set, which must be finite; any set may be empty
};

struct DistributionPlotOptions {
  int width = 1200;                     ///< pixels, at least 320
  int columns = 4;                      ///< of panels
  std::string title = {};               ///< above all of them
  std::vector<std::string> names = {};  ///< of the sets, for the legend
};

/// The panels in rows, from left to right.
/// @throws Error  for a width under 320 or over 20,000 pixels, for less than one column, or for more panels than fit
[[nodiscard]] Canvas draw_distributions(std::span<const DistributionPanel> panels,
                                        const DistributionPlotOptions& options = {});

/// Draws the distributions into a PNG file, which is replaced in one step.
/// @throws Error  as above, or if the file cannot be written
void write_distributions(const std::filesystem::path& file, std::span<const DistributionPanel> panels,
                         const DistributionPlotOptions& options = {});

}  // namespace musicgen::inline MUSICGEN_ABI

// Always compiled where it is included: otherwise musicgen::compiled would need libpng.
#include "distributions.ipp"
