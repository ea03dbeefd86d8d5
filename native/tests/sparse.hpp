// Sparse rows with all that CSR allows: empty rows, columns in any order, zeros that are stored.
#pragma once

#include "check.hpp"

namespace chainrule::tests {

template <class T>
struct CSR {
    Index rows, n;
    std::vector<T> values;
    std::vector<int32_t> columns;
    std::vector<int64_t> starts{0};

    CSR(Random& random, Index rows, Index n) : rows(rows), n(n) {
        for (Index r = 0; r < rows; ++r) {
            for (Index c = n - 1; c >= 0 && r % 4 != 1; --c) {
                if (random.below(3) > 0) continue;
                values.push_back(random.below(5) == 0 ? T(0) : static_cast<T>(random.between(-1, 1)));
                columns.push_back(static_cast<int32_t>(c));
            }
            starts.push_back(static_cast<int64_t>(values.size()));
        }
    }

    std::vector<T> dense() const {
        std::vector<T> matrix(static_cast<size_t>(rows * n));
        for (Index r = 0; r < rows; ++r)
            for (int64_t k = starts[static_cast<size_t>(r)]; k < starts[static_cast<size_t>(r) + 1]; ++k)
                matrix[static_cast<size_t>(r * n + columns[static_cast<size_t>(k)])] += values[static_cast<size_t>(k)];
        return matrix;
    }
};

}  // namespace chainrule::tests
