// The first dense layer of sparse rows: only the rows of W that a row of x names take part.
#pragma once

#include "layers/dense.hpp"

namespace chainrule::CHAINRULE_ISA_NAMESPACE {

// Forward: the rows of W that a row of x names, each times its value.
template <class T>
void sparse_forward(const SparseRows<T>& x, Index rows, Index n_in, Index n_out, const T* W, T* outputs, Index ld,
                    Function function) {
    for (Index r = 0; r < rows; ++r) {
        const Index row = x.row(r);
        for (Index column = 0; column < n_out; column += lanes<T>) {
            const Index n = n_out - column < lanes<T> ? n_out - column : lanes<T>;
            Vec<T> z{};
            for (int64_t k = x.starts[row]; k < x.starts[row + 1]; ++k)
                z += splat<T>(x.values[k]) * load_part<T>(W + x.columns[k] * n_out + column, n);
            z += load_part<T>(W + n_in * n_out + column, n);
            store<T>(outputs + r * ld + column, piecewise_linear<T>(function, z));
        }
    }
}

// Backward to the weights. Every block looks at all entries, which costs less than to sort them by block.
template <class T>
void sparse_gradient(const SparseGradient<T>& d) {
    const Index first_row = d.place.first, n_rows = d.i1 - d.i0;
    __builtin_memset(d.block, 0, static_cast<size_t>(n_rows * d.n_out) * sizeof(T));
    // g ← g + x·δ for all columns of row i of W.
    const auto add = [&](Index i, Index r, T x) {
        for_strips<T>(d.n_out, 0, strips<T>(d.n_out), [&](Index column, auto vectors) {
            constexpr int C = decltype(vectors)::value;
            constexpr Index width = C * lanes<T>;
            const Index valid = d.n_out - column < width ? d.n_out - column : width;
            T* out = d.block + (i - d.i0) * d.n_out + column;
            Tile<T, 1, C> g, delta;
            g.load_from(out, 0, valid);
            delta.load_from(d.deltas + column * d.place.strip + (first_row + r) * width, 0);
            for (int c = 0; c < C; ++c) g.at[0][c] += splat<T>(x) * delta.at[0][c];
            g.store_to(out, 0, valid);
        });
    };
    for (Index r = 0; r < d.rows; ++r) {
        const Index row = d.inputs.row(r);
        for (int64_t k = d.inputs.starts[row]; k < d.inputs.starts[row + 1]; ++k)
            if (const Index i = d.inputs.columns[k]; i >= d.i0 && i < d.i1) add(i, r, d.inputs.values[k]);
        if (d.i1 > d.n_in) add(d.n_in, r, 1);
    }
}

}  // namespace chainrule::CHAINRULE_ISA_NAMESPACE
