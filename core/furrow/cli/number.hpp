// furrow/cli/number.hpp
//
// Numbers as they stand on a command line and in output.
//
// Read     integers (any of i64 and u64), reals ("1e-3", "inf", "nan"), complex ("1+2j", "-3j"),
//          true and false
// Written  so that reading gives the same bits back; JSON has no NaN and no infinity: null
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <furrow/engine/engine.hpp>
#include <furrow/kernels/dtype.hpp>

namespace furrow::cli {

/// Empty when the text is no number.
std::optional<Value> parse_number(std::string_view text);

/// 17 significant digits; null for what is not finite.
std::string json_number(double value);
/// 17 significant digits.
std::string plain_number(double value);
/// The fewest digits that give this element back.
std::string element_text(Dtype dtype, const void* element);
/// The same for JSON: complex numbers as {"re": 1, "im": 2}, which no list is.
std::string element_json(Dtype dtype, const void* element);

}  // namespace furrow::cli
