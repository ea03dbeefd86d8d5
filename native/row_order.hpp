// The order in which an epoch takes its rows: the permutation of network/random.py's row_order.
#pragma once

#include <cstdint>
#include <vector>

#include "buffer.hpp"
#include "interruption.hpp"

namespace chainrule {

// Sorts rows by a hash of (seed, epoch, row), ties by row.
//
// More than a few rows are first divided into ranges of hashes, and each range is sorted by itself, in working memory that
// stays in the first caches up to some millions of rows. A team shares both.
class RowOrder {
   public:
    RowOrder(uint64_t seed, int64_t n_rows, int n_members = 1);

    // Rows of an epoch, put in order by the calling thread unless they are; valid until another epoch is asked for.
    const uint32_t* of_epoch(int64_t epoch);

    // The same in parts, for each member of a team: they meet after counting, after dividing and after sorting, and one of them
    // ends it. A look that does not go on leaves the order unknown.
    bool is_shared() const { return n_ranges_ > 1; }
    bool is_of(int64_t epoch) const { return epoch == epoch_; }
    void count(int64_t epoch, int n_members, const Look& look);
    void divide(int n_members, const Look& look);
    void sort_ranges(int n_members, const Look& look);
    void end(int64_t epoch) { epoch_ = epoch; }

   private:
    // A member's own.
    struct alignas(64) Own {
        uint64_t key;                 // of the epoch's hashes
        std::vector<int64_t> n_rows;  // of its rows, in each range
        std::vector<int64_t> places;  // where the next of them goes, in each range
        std::vector<int64_t> ends;    // of the ranges, all members' rows together
        std::vector<uint64_t> keys, spread;
        std::vector<uint32_t> buckets;
    };

    template <class F>
    void for_rows_of(int n_members, const Look& look, F f) const;
    void find_places(int n_members, int member);
    void sort_range(uint64_t range, Own& own);

    uint64_t seed_;
    int64_t n_rows_, epoch_ = -1;
    uint64_t n_ranges_, n_buckets_;  // of a range
    Buffer<uint32_t> rows_;
    std::vector<Own> own_;
};

}  // namespace chainrule
