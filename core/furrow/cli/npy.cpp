#include <furrow/cli/npy.hpp>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <furrow/cli/text.hpp>
#include <furrow/cli/work.hpp>
#include <furrow/io/npy.hpp>

namespace furrow::cli {

bool is_npy(const std::string& address, const std::string& format) {
  if (!format.empty()) return format == "npy";
  return address.ends_with(".npy") && address.find(":/") == std::string::npos;
}

int load_npy(const Command& command, const NpyLoad& arguments) {
  const std::string& name = checked_name(arguments.name);
  npy::LoadOptions options;
  options.replace = arguments.replace;
  if (arguments.fortran == "convert") options.fortran = npy::Fortran::convert;
  if (arguments.fortran == "reversed") options.fortran = npy::Fortran::reversed;
  if (!arguments.rows.empty()) {
    const Rows rows = parse_rows(arguments.rows);
    options.begin = rows.begin;
    options.end = rows.end;
  }
  const npy::Header header = npy::inspect(arguments.file);
  if (header.bytes_behind != 0) {
    spdlog::warn("{} of \"{}\" lie behind its elements and are not looked at",
                 counted(static_cast<std::int64_t>(header.bytes_behind), "byte"), arguments.file);
  }
  const std::int64_t bytes =
      size_of(header.shape) * static_cast<std::int64_t>(item_bytes(header.dtype));
  interruptible("interrupted; nothing was loaded", [&] {
    Work work(command, fmt::format("load {}", name));
    options.job = work.job(static_cast<std::uint64_t>(bytes));
    try {
      npy::LoadReport report;
      npy::load(work.engine(), arguments.file, name, options, &report);
      if (arguments.verbose) {
        complain(fmt::format("loaded by the road \"npy\", in {}", counted(report.blocks, "block")));
      }
    } catch (const InvalidArgument& error) {
      if (!header.fortran_order) throw;
      throw InvalidArgument(
          fmt::format("{} (--fortran convert, --fortran reversed)", error.what()));
    }
  });
  return exit_done;
}

int save_npy(const Command& command, const NpySave& arguments) {
  const AnyArray array = attach(arguments.name, Access::read_only);
  npy::SaveOptions options;
  options.replace = arguments.replace;
  interruptible("interrupted; the file is as it was", [&] {
    Work work(command, fmt::format("save {}", arguments.name));
    options.job = work.job(array.bytes());
    npy::save(work.engine(), array, arguments.file, options);
    if (arguments.verbose) complain("saved by the road \"npy\"");
  });
  const std::size_t attributes = array.attributes().size();
  if (attributes != 0) {
    spdlog::warn("{} of the array {} not in the file: .npy has no place for them",
                 attributes == 1 ? "the attribute" : "the attributes",
                 attributes == 1 ? "is" : "are");
  }
  return exit_done;
}

}  // namespace furrow::cli
