// verify: planned by one worker, read by all of them.
#include <filesystem>
#include <set>
#include <system_error>
#include <utility>

#include <furrow/error.hpp>
#include <furrow/io/absolute_path.hpp>
#include <furrow/io/hdf5/ask.hpp>
#include <furrow/io/hdf5/object.hpp>
#include <furrow/io/hdf5/verify_plan.hpp>

namespace furrow::hdf5 {
namespace {

constexpr std::size_t answer_bytes = std::size_t{1} << 20;

struct Plan {
  os::FileStamp stamp;
  std::vector<PlannedDataset> datasets;
  std::vector<ObjectInfo> unreadable;
};

void put_planned(WireWriter& wire, const PlannedDataset& planned) {
  put_info(wire, planned.info);
  wire.put(planned.kind);
  wire.put(planned.places);
  wire.put(planned.file_offset);
  wire.put(planned.rows);
  wire.put<std::uint64_t>(planned.offsets.size());
  for (const std::int64_t offset : planned.offsets) wire.put(offset);
  wire.text(planned.skipped);
  wire.put(planned.without);
}

PlannedDataset get_planned(WireReader& wire) {
  PlannedDataset planned;
  planned.info = get_info(wire);
  planned.kind = wire.get<PlaceKind>();
  planned.places = wire.get<std::uint64_t>();
  planned.file_offset = wire.get<std::uint64_t>();
  planned.rows = wire.get<std::int64_t>();
  for (auto left = wire.get<std::uint64_t>(); left != 0; --left) {
    planned.offsets.push_back(wire.get<std::int64_t>());
  }
  planned.skipped = wire.text();
  planned.without = wire.get<std::uint32_t>();
  return planned;
}

/// In a worker. Attributes are read, for they may be torn, and not kept.
void answer_plan(WireReader wire, WireWriter& out) {
  const std::string name = wire.text();
  const std::string path = wire.text();
  const auto chunk_bytes_max = wire.get<std::uint64_t>();
  const OpenFile open = open_to_read(name);
  out.put(open.stamp);
  walk(open.file.get(), name, path, [&](ObjectInfo&& info, hid_t object) {
    PlannedDataset planned;
    planned.info = std::move(info);
    if (object >= 0) add_attributes(object, planned.info);
    planned.info.attributes.clear();
    planned.info.foreign_attributes.clear();
    if (planned.info.kind == ObjectKind::dataset && planned.info.error.empty()) {
      try {
        plan_dataset(object, open.stamp.bytes, chunk_bytes_max, planned);
      } catch (const Error& error) {
        planned.info.error = error.what();
        planned.places = 0;
      }
    }
    if (planned.info.kind != ObjectKind::dataset && planned.info.error.empty()) return true;
    out.put(true);
    put_planned(out, planned);
    return true;
  });
  out.put(false);
}

Plan read_plan(WireReader wire) {
  Plan plan;
  plan.stamp = wire.get<os::FileStamp>();
  while (wire.get<bool>()) {
    PlannedDataset planned = get_planned(wire);
    if (!planned.info.error.empty()) {
      plan.unreadable.push_back(std::move(planned.info));
    } else {
      plan.datasets.push_back(std::move(planned));
    }
  }
  return plan;
}

std::string checksum_of(const ObjectInfo& info) {
  std::string checksum;
  for (const Filter& filter : info.filters) {
    if (filter.name == "fletcher32") return filter.name;
    if (filter.name == "gzip") checksum = "gzip's adler32";
  }
  return checksum;
}

std::vector<VerifiedDataset> overview(const Plan& plan) {
  std::vector<VerifiedDataset> datasets;
  for (const PlannedDataset& planned : plan.datasets) {
    VerifiedDataset d;
    d.path = planned.info.path;
    d.stored_bytes = planned.info.stored_bytes;
    d.places = planned.places;
    d.checksum = checksum_of(planned.info);
    d.skipped = planned.skipped;
    datasets.push_back(std::move(d));
  }
  return datasets;
}

/// What was not read, of each dataset.
void add_skipped(PlanHeader& table, const Plan& plan, VerifyReport& report) {
  for (std::uint64_t i = 0; i < plan.datasets.size(); ++i) {
    const PlannedDataset& planned = plan.datasets[i];
    if (planned.without != 0) {
      const bool unread = std::atomic_ref(table.dataset(i).unread).load() != 0;
      report.datasets[i].skipped = unread ? "some of its chunks, " + planned.skipped : "";
    }
    const std::string& layout = planned.info.layout;
    if (report.datasets[i].skipped.empty()) {
      report.bytes += planned.info.stored_bytes;
    } else if (layout == "virtual" || layout == "external") {
      ++report.elsewhere_count;
    } else {
      ++report.skipped_count;
    }
  }
}

void add_findings(PlanHeader& table, const Plan& plan, VerifyReport& report) {
  for (std::uint64_t i = 0; i < table.blocks; ++i) {
    const Progress progress = Progress::of(table.block(i).progress.load());
    report.torn_count += progress.torn;
    report.unchecked_count += progress.unchecked;
  }
  report.gave_up = table.crashes.load() >= table.crashes_max;
  const std::uint64_t entries = std::min(table.torn_entries.load(), table.torn_max);
  std::set<std::pair<std::uint64_t, std::uint64_t>> seen;  // a note may be written twice by a crash
  std::vector<std::pair<std::pair<std::uint64_t, std::uint64_t>, TornPlace>> places;
  for (std::uint64_t i = 0; i < entries; ++i) {
    const TornEntry& entry = table.torn(i);
    const bool complete = entry.complete.load(std::memory_order_acquire) != 0;
    if (!complete || !seen.emplace(entry.dataset, entry.place).second) continue;
    const PlannedDataset& planned = plan.datasets[static_cast<std::size_t>(entry.dataset)];
    const ObjectInfo& info = planned.info;
    PlaceBox box = box_of(
        {planned.kind, info.shape, info.chunk, planned.rows, planned.offsets.data(), info.bytes},
        entry.place);
    TornPlace place{info.path, std::move(box.first), std::move(box.second),
                    std::string(entry.reason, entry.reason_bytes), entry.crashed != 0};
    places.emplace_back(std::pair(entry.dataset, entry.place), std::move(place));
  }
  std::sort(places.begin(), places.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  for (auto& [where, place] : places) {
    ++report.datasets[static_cast<std::size_t>(where.first)].torn;
    report.torn.push_back(std::move(place));
  }
}

/// Workers may stand in another folder; the last link is followed here.
std::string resolved(const std::string& file) {
  const std::string name = absolute_path(file);
  std::error_code error;
  const std::filesystem::path path = std::filesystem::canonical(name, error);
  return error ? name : path.string();
}

}  // namespace

VerifyReport verify(Engine& engine, const std::string& file, const std::string& object,
                    const VerifyOptions& options) {
  const std::string name = resolved(file);
  const std::string asked = "cannot verify \"" + file + "\"";
  WireWriter request;
  request.text(name);
  request.text(object_path(object));
  request.put(options.chunk_bytes_max);
  // How far planning is, nobody knows; the time that is left belongs to reading.
  JobOptions planning = options.job;
  if (planning.watch) planning.watch = [&options](double) { return options.job.watch(0); };
  const Plan plan = ask(
      engine, request, answer_bytes,
      [](WireReader wire, WireWriter& out) { answer_plan(wire, out); },
      [](WireReader wire) { return read_plan(wire); }, planning, asked);
  VerifyReport report;
  report.datasets = overview(plan);
  report.unreadable = plan.unreadable;
  const AnyArray memory = make_table(plan.datasets, plan.stamp, options);
  auto* const table = static_cast<PlanHeader*>(memory.data());
  for (std::uint64_t crashes = 0;;) {
    const Mailbox box(Place::default_place(), request, 0);
    Mail* const mail = box.mail();
    const auto closure = [mail, table](std::int64_t block) {
      guard(*mail, [&] {
        verify_block(*table, request_of(*mail).text(), static_cast<std::uint64_t>(block));
      });
    };
    try {
      run(engine, box, static_cast<std::int64_t>(table->blocks), closure, options.job, asked);
      break;
    } catch (const WorkerDied&) {
      // Several places of one block have killed: the job is over, and the next one goes on.
      if (std::exchange(crashes, table->crashes.load()) == table->crashes.load()) throw;
    }
  }
  add_skipped(*table, plan, report);
  add_findings(*table, plan, report);
  return report;
}

}  // namespace furrow::hdf5
