// The rows that a network is trained on or asked about, as they lie in memory: nothing is copied.
#pragma once

#include "kernels.hpp"

namespace chainrule {

// Features (rows, n): dense, each row without gaps; or CSR, then `dense` is null.
template <class T>
struct Features {
    Index n_rows = 0, n = 0;
    const T* dense = nullptr;
    Index row_stride = 0;
    const T* values = nullptr;
    const int32_t* columns = nullptr;
    const int64_t* starts = nullptr;

    bool sparse() const { return dense == nullptr; }
    // Of a row, in the mean: those that are stored.
    double entries() const {
        return sparse() ? static_cast<double>(starts[n_rows]) / static_cast<double>(n_rows) : static_cast<double>(n);
    }
};

// Features with what is expected of them.
template <class T>
struct Source {
    Features<T> features;
    const T* target = nullptr;       // (rows, n_targets), or
    const int32_t* codes = nullptr;  // (rows,) class codes
    const T* weight = nullptr;       // (rows,) or null
};

// Which rows of a source, in which order.
struct Selection {
    const uint32_t* order = nullptr;  // null: first, first + 1, …
    Index first = 0, n = 0;

    Index operator[](Index i) const { return order ? static_cast<Index>(order[i]) : first + i; }
};

// The selected rows of sparse features, from number r0 of the selection on.
template <class T>
SparseRows<T> sparse_rows(const Features<T>& features, const Selection& rows, Index r0) {
    return {features.values, features.columns, features.starts, rows.order ? rows.order + r0 : nullptr,
            rows.first + r0};
}

}  // namespace chainrule
