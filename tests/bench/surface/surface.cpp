// The compiled side of `scripts/bench surface`.
//
//   furrow_bench_surface list               topics and who does them, one a line
//   furrow_bench_surface run TOPIC WHO      nanoseconds of one operation
#include <cstdio>
#include <cstring>

#include <furrow/process/initialize.hpp>

#include "surface.hpp"

int main(int argc, char** argv) {
  furrow::initialize(argc, argv);
  std::vector<furrow::bench::Topic> topics = furrow::bench::sync_topics();
  for (const furrow::bench::Topic& topic : furrow::bench::pool_topics()) topics.push_back(topic);
  for (const furrow::bench::Topic& topic : furrow::bench::process_topics()) topics.push_back(topic);
  const bool list = argc == 2 && std::strcmp(argv[1], "list") == 0;
  for (const furrow::bench::Topic& topic : topics) {
    if (list) std::printf("%s %s\n", topic.name, topic.who);
    if (argc != 4 || std::strcmp(argv[1], "run") != 0) continue;
    if (std::strcmp(argv[2], topic.name) != 0 || std::strcmp(argv[3], topic.who) != 0) continue;
    std::printf("%.3f\n", topic.run());
    return 0;
  }
  return list ? 0 : 2;
}
