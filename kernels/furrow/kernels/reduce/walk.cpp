// furrow/kernels/reduce/walk.cpp
#include <furrow/kernels/reduce/walk.hpp>

#include <cstring>

namespace furrow::kernels {
namespace {

struct Sixteen {
  std::uint64_t half[2];
};

/// Calls f with a value as wide as an element.
template <class F>
auto by_width(std::size_t item, F f) noexcept {
  switch (item) {
    case 1: return f(std::uint8_t{});
    case 2: return f(std::uint16_t{});
    case 4: return f(std::uint32_t{});
    case 8: return f(std::uint64_t{});
    default: return f(Sixteen{});
  }
}

template <class T>
T load(const std::byte* from, std::ptrdiff_t element) noexcept {
  T value;
  std::memcpy(&value, from + element * static_cast<std::ptrdiff_t>(sizeof(T)), sizeof(T));
  return value;
}

template <class T>
void store(std::byte* to, std::size_t element, T value) noexcept {
  std::memcpy(to + element * sizeof(T), &value, sizeof(T));
}

/// Rows known when compiled: the loop over them is unrolled.
template <class T, std::size_t Rows>
void turn_few(std::byte* to, const std::byte* from, std::ptrdiff_t row_stride,
              std::ptrdiff_t column_stride, std::size_t width) noexcept {
  for (std::size_t j = 0; j < width; ++j) {
    const std::ptrdiff_t at = static_cast<std::ptrdiff_t>(j) * column_stride;
    for (std::size_t i = 0; i < Rows; ++i) {
      store(to, i * width + j, load<T>(from, at + static_cast<std::ptrdiff_t>(i) * row_stride));
    }
  }
}

template <class T>
void turn_as(std::byte* to, const std::byte* from, std::ptrdiff_t row_stride,
             std::ptrdiff_t column_stride, std::size_t rows, std::size_t width) noexcept {
  switch (rows) {
    case 1: return turn_few<T, 1>(to, from, row_stride, column_stride, width);
    case 2: return turn_few<T, 2>(to, from, row_stride, column_stride, width);
    case 3: return turn_few<T, 3>(to, from, row_stride, column_stride, width);
    case 4: return turn_few<T, 4>(to, from, row_stride, column_stride, width);
    case 5: return turn_few<T, 5>(to, from, row_stride, column_stride, width);
    case 8: return turn_few<T, 8>(to, from, row_stride, column_stride, width);
    default: break;
  }
  for (std::size_t j = 0; j < width; ++j) {
    const std::ptrdiff_t at = static_cast<std::ptrdiff_t>(j) * column_stride;
    for (std::size_t i = 0; i < rows; ++i) {
      store(to, i * width + j, load<T>(from, at + static_cast<std::ptrdiff_t>(i) * row_stride));
    }
  }
}

}  // namespace

std::size_t choose(std::byte* to, const std::byte* from, std::ptrdiff_t stride, const bool* mask,
                   std::ptrdiff_t mask_stride, std::size_t count, std::size_t item) noexcept {
  return by_width(item, [&]<class T>(T) {
    std::size_t chosen = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const auto at = static_cast<std::ptrdiff_t>(i);
      store(to, chosen, load<T>(from, at * stride));  // kept only where the mask says so
      chosen += mask[at * mask_stride] ? 1 : 0;
    }
    return chosen;
  });
}

void gather_panel(const PanelCall& call, std::size_t item) noexcept {
  // Rows lie far apart, where the hardware fetches nothing ahead: two lines of each, here.
  constexpr std::int64_t ahead = 16;
  by_width(item, [&]<class T>(T) {
    constexpr auto bytes = static_cast<std::ptrdiff_t>(sizeof(T));
    const auto width = static_cast<std::ptrdiff_t>(call.width);
    for (std::int64_t r = 0; r < call.rows; ++r) {
      const std::byte* const row = call.x + r * call.row_stride * bytes;
      const std::byte* const later = row + ahead * call.row_stride * bytes;
      __builtin_prefetch(later);
      __builtin_prefetch(later + (width - 1) * call.column_stride * bytes);
      const bool* const mask =
          call.mask != nullptr ? call.mask + r * call.mask_row_stride : nullptr;
      if (mask == nullptr) {
        for (std::size_t p = 0; p < call.width; ++p) {
          store(call.packed + p * panel_pitch, call.filled[p]++,
                load<T>(row, static_cast<std::ptrdiff_t>(p) * call.column_stride));
        }
        continue;
      }
      // Stored in any case, and kept where the mask says so: no branch to mispredict. It
      // never lands beyond the tile: no more are kept than were seen.
      for (std::size_t p = 0; p < call.width; ++p) {
        const auto at = static_cast<std::ptrdiff_t>(p);
        store(call.packed + p * panel_pitch, call.filled[p], load<T>(row, at * call.column_stride));
        call.filled[p] += mask[at * call.mask_column_stride] ? 1 : 0;
      }
    }
  });
}

void turn(std::byte* to, const std::byte* from, std::ptrdiff_t row_stride,
          std::ptrdiff_t column_stride, std::size_t rows, std::size_t width,
          std::size_t item) noexcept {
  by_width(item, [&]<class T>(T) { turn_as<T>(to, from, row_stride, column_stride, rows, width); });
}

}  // namespace furrow::kernels
