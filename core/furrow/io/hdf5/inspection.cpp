#include <furrow/io/hdf5/inspection.hpp>

#include <algorithm>
#include <list>
#include <mutex>
#include <optional>
#include <system_error>
#include <utility>

#include <furrow/error.hpp>
#include <furrow/io/hdf5/source.hpp>
#include <furrow/io/hdf5/work.hpp>
#include <furrow/os/clock.hpp>
#include <furrow/os/fault.hpp>

namespace furrow::hdf5 {
namespace {

constexpr std::size_t answer_bytes = std::size_t{64} << 10;
constexpr std::size_t kept_max = 32;

// Times of files go on in steps, at most these long: the kernel's tick, and whole seconds on some
// file systems.
constexpr std::int64_t tick_ns = 50'000'000;
constexpr std::int64_t second_ns = 1'000'000'000;

/// In a worker.
void answer_inspection(Mail& mail) {
  guard(mail, [&mail] {
    const QuietErrors quiet;
    WireReader request = request_of(mail);
    const std::string file = request.text();
    const std::string dataset = request.text();
    os::fault_point("io.load.inspect");
    const Source source(file, dataset, request.get<bool>());
    const ReadAttributes attributes = read_object_attributes(source.dataset());
    WireWriter answer;
    answer.text(source.file());
    answer.text(source.path());
    answer.put(source.description());
    answer.attributes(attributes.kept);
    answer.texts(attributes.skipped);
    const std::vector<std::uint64_t> chunks = source.plain_chunks(own_bytes_max);
    answer.put(static_cast<std::uint64_t>(chunks.size()));
    for (const std::uint64_t offset : chunks) answer.put(offset);
    post_answer(mail, answer);
  });
}

Inspected read_answer(WireReader answer) {
  Inspected result;
  result.file = answer.text();
  result.dataset = answer.text();
  result.description = answer.get<Description>();
  result.attributes.kept = answer.attributes();
  result.attributes.skipped = answer.texts();
  result.chunk_offsets.resize(answer.get<std::uint64_t>());
  for (std::uint64_t& offset : result.chunk_offsets) offset = answer.get<std::uint64_t>();
  return result;
}

// The last that were used first. Forked children have a copy, in which nothing is shared.
struct Kept {
  std::mutex mutex;
  std::list<Inspected> answers;
};
Kept& kept() {
  static Kept* const one = new Kept;  // never destroyed: loads may go on at the end of a process
  return *one;
}

bool same_place(const Inspected& inspected, const Question& question) {
  return inspected.file == question.file && inspected.dataset == question.dataset;
}

/// A change from `asked_ns` on has another time than the stamp.
bool settled(const os::FileStamp& stamp, std::int64_t asked_ns) {
  const bool whole_seconds = stamp.modified_ns % second_ns == 0;
  return asked_ns - stamp.modified_ns > (whole_seconds ? 3 * second_ns : tick_ns);
}

std::optional<Inspected> recall(const Question& question) {
  Kept& k = kept();
  // Not waited for: in a forked child a thread that is not there may have it.
  const std::unique_lock lock(k.mutex, std::try_to_lock);
  if (!lock) return {};
  const auto found = std::find_if(k.answers.begin(), k.answers.end(), [&](const Inspected& answer) {
    return same_place(answer, question);
  });
  if (found == k.answers.end()) return {};
  std::error_code error;
  const os::FileStamp now = os::stamp_of(question.file, error);
  if (error || now != found->description.stamp) {
    k.answers.erase(found);
    return {};
  }
  k.answers.splice(k.answers.begin(), k.answers, found);
  return *found;
}

void keep(const Inspected& inspected, const Question& question, std::size_t bytes,
          std::int64_t asked_ns) {
  const Description& d = inspected.description;
  if (!same_place(inspected, question) || road_of(d) == Road::blocks || bytes > answer_bytes ||
      !settled(d.stamp, asked_ns)) {
    return;
  }
  Kept& k = kept();
  const std::unique_lock lock(k.mutex, std::try_to_lock);
  if (!lock) return;
  k.answers.remove_if([&](const Inspected& answer) { return same_place(answer, question); });
  k.answers.push_front(inspected);
  if (k.answers.size() > kept_max) k.answers.pop_back();
}

}  // namespace

Answer inspect(Engine& engine, const Question& question, const Place& place,
               const JobOptions& job) {
  WireWriter request;
  request.text(question.file);
  request.text(question.dataset);
  request.put(question.external);
  for (std::size_t capacity = answer_bytes;;) {
    const std::int64_t asked_ns = os::realtime_ns();
    auto box = std::make_unique<Mailbox>(place, request, capacity);
    Mail* const mail = box->mail();
    run(
        engine, *box, 1, [mail](std::int64_t) { answer_inspection(*mail); }, bounded(job),
        "cannot read " + quoted(question.file, question.dataset));
    box->ended();
    if (box->fits()) {
      Answer answer{read_answer(box->answer()), nullptr};
      keep(answer.inspected, question, box->answer_bytes(), asked_ns);
      if (same_place(answer.inspected, question)) answer.box = std::move(box);
      return answer;
    }
    capacity = static_cast<std::size_t>(box->answer_bytes());
  }
}

Answer inspect_or_recall(Engine& engine, const Question& question, const Place& place,
                         const JobOptions& job) {
  // A deadline is asked for where a disk may hang: then the caller does not touch it.
  if (job.deadline_ns == 0) {
    if (std::optional<Inspected> there = recall(question)) return {std::move(*there), nullptr};
  }
  return inspect(engine, question, place, job);
}

}  // namespace furrow::hdf5
