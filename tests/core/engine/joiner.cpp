// Joins the engine that it is told and works for it until that stops.
#include <cstdio>
#include <exception>

#include <furrow/engine/worker.hpp>

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  try {
    furrow::join_engine(argv[1]);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "joiner: %s\n", error.what());
    return 1;
  }
}
