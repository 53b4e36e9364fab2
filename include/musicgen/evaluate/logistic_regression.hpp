// Logistic regression with a penalty on its weights, for two classes of equal weight. Internal: for definitions only.
//
//     loss(w, b) = sum_i c_i log(1 + exp(-y_i (w . x_i + b))) + (penalty / 2) |w|^2,  y_i = +-1
//
// c_i is 1/2 divided by the number of examples in its class. The loss is convex with a Lipschitz gradient, L = largest
// eigenvalue of sum_i c_i x_i x_i^T / 4 + penalty, so Nesterov's accelerated gradient method with steps of 1/L
// converges to the minimum.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "../core/config.hpp"

namespace musicgen::inline MUSICGEN_ABI::detail {

/// Scales features to mean 0 and deviation 1 over the training examples.
class Standardizer {
 public:
  /// @param rows  not empty, of equal length
  explicit Standardizer(const std::vector<std::vector<double>>& rows) : mean_(rows[0].size()), scale_(rows[0].size()) {
    const auto n = static_cast<double>(rows.size());
    for (std::size_t k = 0; k < mean_.size(); ++k) {
      double squares = 0;
      for (const auto& row : rows) mean_[k] += row[k] / n;
      for (const auto& row : rows) squares += (row[k] - mean_[k]) * (row[k] - mean_[k]) / n;
      scale_[k] = squares > 1e-18 ? 1 / std::sqrt(squares) : 0;
    }
  }

  /// Clips to 3 deviations, so that what occurs in few examples does not decide alone.
  void apply(std::vector<double>& row) const {
    for (std::size_t k = 0; k < row.size(); ++k) row[k] = std::clamp((row[k] - mean_[k]) * scale_[k], -3.0, 3.0);
  }

 private:
  std::vector<double> mean_, scale_;
};

class LogisticRegression {
 public:
  /// @param rows    standardized, of equal length
  /// @param second  for each row, whether it is of the second class; both classes occur
  LogisticRegression(const std::vector<std::vector<double>>& rows, const std::vector<bool>& second, double penalty)
      : weights_(rows[0].size() + 1) {
    const auto seconds = static_cast<double>(std::count(second.begin(), second.end(), true));
    std::vector<double> shares;
    for (const bool s : second) shares.push_back(0.5 / (s ? seconds : static_cast<double>(rows.size()) - seconds));
    const double step = 1 / (largest_eigenvalue(rows, shares) / 4 + penalty);
    std::vector<double> at = weights_;
    for (int iteration = 1; iteration <= iterations; ++iteration) {
      const std::vector<double> slope = gradient(at, rows, second, shares, penalty), before = weights_;
      const double momentum = (iteration - 1.0) / (iteration + 2.0);
      for (std::size_t k = 0; k < at.size(); ++k) {
        weights_[k] = at[k] - step * slope[k];
        at[k] = weights_[k] + momentum * (weights_[k] - before[k]);
      }
    }
  }

  /// Log-odds of the second class.
  double operator()(const std::vector<double>& row) const { return score(weights_, row); }

 private:
  static constexpr int iterations = 200;

  static double score(const std::vector<double>& weights, const std::vector<double>& row) {
    double sum = weights.back();
    for (std::size_t k = 0; k < row.size(); ++k) sum += weights[k] * row[k];
    return sum;
  }

  static std::vector<double> gradient(const std::vector<double>& at, const std::vector<std::vector<double>>& rows,
                                      const std::vector<bool>& second, const std::vector<double>& shares,
                                      double penalty) {
    std::vector<double> slope(at.size());
    for (std::size_t k = 0; k + 1 < at.size(); ++k) slope[k] = penalty * at[k];
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const double chance = 1 / (1 + std::exp(-score(at, rows[i]))), wrong = shares[i] * (chance - (second[i] ? 1 : 0));
      for (std::size_t k = 0; k < rows[i].size(); ++k) slope[k] += wrong * rows[i][k];
      slope.back() += wrong;
    }
    return slope;
  }

  /// Of sum_i c_i x_i x_i^T, x_i with a 1 at its end, by the power method; a little more, so that steps are short
  /// enough.
  static double largest_eigenvalue(const std::vector<std::vector<double>>& rows, const std::vector<double>& shares) {
    std::vector<double> direction(rows[0].size() + 1);
    for (std::size_t k = 0; k < direction.size(); ++k) direction[k] = 1 + 0.5 * std::sin(static_cast<double>(k));
    double length = 0;
    for (int i = 0; i < 30; ++i) {
      std::vector<double> next(direction.size());
      for (std::size_t r = 0; r < rows.size(); ++r) {
        const double along = shares[r] * score(direction, rows[r]);
        for (std::size_t k = 0; k < rows[r].size(); ++k) next[k] += along * rows[r][k];
        next.back() += along;
      }
      length = 0;
      for (const double x : next) length += x * x;
      length = std::sqrt(length);
      for (std::size_t k = 0; k < next.size(); ++k) direction[k] = next[k] / length;
    }
    return 1.1 * length;
  }

  std::vector<double> weights_;  // the last one is b
};

}  // namespace musicgen::inline MUSICGEN_ABI::detail
