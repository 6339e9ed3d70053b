// main() of the tests of Windows: a role, or the cases. A prefix of its own keeps them apart.
#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>
#include <cstdio>
#include <cstdlib>
#include <furrow/segment/place.hpp>
#include <stdexcept>
#include <string>

#include "child.hpp"

namespace furrow::test {

Child::Child(const std::vector<std::string>& role_and_arguments) {
  char program[MAX_PATH];
  ::GetModuleFileNameA(nullptr, program, sizeof program);
  std::string line = '"' + std::string(program) + "\" --role " + Place::default_place().prefix;
  for (const std::string& word : role_and_arguments) line += ' ' + word;
  STARTUPINFOA startup{};
  startup.cb = sizeof startup;
  PROCESS_INFORMATION made{};
  if (::CreateProcessA(nullptr, line.data(), nullptr, nullptr, FALSE, 0, nullptr, nullptr, &startup,
                       &made) == 0)
    throw std::runtime_error("cannot start " + line);
  ::CloseHandle(made.hThread);
  process_ = made.hProcess;
}

Child::~Child() {
  if (process_ == nullptr) return;
  kill();
  ::CloseHandle(process_);
}

void Child::kill() {
  ::TerminateProcess(process_, killed);
  ::WaitForSingleObject(process_, 60'000);
}

int Child::wait() {
  if (::WaitForSingleObject(process_, 60'000) != WAIT_OBJECT_0)
    throw std::runtime_error("a child still runs after a minute");
  DWORD code = 0;
  ::GetExitCodeProcess(process_, &code);
  return static_cast<int>(code);
}

Signal::Signal(const std::string& name)
    : event_(::CreateEventA(nullptr, FALSE, FALSE,
                            ("Local\\" + Place::default_place().prefix + name).c_str())) {}

}  // namespace furrow::test

int main(int argc, char** argv) {
  furrow::Place place = furrow::Place::default_place();
  if (argc >= 4 && std::string(argv[1]) == "--role") {
    place.prefix = argv[2];
    furrow::Place::set_default(place);
    try {
      return furrow::test::run_role(argc - 3, argv + 3);
    } catch (const std::exception& error) {
      std::fprintf(stderr, "child: %s\n", error.what());
      return furrow::test::thrown;
    }
  }
  place.prefix = "t" + std::to_string(::GetCurrentProcessId()) + "-";
  furrow::Place::set_default(place);
  return Catch::Session().run(argc, argv);
}
