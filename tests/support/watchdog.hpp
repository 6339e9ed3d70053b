// tests/support/watchdog.hpp
//
// Aborts a test program that hangs, with a sentence that names the test case.
//
// Limit   FURROW_TEST_WATCHDOG seconds, else furrow_add_test's TIMEOUT, else 120; 0 is off
// How     alarm(2): no thread, because a process with threads may not start workers by fork, and
//         a child does not inherit it
#pragma once

namespace furrow::test {

void arm_watchdog();

/// The case that runs now, for the message; the limit counts from here again.
void watchdog_case(const char* name);

}  // namespace furrow::test
