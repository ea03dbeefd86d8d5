#include "row_order.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include "random.hpp"

namespace chainrule {

namespace {

constexpr int64_t few_rows = int64_t{1} << 19;  // that are sorted at once sooner than divided
constexpr int64_t rows_of_range = int64_t{1} << 16;
constexpr uint64_t low_half = 0xFFFFFFFF;

// Sort stably by bits 32 … 63, a digit of 11 bits a round, least significant first.
void radix_sort(std::vector<uint64_t>& keys, std::vector<uint64_t>& spare) {
    constexpr int bits = 11, rounds = 3;
    const auto digit = [](uint64_t key, int round) { return (key >> (32 + bits * round)) & ((1 << bits) - 1); };
    std::array<std::array<uint32_t, 1 << bits>, rounds> counts{};
    for (const uint64_t key : keys)
        for (int round = 0; round < rounds; ++round) ++counts[round][digit(key, round)];
    spare.resize(keys.size());
    for (int round = 0; round < rounds; ++round) {
        uint32_t start = 0;
        for (uint32_t& count : counts[round]) start += std::exchange(count, start);
        for (const uint64_t key : keys) spare[counts[round][digit(key, round)]++] = key;
        keys.swap(spare);
    }
}

// The same for a few keys: spread by their uppermost bits, which nearly sorts random ones, then by insertion.
template <int bits>
void spread_and_insert(std::vector<uint64_t>& keys, std::vector<uint64_t>& spare) {
    std::array<uint32_t, 1 << bits> counts{};
    for (const uint64_t key : keys) ++counts[key >> (64 - bits)];
    uint32_t start = 0;
    for (uint32_t& count : counts) start += std::exchange(count, start);
    spare.resize(keys.size());
    for (const uint64_t key : keys) spare[counts[key >> (64 - bits)]++] = key;
    keys.swap(spare);
    for (size_t i = 1; i < keys.size(); ++i) {
        const uint64_t key = keys[i];
        size_t to = i;
        for (; to > 0 && keys[to - 1] > key; --to) keys[to] = keys[to - 1];
        keys[to] = key;
    }
}

void sort(std::vector<uint64_t>& keys, std::vector<uint64_t>& spare) {
    if (keys.size() <= 512) return spread_and_insert<8>(keys, spare);
    if (keys.size() <= 8192) return spread_and_insert<11>(keys, spare);
    radix_sort(keys, spare);
}

}  // namespace

RowOrder::RowOrder(uint64_t seed, int64_t n_rows, int n_members)
    : seed_(seed),
      n_rows_(n_rows),
      n_ranges_(n_rows <= few_rows ? 1 : static_cast<uint64_t>((n_rows + rows_of_range - 1) / rows_of_range)),
      memory_(static_cast<size_t>(n_members)) {}

const uint32_t* RowOrder::of_epoch(int64_t epoch) {
    if (!is_of(epoch)) {
        divide(epoch, {});
        sort_ranges({});
        end(epoch);
    }
    return rows_.data();
}

// Call f(row, hash) for all rows, and leave if told to.
template <class F>
void RowOrder::for_hashes(const Look& look, F f) const {
    for (int64_t first = 0; first < n_rows_ && look.goes_on(); first += rows_of_range) {
        const int64_t end = std::min(first + rows_of_range, n_rows_);
        for (int64_t row = first; row < end; ++row) f(row, random_bits(key_, static_cast<uint64_t>(row)));
    }
}

// A counting sort of the rows by the ranges of their hashes.
void RowOrder::divide(int64_t epoch, const Look& look) {
    epoch_ = -1;
    next_range_ = 0;
    key_ = stream_key(seed_, row_order_stream, epoch);
    rows_.resize(static_cast<size_t>(n_rows_));
    ends_.assign(n_ranges_, n_rows_);
    if (!is_shared()) return;
    std::fill(ends_.begin(), ends_.end(), 0);
    for_hashes(look, [&](int64_t, uint64_t hash) { ++ends_[range_of(hash)]; });
    int64_t start = 0;
    for (int64_t& count : ends_) start += std::exchange(count, start);
    for_hashes(look, [&](int64_t row, uint64_t hash) {
        rows_[static_cast<size_t>(ends_[range_of(hash)]++)] = static_cast<uint32_t>(row);
    });
}

void RowOrder::sort_ranges(const Look& look) {
    for (uint64_t range = next_range_++; range < n_ranges_ && look.goes_on(); range = next_range_++)
        sort_range(range, memory_[static_cast<size_t>(look.member)]);
}

void RowOrder::sort_range(uint64_t range, Keys& memory) {
    const int64_t first = range == 0 ? 0 : ends_[range - 1], end = ends_[range];
    memory.keys.clear();
    for (int64_t i = first; i < end; ++i) {
        const uint64_t row = is_shared() ? rows_[static_cast<size_t>(i)] : static_cast<uint64_t>(i);
        memory.keys.push_back((random_bits(key_, row) & ~low_half) | row);
    }
    sort(memory.keys, memory.spare);
    for (int64_t i = first; i < end; ++i)
        rows_[static_cast<size_t>(i)] = static_cast<uint32_t>(memory.keys[static_cast<size_t>(i - first)] & low_half);
}

}  // namespace chainrule
