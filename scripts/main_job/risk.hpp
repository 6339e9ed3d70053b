// The part of the main job that simulates: what the portfolio of all indices, in equal parts, may
// lose within a month of trading, beside what it did lose.
#pragma once

#include <string>
#include <vector>

#include <furrow/array/array.hpp>
#include <furrow/engine/engine.hpp>

/// What the simulation is calibrated with, by index; correlation row by row.
struct Calibration {
  std::vector<double> mean;  // of daily log returns
  std::vector<double> volatility;
  std::vector<double> correlation;
};

/// Prints value at risk and expected shortfall, writes the histogram of losses to `picture` (SVG)
/// and the summary to `file` (HDF5, datasets /risk and /losses).
void month_of_risk(furrow::Engine& engine, const furrow::Array<double>& closes,
                   const Calibration& calibration, const std::string& file,
                   const std::string& picture);
