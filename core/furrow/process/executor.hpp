// furrow/process/executor.hpp
//
// Tasks in worker processes, as Python's concurrent.futures.ProcessPoolExecutor.
//
//   mp::Executor executor(4);
//   mp::Future<double> f = executor.submit([](int n) { return work(n); }, 7);
//   f.result();
//   for (double r : executor.map(work, numbers)) use(r);
//
// Callables  functions and closures with trivially copyable captures of at most 4 KiB (a pointer
//            among them means nothing in a worker); arguments and results are what cereal can
//            serialise, furrow's arrays by name without a copy
// Workers    started by the constructor, from a small process that is forked while that is safe,
//            and else executed anew (then furrow::initialize comes first in main). Each runs one
//            task at a time, in the order of submission.
// Better     than Python: a worker that dies takes at most its own task with it, and not that when
//            it is repeatable; a task may throw anything, or call std::exit; running tasks can be
//            cancelled and have deadlines; an initializer that fails is BrokenPool at once
// Crash      the parent killed: all workers end, and nothing is left behind
// Errors     InvalidArgument: no workers, chunks of nothing. Closed: submit after shutdown.
//            BrokenPool: the initializer failed. Tasks: task_error.hpp.
// Destructor shutdown(): waits for all that was submitted
// Threads    all functions may be called from any thread; those of a forked child may not
#pragma once

#include <memory>
#include <ranges>
#include <tuple>
#include <utility>

#include <furrow/process/lazy_map.hpp>
#include <furrow/process/worker_options.hpp>

namespace furrow::mp {

struct ExecutorOptions {
  std::optional<std::int64_t> max_workers{};          // empty: the cores granted to this process
  std::optional<std::int64_t> max_tasks_per_child{};  // then a worker is replaced by a fresh one
};

struct ExecutorMapOptions {
  std::int64_t chunk_size = 1;
  Timeout timeout{};   // from the call to the last result
  Timeout deadline{};  // of one chunk, as TaskOptions
  bool repeatable = true;
  /// Chunks submitted and not yet taken; empty: all are submitted at once, as in Python.
  std::optional<std::int64_t> buffer_size{};
};

class Executor {
 public:
  Executor() : Executor(ExecutorOptions{}) {}
  explicit Executor(std::int64_t max_workers) : Executor(ExecutorOptions{max_workers, {}}) {}
  explicit Executor(const ExecutorOptions& options)
      : crew_(process::Crew::start(options_of(options))) {}
  /// Each worker calls initializer(args...) before its first task.
  template <class F, class... Args>
  Executor(const ExecutorOptions& options, F initializer, const Args&... args) {
    const process::Call call = process::make_call(initializer, args...);
    process::CrewOptions crew = options_of(options);
    crew.initializer = &call;
    crew_ = process::Crew::start(crew);
  }
  ~Executor() {
    shutdown();
    crew_->release();
  }
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  template <class F, class... Args>
  requires(!std::is_same_v<std::decay_t<F>, TaskOptions>) auto submit(F&& f, const Args&... args) {
    return submit(TaskOptions{}, std::forward<F>(f), args...);
  }
  template <class F, class... Args>
  auto submit(const TaskOptions& options, F&& f, const Args&... args) {
    using Invoked = process::Invocation<std::decay_t<F>, process::Carried<Args>...>;
    const std::decay_t<F>& callable = f;
    return Future<std::decay_t<typename Invoked::Returned>>(
        crew_->submit(process::make_call(callable, args...),
                      process::limits_of(options.deadline, options.repeatable)));
  }

  /// f on the items of a range, or on those of several side by side, as far as the shortest goes.
  /// The results come in order while they are walked through (lazy_map.hpp); the first error ends
  /// it, and cancels what has not begun.
  template <class F, std::ranges::input_range... Ranges>
  requires(sizeof...(Ranges) > 0) auto map(F f, Ranges&&... ranges) {
    return map(ExecutorMapOptions{}, f, std::forward<Ranges>(ranges)...);
  }
  template <class F, std::ranges::input_range Range>
  auto map(const ExecutorMapOptions& options, F f, Range&& range) {
    return LazyMap<F, Range, false>(crew_, f, std::forward<Range>(range), lazy_options(options));
  }
  template <class F, std::ranges::input_range... Ranges>
  requires(sizeof...(Ranges) > 1) auto map(const ExecutorMapOptions& options, F f,
                                           Ranges&&... ranges) {
    std::vector<std::tuple<process::Carried<std::ranges::range_value_t<Ranges>>...>> items;
    auto ends = std::make_tuple(std::ranges::end(ranges)...);
    auto at = std::make_tuple(std::ranges::begin(ranges)...);
    const auto more = [&]<std::size_t... i>(std::index_sequence<i...>) {
      return ((std::get<i>(at) != std::get<i>(ends)) && ...);
    };
    while (more(std::index_sequence_for<Ranges...>())) {
      std::apply([&](auto&... one) { items.emplace_back(*one...), (++one, ...); }, at);
    }
    return LazyMap<F, decltype(items), true>(crew_, f, std::move(items), lazy_options(options));
  }

  /// No more tasks. Those that have not begun are cancelled where that is asked. Without waiting,
  /// the rest goes on, but not longer than this object lives. With waiting, callbacks have returned
  /// as well, unless it is called in one. May be called again.
  void shutdown(bool wait = true, bool cancel_futures = false) {
    crew_->close();
    if (cancel_futures) crew_->cancel_pending();
    if (wait) crew_->join(Timeout());
  }
  /// Kills all workers now; every future is resolved when it returns (Python's kill_workers).
  void terminate() { crew_->terminate(); }

  std::size_t workers() const noexcept { return crew_->workers(); }
  std::vector<std::uint64_t> worker_pids() const { return crew_->worker_pids(); }

 private:
  static process::CrewOptions options_of(const ExecutorOptions& options) {
    return process::crew_options("executor", options.max_workers, options.max_tasks_per_child);
  }
  static process::LazyOptions lazy_options(const ExecutorMapOptions& options) {
    process::LazyOptions lazy;
    lazy.chunk_items = process::checked_chunk(options.chunk_size);
    lazy.window = options.buffer_size ? process::checked_chunk(*options.buffer_size) : 0;
    lazy.limits = process::limits_of(options.deadline, options.repeatable);
    lazy.deadline = options.timeout;
    lazy.cancel_at_error = true;
    return lazy;
  }

  std::shared_ptr<process::Crew> crew_;
};

}  // namespace furrow::mp
