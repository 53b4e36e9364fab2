// How similar two sets of numbers are, such as one statistic of real and of generated pieces.
//
// MGEval's method (Yang and Lerch, "On the evaluation of generative models in music", Neural Computing and Applications
// 32, 2020): take the distances between pieces within the real set, and those between the two sets. If both sets had
// the same source, the two kinds of distance would have the same distribution. How close they are is measured by the
// area that their kernel density estimates share, and by their Kullback-Leibler divergence, both on one grid. The
// Wasserstein distance of the numbers themselves, in their unit, is given as well.
//
// Pure functions: any number of threads may call them.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "../core/config.hpp"

namespace musicgen::inline MUSICGEN_ABI {

/// Count, mean, and standard deviation with n - 1 (0 for one value).
struct Summary {
  std::size_t count = 0;
  double mean = 0, deviation = 0;
};

/// @param values  finite
[[nodiscard]] Summary summarize(std::span<const double> values);

/// A quantile, interpolated between the two nearest values; 0 without values.
/// @param share  of the values below it, 0..1; 0.5 is the median
[[nodiscard]] double quantile(std::vector<double> values, double share);

/// The Wasserstein-1 (earth mover's) distance of two sets of numbers: the area between their cumulative distributions.
/// @throws Error  if one is empty
[[nodiscard]] double wasserstein(std::vector<double> a, std::vector<double> b);

/// Scott's rule for the width of a Gaussian kernel in one dimension (Scott 1992): deviation * n^(-1/5).
[[nodiscard]] double scott_bandwidth(std::span<const double> values);

/// Equally spaced points.
struct Grid {
  double from = 0, step = 1;
  std::size_t points = 0;
  double operator[](std::size_t i) const { return from + step * static_cast<double>(i); }
};

/// Gaussian kernel density estimate at the points of a grid: sum over v of N(x; v, bandwidth^2) / n.
/// @param bandwidth  > 0
[[nodiscard]] std::vector<double> density(std::span<const double> values, double bandwidth, const Grid& grid);

/// Kernel density estimates of several sets on one grid that covers all but their faintest tails.
struct Densities {
  Grid grid;
  std::vector<std::vector<double>> curves;  ///< one per set; 0 everywhere if the set is empty
};

/// The densities of each set. The bandwidth is Scott's, but at least a 256th of the range of all values, so that sets
/// of equal values have one.
[[nodiscard]] Densities densities(std::span<const std::vector<double>> sets);

/// How well two distributions agree.
struct Agreement {
  double overlap = 0;     ///< integral of min(p, q): 1 if they are the same, 0 if they have nothing in common
  double divergence = 0;  ///< KL(p || q), nats: 0 if they are the same
};

/// Agreement of the kernel density estimates p and q of two sets on one grid, each normalized to area 1 on it. Where q
/// vanishes it is replaced by the smallest positive number, so that the divergence stays finite.
/// @throws Error  if one is empty
[[nodiscard]] Agreement agreement(const std::vector<double>& p_values, const std::vector<double>& q_values);

/// |x - y| of every pair in a set: n (n - 1) / 2 of them.
[[nodiscard]] std::vector<double> distances_within(std::span<const double> set);

/// |x - y| of every x of one set and y of the other.
[[nodiscard]] std::vector<double> distances_between(std::span<const double> a, std::span<const double> b);

/// One statistic of a set of pieces compared with real ones.
struct Comparison {
  Summary real, other;
  Agreement agreement;         ///< of distances within the real set (p) with those between the sets (q)
  Agreement agreement_within;  ///< the same with distances within the other set as p: low if its pieces are too alike
  double wasserstein = 0;      ///< in the statistic's unit
};

/// Compares two sets in one statistic. Time and memory are proportional to the number of pairs of pieces.
/// @param real, other  finite values, at least two each
/// @throws Error  if there are fewer
[[nodiscard]] Comparison compare(const std::vector<double>& real, const std::vector<double>& other);

}  // namespace musicgen::inline MUSICGEN_ABI

#ifndef MUSICGEN_COMPILED
#include "distributions.ipp"
#endif
