#include <furrow/montecarlo/models/market.hpp>

#include <charconv>
#include <utility>

#include <fmt/format.h>

#include <furrow/error.hpp>

namespace furrow::models {

std::vector<Parameter> market_table(std::vector<Parameter> more) {
  std::vector<Parameter> table{
      number("spot", "price of the asset now", "", 100, positive),
      number("strike", "strike", "", 100, positive),
      number("rate", "interest rate, continuous", "per year", 0.05),
      number("dividend", "dividend of the asset, continuous", "per year", 0),
      number("maturity", "time to maturity", "years", 1, positive),
      right_line({"call", "put"}),
  };
  for (Parameter& each : more) table.push_back(std::move(each));
  return table;
}

Parameter right_line(const std::vector<std::string>& order) {
  std::vector<Word> words;
  for (const std::string& each : order) {
    words.push_back({each, each == "call" ? "the right to buy at the strike"
                                          : "the right to sell at the strike"});
  }
  return choice("right", words, "what the option is a right to");
}

Parameter sigma_line() {
  return number("sigma", "volatility", "per square root of a year", 0.2, not_negative);
}

std::vector<double> numbers(const Parameters& p, std::string_view name, std::size_t count) {
  const std::string& text = p.text(name);
  std::vector<double> out;
  const char* at = text.data();
  const char* const last = at + text.size();
  while (at != last) {
    double value = 0;
    const auto [end, error] = std::from_chars(at, last, value);
    const bool goes_on = end != last && *end == ',' && end + 1 != last;
    if (error != std::errc() || (end != last && !goes_on)) {
      throw InvalidArgument(fmt::format(
          "{} is \"{}\": give numbers with commas between them (100,95.5)", name, text));
    }
    out.push_back(value);
    at = goes_on ? end + 1 : end;
  }
  if (out.size() == 1 && count > 1) out.assign(count, out.front());
  return out;
}

std::vector<double> correlation(const Parameters& p, std::size_t assets) {
  const std::size_t n = assets;
  std::vector<double> given = numbers(p, "correlation");
  if (n == 1) return {1.0};
  if (given.size() == n * n) return given;
  const std::size_t pairs = n * (n - 1) / 2;
  if (given.size() == 1) given.assign(pairs, given.front());
  if (given.size() != pairs) {
    throw InvalidArgument(fmt::format(
        "correlation has {} numbers: {} assets take one for all pairs, {} for each pair (1-2, 1-3, "
        "…), or a matrix of {}",
        given.size(), n, pairs, n * n));
  }
  std::vector<double> out(n * n, 1.0);
  std::size_t at = 0;
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = i + 1; j < n; ++j) out[i * n + j] = out[j * n + i] = given[at++];
  }
  return out;
}

}  // namespace furrow::models
