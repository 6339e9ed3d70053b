#include <furrow/sync/takers.hpp>

#include <algorithm>
#include <span>

namespace furrow::mp {
namespace {

std::span<TakerAccount> accounts_of(RingTakers& takers) noexcept {
  return {takers.accounts, std::min(takers.used.load(std::memory_order_acquire), taker_accounts)};
}

std::uint32_t count_of(std::uint64_t taken) noexcept { return static_cast<std::uint32_t>(taken); }

/// Positive: taken and not reported; negative: reported for others.
std::int64_t open_of(const TakerAccount& account) noexcept {
  return std::int64_t{count_of(account.taken.load())} - std::int64_t{account.done.load()};
}

}  // namespace

bool RingTakers::begin(std::uint32_t gets) noexcept {
  const Member self = this_member();
  std::uint32_t found = no_taker;
  bool first = false;
  for (std::uint32_t i = 0; i < used.load() && found == no_taker; ++i)
    if (accounts[i].holder == self) found = i;
  for (std::uint32_t i = 0; i < taker_accounts && found == no_taker; ++i) {
    TakerAccount& account = accounts[i];
    const bool settled = open_of(account) <= 0 || account.told.load() != 0;
    if (account.holder.pid != 0 && !(settled && is_dead(account.holder))) continue;
    account.holder = {};
    account.taken.store(0);
    account.done.store(0);
    account.told.store(0);
    account.holder = self;
    used.store(std::max(used.load(), i + 1), std::memory_order_release);
    found = i;
    first = true;
  }
  takers[gets & 1].store(found, std::memory_order_relaxed);
  return first;
}

void RingTakers::finish(std::uint32_t gets) noexcept {
  const std::uint32_t taker = takers[gets & 1].load(std::memory_order_relaxed);
  if (gets == 0 || taker >= taker_accounts) return;
  TakerAccount& account = accounts[taker];
  const std::uint64_t taken = account.taken.load();
  if (static_cast<std::uint32_t>(taken >> 32) == gets) return;
  account.taken.store(std::uint64_t{gets} << 32 | (count_of(taken) + 1));
}

void RingTakers::report() noexcept {
  const Member self = this_member();
  for (TakerAccount& account : accounts_of(*this))
    if (account.holder == self) account.done.fetch_add(1);
}

std::uint32_t RingTakers::tell_lost(std::uint32_t gets, Member& who) noexcept {
  finish(gets);  // of a taker that died before it could; idempotent
  std::int64_t surplus = 0;
  for (const TakerAccount& account : accounts_of(*this))
    surplus += std::max<std::int64_t>(0, -open_of(account));
  std::int64_t lost = 0;
  for (TakerAccount& account : accounts_of(*this)) {
    const Member holder = account.holder;
    const std::int64_t open = open_of(account);
    if (holder.pid == 0 || open <= 0 || account.told.load() != 0 || !is_dead(holder)) continue;
    if (account.told.exchange(1) != 0) continue;
    lost += open;
    who = holder;
  }
  return static_cast<std::uint32_t>(std::max<std::int64_t>(0, lost - surplus));
}

void RingTakers::leave() noexcept {
  const Member self = this_member();
  for (TakerAccount& account : accounts_of(*this))
    if (account.holder == self) account.done.store(count_of(account.taken.load()));
}

}  // namespace furrow::mp
