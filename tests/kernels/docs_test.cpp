// tests/kernels/docs_test.cpp
//
// The table of kernels in kernels/README.md is what the registry says. To bring it up to date:
//   FURROW_UPDATE_DOCS=1 furrow_kernels_test "the table of kernels in the README is the registry's"
#include <catch2/catch.hpp>

#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include <furrow/kernels/registry.hpp>

namespace furrow::kernels::test {
namespace {

const std::string begin_mark = "<!-- kernels: begin -->\n";
const std::string end_mark = "<!-- kernels: end -->";

/// "integers f32 f64": whole groups by their name.
std::string dtype_list(const std::set<Dtype>& dtypes) {
  if (dtypes.size() == 14) return "all";
  std::string text;
  const auto append = [&](std::string_view word) {
    if (!text.empty()) text += ' ';
    text += word;
  };
  std::set<Dtype> left = dtypes;
  std::size_t integers = 0;
  for (const Dtype dtype : dtypes) integers += is_integer(dtype) ? 1 : 0;
  if (dtypes.count(Dtype::bool_) != 0) append("bool");
  left.erase(Dtype::bool_);
  if (integers == 8) append("integers");
  for (const Dtype dtype : left) {
    if (integers != 8 || !is_integer(dtype)) append(dtype_name(dtype));
  }
  return text;
}

std::string parameter_list(const Kernel& kernel) {
  std::string text;
  for (const Parameter& parameter : kernel.parameters) {
    if (!text.empty()) text += ", ";
    text += parameter.name;
    if (!parameter.has_default) continue;
    std::ostringstream value;
    value << parameter.default_value;
    text += " = " + value.str();
  }
  return text;
}

/// A cell's text: a bar would end the cell.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) out += c == '|' ? std::string("\\|") : std::string(1, c);
  return out;
}

std::string kernel_table() {
  std::string text =
      "| kernel | | parameters | NumPy | dtypes | error |\n|---|---|---|---|---|---|\n";
  for (const Kernel& kernel : all()) {
    std::set<Dtype> dtypes;
    for (const Variant& variant : kernel.variants) {
      dtypes.insert(kernel.input_count != 0 ? variant.in[0] : variant.out);
    }
    text += "| **" + std::string(kernel.name) + "** | " + escaped(kernel.summary) + " `" +
            escaped(kernel.formula) + "` | " + parameter_list(kernel) + " | `" +
            escaped(kernel.numpy) + "` | " + dtype_list(dtypes) + " | " + escaped(kernel.error) +
            " |\n";
  }
  return text;
}

TEST_CASE("the table of kernels in the README is the registry's") {
  const std::string path = FURROW_KERNELS_README;
  std::stringstream file;
  file << std::ifstream(path).rdbuf();
  std::string text = file.str();
  const std::size_t begin = text.find(begin_mark);
  const std::size_t end = text.find(end_mark);
  REQUIRE(begin != std::string::npos);
  REQUIRE(end != std::string::npos);
  const std::size_t from = begin + begin_mark.size();
  const std::string table = kernel_table();
  if (std::getenv("FURROW_UPDATE_DOCS") != nullptr) {
    text.replace(from, end - from, table);
    std::ofstream(path) << text;
    return;
  }
  INFO("run this test with FURROW_UPDATE_DOCS=1 to bring " << path << " up to date");
  CHECK(text.substr(from, end - from) == table);
}

}  // namespace
}  // namespace furrow::kernels::test
