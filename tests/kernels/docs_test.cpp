// tests/kernels/docs_test.cpp
//
// The tables of kernels in the families' READMEs are what the registry says. To bring them up to
// date:
//   FURROW_UPDATE_DOCS=1 furrow_kernels_test "the tables of kernels*"
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

std::string kernel_table(Family family) {
  std::string text =
      "| kernel | | parameters | NumPy | dtypes | error |\n|---|---|---|---|---|---|\n";
  for (const Kernel& kernel : all()) {
    if (kernel.family != family) continue;
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

void check_table(Family family, const std::string& folder) {
  const std::string path = FURROW_KERNELS_FOLDER + ("/" + folder + "/README.md");
  std::stringstream file;
  file << std::ifstream(path).rdbuf();
  std::string text = file.str();
  const std::size_t begin = text.find(begin_mark);
  const std::size_t end = text.find(end_mark);
  REQUIRE(begin != std::string::npos);
  REQUIRE(end != std::string::npos);
  const std::size_t from = begin + begin_mark.size();
  const std::string table = kernel_table(family);
  if (std::getenv("FURROW_UPDATE_DOCS") != nullptr) {
    text.replace(from, end - from, table);
    std::ofstream(path) << text;
    return;
  }
  INFO("run this test with FURROW_UPDATE_DOCS=1 to bring " << path << " up to date");
  CHECK(text.substr(from, end - from) == table);
}

TEST_CASE("the tables of kernels in the READMEs are the registry's") {
  check_table(Family::elementwise, "elementwise");
  check_table(Family::reduce, "reduce");
  check_table(Family::random, "random");
}

}  // namespace
}  // namespace furrow::kernels::test
