// with ProcessPoolExecutor() as executor:
//     futures = {executor.submit(is_prime, n): n for n in PRIMES}
//     for future in as_completed(futures): print(futures[future], future.result())
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include <furrow/process/executor.hpp>
#include <furrow/process/initialize.hpp>

namespace mp = furrow::mp;

static bool is_prime(std::int64_t n) {
  if (n < 2) return false;
  for (std::int64_t d = 2; d * d <= n; ++d) {
    if (n % d == 0) return false;
  }
  return true;
}

int main(int argc, char** argv) {
  furrow::initialize(argc, argv);
  const std::vector<std::int64_t> numbers{112272535095293, 112582705942171, 115280095190773,
                                          115797848077099, 1099726899285419};
  mp::Executor executor;
  std::vector<mp::Future<bool>> futures;
  for (const std::int64_t n : numbers) futures.push_back(executor.submit(is_prime, n));
  std::vector<std::string> lines;
  for (const mp::Future<bool>& future : mp::as_completed(futures)) {
    const auto at = std::find(futures.begin(), futures.end(), future) - futures.begin();
    lines.push_back(std::to_string(numbers[static_cast<std::size_t>(at)]) + " is " +
                    (future.result() ? "prime" : "not prime"));
  }
  std::sort(lines.begin(), lines.end());
  for (const std::string& line : lines) std::printf("%s\n", line.c_str());
}
