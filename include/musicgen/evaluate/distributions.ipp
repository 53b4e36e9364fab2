// Definitions of distributions.hpp.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "../core/error.hpp"
#include "distributions.hpp"

namespace musicgen::inline MUSICGEN_ABI {

MUSICGEN_INLINE Summary summarize(std::span<const double> values) {
  Summary s{values.size(), 0, 0};
  if (values.empty()) return s;
  const auto n = static_cast<double>(values.size());
  s.mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
  double squares = 0;
  for (const double v : values) squares += (v - s.mean) * (v - s.mean);
  if (values.size() > 1) s.deviation = std::sqrt(squares / (n - 1));
  return s;
}

MUSICGEN_INLINE double quantile(std::vector<double> values, double share) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const double place = share * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const double above = values[std::min(below + 1, values.size() - 1)];
  return values[below] + (above - values[below]) * (place - static_cast<double>(below));
}

MUSICGEN_INLINE double wasserstein(std::vector<double> a, std::vector<double> b) {
  if (a.empty() || b.empty()) throw Error("the Wasserstein distance wants two sets that are not empty");
  std::sort(a.begin(), a.end());
  std::sort(b.begin(), b.end());
  double area = 0, at = std::min(a[0], b[0]);
  for (std::size_t i = 0, j = 0; i < a.size() || j < b.size();) {
    const double height = std::abs(static_cast<double>(i) / static_cast<double>(a.size()) -
                                   static_cast<double>(j) / static_cast<double>(b.size()));
    const double next = j == b.size() || (i < a.size() && a[i] <= b[j]) ? a[i++] : b[j++];
    area += height * (next - at);
    at = next;
  }
  return area;
}

MUSICGEN_INLINE double scott_bandwidth(std::span<const double> values) {
  return summarize(values).deviation * std::pow(static_cast<double>(values.size()), -0.2);
}

MUSICGEN_INLINE std::vector<double> density(std::span<const double> values, double bandwidth, const Grid& grid) {
  constexpr double reach = 8;  // in bandwidths: beyond, a kernel is under 1e-14 of its height
  std::vector<double> sum(grid.points);
  const auto point = [&](double x) {
    return static_cast<std::size_t>(
        std::clamp(std::ceil((x - grid.from) / grid.step), 0.0, static_cast<double>(grid.points)));
  };
  // exp(-(z + d)^2 / 2) = exp(-z^2 / 2) exp(-z d - d^2 / 2): each point is the one before times a factor, which changes
  // by a constant factor.
  const double d = grid.step / bandwidth, factor_of_factor = std::exp(-d * d);
  for (const double v : values) {
    std::size_t i = point(v - reach * bandwidth);
    const double z = (grid[i] - v) / bandwidth;
    double y = std::exp(-z * z / 2), factor = std::exp(-z * d - d * d / 2);
    for (const std::size_t end = point(v + reach * bandwidth); i < end; ++i) {
      sum[i] += y;
      y *= factor;
      factor *= factor_of_factor;
    }
  }
  const double scale = 1 / (std::sqrt(2 * std::acos(-1.0)) * bandwidth * static_cast<double>(values.size()));
  for (double& y : sum) y *= scale;
  return sum;
}

MUSICGEN_INLINE Densities densities(std::span<const std::vector<double>> sets) {
  double low = std::numeric_limits<double>::infinity(), high = -low, widest = 0;
  for (const std::vector<double>& set : sets)
    for (const double v : set) low = std::min(low, v), high = std::max(high, v);
  if (!(low <= high)) low = high = 0;
  const double least = high > low ? (high - low) / 256 : std::max(1.0, std::abs(low)) / 256;
  std::vector<double> bandwidths;
  for (const std::vector<double>& set : sets) {
    bandwidths.push_back(set.empty() ? least : std::max(least, scott_bandwidth(set)));
    widest = std::max(widest, bandwidths.back());
  }
  constexpr double tail = 4;  // bandwidths, beyond which a Gaussian has 3e-5 of its area
  constexpr std::size_t points = 1024;
  Densities result{{low - tail * widest, (high - low + 2 * tail * widest) / (points - 1), points}, {}};
  for (std::size_t i = 0; i < sets.size(); ++i)
    result.curves.push_back(sets[i].empty() ? std::vector<double>(points)
                                            : density(sets[i], bandwidths[i], result.grid));
  return result;
}

MUSICGEN_INLINE Agreement agreement(const std::vector<double>& p_values, const std::vector<double>& q_values) {
  if (p_values.empty() || q_values.empty()) throw Error("overlap wants two sets that are not empty");
  Densities d = densities(std::vector{p_values, q_values});
  for (std::vector<double>& curve : d.curves) {
    const double area = std::accumulate(curve.begin(), curve.end(), 0.0) * d.grid.step;
    for (double& y : curve) y /= area;
  }
  Agreement result;
  for (std::size_t i = 0; i < d.grid.points; ++i) {
    const double p = d.curves[0][i], q = std::max(d.curves[1][i], std::numeric_limits<double>::min());
    result.overlap += std::min(p, d.curves[1][i]) * d.grid.step;
    if (p > 0) result.divergence += p * std::log(p / q) * d.grid.step;
  }
  result.overlap = std::min(result.overlap, 1.0);
  result.divergence = std::max(result.divergence, 0.0);
  return result;
}

MUSICGEN_INLINE std::vector<double> distances_within(std::span<const double> set) {
  std::vector<double> all;
  for (std::size_t i = 0; i < set.size(); ++i)
    for (std::size_t j = i + 1; j < set.size(); ++j) all.push_back(std::abs(set[i] - set[j]));
  return all;
}

MUSICGEN_INLINE std::vector<double> distances_between(std::span<const double> a, std::span<const double> b) {
  std::vector<double> all;
  for (const double x : a)
    for (const double y : b) all.push_back(std::abs(x - y));
  return all;
}

MUSICGEN_INLINE Comparison compare(const std::vector<double>& real, const std::vector<double>& other) {
  if (real.size() < 2 || other.size() < 2) throw Error("a comparison wants two pieces or more in each set");
  const std::vector<double> between = distances_between(real, other);
  return {summarize(real), summarize(other), agreement(distances_within(real), between),
          agreement(distances_within(other), between), wasserstein(real, other)};
}

}  // namespace musicgen::inline MUSICGEN_ABI
