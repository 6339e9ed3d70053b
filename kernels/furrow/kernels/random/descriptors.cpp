// furrow/kernels/random/descriptors.cpp
//
// What the registry says about the random fills, and the functions it points to.
#include <furrow/kernels/random/descriptors.hpp>

#include <furrow/kernels/packed.hpp>
#include <furrow/kernels/random/entries.hpp>
#include <furrow/kernels/random/reference.hpp>

namespace furrow::kernels {
namespace {

constinit Dispatch<RandomTable> plain_tables{resolve_random};
constinit Dispatch<RandomTable> bits_tables{resolve_random_bits};
constinit Dispatch<RandomTable> inverse_tables{resolve_random_inverse};
constinit Dispatch<RandomTable> gamma_tables{resolve_random_gamma};
constinit Dispatch<RandomTable> discrete_tables{resolve_random_discrete};

constexpr Dispatch<RandomTable>& tables_of(RandomOp op) noexcept {
  switch (op) {
    case RandomOp::bits:
    case RandomOp::uniform:
    case RandomOp::uniform_half_open:
    case RandomOp::normal: return plain_tables;
    case RandomOp::bits_threefry:
    case RandomOp::integers: return bits_tables;
    case RandomOp::gamma:
    case RandomOp::chisquare:
    case RandomOp::beta:
    case RandomOp::student_t: return gamma_tables;
    case RandomOp::poisson:
    case RandomOp::binomial: return discrete_tables;
    default: return inverse_tables;
  }
}

template <RandomOp O, class T>
void random_any(const MapCall& call) noexcept {
  const MapFunction function = tables_of(O).table().at(O, dtype_of<T>);
  if (is_packed(call, 0)) return function(call);
  map_strided(call, function, {sizeof(T), 0, 0});
}

template <RandomOp O, class T>
constexpr Variant variant_of() noexcept {
  Variant variant{};
  variant.out = dtype_of<T>;
  variant.map = &random_any<O, T>;
  variant.map_reference = &reference_random_map<O, T>;
  variant.refusal = &random_refusal<O, T>;
  return variant;
}

template <class... Ts>
struct Types {
  template <RandomOp O>
  static constexpr std::array<Variant, sizeof...(Ts)> variants = {variant_of<O, Ts>()...};
};
using Words = Types<std::uint32_t, std::uint64_t>;
using Floats = Types<float, double>;
using Counts = Types<std::int64_t, std::uint64_t, double>;
using Integers = Types<std::int8_t, std::int16_t, std::int32_t, std::int64_t, std::uint8_t,
                       std::uint16_t, std::uint32_t, std::uint64_t>;

constexpr Parameter real(std::string_view name) noexcept {
  return {name, Parameter::Kind::real, false, 0};
}
constexpr Parameter real(std::string_view name, double value) noexcept {
  return {name, Parameter::Kind::real, true, value};
}

/// The parameters of a kernel: its seed, its stream, and its own.
template <std::size_t N>
using Parameters = std::array<Parameter, N>;
constexpr Parameter seed = {"seed", Parameter::Kind::count, false, 0};
// The stream comes second although it has a default: those behind it then need one as well.
constexpr Parameter stream = {"stream", Parameter::Kind::count, true, 0};
constexpr Parameters<2> bits_parameters = {seed, stream};
constexpr Parameters<4> integers_parameters = {seed,
                                               stream,
                                               {"low", Parameter::Kind::element, false, 0},
                                               {"high", Parameter::Kind::element, false, 0}};
constexpr Parameters<4> uniform_parameters = {seed, stream, real("low", 0), real("high", 1)};
constexpr Parameters<4> normal_parameters = {seed, stream, real("mean", 0), real("std", 1)};
constexpr Parameters<4> lognormal_parameters = {seed, stream, real("mean", 0), real("sigma", 1)};
constexpr Parameters<3> scale_parameters = {seed, stream, real("scale", 1)};
constexpr Parameters<4> shape_parameters = {seed, stream, real("shape"), real("scale", 1)};
constexpr Parameters<4> place_parameters = {seed, stream, real("loc", 0), real("scale", 1)};
constexpr Parameters<3> df_parameters = {seed, stream, real("df")};
constexpr Parameters<4> beta_parameters = {seed, stream, real("a"), real("b")};
constexpr Parameters<3> p_parameters = {seed, stream, real("p")};
constexpr Parameters<3> lam_parameters = {seed, stream, real("lam")};
constexpr Parameters<4> binomial_parameters = {seed, stream, real("n"), real("p")};

constexpr Kernel kernel(RandomOp op, std::string_view name, std::string_view summary,
                        std::string_view formula, std::string_view numpy, std::string_view error,
                        std::span<const Parameter> parameters,
                        std::span<const Variant> variants) noexcept {
  (void)op;  // for the reader: the list is in the order of RandomOp
  return {name, Family::random, summary, formula, numpy, error, 0, parameters, variants, false};
}

using enum RandomOp;
constexpr std::string_view in_distribution = "a few ULP";
constexpr Kernel kernels[] = {
    kernel(bits, "random_bits",
           "Random bits: the words of Philox4x32-10, which are those of C++26's std::philox4x32.",
           "out[i] = words[i]", "rng.integers(2**32, dtype=np.uint32)", "exact", bits_parameters,
           Words::variants<bits>),
    kernel(bits_threefry, "random_bits_threefry",
           "Random bits of a second generator, Threefry4x64-20.", "out[i] = words[i]",
           "rng.integers(2**64, dtype=np.uint64)", "exact", bits_parameters,
           Words::variants<bits_threefry>),
    kernel(integers, "random_integers", "Integers from low to high, both included, without bias.",
           "low <= out[i] <= high", "rng.integers(low, high, endpoint=True)", "exact",
           integers_parameters, Integers::variants<integers>),
    kernel(bernoulli, "random_bernoulli", "True with probability p.", "out[i] = u[i] < p",
           "rng.random() < p", "exact", p_parameters, Types<bool>::variants<bernoulli>),
    kernel(uniform, "random_uniform",
           "Uniforms in the open interval (0, 1), scaled to low and high.",
           "out[i] = low + (high - low)*u[i]", "rng.uniform(low, high)", "exact for 0 and 1",
           uniform_parameters, Floats::variants<uniform>),
    kernel(uniform_half_open, "random_uniform_half_open",
           "Uniforms in [0, 1), NumPy's interval, scaled to low and high.",
           "out[i] = low + (high - low)*u[i]", "rng.uniform(low, high)", "exact for 0 and 1",
           uniform_parameters, Floats::variants<uniform_half_open>),
    kernel(normal, "random_normal", "Normals by Box and Muller, two from two uniforms.",
           "out[i] = mean + std*z[i]", "rng.normal(mean, std)",
           "3 ULP of the exact Box-Muller; f32: 0.501 ULP", normal_parameters,
           Floats::variants<normal>),
    kernel(lognormal, "random_lognormal", "e to the power of normals.",
           "out[i] = exp(mean + sigma*z[i])", "rng.lognormal(mean, sigma)", in_distribution,
           lognormal_parameters, Floats::variants<lognormal>),
    kernel(exponential, "random_exponential", "Exponential, by inversion.",
           "out[i] = -scale*ln(1 - u[i])", "rng.exponential(scale)", in_distribution,
           scale_parameters, Floats::variants<exponential>),
    kernel(weibull, "random_weibull", "Weibull, by inversion.",
           "out[i] = scale*(-ln(1 - u[i]))**(1/shape)", "scale*rng.weibull(shape)", in_distribution,
           shape_parameters, Floats::variants<weibull>),
    kernel(rayleigh, "random_rayleigh", "Rayleigh, by inversion.",
           "out[i] = scale*sqrt(-2*ln(1 - u[i]))", "rng.rayleigh(scale)", in_distribution,
           scale_parameters, Floats::variants<rayleigh>),
    kernel(pareto, "random_pareto", "Pareto from scale on (NumPy's is less by 1), by inversion.",
           "out[i] = scale*(1 - u[i])**(-1/shape)", "scale*(1 + rng.pareto(shape))",
           in_distribution, shape_parameters, Floats::variants<pareto>),
    kernel(laplace, "random_laplace", "Laplace, by inversion.",
           "out[i] = loc - scale*sign(u[i] - 1/2)*ln(2*min(u[i], 1 - u[i]))",
           "rng.laplace(loc, scale)", in_distribution, place_parameters, Floats::variants<laplace>),
    kernel(logistic, "random_logistic", "Logistic, by inversion.",
           "out[i] = loc + scale*ln(u[i]/(1 - u[i]))", "rng.logistic(loc, scale)", in_distribution,
           place_parameters, Floats::variants<logistic>),
    kernel(gumbel, "random_gumbel", "Gumbel, by inversion.", "out[i] = loc - scale*ln(-ln(u[i]))",
           "rng.gumbel(loc, scale)", in_distribution, place_parameters, Floats::variants<gumbel>),
    kernel(cauchy, "random_cauchy", "Cauchy, by inversion.",
           "out[i] = loc + scale*tan(pi*(u[i] - 1/2))", "loc + scale*rng.standard_cauchy()",
           in_distribution, place_parameters, Floats::variants<cauchy>),
    kernel(gamma, "random_gamma", "Gamma, by Marsaglia and Tsang's rejection.",
           "density x**(shape-1)*exp(-x/scale)", "rng.gamma(shape, scale)", in_distribution,
           shape_parameters, Floats::variants<gamma>),
    kernel(chisquare, "random_chisquare", "Chi-square: gamma of df/2 and scale 2.",
           "density x**(df/2-1)*exp(-x/2)", "rng.chisquare(df)", in_distribution, df_parameters,
           Floats::variants<chisquare>),
    kernel(beta, "random_beta", "Beta, from two gammas.", "density x**(a-1)*(1-x)**(b-1)",
           "rng.beta(a, b)", in_distribution, beta_parameters, Floats::variants<beta>),
    kernel(student_t, "random_student_t", "Student's t, from a normal and a chi-square.",
           "out[i] = z[i]/sqrt(chisquare[i]/df)", "rng.standard_t(df)", in_distribution,
           df_parameters, Floats::variants<student_t>),
    kernel(geometric, "random_geometric", "Trials up to the first success, by inversion.",
           "out[i] = ceil(ln(1 - u[i])/ln(1 - p))", "rng.geometric(p)",
           "exact distribution to 2^-52", p_parameters, Counts::variants<geometric>),
    kernel(poisson, "random_poisson", "Poisson, by inversion (lam < 32) or Hörmann's rejection.",
           "P(k) = lam**k*exp(-lam)/k!", "rng.poisson(lam)", "exact distribution to 2^-52",
           lam_parameters, Counts::variants<poisson>),
    kernel(binomial, "random_binomial",
           "Successes in n trials, by inversion (mean below 32) or Hörmann's rejection.",
           "P(k) = C(n, k)*p**k*(1-p)**(n-k)", "rng.binomial(n, p)", "exact distribution to 2^-52",
           binomial_parameters, Counts::variants<binomial>),
};
static_assert(std::size(kernels) == static_cast<std::size_t>(end_of_list));

}  // namespace

std::span<const Kernel> random_kernels() noexcept { return kernels; }

MapFunction random_function(RandomOp op, Dtype dtype) noexcept {
  for (const Variant& variant : kernels[static_cast<std::size_t>(op)].variants) {
    if (variant.out == dtype) return variant.map;
  }
  return nullptr;
}

}  // namespace furrow::kernels
