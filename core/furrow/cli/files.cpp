// furrow load, furrow save, furrow append
#include <memory>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include <furrow/cli/command.hpp>
#include <furrow/cli/npy.hpp>
#include <furrow/cli/saving.hpp>
#include <furrow/cli/selection.hpp>
#include <furrow/cli/text.hpp>
#include <furrow/cli/verb.hpp>
#include <furrow/cli/work.hpp>
#include <furrow/io/dimensions.hpp>
#include <furrow/io/hdf5.hpp>

namespace furrow::cli {
namespace {

struct LoadArguments {
  std::string address;
  std::string name;
  SelectionText part;
  std::string dtype;
  bool external = false;
  bool replace = false;
  bool verbose = false;
  std::string format;
  std::string fortran;
};

int load(const Command& command, const LoadArguments& arguments) {
  if (is_npy(arguments.address, arguments.format)) {
    if (!arguments.part.select.empty() || !arguments.part.take.empty() || arguments.external ||
        !arguments.dtype.empty()) {
      throw UsageError("--select, --take, --dtype and --external are for HDF5 files");
    }
    return load_npy(command, {arguments.address, arguments.name, arguments.part.rows,
                              arguments.fortran, arguments.replace, arguments.verbose});
  }
  if (!arguments.fortran.empty()) throw UsageError("--fortran is for .npy files");
  const Address from = parse_address(arguments.address);
  const std::string& name = checked_name(arguments.name);
  hdf5::LoadOptions options;
  parse_selection(arguments.part, options);
  if (!arguments.dtype.empty()) options.dtype = parse_dtype(arguments.dtype);
  options.convert = true;
  options.replace = arguments.replace;
  options.external = arguments.external;
  interruptible("interrupted; nothing was loaded", [&] {
    Work work(command, fmt::format("load {}", name));
    const hdf5::DatasetInfo there =
        hdf5::info(work.engine(), from.file, from.dataset, options.external);
    options.job = work.job(static_cast<std::uint64_t>(selected_size(options, there.shape)) *
                           item_bytes(there.dtype));
    hdf5::LoadReport report;
    hdf5::load(work.engine(), from.file, from.dataset, name, options, &report);
    for (const std::string& skipped : report.skipped_attributes) {
      spdlog::warn("the attribute \"{}\" is of a type that is not kept", skipped);
    }
    if (arguments.verbose) {
      complain(fmt::format("loaded by the road \"{}\", in {}", report.road,
                           counted(report.blocks, "block")));
    }
  });
  return exit_done;
}

struct SaveArguments {
  std::string name;
  std::string address;
  SavingText how;
  bool no_scales = false;
  bool verbose = false;
  std::string format;
};

/// Scales of the axes, each of which is a dataset in the file.
std::vector<std::string> scales_of(const Attributes& attributes) {
  std::vector<std::string> names;
  for (const auto& scales : dimensions_of(attributes).scales) {
    for (const Scale& scale : scales) names.push_back(scale.name);
  }
  return names;
}

void tell(const hdf5::SaveReport& report, const Attributes& attributes) {
  std::string text = words_of(report);
  const std::vector<std::string> scales = scales_of(attributes);
  if (!scales.empty()) {
    text += fmt::format("; beside it, as {} of its own: \"{}\"",
                        scales.size() == 1 ? "a dataset" : "datasets", fmt::join(scales, "\", \""));
  }
  complain(text);
}

/// Labels stay: they are no datasets.
void drop_scales(Attributes& attributes) {
  Dimensions dimensions = take_dimensions(attributes);
  dimensions.scales.clear();
  put_dimensions(attributes, dimensions);
}

int save(const Command& command, const SaveArguments& arguments) {
  if (is_npy(arguments.address, arguments.format)) {
    if (arguments.how.asks_for_chunks() || arguments.no_scales) {
      throw UsageError(
          ".npy files are neither compressed nor in chunks, and have no scales (leave --gzip, "
          "--shuffle, --no-checksum, --chunk, --growable, --no-scales)");
    }
    return save_npy(command,
                    {arguments.name, arguments.address, arguments.how.replace, arguments.verbose});
  }
  const Address to = parse_address(arguments.address);
  hdf5::SaveOptions options = parse_saving(arguments.how);
  const AnyArray array = attach(arguments.name, Access::read_only);
  options.attributes = attributes_of_view(array);
  if (arguments.no_scales) drop_scales(*options.attributes);
  interruptible("interrupted; the file is as it was", [&] {
    Work work(command, fmt::format("save {}", arguments.name));
    options.job = work.job(array.bytes());
    hdf5::SaveReport report;
    hdf5::save(work.engine(), array, to.file, to.dataset, options, &report);
    tell_without_effect(options, report);
    if (arguments.verbose) tell(report, *options.attributes);
  });
  return exit_done;
}

struct AppendArguments {
  std::string name;
  std::string address;
  bool verbose = false;
};

int append(const Command& command, const AppendArguments& arguments) {
  const Address to = parse_address(arguments.address);
  const AnyArray array = attach(arguments.name, Access::read_only);
  interruptible("interrupted; the file is as it was", [&] {
    Work work(command, fmt::format("append {}", arguments.name));
    hdf5::AppendOptions options;
    options.job = work.job(array.bytes());
    hdf5::SaveReport report;
    hdf5::append(work.engine(), array, to.file, to.dataset, options, &report);
    if (arguments.verbose) tell(report, {});
  });
  return exit_done;
}

}  // namespace

void add_load(CLI::App& app, Command& command) {
  auto arguments = std::make_shared<LoadArguments>();
  const Verb verb = add_verb(app, "load", "Load an HDF5 dataset, or a .npy file, into a new array");
  verb.option("FILE.h5:/dataset", arguments->address, "The dataset, or FILE.npy").required();
  verb.option("NAME", arguments->name, "Name of the new array").required();
  verb.option("--rows", arguments->part.rows, "A:B[:S], from row A to before row B, every S-th");
  verb.option("--select", arguments->part.select, "The same for each axis, as in 0:10,::2");
  verb.option("--take", arguments->part.take, "These rows in this order, as in 3,10:20,3");
  verb.option("--dtype", arguments->dtype, "Convert the elements on their way, as `cast` does");
  verb.flag("--external", arguments->external,
            "Follow links into other files, and read elements that lie in others");
  verb.flag("--replace", arguments->replace,
            "An array of that name goes first, unless somebody is attached to it");
  verb.flag("--verbose", arguments->verbose, "Say which road the load took");
  verb.option("--format", arguments->format, "What the name does not say: hdf5 or npy")
      .one_of({"hdf5", "npy"});
  verb.option("--fortran", arguments->fortran,
              "A .npy file in Fortran order: convert (elements keep their indices) or reversed "
              "(bytes keep their order, axes are reversed)")
      .one_of({"convert", "reversed"});
  verb.on_chosen([&command, arguments] {
    command.run = [&command, arguments] { return load(command, *arguments); };
  });
}

void add_save(CLI::App& app, Command& command) {
  auto arguments = std::make_shared<SaveArguments>();
  const Verb verb = add_verb(
      app, "save", "Save an array as an HDF5 dataset (what else the file holds stays), or as .npy");
  verb.option("NAME", arguments->name, "Name of the array").required();
  verb.option("FILE.h5:/dataset", arguments->address, "The dataset to be made, or FILE.npy")
      .required();
  add_saving_options(verb, arguments->how, "");
  verb.flag("--no-scales", arguments->no_scales,
            "Without the scales of its axes (furrow info shows dims.0, …), which are datasets of "
            "their own beside it");
  verb.flag("--replace", arguments->how.replace, "A dataset, or .npy file, of that name goes");
  verb.flag("--verbose", arguments->verbose, "Say which road the save took");
  verb.option("--format", arguments->format, "What the name does not say: hdf5 or npy")
      .one_of({"hdf5", "npy"});
  verb.on_chosen([&command, arguments] {
    command.run = [&command, arguments] { return save(command, *arguments); };
  });
}

void add_append(CLI::App& app, Command& command) {
  auto arguments = std::make_shared<AppendArguments>();
  const Verb verb =
      add_verb(app, "append", "Append an array's rows to an HDF5 dataset that can grow");
  verb.option("NAME", arguments->name, "Name of the array").required();
  verb.option("FILE.h5:/dataset", arguments->address, "The dataset").required();
  verb.flag("--verbose", arguments->verbose, "Say which road the rows took");
  verb.footer(
      "The file changes whole or not at all: all of it is copied, so each append takes the time\n"
      "and the free space of a copy of the whole file. Append few times, and much at once.");
  verb.on_chosen([&command, arguments] {
    command.run = [&command, arguments] { return append(command, *arguments); };
  });
}

}  // namespace furrow::cli
