// Definitions of progress.hpp.
#pragma once

#include <iomanip>
#include <ostream>
#include <sstream>

#include "progress.hpp"

namespace musicgen::inline MUSICGEN_ABI {

MUSICGEN_INLINE std::ostream& operator<<(std::ostream& out, const Progress& p) {
  std::ostringstream line;
  line << std::fixed << "step " << p.step << "  stage " << p.stage_name << "  loss " << std::setprecision(3)
       << p.smoothed_loss;
  if (p.validation_loss) line << "  validation " << *p.validation_loss << (p.best ? " *" : "");
  line << std::setprecision(2) << "  " << static_cast<double>(p.tokens) * 1e-6 << " M tokens  " << std::setprecision(0)
       << p.time.count() << " s";
  return out << line.str();
}

}  // namespace musicgen::inline MUSICGEN_ABI
