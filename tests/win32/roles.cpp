// What a child does: argv[0] is the role, the rest its arguments.
#include <catch2/catch.hpp>
#include <furrow/array/array.hpp>
#include <furrow/error.hpp>
#include <furrow/os/fault.hpp>
#include <furrow/segment/attributes.hpp>

#include "child.hpp"

namespace furrow::test {
namespace {

CreateOptions with_lifetime(const std::string& name) {
  CreateOptions options;
  options.lifetime = name == "owned" ? Lifetime::owned : Lifetime::persistent;
  return options;
}

// create NAME LIFETIME [FAULT]
int create(char** argv, int argc) {
  if (argc > 3) os::set_fault(argv[3]);
  try {
    Array<double>::create(argv[1], {1000}, with_lifetime(argv[2]));
  } catch (const AlreadyExists&) {
    return 1;
  }
  return 0;
}

// race NAME GATE: when the gate opens, creates; the array is held until the end
int race(char** argv) {
  const std::string gate = "Local\\" + Place::default_place().prefix + argv[2];
  const HANDLE opened = ::OpenEventA(SYNCHRONIZE, FALSE, gate.c_str());
  ::WaitForSingleObject(opened, 60'000);
  try {
    Array<double>::create(argv[1], {1000});
  } catch (const AlreadyExists&) {
    return 1;
  }
  return 0;
}

// hold NAME SIGNAL: attaches, says so, and stays until it is killed
int hold(char** argv) {
  const auto array = Array<double>::attach(argv[1]);
  Signal(argv[2]).send();
  for (;;) ::Sleep(1000);
}

// add NAME ADDRESS: adds 1 to every element, when the data lies at that address
int add(char** argv) {
  auto array = Array<double>::attach(argv[1]);
  if (array.data() != reinterpret_cast<double*>(std::stoull(argv[2]))) return 1;
  for (double& x : array.span()) x += 1;
  return 0;
}

// scribble NAME: writes through a mapping that is read-only, which faults
int scribble(char** argv) {
  AttachOptions options;
  options.access = Access::read_only;
  const auto array = Array<double>::attach(argv[1], options);
  // Without it the system would first show the user what happened.
  ::SetUnhandledExceptionFilter([](EXCEPTION_POINTERS* fault) -> LONG {
    ::TerminateProcess(::GetCurrentProcess(), fault->ExceptionRecord->ExceptionCode);
    return EXCEPTION_EXECUTE_HANDLER;
  });
  *const_cast<volatile double*>(array.data()) = 1;
  return 0;
}

// attributes NAME COUNT [FAULT]: COUNT times a table whose two values are equal
int attributes(char** argv, int argc) {
  if (argc > 3) os::set_fault(argv[3]);
  auto array = Array<double>::attach(argv[1]);
  for (int number = 1; number <= std::stoi(argv[2]); ++number)
    array.set_attributes({{"a", Attribute::integer(number)}, {"b", Attribute::integer(number)}});
  return 0;
}

}  // namespace

int run_role(int argc, char** argv) {
  const std::string role = argv[0];
  if (role == "create") return create(argv, argc);
  if (role == "race") return race(argv);
  if (role == "hold") return hold(argv);
  if (role == "add") return add(argv);
  if (role == "scribble") return scribble(argv);
  if (role == "attributes") return attributes(argv, argc);
  return 98;
}

}  // namespace furrow::test
