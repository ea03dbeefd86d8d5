// The order in which an epoch takes its rows: the permutation of network/random.py's row_order.
#pragma once

#include <stdint.h>

#include <vector>

namespace chainrule {

// Sorts rows by a hash of (seed, epoch, row), ties by row. The hashes are sorted a range of values at a time, so that the
// working memory stays within a few megabytes however many rows there are.
class RowOrder {
   public:
    RowOrder(uint64_t seed, int64_t n_rows) : seed_(seed), n_rows_(n_rows) {}

    // Rows of an epoch; valid until another epoch is asked for.
    const uint32_t* of_epoch(int64_t epoch);

   private:
    uint64_t seed_;
    int64_t n_rows_, epoch_ = -1;
    std::vector<uint32_t> rows_;
    std::vector<uint64_t> keys_, spare_;
};

}  // namespace chainrule
