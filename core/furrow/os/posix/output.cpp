// What the C library does at the end of a process, and what it holds back until then.
#include <stdio_ext.h>
#include <stdlib.h>

#include <cstdio>

#include <furrow/os/process.hpp>

namespace furrow::os {

void call_at_exit(void (*last)(int code)) noexcept {
  static void (*the_last)(int) = nullptr;
  the_last = last;
  ::on_exit([](int code, void*) { the_last(code); }, nullptr);
}

void drop_output() noexcept {
  ::__fpurge(stdout);
  ::__fpurge(stderr);
}

}  // namespace furrow::os
