// A matrix product in pieces of columns, with a look in between.
#pragma once

#include <algorithm>

#include "interruption.hpp"
#include "kernels.hpp"

namespace chainrule {

// Call f(first column, number of columns) for all columns of a product, whole strips at a time; `work_of_a_column` is in
// multiplications. Every number of a product is a sum of its own, so that pieces change no bit.
template <class T, class F>
void for_columns(const Kernels<T>& kernels, Index work_of_a_column, Index n_columns, const Look& look, F f) {
    const Index at_once = kernels.panel * things_of_a_piece(static_cast<double>(work_of_a_column * kernels.panel));
    for (Index column = 0; column == 0 || (column < n_columns && look.goes_on()); column += at_once)
        f(column, std::min(at_once, n_columns - column));
}

}  // namespace chainrule
