// The main job of scripts/run: what furrow is for, on real data and at full size.
//
//   furrow_main_job [INPUT.h5 [OUTPUT.h5]]
//
// First the daily closes of four European indices: loaded into a named array, turned into log
// returns, annualised mean, volatility and correlation by the workers, saved to a new HDF5 file.
// With these a month of the four indices is simulated 10^8 times: value at risk and expected
// shortfall, in the same file, and a histogram of the losses as SVG beside it.
// Then a big array of normals, worked on in place; in a second run one of our own workers is killed
// on the way, and the bits are compared.
#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include <fmt/format.h>

#include <furrow/engine/engine.hpp>
#include <furrow/io/hdf5.hpp>
#include <furrow/process/initialize.hpp>

#include "full_size.hpp"
#include "risk.hpp"

namespace {

constexpr std::int64_t assets_max = 8;

// Sums of products of centred returns, added row by row.
struct Products {
  double sum[assets_max][assets_max] = {};
};

struct Market {
  std::vector<std::string> names;
  std::vector<double> mean;  // annualised, of log returns
  std::vector<double> volatility;
  std::vector<std::vector<double>> correlation;
  double per_year = 0;  // days
};

Market analyse(furrow::Engine& engine, const furrow::Array<double>& closes) {
  const std::int64_t days = closes.extent(0);
  const std::int64_t assets = std::min(closes.extent(1), assets_max);
  const furrow::Attributes attributes = closes.attributes();
  const double per_year = attributes.at("frequency").as_number();

  furrow::CreateOptions owned;
  owned.lifetime = furrow::Lifetime::owned;
  auto returns = furrow::Array<double>::create("returns", {days - 1, closes.extent(1)}, owned);
  const furrow::AnyArray prices[] = {closes.rows(1, days), closes.rows(0, days - 1)};
  engine.apply_to_async("divide", returns, prices).get();
  engine.apply("log", returns);

  Market market;
  market.per_year = per_year;
  market.names = attributes.at("columns").as_strings();
  for (std::int64_t j = 0; j < assets; ++j) {
    const auto column = returns.column(j);
    market.mean.push_back(engine.mean(column) * per_year);
    market.volatility.push_back(std::sqrt(engine.variance(column) * per_year));
  }
  // Centred products of all pairs in one pass over the rows.
  struct Row {
    furrow::View<const double> returns;
    double mean[assets_max];
    std::int64_t assets;
    void operator()(Products& p, std::int64_t day) const {
      for (std::int64_t a = 0; a < assets; ++a) {
        for (std::int64_t b = 0; b <= a; ++b) {
          p.sum[a][b] += (returns(day, a) - mean[a]) * (returns(day, b) - mean[b]);
        }
      }
    }
  } add{returns.cview(), {}, assets};
  for (std::int64_t j = 0; j < assets; ++j) {
    add.mean[j] = market.mean[static_cast<std::size_t>(j)] / per_year;
  }
  const auto combine = [](Products& left, const Products& right) {
    for (std::int64_t a = 0; a < assets_max; ++a) {
      for (std::int64_t b = 0; b < assets_max; ++b) left.sum[a][b] += right.sum[a][b];
    }
  };
  const Products p = engine.reduce_indices_async(days - 1, 128, Products{}, add, combine).get();
  for (std::int64_t a = 0; a < assets; ++a) {
    market.correlation.emplace_back();
    for (std::int64_t b = 0; b < assets; ++b) {
      const double covariance = p.sum[std::max(a, b)][std::min(a, b)];
      market.correlation.back().push_back(covariance / std::sqrt(p.sum[a][a] * p.sum[b][b]));
    }
  }
  return market;
}

void print(const Market& market) {
  fmt::print("\n  {:<8}{:>12}{:>14}     correlation of log returns\n", "index", "mean/year",
             "volatility");
  fmt::print("  {:<34}", "");
  for (const std::string& name : market.names) fmt::print("{:>10}", name);
  fmt::print("\n");
  for (std::size_t a = 0; a < market.mean.size(); ++a) {
    fmt::print("  {:<8}{:>11.2f}%{:>13.2f}%", market.names[a], 100 * market.mean[a],
               100 * market.volatility[a]);
    for (const double rho : market.correlation[a]) fmt::print("{:>10.4f}", rho);
    fmt::print("\n");
  }
  fmt::print("\n");
}

// mean, volatility, and the correlation matrix, as datasets of one new file.
void save(const Market& market, const std::string& file) {
  furrow::CreateOptions owned;
  owned.lifetime = furrow::Lifetime::owned;
  const auto n = static_cast<std::int64_t>(market.mean.size());
  auto statistics = furrow::Array<double>::create("statistics", {n, 2}, owned);
  auto correlation = furrow::Array<double>::create("correlation", {n, n}, owned);
  for (std::int64_t a = 0; a < n; ++a) {
    const auto i = static_cast<std::size_t>(a);
    statistics(a, 0) = market.mean[i];
    statistics(a, 1) = market.volatility[i];
    for (std::int64_t b = 0; b < n; ++b) {
      correlation(a, b) = market.correlation[i][static_cast<std::size_t>(b)];
    }
  }
  furrow::hdf5::SaveOptions options;
  options.replace = true;
  furrow::Attributes attributes;
  attributes["rows"] = furrow::Attribute::strings(market.names);
  attributes["columns"] = furrow::Attribute::strings({"mean", "volatility"});
  options.attributes = attributes;
  furrow::hdf5::save(statistics, file, "/statistics", options);
  attributes["columns"] = furrow::Attribute::strings(market.names);
  options.attributes = attributes;
  furrow::hdf5::save(correlation, file, "/correlation", options);
}

Calibration daily(const Market& market) {
  Calibration c;
  for (std::size_t i = 0; i < market.mean.size(); ++i) {
    c.mean.push_back(market.mean[i] / market.per_year);
    c.volatility.push_back(market.volatility[i] / std::sqrt(market.per_year));
    const std::vector<double>& row = market.correlation[i];
    c.correlation.insert(c.correlation.end(), row.begin(), row.end());
  }
  return c;
}

// eu_statistics.h5: eu_statistics_losses.svg
std::string picture_of(const std::string& file) {
  const std::size_t dot = file.rfind('.');
  const bool ends = dot != std::string::npos && file.find('/', dot) == std::string::npos;
  return (ends ? file.substr(0, dot) : file) + "_losses.svg";
}

}  // namespace

int main(int argc, char** argv) {
  furrow::initialize(argc, argv);
  const std::string input = argc > 1 ? argv[1] : FURROW_DATA "/eu_stock_markets.h5";
  const std::string output = argc > 2 ? argv[2] : "eu_statistics.h5";
  try {
    furrow::Engine engine;
    fmt::print("engine \"{}\": {} workers, kernels for {}\n", engine.name(), engine.workers(),
               furrow::kernels::target());
    {
      furrow::hdf5::LoadOptions options;
      options.create.lifetime = furrow::Lifetime::owned;
      const auto closes = furrow::hdf5::load<double>(engine, input, "/closes", "closes", options);
      fmt::print("loaded {}:/closes, {} of f64, into \"{}\"\n", input, to_string(closes.shape()),
                 closes.name());
      const Market market = analyse(engine, closes);
      print(market);
      save(market, output);
      fmt::print("saved {}:/statistics and /correlation\n", output);
      month_of_risk(engine, closes, daily(market), output, picture_of(output));
    }
    return full_size(engine) ? 0 : 1;
  } catch (const furrow::Error& error) {
    fmt::print(stderr, "main job: {}\n", error.what());
    return 1;
  }
}
