// Locks, queues and values: furrow's beside pthread, POSIX semaphores, futexes and pipes.
#include <pthread.h>
#include <semaphore.h>
#include <sys/mman.h>

#include <array>
#include <atomic>
#include <cstring>
#include <mutex>
#include <new>

#include <furrow/os/futex.hpp>
#include <furrow/sync/barrier.hpp>
#include <furrow/sync/condition.hpp>
#include <furrow/sync/event.hpp>
#include <furrow/sync/lock.hpp>
#include <furrow/sync/queue.hpp>
#include <furrow/sync/semaphore.hpp>
#include <furrow/sync/value.hpp>

#include "surface.hpp"

namespace furrow::bench {
namespace {

using Item = std::array<char, 64>;

constexpr int many = 1'000'000;
constexpr int turns = 20'000;

/// Zeroed memory that a forked child shares.
template <class T>
T& shared() {
  void* at = ::mmap(nullptr, sizeof(T), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  return *new (at) T{};
}

void make_robust(pthread_mutex_t& mutex) {
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
  pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
  pthread_mutex_init(&mutex, &attributes);
}

void read_all(int fd, void* to, std::size_t bytes) {
  for (auto* at = static_cast<char*>(to); bytes > 0;) {
    const ssize_t got = ::read(fd, at, bytes);
    if (got <= 0) std::abort();
    at += got;
    bytes -= static_cast<std::size_t>(got);
  }
}

void write_all(int fd, const void* from, std::size_t bytes) {
  for (const auto* at = static_cast<const char*>(from); bytes > 0;) {
    const ssize_t put = ::write(fd, at, bytes);
    if (put <= 0) std::abort();
    at += put;
    bytes -= static_cast<std::size_t>(put);
  }
}

struct Pipe {
  int ends[2];
  Pipe() {
    if (::pipe(ends) != 0) std::abort();
  }
};

// --- queues: 64 bytes from one process to another ------------------------------------------------

double queue_furrow() {
  const mp::Queue<Item> queue;
  return both_ns(
      many,
      [&] {
        for (int i = 0; i < many; ++i) queue.put(Item{});
      },
      [&] {
        for (int i = 0; i < many; ++i) queue.get();
      });
}

double queue_bare() {
  const Pipe pipe;
  return both_ns(
      many,
      [&] {
        const Item item{};
        for (int i = 0; i < many; ++i) write_all(pipe.ends[1], &item, sizeof item);
      },
      [&] {
        Item item{};
        for (int i = 0; i < many; ++i) read_all(pipe.ends[0], &item, sizeof item);
      });
}

double queue_turn_furrow() {
  const mp::Queue<Item> there;
  const mp::Queue<Item> back;
  return both_ns(
      turns,
      [&] {
        for (int i = 0; i < turns; ++i) back.put(there.get());
      },
      [&] {
        for (int i = 0; i < turns; ++i) {
          there.put(Item{});
          back.get();
        }
      });
}

double queue_turn_bare() {
  const Pipe there;
  const Pipe back;
  const auto pass = [](const Pipe& from, const Pipe& to, bool first) {
    Item item{};
    for (int i = 0; i < turns; ++i) {
      if (first) write_all(to.ends[1], &item, sizeof item);
      read_all(from.ends[0], &item, sizeof item);
      if (!first) write_all(to.ends[1], &item, sizeof item);
    }
  };
  return both_ns(
      turns, [&] { pass(there, back, false); }, [&] { pass(back, there, true); });
}

constexpr std::size_t large_bytes = std::size_t{16} << 20;
constexpr int large_items = 20;

double queue_large_furrow() {
  const mp::Queue<std::string> queue(2);
  return both_ns(
      large_items,
      [&] {
        const std::string text(large_bytes, 'x');
        for (int i = 0; i < large_items; ++i) queue.put(text);
      },
      [&] {
        for (int i = 0; i < large_items; ++i) queue.get();
      });
}

double queue_large_bare() {
  const Pipe pipe;
  return both_ns(
      large_items,
      [&] {
        const std::string text(large_bytes, 'x');
        for (int i = 0; i < large_items; ++i) write_all(pipe.ends[1], text.data(), text.size());
      },
      [&] {
        for (int i = 0; i < large_items; ++i) {
          std::string text(large_bytes, '\0');
          read_all(pipe.ends[0], text.data(), text.size());
        }
      });
}

// --- locks and permits that nobody else wants ----------------------------------------------------

double lock_furrow() {
  const mp::Lock lock;
  return each_ns(5 * many, [&] {
    lock.acquire();
    lock.release();
  });
}

double lock_bare() {
  auto& mutex = shared<pthread_mutex_t>();
  make_robust(mutex);
  return each_ns(5 * many, [&] {
    pthread_mutex_lock(&mutex);
    pthread_mutex_unlock(&mutex);
  });
}

double semaphore_furrow() {
  const mp::Semaphore semaphore(1);
  return each_ns(5 * many, [&] {
    semaphore.acquire();
    semaphore.release();
  });
}

double bounded_furrow() {
  const mp::BoundedSemaphore semaphore(1);
  return each_ns(many, [&] {
    semaphore.acquire();
    semaphore.release();
  });
}

double semaphore_bare() {
  auto& semaphore = shared<sem_t>();
  sem_init(&semaphore, 1, 1);
  return each_ns(5 * many, [&] {
    sem_wait(&semaphore);
    sem_post(&semaphore);
  });
}

// --- one number, counted up by two processes under its lock --------------------------------------

double value_furrow() {
  const mp::Value<long> value(0);
  const auto work = [&] {
    for (int i = 0; i < many / 2; ++i) value += 1;
  };
  return both_ns(many, work, work);
}

struct Counter {
  pthread_mutex_t mutex;
  long value;
};

double value_bare() {
  auto& counter = shared<Counter>();
  make_robust(counter.mutex);
  const auto work = [&] {
    for (int i = 0; i < many / 2; ++i) {
      pthread_mutex_lock(&counter.mutex);
      ++counter.value;
      pthread_mutex_unlock(&counter.mutex);
    }
  };
  return both_ns(many, work, work);
}

// --- waking each other: there and back ----------------------------------------------------------

double event_furrow() {
  const mp::Event there;
  const mp::Event back;
  return both_ns(
      turns,
      [&] {
        for (int i = 0; i < turns; ++i) {
          there.wait();
          there.clear();
          back.set();
        }
      },
      [&] {
        for (int i = 0; i < turns; ++i) {
          there.set();
          back.wait();
          back.clear();
        }
      });
}

double event_bare() {
  struct Words {
    std::atomic<std::uint32_t> there, back;
  };
  auto& words = shared<Words>();
  const auto raise = [](std::atomic<std::uint32_t>& word) {
    word.store(1);
    os::futex_wake(word, 1);
  };
  const auto lower = [](std::atomic<std::uint32_t>& word) {
    while (word.load() == 0) os::futex_wait(word, 0, -1);
    word.store(0);
  };
  return both_ns(
      turns,
      [&] {
        for (int i = 0; i < turns; ++i) {
          lower(words.there);
          raise(words.back);
        }
      },
      [&] {
        for (int i = 0; i < turns; ++i) {
          raise(words.there);
          lower(words.back);
        }
      });
}

double condition_furrow() {
  const mp::Condition condition;
  const mp::RawValue<int> turn(0);
  const auto play = [&](int me) {
    for (int i = 0; i < turns; ++i) {
      std::scoped_lock hold(condition);
      condition.wait_for([&] { return turn.value() == me; });
      turn.value() = 1 - me;
      condition.notify();
    }
  };
  return both_ns(
      turns, [&] { play(1); }, [&] { play(0); });
}

struct Turn {
  pthread_mutex_t mutex;
  pthread_cond_t changed;
  int turn;
};

double condition_bare() {
  auto& game = shared<Turn>();
  make_robust(game.mutex);
  pthread_condattr_t attributes;
  pthread_condattr_init(&attributes);
  pthread_condattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
  pthread_cond_init(&game.changed, &attributes);
  const auto play = [&](int me) {
    for (int i = 0; i < turns; ++i) {
      pthread_mutex_lock(&game.mutex);
      while (game.turn != me) pthread_cond_wait(&game.changed, &game.mutex);
      game.turn = 1 - me;
      pthread_cond_signal(&game.changed);
      pthread_mutex_unlock(&game.mutex);
    }
  };
  return both_ns(
      turns, [&] { play(1); }, [&] { play(0); });
}

double barrier_furrow() {
  const mp::Barrier barrier(2);
  const auto work = [&] {
    for (int i = 0; i < turns; ++i) barrier.wait();
  };
  return both_ns(turns, work, work);
}

double barrier_bare() {
  auto& barrier = shared<pthread_barrier_t>();
  pthread_barrierattr_t attributes;
  pthread_barrierattr_init(&attributes);
  pthread_barrierattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
  pthread_barrier_init(&barrier, &attributes, 2);
  const auto work = [&] {
    for (int i = 0; i < turns; ++i) pthread_barrier_wait(&barrier);
  };
  return both_ns(turns, work, work);
}

}  // namespace

std::vector<Topic> sync_topics() {
  return {
      {"queue", "furrow", queue_furrow},
      {"queue", "bare", queue_bare},
      {"queue_turn", "furrow", queue_turn_furrow},
      {"queue_turn", "bare", queue_turn_bare},
      {"queue_large", "furrow", queue_large_furrow},
      {"queue_large", "bare", queue_large_bare},
      {"lock", "furrow", lock_furrow},
      {"lock", "bare", lock_bare},
      {"semaphore", "furrow", semaphore_furrow},
      {"semaphore", "bare", semaphore_bare},
      {"bounded_semaphore", "furrow", bounded_furrow},
      {"bounded_semaphore", "bare", semaphore_bare},
      {"value", "furrow", value_furrow},
      {"value", "bare", value_bare},
      {"event", "furrow", event_furrow},
      {"event", "bare", event_bare},
      {"condition", "furrow", condition_furrow},
      {"condition", "bare", condition_bare},
      {"barrier", "furrow", barrier_furrow},
      {"barrier", "bare", barrier_bare},
  };
}

}  // namespace furrow::bench
