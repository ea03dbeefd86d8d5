// The order in which an epoch takes its rows: the permutation of network/random.py's row_order.
#pragma once

#include <stdint.h>

#include <atomic>
#include <vector>

#include "interruption.hpp"

namespace chainrule {

// Sorts rows by a hash of (seed, epoch, row), ties by row.
//
// Many rows are first divided into ranges of hashes, and each range is sorted by itself: by any member of a team, in working
// memory that stays in the second-level cache however many rows there are.
class RowOrder {
   public:
    RowOrder(uint64_t seed, int64_t n_rows, int n_members = 1);

    // Rows of an epoch, put in order by the calling thread unless they are; valid until another epoch is asked for.
    const uint32_t* of_epoch(int64_t epoch);

    // The same in parts that a team can share. One member divides, all members sort, one member ends it; they meet in between.
    // A look that does not go on leaves the order unknown.
    bool is_shared() const { return n_ranges_ > 1; }
    bool is_of(int64_t epoch) const { return epoch == epoch_; }
    void divide(int64_t epoch, const Look& look);
    void sort_ranges(const Look& look);
    void end(int64_t epoch) { epoch_ = epoch; }

   private:
    struct Keys {
        std::vector<uint64_t> keys, spare;
    };

    template <class F>
    void for_hashes(const Look& look, F f) const;
    void sort_range(uint64_t range, Keys& memory);
    uint64_t range_of(uint64_t hash) const { return ((hash >> 32) * n_ranges_) >> 32; }

    uint64_t seed_;
    int64_t n_rows_, epoch_ = -1;
    uint64_t n_ranges_, key_ = 0;
    std::vector<uint32_t> rows_;
    std::vector<int64_t> ends_;  // of the ranges in rows_
    std::atomic<uint64_t> next_range_{0};
    std::vector<Keys> memory_;  // a member's own
};

}  // namespace chainrule
