// furrow create
#include <memory>
#include <span>

#include <fmt/format.h>

#include <furrow/cli/command.hpp>
#include <furrow/cli/number.hpp>
#include <furrow/cli/text.hpp>
#include <furrow/cli/verb.hpp>
#include <furrow/cli/work.hpp>
#include <furrow/os/process.hpp>

namespace furrow::cli {
namespace {

struct Options {
  std::string name;
  std::string dtype;
  std::string shape;
  std::string fill;
  bool owned = false;
};

void fill(const Command& command, const AnyArray& array, const Value& value) {
  interruptible("interrupted; the array was not made", [&] {
    Work work(command, fmt::format("create {}", array.name()));
    work.engine()
        .apply_async("fill", array, std::span(&value, 1), {}, work.job(array.bytes()))
        .get();
  });
}

// Until a signal comes: an owned array goes with its last holder, and this is the first.
void hold(const Command& command, const std::string& name) {
  if (!command.quiet) print(fmt::format("holding {} until interrupted\n", name));
  const int interrupt = os::interrupt_descriptor();
  while (!os::interrupted()) os::wait_ready(std::span(&interrupt, 1), -1);
}

int create(const Command& command, const Options& options) {
  const Dtype dtype = parse_dtype(options.dtype);
  const Shape shape = parse_extents(options.shape, "--shape");
  std::optional<Value> value;
  if (!options.fill.empty()) {
    value = parse_number(options.fill);
    if (!value) throw UsageError(fmt::format("--fill {} is no number", options.fill));
  }
  CreateOptions how;
  how.lifetime = options.owned ? Lifetime::owned : Lifetime::persistent;
  how.publish = !value;  // with --fill it appears with its values, or not at all
  const AnyArray array = AnyArray::create(checked_name(options.name), dtype, shape, how);
  if (value) fill(command, array, *value);
  if (os::interrupted()) throw Interrupted("interrupted; the array was not made");
  array.segment()->publish();
  if (options.owned) hold(command, options.name);
  return exit_done;
}

}  // namespace

void add_create(CLI::App& app, Command& command) {
  auto options = std::make_shared<Options>();
  const Verb verb = add_verb(app, "create", "Make a new array of zeros");
  verb.option("NAME", options->name, "Name of the array").required();
  verb.option("--dtype", options->dtype,
              "Element type: bool i8..i64 u8..u64 f16 f32 f64 "
              "c64 c128")
      .required();
  verb.option("--shape", options->shape, "Extents, as in 1000,64 (\"\": a single number)")
      .required();
  verb.option("--fill", options->fill, "Every element's value (complex as 1+2j)");
  verb.flag("--owned", options->owned,
            "The array goes with its last holder: stay and hold it until interrupted (then "
            "the exit code is 0)");
  verb.on_chosen([&command, options] {
    command.run = [&command, options] { return create(command, *options); };
  });
}

}  // namespace furrow::cli
