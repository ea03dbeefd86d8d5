// Matrices in panels (see kernels.hpp), one number at a time.
#pragma once

#include "check.hpp"

namespace chainrule::tests {

// A matrix (rows, n), in panels whose strips hold `strip` rows; the first of the matrix is number `first` of them.
template <class T>
struct Panels {
    const Kernels<T>& kernels;
    Index n, strip, first = 0;
    std::vector<T> numbers;

    Panels(const Kernels<T>& kernels, Index n, Index strip, T fill = 0)
        : kernels(kernels), n(n), strip(strip), numbers(static_cast<size_t>(strip * padded(kernels, n)), fill) {}

    T& at(Index row, Index column) {
        const Index start = column / kernels.panel * kernels.panel;
        const Index width = n - start > kernels.panel / 2 ? kernels.panel : kernels.panel / 2;
        return numbers[static_cast<size_t>(start * strip + (first + row) * width + column - start)];
    }

    DeltaRows place() const { return {first, strip}; }
};

// `matrix` (rows, n) in panels of their own, with strips of the same rows.
template <class T>
Panels<T> in_panels(const Kernels<T>& kernels, const std::vector<T>& matrix, Index n) {
    const Index rows = static_cast<Index>(matrix.size()) / n;
    Panels<T> panels(kernels, n, rows);
    for (Index r = 0; r < rows; ++r)
        for (Index c = 0; c < n; ++c) panels.at(r, c) = matrix[static_cast<size_t>(r * n + c)];
    return panels;
}

template <class T>
std::vector<T> transposed(const std::vector<T>& matrix, Index rows, Index columns) {
    std::vector<T> result(static_cast<size_t>(rows * columns));
    for (Index r = 0; r < rows; ++r)
        for (Index c = 0; c < columns; ++c)
            result[static_cast<size_t>(c * rows + r)] = matrix[static_cast<size_t>(r * columns + c)];
    return result;
}

// A sum of products as it is, and how far a sum of rounded products in T's precision may be from it: each of its n terms
// goes through at most n roundings (Higham, "Accuracy and stability of numerical algorithms", section 3.1).
template <class T>
struct Sum {
    long double value = 0, of_sizes = 0;
    Index n = 0;

    void add(long double a, long double b) {
        value += a * b;
        of_sizes += std::abs(a * b);
        ++n;
    }
    long double bound() const { return static_cast<long double>(n + 1) * epsilon<T> * of_sizes + smallest<T>; }
};

}  // namespace chainrule::tests
