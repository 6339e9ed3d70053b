// furrow/kernels/quasi/sobol_directions.cpp
//
// Directions of a dimension from the packed table, at its first use. Whoever comes first, and
// whoever comes meanwhile, writes the same words; the flag follows them. So there is no lock that a
// fork could leave closed.
#include <furrow/kernels/quasi/sobol.hpp>

#include <array>
#include <atomic>

namespace furrow::kernels {
namespace {

struct Shelf {
  std::array<SobolDirections, sobol_dimensions> directions;
  std::array<std::atomic<bool>, sobol_dimensions> ready;
};
alignas(128) constinit Shelf shelf{};  // pages that are never used are never there

constexpr std::size_t bits_of_degree(std::size_t degree) noexcept {
  return (degree - 1) * (degree + 2) / 2;
}

/// Reads the table's bits from a place on.
struct Bits {
  std::size_t at;

  std::uint64_t take(std::size_t count) noexcept {
    std::uint64_t value = 0;
    for (; count != 0; --count, ++at) {
      const char letter = detail::sobol_table[at / 6];
      const unsigned six = letter == 'p' ? '\\' - '0' : static_cast<unsigned>(letter - '0');
      value = value << 1 | (six >> (5 - at % 6) & 1);
    }
    return value;
  }
};

struct Polynomial {
  std::size_t degree;
  std::size_t first_bit;
};

Polynomial find_polynomial(std::size_t dimension) noexcept {
  std::size_t before = dimension - 1;
  Polynomial found{1, 0};
  while (before >= detail::sobol_polynomials[found.degree]) {
    before -= detail::sobol_polynomials[found.degree];
    found.first_bit += detail::sobol_polynomials[found.degree] * bits_of_degree(found.degree);
    ++found.degree;
  }
  found.first_bit += before * bits_of_degree(found.degree);
  return found;
}

/// v[k] = m_(k+1) 2^(63-k), the first digit in bit 63.
void directions_of(std::size_t dimension, std::uint64_t (&v)[64]) noexcept {
  if (dimension == 0) {
    for (unsigned k = 0; k < 64; ++k) v[k] = std::uint64_t{1} << (63 - k);
    return;
  }
  const auto [degree, first_bit] = find_polynomial(dimension);
  Bits bits{first_bit};
  const std::uint64_t inner = bits.take(degree - 1);
  for (std::size_t k = 0; k < degree; ++k) v[k] = (bits.take(k) << 1 | 1) << (63 - k);
  for (std::size_t k = degree; k < 64; ++k) {
    v[k] = v[k - degree] ^ v[k - degree] >> degree;
    for (std::size_t i = 1; i < degree; ++i) {
      if ((inner >> (degree - 1 - i) & 1) != 0) v[k] ^= v[k - i];
    }
  }
}

void store(std::uint64_t& to, std::uint64_t value) noexcept {
  std::atomic_ref<std::uint64_t>(to).store(value, std::memory_order_relaxed);
}

}  // namespace

const SobolDirections& sobol_directions(std::size_t dimension) noexcept {
  SobolDirections& directions = shelf.directions[dimension];
  // Acquires what the flag's release put before it: the words.
  if (!shelf.ready[dimension].load(std::memory_order_acquire)) {
    std::uint64_t v[64];
    directions_of(dimension, v);
    for (std::uint64_t& digits : v) digits = reverse_bits(digits);
    for (std::size_t k = 0; k < 64; ++k) store(directions.of_bit[k], v[k]);
    for (std::size_t point = 0; point < 16; ++point) {
      std::uint64_t digits = 0;
      for (unsigned k = 0; k < 4; ++k) {
        if ((gray_code(point) >> k & 1) != 0) digits ^= v[k];
      }
      store(directions.of_first[point], digits);
    }
    shelf.ready[dimension].store(true, std::memory_order_release);
  }
  return directions;
}

}  // namespace furrow::kernels
