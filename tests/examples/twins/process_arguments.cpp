// p = Process(target=greet, args=("Alice", 3)); p.start(); p.join()
#include <cstdio>
#include <string>

#include <furrow/process/initialize.hpp>
#include <furrow/process/process.hpp>

namespace mp = furrow::mp;

static void greet(const std::string& name, int times) {
  for (int i = 0; i < times; ++i) std::printf("hello %s\n", name.c_str());
}

int main(int argc, char** argv) {
  furrow::initialize(argc, argv);
  mp::Process p(greet, "Alice", 3);
  p.start();
  p.join();
  std::printf("exit code %d\n", p.exit_code().value());
}
