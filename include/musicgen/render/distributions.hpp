// Distributions of several sets side by side in small pictures, one a statistic: density over value, the first set as
// an area, the others as lines.
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
  std::string title;                      ///< over it
  std::string note;                       ///< beneath its title
  std::vector<std::vector<double>> sets;  ///< finite values of each set; any may be empty
};

struct DistributionPlotOptions {
  int width = 1200;                     ///< pixels, 320 at least
  int columns = 4;                      ///< of panels
  std::string title = {};               ///< over all of them
  std::vector<std::string> names = {};  ///< of the sets, for the legend
};

/// The panels in rows, from left to right.
/// @throws Error  for a width under 320 or over 20,000 pixels, less than one column, or more panels than fit
[[nodiscard]] Canvas draw_distributions(std::span<const DistributionPanel> panels,
                                        const DistributionPlotOptions& options = {});

/// Draws the distributions into a PNG file, which is replaced in one step.
/// @throws Error  likewise, or if the file cannot be written
void write_distributions(const std::filesystem::path& file, std::span<const DistributionPanel> panels,
                         const DistributionPlotOptions& options = {});

}  // namespace musicgen::inline MUSICGEN_ABI

// Compiled where it is included, also where musicgen::compiled is linked, which would else need libpng.
#include "distributions.ipp"
