#include "row_order.hpp"

#include <array>
#include <cstddef>
#include <utility>

#include "random.hpp"

namespace chainrule {

namespace {

constexpr int64_t rows_at_once = int64_t{1} << 19;
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

const uint32_t* RowOrder::of_epoch(int64_t epoch) {
    if (epoch == epoch_) return rows_.data();
    const uint64_t key = stream_key(seed_, row_order_stream, epoch);
    const uint64_t n_ranges = static_cast<uint64_t>((n_rows_ + rows_at_once - 1) / rows_at_once);
    rows_.clear();
    rows_.reserve(static_cast<size_t>(n_rows_));
    for (uint64_t range = 0; range < n_ranges; ++range) {
        keys_.clear();
        for (int64_t row = 0; row < n_rows_; ++row) {
            const uint64_t hash = random_bits(key, static_cast<uint64_t>(row));
            // The range of a hash: its upper half, scaled to 0 … n_ranges - 1; rising with the hash.
            if (n_ranges == 1 || ((hash >> 32) * n_ranges) >> 32 == range)
                keys_.push_back((hash & ~low_half) | static_cast<uint64_t>(row));
        }
        sort(keys_, spare_);
        for (const uint64_t sorted : keys_) rows_.push_back(static_cast<uint32_t>(sorted & low_half));
    }
    epoch_ = epoch;
    return rows_.data();
}

}  // namespace chainrule
