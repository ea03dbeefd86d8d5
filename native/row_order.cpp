#include "row_order.hpp"

#include <algorithm>
#include <utility>

#include "random.hpp"

namespace chainrule {

namespace {

constexpr int64_t most_rows_of_one = 16384, most_unshared_rows = 1024, rows_of_range = 2048, most_ranges = 4096;
constexpr uint64_t most_buckets = uint64_t{1} << 32;  // of all ranges: times half a hash is below 2⁶⁴
constexpr int64_t rows_between_looks = int64_t{1} << 16;
constexpr uint64_t low_half = 0xFFFFFFFF;

// In which of n equal parts of all hashes a hash is, by its upper half.
uint64_t part_of(uint64_t hash, uint64_t n) { return ((hash >> 32) * n) >> 32; }

// To divide the rows costs a third of sorting them: one member alone does so for the caches' sake, a team also to share the rest.
uint64_t ranges_of(int64_t n_rows, int n_members) {
    if (n_rows <= (n_members == 1 ? most_rows_of_one : most_unshared_rows)) return 1;
    return static_cast<uint64_t>(std::min(std::max<int64_t>(n_rows / rows_of_range, n_members), most_ranges));
}

// Sort keys that are nearly sorted, by insertion.
void put_right(uint64_t* keys, int64_t n) {
    for (int64_t i = 1; i < n; ++i) {
        const uint64_t key = keys[i];
        int64_t to = i;
        for (; to > 0 && keys[to - 1] > key; --to) keys[to] = keys[to - 1];
        if (to < i) keys[to] = key;
    }
}

}  // namespace

RowOrder::RowOrder(uint64_t seed, int64_t n_rows, int n_members)
    : seed_(seed),
      n_rows_(n_rows),
      n_ranges_(ranges_of(n_rows, n_members)),
      n_buckets_(std::min(2 * static_cast<uint64_t>(n_rows) + n_ranges_, most_buckets) / n_ranges_),
      rows_(n_rows),
      own_(static_cast<size_t>(n_members)) {}

const uint32_t* RowOrder::of_epoch(int64_t epoch) {
    if (!is_of(epoch)) {
        count(epoch, 1, {});
        divide(1, {});
        sort_ranges(1, {});
        end(epoch);
    }
    return rows_.data();
}

// Call f(row, hash) for a member's rows, and leave if told to.
template <class F>
void RowOrder::for_rows_of(int n_members, const Look& look, F f) const {
    const uint64_t key = own_[static_cast<size_t>(look.member)].key;
    const int64_t end = n_rows_ * (look.member + 1) / n_members;
    for (int64_t row = n_rows_ * look.member / n_members; row < end && look.goes_on();) {
        const int64_t next_look = std::min(row + rows_between_looks, end);
        for (; row < next_look; ++row) f(row, random_bits(key, static_cast<uint64_t>(row)));
    }
}

void RowOrder::count(int64_t epoch, int n_members, const Look& look) {
    Own& own = own_[static_cast<size_t>(look.member)];
    own.key = stream_key(seed_, row_order_stream, epoch);
    if (look.member == 0) epoch_ = -1;
    if (!is_shared()) return;
    own.n_rows.assign(n_ranges_, 0);
    for_rows_of(n_members, look,
                [n_rows = own.n_rows.data(), n = n_ranges_](int64_t, uint64_t hash) { ++n_rows[part_of(hash, n)]; });
}

// A counting sort of the rows by the ranges of their hashes.
void RowOrder::divide(int n_members, const Look& look) {
    if (!is_shared()) return;
    find_places(n_members, look.member);
    int64_t* places = own_[static_cast<size_t>(look.member)].places.data();
    for_rows_of(n_members, look, [places, rows = rows_.data(), n = n_ranges_](int64_t row, uint64_t hash) {
        rows[places[part_of(hash, n)]++] = static_cast<uint32_t>(row);
    });
}

// In a range those of the members before come first: in it too, rows are in their own order.
void RowOrder::find_places(int n_members, int member) {
    Own& own = own_[static_cast<size_t>(member)];
    own.places.resize(n_ranges_);
    own.ends.resize(n_ranges_);
    int64_t n = 0;
    for (uint64_t range = 0; range < n_ranges_; ++range) {
        for (int other = 0; other < n_members; ++other) {
            if (other == member) own.places[range] = n;
            n += own_[static_cast<size_t>(other)].n_rows[range];
        }
        own.ends[range] = n;
    }
}

void RowOrder::sort_ranges(int n_members, const Look& look) {
    const auto first_of = [&](int member) {
        return n_ranges_ * static_cast<uint64_t>(member) / static_cast<uint64_t>(n_members);
    };
    Own& own = own_[static_cast<size_t>(look.member)];
    for (uint64_t range = first_of(look.member); range < first_of(look.member + 1) && look.goes_on(); ++range)
        sort_range(range, own);
}

// By buckets, of which each gets about half a row (more beyond 2³¹ rows), which nearly sorts them; then by insertion.
void RowOrder::sort_range(uint64_t range, Own& own) {
    const bool whole = !is_shared();
    const int64_t first = range == 0 ? 0 : own.ends[range - 1], n = (whole ? n_rows_ : own.ends[range]) - first;
    const auto bucket_of = [all_buckets = n_ranges_ * n_buckets_, before = range * n_buckets_](uint64_t hash) {
        return part_of(hash, all_buckets) - before;
    };
    own.keys.resize(static_cast<size_t>(n));
    own.spread.resize(static_cast<size_t>(n));
    own.buckets.assign(n_buckets_, 0);
    uint32_t *rows = rows_.data() + first, *buckets = own.buckets.data();
    uint64_t *keys = own.keys.data(), *sorted = own.spread.data();
    for (int64_t i = 0; i < n; ++i) {
        const uint64_t row = whole ? static_cast<uint64_t>(i) : rows[i], hash = random_bits(own.key, row);
        keys[i] = (hash & ~low_half) | row;
        ++buckets[bucket_of(hash)];
    }
    uint32_t place = 0;
    for (uint32_t& bucket : own.buckets) place += std::exchange(bucket, place);
    for (int64_t i = 0; i < n; ++i) sorted[buckets[bucket_of(keys[i])]++] = keys[i];
    put_right(sorted, n);
    for (int64_t i = 0; i < n; ++i) rows[i] = static_cast<uint32_t>(sorted[i] & low_half);
}

}  // namespace chainrule
