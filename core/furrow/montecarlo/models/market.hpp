// furrow/montecarlo/models/market.hpp
//
// Lines of tables that the models of finance share, and lists of numbers in a text.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <furrow/kernels/finance/columns.hpp>
#include <furrow/montecarlo/models/models.hpp>

namespace furrow::models {

/// spot, strike, rate, dividend, maturity, call or put, and `more`.
std::vector<Parameter> market_table(std::vector<Parameter> more);
Parameter sigma_line();
/// Of "call" and "put"; the first is the default.
Parameter right_line(const std::vector<std::string>& order);

/// Their values, for any option that has them.
template <class Option>
void read_market(const Parameters& p, Option& option) {
  option.right =
      p.choice("right") == "put" ? kernels::finance::Right::put : kernels::finance::Right::call;
  option.spot = p.real("spot");
  option.strike = p.real("strike");
  option.rate = p.real("rate");
  option.dividend = p.real("dividend");
  option.maturity = p.real("maturity");
}

/// "100,95.5": the numbers of a text parameter. One number stands for `count` equal ones, unless
/// `count` is 0. Throws InvalidArgument.
std::vector<double> numbers(const Parameters& p, std::string_view name, std::size_t count = 0);

/// A correlation matrix from one number (the same for all pairs), the numbers of its upper triangle
/// row by row, or all of them.
std::vector<double> correlation(const Parameters& p, std::size_t assets);

}  // namespace furrow::models
