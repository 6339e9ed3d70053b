// furrow/kernels/finance/path_dependent.hpp
//
// Options on a lognormal asset's path that have a closed form: geometric Asian, barrier, lookback.
//
// Error   absolute, in parts of S + K: geometric Asian 1e-15, barrier and lookback 1e-14 for
//         volatilities from 0.01 to 1 (tests/kernels/finance_peers_test.cpp)
// Source  Kemna, Vorst (1990); Merton (1973), Reiner, Rubinstein, "Breaking down the barriers"
//         (1991); Goldman, Sosin, Gatto (1979); Conze, Viswanathan (1991); all as in Haug (2007),
//         chapter 4; Broadie, Glasserman, Kou, "A continuity correction for discrete barrier
//         options", Math. Finance 7 (1997)
#pragma once

#include <furrow/kernels/finance/columns.hpp>

namespace furrow::kernels::finance {

/// The geometric mean of the spot at iT/n for i = 1 … n against the strike. 0 fixings: its limit,
/// the mean over all times.
struct GeometricAsian {
  Right right = Right::call;
  Column spot = 100.0;
  Column strike = 100.0;
  Column rate = 0.0;
  Column dividend = 0.0;
  Column volatility = 0.2;
  Column maturity = 1.0;
  Column fixings = 0.0;
};
void geometric_asian(std::span<double> out, const GeometricAsian& option) noexcept;
double geometric_asian(const GeometricAsian& option) noexcept;

enum class Knock : int { down_in, up_in, down_out, up_out };

/// A European option that lives only when the spot touches the barrier (in), or does not (out). The
/// rebate is paid at maturity (in: never touched) or at once (out: touched); rates may be below 0.
/// fixings 0: the barrier is watched at all times; n: at iT/n, by Broadie, Glasserman and Kou's
/// shift of the barrier by e^(±0.5826 σ sqrt(T/n)), an approximation: error about 0.1 % for daily
/// fixings while the barrier is not near the spot.
/// A spot at or beyond the barrier has touched it.
struct Barrier {
  Knock knock = Knock::down_out;
  Right right = Right::call;
  Column spot = 100.0;
  Column strike = 100.0;
  Column barrier = 90.0;
  Column rebate = 0.0;
  Column rate = 0.0;
  Column dividend = 0.0;
  Column volatility = 0.2;
  Column maturity = 1.0;
  Column fixings = 0.0;
};
void barrier(std::span<double> out, const Barrier& option) noexcept;
double barrier(const Barrier& option) noexcept;

enum class Strike : int { floating, fixed };

/// floating: the right to buy at the least spot (call), or sell at the greatest (put).
/// fixed: a call on the greatest spot, a put on the least. The extreme so far is the spot where it
/// is NaN, its default.
struct Lookback {
  Strike kind = Strike::floating;
  Right right = Right::call;
  Column spot = 100.0;
  Column strike = 100.0;  // fixed only
  Column extreme = __builtin_nan("");
  Column rate = 0.0;
  Column dividend = 0.0;
  Column volatility = 0.2;
  Column maturity = 1.0;
};
void lookback(std::span<double> out, const Lookback& option) noexcept;
double lookback(const Lookback& option) noexcept;

}  // namespace furrow::kernels::finance
