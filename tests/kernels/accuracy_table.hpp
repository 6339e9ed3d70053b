// tests/kernels/accuracy_table.hpp
//
// The table of errors in kernels/README.md: the accuracy tests write what they see into it when
// asked to, and otherwise look whether it still holds.
//
//   FURROW_UPDATE_DOCS=1 FURROW_ULP_SAMPLES=5000 furrow_kernels_test "*error bound*"
#pragma once

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace furrow::kernels::test {

class AccuracyTable {
 public:
  static AccuracyTable& instance() {
    static AccuracyTable table;
    return table;
  }

  /// The largest error of a run in units in the last place. Other samples may find a little more.
  void see(const std::string& kernel, bool is_f64, double ulp) {
    if (std::getenv("FURROW_UPDATE_DOCS") != nullptr) {
      double& seen = seen_[kernel + (is_f64 ? " f64" : " f32")];
      seen = std::max(seen, ulp);
      Row& row = rows_[kernel];
      row.resize(2);
      std::string& cell = row[is_f64 ? 0 : 1];
      char digits[32];
      std::snprintf(digits, sizeof digits, seen < 0.6 ? "%.3f" : "%.2f", seen);
      cell = digits;
      return write();
    }
    const auto row = rows_.find(kernel);
    INFO(kernel << (is_f64 ? " f64" : " f32") << " in the table of kernels/README.md, which "
                << "FURROW_UPDATE_DOCS=1 FURROW_ULP_SAMPLES=5000 writes");
    REQUIRE(row != rows_.end());
    CHECK(ulp <= std::atof(row->second[is_f64 ? 0 : 1].c_str()) + 0.1);
  }

 private:
  using Row = std::vector<std::string>;
  static constexpr const char* path = FURROW_KERNELS_FOLDER "/../../README.md";
  static constexpr std::string_view begin_mark = "<!-- accuracy: begin -->\n";
  static constexpr std::string_view end_mark = "<!-- accuracy: end -->";
  static constexpr std::string_view head = "| | f64 | f32 |\n|---|---|---|\n";

  AccuracyTable() {
    std::stringstream file;
    file << std::ifstream(path).rdbuf();
    text_ = file.str();
    begin_ = text_.find(begin_mark);
    end_ = text_.find(end_mark);
    REQUIRE(begin_ != std::string::npos);
    REQUIRE(end_ != std::string::npos);
    begin_ += begin_mark.size();
    std::istringstream lines(text_.substr(begin_, end_ - begin_));
    for (std::string line; std::getline(lines, line);) {
      std::istringstream cells(line);
      std::string bar, kernel, f64, f32;
      cells >> bar >> kernel >> bar >> f64 >> bar >> f32;
      if (!f32.empty() && kernel != "|") rows_[kernel] = {f64, f32};
    }
  }

  void write() {
    std::string table{head};
    for (const auto& [kernel, row] : rows_) {
      table += "| " + kernel + " | " + row[0] + " | " + row[1] + " |\n";
    }
    std::ofstream(path) << text_.substr(0, begin_) << table << text_.substr(end_);
  }

  std::string text_;
  std::size_t begin_, end_;
  std::map<std::string, Row> rows_;
  std::map<std::string, double> seen_;
};

}  // namespace furrow::kernels::test
