#include <furrow/engine/whole_array.hpp>

#include <fmt/format.h>

namespace furrow::engine {
namespace {

struct Function {
  std::string_view name;
  std::string_view header;  // in furrow/compute
};

// A test looks whether the headers have them.
constexpr Function functions[] = {
    {"sort", "sort"},           {"argsort", "sort"},
    {"partition", "sort"},      {"top_k", "sort"},
    {"cumsum", "scan"},         {"cumprod", "scan"},
    {"cummin", "scan"},         {"cummax", "scan"},
    {"quantile", "quantile"},   {"percentile", "quantile"},
    {"median", "quantile"},     {"unique", "quantile"},
    {"searchsorted", "search"}, {"digitize", "search"},
    {"histogram", "histogram"}, {"bincount", "histogram"},
    {"convolve", "stencil"},    {"correlate", "stencil"},
    {"stencil", "stencil"},     {"moving_average", "stencil"},
    {"matmul", "linalg"},       {"gemm", "linalg"},
    {"cov", "linalg"},          {"corrcoef", "linalg"},
    {"cholesky", "linalg"},     {"solve_triangular", "linalg"},
    {"lstsq", "linalg"},        {"shuffle", "random"},
    {"permutation", "random"},  {"choice", "random"},
};

}  // namespace

std::string whole_array_hint(std::string_view name) {
  for (const Function& function : functions) {
    if (function.name != name) continue;
    return fmt::format("it takes whole arrays: in C++ furrow::{} (furrow/compute/{}.hpp)",
                       function.name, function.header);
  }
  return "";
}

}  // namespace furrow::engine
