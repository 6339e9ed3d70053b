// furrow/kernels/quasi/halton.cpp
//
// The bases, and one dimension of one randomisation.
#include <furrow/kernels/quasi/halton.hpp>

namespace furrow::kernels {
namespace {

constexpr std::size_t largest_prime = 34313;

constexpr std::array<std::uint16_t, halton_dimensions> first_primes() noexcept {
  std::array<bool, largest_prime + 1> composite{};
  std::array<std::uint16_t, halton_dimensions> primes{};
  std::size_t count = 0;
  for (std::size_t n = 2; n <= largest_prime; ++n) {
    if (composite[n]) continue;
    primes[count++] = static_cast<std::uint16_t>(n);
    for (std::size_t multiple = n * n; multiple <= largest_prime; multiple += n) {
      composite[multiple] = true;
    }
  }
  return primes;
}
constexpr std::array<std::uint16_t, halton_dimensions> primes = first_primes();
static_assert(primes[0] == 2 && primes[999] == 7919 && primes.back() == largest_prime);

}  // namespace

std::uint32_t halton_base(std::size_t dimension) noexcept { return primes[dimension]; }

HaltonDimension halton_dimension(std::size_t dimension, Scrambling scrambling,
                                 QuasiKey key) noexcept {
  HaltonDimension at{};
  const std::uint64_t base = primes[dimension];
  at.base = static_cast<double>(base);
  at.inverse = 1 / at.base;
  std::uint64_t cells = 1;
  for (; cells <= (std::uint64_t{1} << 52) / base; cells *= base) {
    const std::uint64_t k = at.digits++;
    const std::uint64_t factor = mix64(key.first + k * 0x9e3779b97f4a7c15) >> 32;
    const std::uint64_t shift = mix64(key.second + k * 0xd1342543de82ef95) >> 32;
    // Multiplied and shifted, 32 bits become one of p numbers, each as likely to 2^-16.
    at.factor[k] =
        scrambling == Scrambling::owen ? static_cast<double>(1 + (factor * (base - 1) >> 32)) : 1;
    at.shift[k] = scrambling == Scrambling::none ? 0 : static_cast<double>(shift * base >> 32);
  }
  at.cells = static_cast<double>(cells);
  for (std::size_t k = 0; k < at.digits; ++k) at.flip = at.flip << 1 | (at.shift[k] == 1 ? 1 : 0);
  return at;
}

}  // namespace furrow::kernels
