// Writes random words of 32 bits to standard output until nobody reads them any more.
//
//   furrow_random_stream philox|threefry|streams [SEED]
//
// `streams` takes 64 words in turn from each of 4096 streams of Philox: what many streams together
// look like.
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string_view>
#include <vector>

#include <furrow/kernels/random/random.hpp>

namespace {

using furrow::kernels::RandomAt;

void fill_from_streams(std::span<std::uint32_t> out, std::uint64_t seed, std::uint64_t first) {
  constexpr std::uint64_t streams = 4096;
  constexpr std::uint64_t run = 64;
  for (std::size_t at = 0; at < out.size(); at += run) {
    const std::uint64_t number = (first + at) / run;
    furrow::kernels::random_bits(
        out.subspan(at, run),
        RandomAt{.seed = seed, .stream = number % streams, .first_index = number / streams * run});
  }
}

}  // namespace

int main(int count, char** arguments) {
  const std::string_view generator = count > 1 ? arguments[1] : "";
  if (generator != "philox" && generator != "threefry" && generator != "streams") return 2;
  const std::uint64_t seed = count > 2 ? std::strtoull(arguments[2], nullptr, 0) : 1;
  std::signal(SIGPIPE, SIG_IGN);  // the reader ends when it has seen enough
  std::vector<std::uint32_t> words(std::size_t{1} << 16);
  const std::span<std::uint32_t> out(words);
  for (std::uint64_t first = 0;; first += words.size()) {
    const RandomAt at{.seed = seed, .first_index = first};
    if (generator == "philox") {
      furrow::kernels::random_bits(out, at);
    } else if (generator == "threefry") {
      furrow::kernels::random_bits_threefry(out, at);
    } else {
      fill_from_streams(out, seed, first);
    }
    if (std::fwrite(words.data(), sizeof words[0], words.size(), stdout) != words.size()) return 0;
  }
}
