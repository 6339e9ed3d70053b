// furrow apply
#include <cmath>
#include <map>
#include <memory>

#include <fmt/format.h>

#include <furrow/cli/command.hpp>
#include <furrow/cli/kernel_call.hpp>
#include <furrow/cli/number.hpp>
#include <furrow/cli/verb.hpp>
#include <furrow/cli/work.hpp>

namespace furrow::cli {
namespace {

struct Arguments {
  std::string kernel;
  std::string name;
  std::vector<std::string> words;
  std::vector<std::string> with;
};

// The further inputs. A name that stands twice is one array with one address: kernels may read
// what they write, but only in the same place.
std::vector<AnyArray> attach_more(const AnyArray& x, const std::vector<std::string>& names) {
  std::map<std::string, AnyArray> known{{x.name(), x}};
  std::vector<AnyArray> more;
  for (const std::string& name : names) {
    if (known.count(name) == 0) known[name] = attach(name, Access::read_only);
    more.push_back(known[name]);
  }
  return more;
}

std::string result_text(kernels::ResultKind kind, const kernels::ReduceResult& result) {
  using kernels::ResultKind;
  switch (kind) {
    case ResultKind::signed_integer: return fmt::format("{}\n", result.i64);
    case ResultKind::unsigned_integer: return fmt::format("{}\n", result.u64);
    case ResultKind::boolean: return result.u64 != 0 ? "true\n" : "false\n";
    case ResultKind::complex: {
      const std::complex<double> value(result.f64[0], result.f64[1]);
      return element_text(Dtype::c128, &value) + "\n";
    }
    case ResultKind::moments: {
      const double variance = result.f64[1] / (static_cast<double>(result.u64) - 1);
      return fmt::format("count {}\nmean {}\nvariance {}\n", result.u64,
                         plain_number(result.f64[0]),
                         plain_number(result.u64 > 1 ? variance : std::nan("")));
    }
    default: return plain_number(result.f64[0]) + "\n";
  }
}

int reduce(const Command& command, const Arguments& arguments, const KernelCall& call) {
  const AnyArray x = attach(arguments.name, Access::read_only);
  const std::vector<AnyArray> more = attach_more(x, call.more);
  kernels::ResultKind kind = kernels::ResultKind::real;
  std::vector<Dtype> dtypes{x.dtype()};
  for (const AnyArray& array : more) dtypes.push_back(array.dtype());
  if (const auto* variant = kernels::find_variant(*call.kernel, dtypes, Dtype::none)) {
    kind = variant->reduce.result;
  }
  const auto result = interruptible("interrupted; nothing was changed", [&] {
    Work work(command, fmt::format("apply {} {}", arguments.kernel, arguments.name));
    const JobOptions options = work.job(x.bytes() * (1 + more.size()));
    return work.engine()
        .reduce_async(arguments.kernel, x, more.empty() ? AnyArray() : more[0], options)
        .get();
  });
  print(result_text(kind, result));
  return exit_done;
}

int apply(const Command& command, const Arguments& arguments) {
  checked_name(arguments.name);
  const KernelCall call =
      parse_call(find_kernel(arguments.kernel), arguments.words, arguments.with);
  if (call.kernel->family == kernels::Family::reduce) return reduce(command, arguments, call);
  const AnyArray x = attach(arguments.name, Access::read_write);
  const std::vector<AnyArray> more = attach_more(x, call.more);
  const std::string sentence = fmt::format(
      "interrupted; some tiles of \"{}\" are done, the others are as they were", arguments.name);
  interruptible(sentence, [&] {
    Work work(command, fmt::format("apply {} {}", arguments.kernel, arguments.name));
    const JobOptions options = work.job(x.bytes() * (1 + call.kernel->input_count));
    work.engine().apply_async(arguments.kernel, x, call.parameters, more, options).get();
  });
  return exit_done;
}

}  // namespace

void add_apply(CLI::App& app, Command& command) {
  auto arguments = std::make_shared<Arguments>();
  const Verb verb =
      add_verb(app, "apply", "Run a kernel on an array, in place; a reduction prints its result");
  verb.option("KERNEL", arguments->kernel, "Name of the kernel (furrow kernels)").required();
  verb.option("NAME", arguments->name, "Name of the array: the kernel's output and input x")
      .required();
  verb.option("ARGS", arguments->words,
              "Numbers are the kernel's parameters, other words its further arrays, in its "
              "order; by name as a=2.5, y=OTHER");
  verb.option("--with", arguments->with, "A further array; may be given again").repeatable();
  verb.footer(
      "  furrow apply affine prices 2 -1             prices = 2*prices - 1\n"
      "  furrow apply axpby prices 0.5 0.5 volumes   prices = 0.5*prices + 0.5*volumes\n"
      "  furrow apply random_normal noise seed=7 std=0.1\n"
      "  furrow apply scale waves 1+2j               a complex parameter\n"
      "  furrow apply dot prices --with volumes      prints a number\n"
      "Interrupted, the array consists of whole tiles, some done, the others as they were.");
  verb.on_chosen([&command, arguments] {
    command.run = [&command, arguments] { return apply(command, *arguments); };
  });
}

}  // namespace furrow::cli
