// furrow/process/pool.hpp
//
// A group of worker processes that a function is mapped over, as Python's multiprocessing.Pool.
//
//   mp::Pool pool(4);
//   std::vector<int> squares = pool.map([](int n) { return n * n; }, numbers);
//   auto r = pool.apply_async(slow, 3);       r.get(2s);
//   for (int s : pool.imap_unordered(square, numbers)) use(s);
//
// Callables, arguments, workers, crashes   as executor.hpp says
// Chunks     map cuts its items as Python does: 4 chunks for each worker; imap into single items
// imap       reads its range no faster than results are taken: lazy_map.hpp
// Better     than Python, where these hang: a killed worker costs at most its own chunk, and that
//            is run again; terminate resolves every result, and may be called in a callback; a task
//            that calls std::exit or throws anything fails, and no other
// Errors     InvalidArgument: no processes, chunks of nothing. Closed: a call after close or
//            terminate. InvalidState: join before close. BrokenPool: the initializer failed.
// Destructor terminate(), as the end of Python's with
// Threads    all functions may be called from any thread; those of a forked child may not
#pragma once

#include <memory>
#include <ranges>
#include <utility>
#include <vector>

#include <furrow/process/async_result.hpp>
#include <furrow/process/worker_options.hpp>

namespace furrow::mp {

struct PoolOptions {
  std::optional<std::int64_t> processes{};            // empty: the cores granted to this process
  std::optional<std::int64_t> max_tasks_per_child{};  // tasks or chunks; then a fresh worker comes
};

class Pool {
  template <class F, class Range, bool star>
  using Invoked =
      process::ChunkInvocation<F, process::Carried<std::ranges::range_value_t<Range>>, star>;
  template <class F, class... Args>
  using Returned = std::decay_t<
      typename process::Invocation<std::decay_t<F>, process::Carried<Args>...>::Returned>;

 public:
  Pool() : Pool(PoolOptions{}) {}
  explicit Pool(std::int64_t processes) : Pool(PoolOptions{processes, {}}) {}
  explicit Pool(const PoolOptions& options) : crew_(process::Crew::start(options_of(options))) {}
  /// Each worker calls initializer(args...) before its first task.
  template <class F, class... Args>
  Pool(const PoolOptions& options, F initializer, const Args&... args) {
    const process::Call call = process::make_call(initializer, args...);
    process::CrewOptions crew = options_of(options);
    crew.initializer = &call;
    crew_ = process::Crew::start(crew);
  }
  ~Pool() {
    crew_->terminate();
    crew_->release();
  }
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  template <class F, class... Args>
  requires(!std::is_same_v<std::decay_t<F>, TaskOptions>) auto apply(F&& f, const Args&... args) {
    return apply_async(TaskOptions{}, std::forward<F>(f), args...).get();
  }
  template <class F, class... Args>
  auto apply(const TaskOptions& options, F&& f, const Args&... args) {
    return apply_async(options, std::forward<F>(f), args...).get();
  }
  template <class F, class... Args>
  requires(!std::is_same_v<std::decay_t<F>, TaskOptions>) auto apply_async(F&& f,
                                                                           const Args&... args) {
    return apply_async(TaskOptions{}, std::forward<F>(f), args...);
  }
  template <class F, class... Args>
  AsyncResult<Returned<F, Args...>> apply_async(const TaskOptions& options, F&& f,
                                                const Args&... args) {
    const std::decay_t<F>& callable = f;
    return AsyncResult<Returned<F, Args...>>(
        {{crew_->submit(process::make_call(callable, args...),
                        process::limits_of(options.deadline, options.repeatable)),
          0}});
  }

  /// The results in the order of the items; of a function that returns nothing, none.
  template <class F, std::ranges::input_range Range>
  auto map(F f, Range&& items, const MapOptions& options = {}) {
    return map_async(f, items, options).get();
  }
  template <class F, std::ranges::input_range Range>
  auto map_async(F f, Range&& items, const MapOptions& options = {}) {
    return cut<false>(f, items, options);
  }
  /// Items are tuples or pairs: the callable gets their elements as arguments.
  template <class F, std::ranges::input_range Range>
  auto starmap(F f, Range&& items, const MapOptions& options = {}) {
    return starmap_async(f, items, options).get();
  }
  template <class F, std::ranges::input_range Range>
  auto starmap_async(F f, Range&& items, const MapOptions& options = {}) {
    return cut<true>(f, items, options);
  }

  /// The results as they are wanted, in the order of the items.
  template <class F, std::ranges::input_range Range>
  auto imap(F f, Range&& items, const MapOptions& options = {}) {
    return lazy<F, Range>(f, std::forward<Range>(items), options, true);
  }
  /// As they come.
  template <class F, std::ranges::input_range Range>
  auto imap_unordered(F f, Range&& items, const MapOptions& options = {}) {
    return lazy<F, Range>(f, std::forward<Range>(items), options, false);
  }

  /// No more calls; workers end after what they were given, and an imap that began goes on.
  void close() { crew_->close(); }
  /// Kills the workers; every result is resolved when it returns.
  void terminate() { crew_->terminate(); }
  /// Waits for the workers of a closed pool to end and for callbacks to return (in a callback not
  /// for these); false when the time ran out.
  bool join(Timeout timeout = {});

  std::size_t processes() const noexcept { return crew_->workers(); }
  std::vector<std::uint64_t> worker_pids() const { return crew_->worker_pids(); }

 private:
  static process::CrewOptions options_of(const PoolOptions& options) {
    return process::crew_options("pool", options.processes, options.max_tasks_per_child);
  }

  template <bool star, class F, class Range>
  auto cut(const F& f, Range& items, const MapOptions& options) {
    using Item = process::Carried<std::ranges::range_value_t<Range>>;
    using Calls = Invoked<F, Range, star>;
    using Result = std::conditional_t<std::is_void_v<typename Calls::Returned>, void,
                                      process::ChunkResults<typename Calls::Result>>;
    const process::TaskLimits limits = process::limits_of(options.deadline, options.repeatable);
    if constexpr (std::ranges::sized_range<Range>) {
      const auto size = static_cast<std::size_t>(std::ranges::size(items));
      const std::size_t chunk = options.chunk_size ? process::checked_chunk(*options.chunk_size)
                                                   : process::chunk_for(size, crew_->workers());
      std::vector<process::TaskOf> tasks;
      auto at = std::ranges::begin(items);
      for (std::size_t done = 0; done < size;) {
        process::ChunkBuilder<F, Item, star> builder(f, done);
        for (; builder.count() < chunk && done < size; ++done, ++at) builder.add(*at);
        const std::size_t count = builder.count();
        tasks.push_back({crew_->submit(builder.finish(), limits), count});
      }
      return AsyncResult<Result>(std::move(tasks));
    } else {  // their number decides how they are cut
      std::vector<Item> all;
      for (auto&& item : items) all.emplace_back(item);
      return cut<star>(f, all, options);
    }
  }

  template <class F, class Range>
  auto lazy(F f, Range&& items, const MapOptions& options, bool ordered) {
    process::LazyOptions lazy;
    lazy.chunk_items = process::checked_chunk(options.chunk_size.value_or(1));
    lazy.window = 2 * crew_->workers() + 2;
    lazy.ordered = ordered;
    lazy.read_by_join = true;
    lazy.limits = process::limits_of(options.deadline, options.repeatable);
    return LazyMap<F, Range, false>(crew_, f, std::forward<Range>(items), lazy);
  }

  std::shared_ptr<process::Crew> crew_;
};

}  // namespace furrow::mp
