// with Manager() as m: d = m.dict(); l = m.list(range(5)); Process(target=f, args=(d, l)) …
#include <cstdio>
#include <string>
#include <vector>

#include <furrow/process/initialize.hpp>
#include <furrow/process/manager.hpp>
#include <furrow/process/process.hpp>

namespace mp = furrow::mp;

static void change(const mp::ManagedDict<std::string, int>& d, const mp::ManagedList<int>& l) {
  d["one"] = 1;
  d["two"] = 2;
  l.reverse();
  l.append(10);
}

int main(int argc, char** argv) {
  furrow::initialize(argc, argv);
  const mp::Manager manager;
  const auto d = manager.dict<std::string, int>();
  const auto l = manager.list<int>({0, 1, 2, 3, 4});
  mp::Process p(change, d, l);
  p.start();
  p.join();
  for (const auto& [key, value] : d.items()) std::printf("%s %d\n", key.c_str(), value);
  for (const int item : l.to_vector()) std::printf("%d\n", item);
}
