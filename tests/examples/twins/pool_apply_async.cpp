// result = pool.apply_async(square, (10,));  print(result.get(timeout=1))
// result = pool.apply_async(time.sleep, (10,)); result.get(timeout=0.2)   raises TimeoutError
#include <chrono>
#include <cstdio>
#include <thread>

#include <furrow/process/initialize.hpp>
#include <furrow/process/pool.hpp>

namespace mp = furrow::mp;
using namespace std::chrono_literals;

static int square(int x) { return x * x; }

static void sleep_seconds(int seconds) {
  std::this_thread::sleep_for(std::chrono::seconds(seconds));
}

int main(int argc, char** argv) {
  furrow::initialize(argc, argv);
  mp::Pool pool(2);
  std::printf("%d\n", pool.apply_async(square, 10).get(60s));
  const auto sleeping = pool.apply_async(sleep_seconds, 100);
  try {
    sleeping.get(200ms);
  } catch (const furrow::Timeout&) {
    std::printf("We lacked patience and got a Timeout\n");
  }
  std::printf("For the moment, the pool remains available for more work\n");
  std::printf("%d\n", pool.apply(square, 7));
  // Leaving ends the pool, and the sleeper with it.
}
