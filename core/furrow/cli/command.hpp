// furrow/cli/command.hpp
//
// What every verb of the furrow command shares: the global options, how it ends, how it speaks.
//
// Exit     0 done · 1 failed · 2 the command line is wrong in itself · 3 done, and a target that
//          was asked for, such as mc's --error, was not reached · 128 + signal: interrupted
// Output   results on stdout, everything else on stderr, an error as one sentence
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <furrow/array/array.hpp>
#include <furrow/error.hpp>

namespace CLI {
class App;
}

namespace furrow::cli {

inline constexpr int exit_done = 0;
inline constexpr int exit_failed = 1;
inline constexpr int exit_usage = 2;
inline constexpr int exit_missed = 3;
inline constexpr int exit_signal = 128;  // plus the signal's number

/// The command line is wrong, whatever the machine holds.
class UsageError : public Error {
 public:
  using Error::Error;
};

/// A signal ended the work; the text says in what state things are.
class Interrupted : public Error {
 public:
  using Error::Error;
};

/// The global options, and what the verb wants to be done. Lives as long as the program.
struct Command {
  int workers = 0;  // 0: one per granted core
  std::string prefix;
  bool has_prefix = false;
  bool quiet = false;
  bool no_progress = false;
  std::function<int()> run;
};

/// Writes a result. Throws IoError when stdout takes no more.
void print(std::string_view text);

/// "furrow: TEXT" on stderr.
void complain(std::string_view text);

/// The name itself. Throws UsageError for one that no array can have.
const std::string& checked_name(const std::string& name);

/// Attaches; a name that is missing is NotFound with the names that look like it.
AnyArray attach(const std::string& name, Access access);

/// `; did you mean "prices"?`, or nothing when no candidate is near the word.
std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates);

/// Names of the arrays (or engines) there are.
std::vector<std::string> names_of(segment::Kind kind);

// The verbs: each adds itself to the command line, and sets Command::run when it is chosen.
void add_load(CLI::App& app, Command& command);
void add_save(CLI::App& app, Command& command);
void add_append(CLI::App& app, Command& command);
void add_create(CLI::App& app, Command& command);
void add_doctor(CLI::App& app, Command& command);
void add_h5(CLI::App& app, Command& command);
void add_ls(CLI::App& app, Command& command);
void add_info(CLI::App& app, Command& command);
void add_peek(CLI::App& app, Command& command);
void add_rm(CLI::App& app, Command& command);
void add_gc(CLI::App& app, Command& command);
void add_apply(CLI::App& app, Command& command);
void add_eval(CLI::App& app, Command& command);
void add_kernels(CLI::App& app, Command& command);
void add_mc(CLI::App& app, Command& command);
void add_stats(CLI::App& app, Command& command);
void add_worker(CLI::App& app, Command& command);

}  // namespace furrow::cli
