// What is said about an expression that is none, and where.
#include <catch2/catch.hpp>
#include <cmath>
#include <furrow/kernels/expression/composed.hpp>
#include <furrow/kernels/expression/expression.hpp>
#include <furrow/kernels/packed.hpp>
#include <limits>
#include <vector>

using namespace furrow;                       // NOLINT
using namespace furrow::kernels;              // NOLINT
using namespace furrow::kernels::expression;  // NOLINT

namespace {

const std::vector<double> x_values(6, 1.5);
const std::vector<std::int32_t> i_values(6, 3);
const std::vector<c128> w_values(6, c128(1, 2));

std::vector<Source> sources() {
  Source table = array<double>("table", x_values);
  table.form = {2, {2, 3}};
  table.stride[0] = 3;
  table.stride[1] = 1;
  return {array<double>("x", x_values),
          array<std::int32_t>("i", i_values),
          array<c128>("w", w_values),
          table,
          array<double>("three", std::span(x_values).first(3)),
          array<double>("a-b", x_values),
          array<double>("none", {})};
}

// The carets under the text, and the message in front of it.
void refused(const std::string& text, const std::string& carets, const std::string& says,
             const std::optional<Target>& target = std::nullopt) {
  const Compiled compiled = compile(text, sources(), target);
  INFO(text);
  REQUIRE(compiled.error);
  const std::string message = to_string(*compiled.error, text);
  INFO(message);
  CHECK(message.find(says) != message.npos);
  const std::string last = message.substr(message.rfind('\n') + 1);
  CHECK(last.substr(2) == carets);
}

double value_of(const std::string& text) {
  const Compiled compiled = compile(text, sources());
  INFO(text << (compiled.error ? to_string(*compiled.error, text) : ""));
  REQUIRE(compiled.constant);
  Graph graph;
  return graph[graph.cast(graph.constant(compiled.constant->dtype, compiled.constant->value),
                          Dtype::f64)]
      .value.f64;
}

}  // namespace

TEST_CASE("of a long line the window around the place is shown") {
  std::string text = "x";
  for (int k = 0; k < 60; ++k) text += " + x";
  const std::string tail = text;
  const auto shown = [](const std::string& whole) {
    const Compiled compiled = compile(whole, sources());
    REQUIRE(compiled.error);
    const std::string message = to_string(*compiled.error, whole);
    const std::size_t line = message.find('\n') + 3;
    const std::size_t end = message.find('\n', line);
    return std::pair(message.substr(line, end - line), message.substr(end + 3));
  };
  // In the middle, at the begin, at the end, and after the end.
  const std::vector<std::string> texts = {tail + " + sqrrt(x) + " + tail, "sqrrt(x) + " + tail,
                                          tail + " + sqrrt(x)", tail + " +"};
  for (const std::string& whole : texts) {
    CAPTURE(whole);
    const auto [line, carets] = shown(whole);
    const std::size_t first = carets.find('^');
    // The marks for what is left out are of three bytes and one column.
    const std::size_t begins = line.rfind("… ", 0) == 0 ? 2 : 0;
    CHECK(line.size() <= 76 + 8 + 1);
    CHECK((begins != 0) == (whole.rfind("sqrrt", 0) != 0));
    if (whole.back() == '+') {
      CHECK(first == line.size() - begins);
    } else {
      CHECK(line.substr(first + begins, 5) == "sqrrt");
      CHECK(carets.substr(first) == "^^^^^");
    }
  }
}

TEST_CASE("a syntax error points at its character") {
  refused("", "^", "ends where a number");
  refused("1 +", "   ^", "ends where a number");
  refused("1 + * 2", "    ^", "expected here");
  refused("(1 + 2", "^", "never closed");
  refused("sqrt(x", "    ^", "never closed");
  refused("1 + 2)", "     ^", "closes nothing");
  refused("x y", "  ^", "operator is missing");
  refused("x[1]", " ^", "whole arrays");
  refused("x ! 1", "  ^", "!=");
  refused("x > 1 && x < 2", "      ^^", "write and");
  refused("x > 1 || x < 2", "      ^^", "write or");
  refused("x @ x", "  ^", "matmul");
  refused("1.2.3", "^^^^^", "no number");
  refused("0x", "^^", "no number");
  refused("12ab", "^^^^", "no number");
  refused("\"x", "^^", "does not end");
  refused("''", "^^", "no characters");
  refused("1 + x = 2", "      ^", "begins with the name");
  refused("pi = 3", "^^", "constant");
  refused("x, x", " ^", "outside");
  refused("(x, x)", "  ^", "outside");
  refused("99999999999999999999", "^^^^^^^^^^^^^^^^^^^^", "64 bits");
  refused("1 +\n  x $ 2", "    ^", "means nothing");
  refused("1 + not x", "    ^^^", "parentheses");
  refused("sqrt(a=1, 2)", "          ^", "by position follows");
  refused("x; x", "^", "nothing uses");
  refused("\xc3\xa4 + 1", "^", "means nothing");
}

TEST_CASE("what names and functions are not there is said, with the nearest one") {
  refused("z = sqrr(x)", "    ^^^^", "did you mean \"sqrt\"?");
  refused("arccosh2(x) + 1", "^^^^^^^^", "no function");
  refused("x + tabke", "    ^^^^^", "did you mean \"table\"?");
  refused("np.sqrt(x, x)", "^^^^^^^", "takes 1 argument, and 2 are given");
  refused("sqrt(x, out=x)", "            ^", "no parameter out");
  refused("scale(x)", "^^^^^", "needs a");
  refused("fill(2)", "^^^^", "fill");
  refused("cast_wrap(x)", "^^^^^^^^^", "f32(x)");
}

TEST_CASE("dtypes and shapes that do not fit are refused before anything runs") {
  refused("x + table + three", "  ^", "(6,) and (2, 3)");
  refused("w % x", "  ^", "c128 and f64");
  refused("f32(w)", "^^^", "real(x)");
  refused("w // w", "  ^^", "c128 and c128");
}

TEST_CASE("complex numbers have quotients, magnitudes and signs") {
  c128 out[6] = {};
  const auto element = [&](const std::string& text) {
    const Compiled compiled = compile(text, sources());
    INFO(text);
    REQUIRE_FALSE(compiled.error);
    REQUIRE(compiled.dtype == Dtype::c128);
    run(compiled, out);
    return out[5];
  };
  CHECK(element("w / w") == c128(1, 0));
  CHECK(element("w / 2") == c128(0.5, 1));
  CHECK(element("5 / w") == c128(1, -2));
  CHECK(element("np.reciprocal(w)") == c128(0.2, -0.4));
  CHECK(element("-w") == c128(-1, -2));
  CHECK(element("1j * abs(w*w)").imag() == 5);
  CHECK(compile("abs(c64(w))", sources()).dtype == Dtype::f32);
}

TEST_CASE("powers of integers are integers") {
  const auto power = [](const std::string& text, Dtype dtype, std::int64_t right) {
    const Compiled compiled = compile(text, sources());
    INFO(text << (compiled.error ? to_string(*compiled.error, text) : ""));
    REQUIRE_FALSE(compiled.error);
    CHECK(compiled.dtype == dtype);
    std::int64_t out[6] = {};
    run(compiled, out);
    CHECK(load_element(dtype, out).i64 == right);
  };
  power("i**0", Dtype::i32, 1);
  power("i**1", Dtype::i32, 3);
  power("i**7", Dtype::i32, 2187);
  power("i64(i)**(2**40)", Dtype::i64, -7860764868738023423);
  power("i**np.pow(2, 3)", Dtype::i32, 6561);
  power("i64(i)**65537", Dtype::i64, 917085678152187907);
  power("i**i", Dtype::i32, 27);
  power("2**i", Dtype::i32, 8);
  power("i64(i)**i8(i)", Dtype::i64, 27);
  power("(i > 1)**(i > 1)", Dtype::i8, 1);
  power("i**(-i)", Dtype::i32, 0);
  power("(-1)**(0 - i)", Dtype::i32, -1);
  power("(i > 1)**2", Dtype::i8, 1);
  power("(i > 1)**3", Dtype::i64, 1);
  refused("i**-1", " ^^", "real");
}

TEST_CASE("integers are not divided by a zero that is known before") {
  refused("i // 0", "  ^^", "by zero");
  refused("1 + i % (2 - 2)", "      ^", "by zero");
  refused("5 // 0", "  ^^", "by zero");
  CHECK_FALSE(compile("x // 0", sources()).error);
  CHECK_FALSE(compile("i / 0", sources()).error);
  CHECK_FALSE(compile("i // i", sources()).error);
}

TEST_CASE("bits of numbers that have none: what was meant is said") {
  refused("x > 0 & x < 1", "      ^", "(x > 0) & (x < 1)");
  refused("(x > 0) | x", "        ^", "(x > 0) | (x < 1)");
  refused("(x > 0) ^ x", "        ^", "(x > 0) ^ (x < 1)");
  refused("1 + x^2", "     ^", "a power is x**y");
  refused("x ^= 2", "  ^^", "a power is x**y");
  refused("bitwise_and(x, i)", "^^^^^^^^^^^", "does not take f64 and i32");
  CHECK(compile("bitwise_and(x, i)", sources()).error->message.find("need") == std::string::npos);
  CHECK_FALSE(compile("(x > 0) & (x < 1)", sources()).error);
}

TEST_CASE("random numbers without an answer are refused where they are called") {
  refused("x + random_binomial(1, n=10, p=3)", "    ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^", "p must be in");
  for (const char* call :
       {"random_poisson(3, lam=-1)", "random_integers(1, low=5, high=2)",
        "random_gamma(1, shape=-2)", "random_normal(1, std=-1)", "random_normal(1, mean=nan)",
        "random_normal(1, std=inf)", "random_uniform(1, low=nan)", "random_uniform(1, high=inf)",
        "random_uniform_half_open(1, low=-1e308, high=1e308)", "random_exponential(1, scale=-1)",
        "random_binomial(1, n=2.5, p=0.5)"}) {
    refused(call, std::string(std::string(call).size(), '^'), "must");
    CHECK(compile(call, sources()).error->kind == Diagnostic::Kind::value);
  }
  for (const char* call : {"random_poisson(3, lam=0)", "random_integers(1, low=-3, high=-3)",
                           "random_gamma(1, shape=0)", "random_normal(1, std=0)",
                           "random_uniform(1, low=5, high=2)", "random_bits(1)"}) {
    const Compiled good = compile(std::string("x + ") + call, sources());
    INFO(call << (good.error ? good.error->message : ""));
    CHECK_FALSE(good.error);
  }
}

TEST_CASE("every kernel and synonym may be called, also as NumPy's") {
  for (const std::string& name : function_names()) {
    if (is_reduction(name) || name == "fill" || name.substr(0, 4) == "cast") continue;
    const Kernel* kernel = find_function(name);
    const Composed* composed = find_composed(name);
    const std::size_t otherwise = composed != nullptr ? composed->inputs : 1;
    const std::size_t takes = kernel != nullptr ? kernel->input_count : otherwise;
    const bool of_complex =
        name == "real" || name == "imag" || name.substr(0, 4) == "conj" || name == "angle";
    std::string arguments;
    for (std::size_t k = 0; k < takes; ++k) {
      const char* bits = name.find("shift") != name.npos || name.substr(0, 3) == "bit" ? "i" : "x";
      arguments += (k > 0 ? ", " : "") + std::string(of_complex ? "w" : bits);
    }
    if (name == "invert") arguments = "i";
    if (kernel != nullptr && name != "clip") {
      for (const Parameter& parameter : kernel->parameters) {
        if (!arguments.empty()) arguments += ", ";
        arguments += std::string(parameter.name) + "=1";
      }
    }
    if (name == "clip") arguments = "x, 0, 1";
    const std::string call = "np." + name + "(" + arguments + ")";
    const Compiled compiled = compile("x + " + call, sources());
    INFO(call << (compiled.error ? compiled.error->message : ""));
    CHECK_FALSE(compiled.error);
  }
  for (const char* name :
       {"arcsin", "arctan2", "absolute", "mod", "true_divide", "fix", "around"}) {
    CHECK(find_function(name) != nullptr);
  }
}

TEST_CASE("functions made of others, and casts by a rule's name") {
  const auto real = [](const std::string& text) {
    const Compiled compiled = compile(text, sources());
    INFO(text << (compiled.error ? compiled.error->message : ""));
    REQUIRE(compiled.constant);
    return compiled.constant->dtype == Dtype::f64
               ? compiled.constant->value.f64
               : static_cast<double>(compiled.constant->value.i64);
  };
  const double infinity = std::numeric_limits<double>::infinity();
  CHECK(real("np.degrees(pi)") == 180);
  CHECK(real("np.deg2rad(180.0)") == 3.141592653589793);
  CHECK(real("heaviside(0.0, 0.5) + heaviside(-3.0, 7) + heaviside(2.0, 7)") == 1.5);
  CHECK(real("float_power(2, -1)") == 0.5);
  CHECK(real("logaddexp(0.0, 0.0)") == std::log(2.0));
  CHECK(real("logaddexp(-inf, -inf)") == -infinity);
  CHECK(real("logaddexp(1000.0, 998.0)") == Approx(1000.12692801104297).epsilon(1e-15));
  CHECK(real("logaddexp2(3.0, 3.0)") == 4);
  // Sums and differences of integers do not wrap on the way.
  CHECK(real("f64(logaddexp2(u8(255), u8(255)))") == 256);
  CHECK(real("f64(logaddexp(u8(1), u8(3)))") == Approx(3.1269280110429727).epsilon(1e-3));
  CHECK(real("f64(logaddexp(i8(-120), i8(120)))") == Approx(120).epsilon(1e-3));
  CHECK(real("logaddexp2(u64(1), u64(3))") == Approx(3.3219280948873622).epsilon(1e-15));
  CHECK(real("sinc(0.0) + sinc(0.5)") == Approx(1 + 2 / M_PI).epsilon(1e-15));
  CHECK(real("angle(1j)") == std::atan(1.0) * 2);
  CHECK(real("1*isposinf(inf) + 2*isneginf(inf)") == 1);
  CHECK(real("scipy.special.ndtr(0.0) + norm.ppf(0.5)") == 0.5);
  CHECK(real("1*cast_saturate_i8(300)") == 127);
  CHECK(real("1*cast_wrap_int8(300)") == 44);
  CHECK(real("1*cast_saturate_u8(-3.5) + cast_i16(7.9)") == 7);
  CHECK(compile("cast_saturate_i8(x)", sources()).dtype == Dtype::i8);
  CHECK(compile("cast_wrap_f32(w)", sources()).dtype == Dtype::f32);
  refused("1 + cast_saturate_i8(w)", "    ^^^^^^^^^^^^^^^^", "does not take c128");
  refused("1 + cast_saturate_i9(x)", "    ^^^^^^^^^^^^^^^^", "cast_wrap_i8(x)");
  refused("1 + heaviside(x)", "    ^^^^^^^^^", "takes 2 arguments, and 1 is given");
  refused("1 + sinc(w % w)", "           ^", "c128");
}

TEST_CASE("the target's dtype and shape are kept") {
  const Target whole{Dtype::i32, {1, {6}}};
  refused("i = i / 2", "    ^^^^^", "which would lose", whole);
  refused("i = three", "    ^^^^^", "(3,)", Target{Dtype::f64, {1, {6}}});
  CHECK_FALSE(compile("i = i + 1", sources(), whole).error);
  CHECK_FALSE(compile("i += 1", sources(), whole).error);
  CHECK_FALSE(compile("i = 0", sources(), Target{Dtype::u8, {1, {6}}}).error);
  CHECK(compile("i = -1", sources(), Target{Dtype::u8, {1, {6}}}).error);
  CHECK_FALSE(compile("i = x", sources(), Target{Dtype::f32, {1, {6}}}).error);
}

TEST_CASE("reductions stand at the top, on what they take") {
  refused("1 + sum(x)", "    ^^^", "at the top only");
  refused("x - mean(x)", "    ^^^^",
          "assign it first, in an eval of its own (m = mean(…)), then take m");
  CHECK(compile("z = sum(x)", sources()).target == "z");
  CHECK_FALSE(compile("z = sum(x)", sources(), Target{Dtype::f32, {}}).error);
  const auto of_elements = compile("x = sum(x)", sources(), Target{Dtype::f64, {1, {6}}});
  REQUIRE(of_elements.error);
  CHECK(of_elements.error->message.find("gives one number") != std::string::npos);
  CHECK(compile("z = sum(x)", sources(), Target{Dtype::i64, {}}).error);
  refused("min(x, x)", "^^^", "minimum");
  refused("min(none)", "^^^", "empty");
  refused("sum(x, axis=0)", "            ^", "whole arrays");
  refused("sum()", "^^^", "none is given");
  refused("dot(x, three)", "^^^", "(3,)");
  refused("dot(table, three)", "^^^", "(2, 3) and (3,)");
  refused("dot(x, 2)", "^^^", "(6,) and ()");
  CHECK_FALSE(compile("dot(table, table)", sources()).error);
}

TEST_CASE("numbers and constants are Python's") {
  CHECK(value_of("0x1F + 0b11 + 0o17 + 1_000") == 0x1F + 3 + 15 + 1000);
  CHECK(value_of("1e-3 * 1.5e+2") == 1e-3 * 1.5e2);
  CHECK(value_of(".5") == .5);
  CHECK(value_of("2.") == 2);
  CHECK(value_of("7 / 2") == 3.5);
  CHECK(value_of("-2 - -3") == 1);
  CHECK(value_of("2 * (3 + 4)") == 14);
  CHECK(value_of("pi") == 3.141592653589793);
  CHECK(value_of("a = 3; b = a * a; b + a") == 12);
  CHECK(std::isinf(value_of("-inf")));
  CHECK(std::isnan(value_of("nan")));
}

TEST_CASE("integers of the text are computed as Python does, or refused") {
  constexpr const char* says = "more than 64 bits (write it as a real number)";
  refused("10**20", "^^^^^^", says);
  refused("x / 2**64", "    ^^^^^", says);
  refused("1 << 70", "^^^^^^^", says);
  refused("i + 4294967296 * 4294967296", "    " + std::string(23, '^'), says);
  refused("18446744073709551615 + 1", std::string(24, '^'), says);
  refused("-9223372036854775808 - 1", std::string(24, '^'), says);
  refused("~18446744073709551615", std::string(21, '^'), says);
  refused("t = 2**40; t*t + x", "           ^^^", says);
  refused("square(10**10)", "^^^^^^^^^^^^^^", says);
  CHECK(compile("10**20", sources()).error->kind == Diagnostic::Kind::value);
  const auto exactly = [](const std::string& text, Dtype dtype, std::uint64_t right) {
    const Compiled compiled = compile(text, sources());
    INFO(text << (compiled.error ? to_string(*compiled.error, text) : ""));
    REQUIRE(compiled.constant);
    CHECK(compiled.constant->dtype == dtype);
    CHECK(compiled.constant->value.u64 == right);
  };
  exactly("2**63", Dtype::u64, std::uint64_t{1} << 63U);
  exactly("2**63 - 1", Dtype::i64, (std::uint64_t{1} << 63U) - 1);
  exactly("2**62 + (2**62 - 1)", Dtype::i64, (std::uint64_t{1} << 63U) - 1);
  exactly("-(2**63)", Dtype::i64, std::uint64_t{1} << 63U);
  exactly("abs(-2**63)", Dtype::u64, std::uint64_t{1} << 63U);
  exactly("(2**63 - 1) * 2 + 1", Dtype::u64, ~std::uint64_t{0});
  exactly("18446744073709551615 // 5", Dtype::i64, 3689348814741910323);
  exactly("18446744073709551615 % 1000", Dtype::i64, 615);
  exactly("-7 // 2", Dtype::i64, static_cast<std::uint64_t>(-4));
  exactly("-7 % 2", Dtype::i64, 1);
  exactly("7 % -2", Dtype::i64, static_cast<std::uint64_t>(-1));
  exactly("(-3)**3", Dtype::i64, static_cast<std::uint64_t>(-27));
  exactly("0**0 + 0**9 + (-1)**(2**40 + 1)", Dtype::i64, 0);
  exactly("-1 >> 70", Dtype::i64, static_cast<std::uint64_t>(-1));
  exactly("0 << 70", Dtype::i64, 0);
  exactly("6 & 3 | 8 ^ 1", Dtype::i64, 11);
  // A dtype that is asked for wraps as NumPy's; a real number is one.
  exactly("u64(2**63) * u64(2)", Dtype::u64, 0);
  CHECK(value_of("2.0**64") == 0x1p64);
  CHECK(value_of("2**-1") == 0.5);
  CHECK(value_of("7 / 2**2") == 1.75);
}

TEST_CASE("a constant that is assigned is judged by its value") {
  const auto given = [](const std::string& value, Dtype dtype) {
    const Compiled compiled = compile("i = " + value, sources(), Target{dtype, {1, {6}}});
    INFO(value << " as " << dtype_name(dtype));
    return !compiled.error;
  };
  const std::string exactly = "cannot be given exactly as ";
  refused("i = 300", "    ^^^", exactly + "u8, which \"i\" is", Target{Dtype::u8, {1, {6}}});
  refused("i = 200", "    ^^^", exactly + "i8", Target{Dtype::i8, {1, {6}}});
  refused("i = 2**63", "    ^^^^^", exactly + "i64", Target{Dtype::i64, {1, {6}}});
  refused("i = 1e300", "    ^^^^^", "infinite as f32", Target{Dtype::f32, {1, {6}}});
  refused("i = 2.5", "    ^^^", exactly + "i32", Target{Dtype::i32, {1, {6}}});
  refused("i = nan", "    ^^^", exactly + "i64", Target{Dtype::i64, {1, {6}}});
  refused("i = 2", "    ^", exactly + "bool", Target{Dtype::bool_, {1, {6}}});
  refused("i = 1 + 2j", "    ^^^^^^", "would lose", Target{Dtype::f64, {1, {6}}});
  CHECK(given("255", Dtype::u8));
  CHECK(given("-128", Dtype::i8));
  CHECK(given("3.0", Dtype::i16));
  CHECK(given("2**63", Dtype::u64));
  CHECK(given("1", Dtype::bool_));
  CHECK(given("16777217", Dtype::f32));
  CHECK(given("0.1", Dtype::f16));
  CHECK(given("-inf", Dtype::f16));
  CHECK(given("nan", Dtype::f32));
  CHECK_FALSE(given("65520", Dtype::f16));
  CHECK_FALSE(given("1e39j", Dtype::c64));
  CHECK(given("1e39j", Dtype::c128));
  CHECK_FALSE(given("18446744073709551616.0", Dtype::u64));
  CHECK_FALSE(given("-1", Dtype::u64));
  // What is converted is meant.
  CHECK(given("u8(300)", Dtype::u8));
  // A number that is an array of rank 0 is one, too.
  const std::int32_t many = 300;
  Source number;
  number.name = "many";
  number.dtype = Dtype::i32;
  number.data = &many;
  CHECK(compile("i = many", std::span(&number, 1), Target{Dtype::u8, {1, {6}}}).error);
  CHECK_FALSE(compile("i = many", std::span(&number, 1), Target{Dtype::u16, {1, {6}}}).error);
}

TEST_CASE("names in quotes are arrays whatever they look like") {
  const Compiled compiled = compile("\"a-b\" + 'x'", sources());
  REQUIRE_FALSE(compiled.error);
  CHECK(compiled.used == std::vector<std::size_t>{5, 0});
  CHECK(parse("\"pi\" + e").free_names().size() == 1);
  CHECK(parse("t = x*x; y = t + z").free_names().size() == 2);
  CHECK(parse("x += y").free_names().size() == 2);
  CHECK(parse("x += y").target() == "x");
}

TEST_CASE("a constant that could be meant as an array is refused, unless it is NumPy's") {
  const std::vector<double> values = {1, 2, 3};
  const auto given = [&](std::string_view text, const char* name) {
    return compile(text, {array<double>(name, values)});
  };
  for (const std::string name : {"e", "pi", "inf", "nan"}) {
    const Compiled either = given("2*" + name, name.c_str());
    REQUIRE(either.error);
    CHECK(either.error->kind == Diagnostic::Kind::value);
    CHECK(either.error->where.begin == 2);
    CHECK(either.error->message.find("\"" + name + "\" in quotes") != std::string::npos);
    CHECK(either.error->message.find("np." + name) != std::string::npos);
    CHECK(given("\"" + name + "\"*2", name.c_str()).used.size() == 1);
    CHECK(given("2*np." + name, name.c_str()).constant);
    CHECK(given("2*np." + name, ("np." + name).c_str()).constant);
    CHECK(given("2*" + name, "x").constant);
  }
  CHECK(given("2 + True", "True").error->message.find("bool(1)") != std::string::npos);
  CHECK(value_of("np.pi") == 3.141592653589793);
  CHECK(parse("np.e = 3").error);
}

TEST_CASE("methods and other modules are told to be functions") {
  const auto says = [](std::string_view text) { return compile(text, sources()).error->message; };
  CHECK(says("x.mean()") == "no function is called \"x.mean\" (write it as mean(…))");
  CHECK(says("x + math.sqrt(x)") == "no function is called \"math.sqrt\" (write it as sqrt(…))");
  CHECK(says("x + x.real") == "no array is called \"x.real\" (write it as real(…))");
  CHECK(says("x + x.sorted").find("write it") == std::string::npos);
}

TEST_CASE("too large is an error, not a crash") {
  const std::string deep(200, '(');
  refused(deep + "x" + std::string(200, ')'), std::string(40, ' ') + "^", "100 deep");
  std::string many = "x";
  for (int i = 0; i < 600; ++i) many += "+x";
  CHECK(compile(many, sources()).error->kind == Diagnostic::Kind::limit);
  std::string minus(5000, '-');
  CHECK(compile(minus + "x", sources()).error->kind == Diagnostic::Kind::limit);
  std::string powers = "2";
  for (int i = 0; i < 500; ++i) powers += "**2";
  CHECK(compile(powers, sources()).error);
  std::string operations = "x";
  for (int i = 1; i < 150; ++i) operations += "*(x+" + std::to_string(i) + ")";
  CHECK(compile(operations, sources()).error->kind == Diagnostic::Kind::limit);
  CHECK(compile(std::string(100'000, ' '), sources()).error->kind == Diagnostic::Kind::limit);
}
