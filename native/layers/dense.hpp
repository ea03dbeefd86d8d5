// The dense layer, z = [x, 1]·W: forward beside backward, as matrix products in registers over packed operands.
//
// Each product keeps a tile of its result (up to CHAINRULE_TILE_ROWS rows by two vectors) in registers, and adds one
// rank-1 term after another to it. So every number of a result is one chain of fused multiply-adds in the order of the
// inner index, whichever tile it falls in: how rows are shared out between threads does not change a bit. Where W has few columns
// it is one such chain for each lane of a vector along the inner index, added up by halves at the end.
// The design is Goto and van de Geijn's ("Anatomy of high-performance matrix multiplication", ACM TOMS 2008), with the packing
// of W moved to where W changes: into the descent step.
#pragma once

#include "activation.hpp"
#include "simd/transpose.hpp"

namespace chainrule::CHAINRULE_ISA_NAMESPACE {

constexpr Index tile_rows = CHAINRULE_TILE_ROWS;
constexpr Index inner_block = 256;  // terms added in registers before a tile is put back: a strip's share stays in L1

template <class T>
constexpr Index panel = 2 * lanes<T>;

template <class T>
constexpr int narrow = lanes<T> / 2 < 4 ? lanes<T> / 2 : 4;  // columns of a matrix that leave most of a strip empty

template <int n>
struct Constant {
    static constexpr int value = n;
};

// Call f(Constant<n>) for a number known at run time, 1 ≤ n ≤ max.
template <int max, class F>
[[gnu::always_inline]] inline void with_constant(Index n, F f) {
    if constexpr (max == 1) {
        f(Constant<1>{});
    } else if (n == max) {
        f(Constant<max>{});
    } else {
        with_constant<max - 1>(n, f);
    }
}

// Rows of a tile of C vectors: enough sums under way that none waits for another, and no more than there are registers.
template <int C>
constexpr int rows_of_tile = C == 1 && tile_rows < 12 ? 12 : tile_rows;

// Call f(first row, Constant<rows of the tile>) over n rows: whole tiles, and a remainder that is not too thin, since a
// thin tile leaves the processor waiting for its own additions.
template <int C, class F>
[[gnu::always_inline]] inline void for_tiles(Index n, F f) {
    constexpr int whole = rows_of_tile<C>;
    for (Index i = 0; i < n;) {
        const Index left = n - i, rest = left - whole;
        const bool thin_rest = rest > 0 && rest < whole && 3 * rest < 2 * whole;
        const Index take = left <= whole ? left : thin_rest ? (left + 1) / 2 : whole;
        with_constant<whole>(take, [&](auto rows) { f(i, rows); });
        i += take;
    }
}

// Call f(first column, Constant<vectors of the width>) for the strips p0 … p1 - 1 of n columns.
template <class T, class F>
[[gnu::always_inline]] inline void for_strips(Index n, Index p0, Index p1, F f) {
    for (Index p = p0; p < p1; ++p) {
        const Index column = p * panel<T>;
        if (n - column > lanes<T>)
            f(column, Constant<2>{});
        else
            f(column, Constant<1>{});
    }
}

template <class T>
constexpr Index strips(Index n) {
    return (n + panel<T> - 1) / panel<T>;
}

template <class T, int R, int C>
struct Tile {
    Vec<T> at[R][C] = {};

    void load_from(const T* from, Index ld) {
#pragma GCC unroll 16
        for (int r = 0; r < R; ++r)
#pragma GCC unroll 16
            for (int c = 0; c < C; ++c) at[r][c] = load<T>(from + r * ld + c * lanes<T>);
    }

    void store_to(T* to, Index ld) const {
#pragma GCC unroll 16
        for (int r = 0; r < R; ++r)
#pragma GCC unroll 16
            for (int c = 0; c < C; ++c) store<T>(to + r * ld + c * lanes<T>, at[r][c]);
    }

    // The same for the first n columns only, more than all vectors but the last have.
    void load_from(const T* from, Index ld, Index n) {
        if (n == C * lanes<T>) return load_from(from, ld);
        for (int r = 0; r < R; ++r)
            for (int c = 0; c < C; ++c) {
                const Index left = n - c * lanes<T>;
                at[r][c] = left < lanes<T> ? load_part<T>(from + r * ld + c * lanes<T>, left)
                                           : load<T>(from + r * ld + c * lanes<T>);
            }
    }

    void store_to(T* to, Index ld, Index n) const {
        if (n == C * lanes<T>) return store_to(to, ld);
        for (int r = 0; r < R; ++r)
            for (int c = 0; c < C; ++c) {
                const Index left = n - c * lanes<T>;
                if (left < lanes<T>)
                    store_part<T>(to + r * ld + c * lanes<T>, at[r][c], left);
                else
                    store<T>(to + r * ld + c * lanes<T>, at[r][c]);
            }
    }

    // tile += a·b over the inner index k: element (r, k) of a is at a[r·row_stride + k·k_stride], row k of b at b + k·b_stride.
    template <class RowStride, class KStride>
    [[gnu::always_inline]] void add_product(Index n, const T* a, RowStride row_stride, KStride k_stride, const T* b,
                                            Index b_stride) {
        for (Index k = 0; k < n; ++k) {
            Vec<T> row[C];
#pragma GCC unroll 16
            for (int c = 0; c < C; ++c) row[c] = load<T>(b + k * b_stride + c * lanes<T>);
#pragma GCC unroll 16
            for (int r = 0; r < R; ++r) {
                const Vec<T> factor = splat<T>(a[r * row_stride + k * k_stride]);
#pragma GCC unroll 16
                for (int c = 0; c < C; ++c) at[r][c] += factor * row[c];
            }
        }
    }
};

// A stride that the compiler knows.
struct One {
    constexpr operator Index() const { return 1; }
};

template <class T>
inline Vec<T> piecewise_linear(Function function, Vec<T> z) {
    if (function == Function::relu) return phi<T, Function::relu>(z);
    if (function == Function::leaky_relu) return phi<T, Function::leaky_relu>(z);
    return z;
}

// The first n numbers of a vector, n < lanes; what follows is 0, whatever it was.
template <class T>
inline Vec<T> first_of(Vec<T> v, Index n) {
    Vec<Integer<T>> lane;
    for (Index i = 0; i < lanes<T>; ++i) lane[i] = static_cast<Integer<T>>(i);
    return from_bits<T>(bits_of<T>(v) & (lane < static_cast<Integer<T>>(n)));
}

// Forward of a stage of few outputs (K of them), whose strip would be mostly padding: the vectors lie along the inputs.
template <class T, int K>
void narrow_forward(const DenseForward<T>& d) {
    constexpr int most = 12 / K;
    const Index n_inner = d.n_in + 1, left = n_inner % lanes<T>, n_whole = n_inner - left;
    Vec<T> last[K];
    for (int j = 0; j < K; ++j) last[j] = load_part<T>(d.packed + j * n_inner + n_whole, left);
    for (Index first = 0; first < d.rows; first += most)
        with_constant<most>(d.rows - first < most ? d.rows - first : most, [&](auto rows) {
            constexpr int R = decltype(rows)::value;
            const T* x = d.inputs + first * d.ld_in;
            Tile<T, R, K> lanes_of;
            const auto add = [&](Index k, const auto& w, auto part) {
#pragma GCC unroll 16
                for (int r = 0; r < R; ++r) {
                    const Vec<T> v = part(load<T>(x + r * d.ld_in + k));
#pragma GCC unroll 4
                    for (int j = 0; j < K; ++j) lanes_of.at[r][j] += v * w(j);
                }
            };
            for (Index k = 0; k < n_whole; k += lanes<T>)
                add(k, [&](int j) { return load<T>(d.packed + j * n_inner + k); }, [](Vec<T> v) { return v; });
            if (left > 0) add(n_whole, [&](int j) { return last[j]; }, [&](Vec<T> v) { return first_of<T>(v, left); });
#pragma GCC unroll 16
            for (int r = 0; r < R; ++r)
#pragma GCC unroll 4
                for (int j = 0; j < K; ++j) d.outputs[(first + r) * d.ld_out + j] = sum<T>(lanes_of.at[r][j]);
        });
    if (d.function != Function::identity) activate<T>(d.function, d.rows, K, d.ld_out, d.outputs, d.ld_out, d.outputs);
}

// Forward: a = φ([x, 1]·W).
template <class T>
void dense_forward(const DenseForward<T>& d) {
    if (d.n_out <= narrow<T>) return with_constant<narrow<T>>(d.n_out, [&](auto K) { narrow_forward<T, K.value>(d); });
    const Index n_inner = d.n_in + 1;
    for_strips<T>(d.n_out, d.c0 / panel<T>, strips<T>(d.c1), [&](Index column, auto vectors) {
        constexpr int C = decltype(vectors)::value;
        constexpr Index width = C * lanes<T>;
        const T* strip = d.packed + column * n_inner;
        for (Index k = 0; k < n_inner; k += inner_block) {
            const Index n = n_inner - k < inner_block ? n_inner - k : inner_block;
            const bool last = k + n == n_inner;
            for_tiles<C>(d.rows, [&](Index r, auto rows) {
                constexpr int R = decltype(rows)::value;
                T* out = d.outputs + r * d.ld_out + column;
                Tile<T, R, C> z;
                if (k > 0) z.load_from(out, d.ld_out);
                z.add_product(n, d.inputs + r * d.ld_in + k, d.ld_in, One{}, strip + k * width, width);
                if (last && d.function != Function::identity)
                    for (auto& row : z.at)
                        for (auto& v : row) v = piecewise_linear<T>(d.function, v);
                z.store_to(out, d.ld_out);
            });
        }
    });
}

// narrow_forward for one row and W as it is.
template <class T, int K>
void narrow_forward_row(Index n_in, const T* inputs, const T* W, T* outputs, Function function) {
    Vec<T> lanes_of[K] = {};
    for (Index k = 0; k <= n_in; k += lanes<T>) {
        const Index n = n_in + 1 - k < lanes<T> ? n_in + 1 - k : lanes<T>;
        T columns[K][lanes<T>] = {};
        for (Index i = 0; i < n; ++i)
            for (int j = 0; j < K; ++j) columns[j][i] = W[(k + i) * K + j];
        const Vec<T> x = load_part<T>(inputs + k, n);
        for (int j = 0; j < K; ++j) lanes_of[j] += x * load<T>(columns[j]);
    }
    for (int j = 0; j < K; ++j) outputs[j] = piecewise_linear<T>(function, splat<T>(sum<T>(lanes_of[j])))[0];
}

// The same for one row and W as it is.
template <class T>
void dense_forward_row(Index n_in, Index n_out, const T* inputs, const T* W, T* outputs, Function function) {
    if (n_out <= narrow<T>)
        return with_constant<narrow<T>>(
            n_out, [&](auto K) { narrow_forward_row<T, K.value>(n_in, inputs, W, outputs, function); });
    constexpr int C = 4;
    constexpr Index width = C * lanes<T>;
    const T* bias = W + n_in * n_out;
    Index column = 0;
    for (; column + width <= n_out; column += width) {
        Tile<T, 1, C> z;
        z.add_product(n_in, inputs, One{}, One{}, W + column, n_out);
        for (int c = 0; c < C; ++c) {
            const Vec<T> v = z.at[0][c] + load<T>(bias + column + c * lanes<T>);
            store<T>(outputs + column + c * lanes<T>, piecewise_linear<T>(function, v));
        }
    }
    for (; column < n_out; column += lanes<T>) {
        const Index n = n_out - column < lanes<T> ? n_out - column : lanes<T>;
        // Whole vectors reach into the next row of W, which does no harm but at its very end.
        const Index past_end = column + lanes<T> - n_out;
        const Index rows_after = past_end > n_out ? (past_end + n_out - 1) / n_out - 1 : 0;
        const Index n_whole = n_in > rows_after ? n_in - rows_after : 0;
        Tile<T, 1, 1> whole;
        whole.add_product(n_whole, inputs, One{}, One{}, W + column, n_out);
        Vec<T> z = whole.at[0][0];
        for (Index k = n_whole; k < n_in; ++k) z += splat<T>(inputs[k]) * load_part<T>(W + k * n_out + column, n);
        z += load_part<T>(bias + column, n);
        store_part<T>(outputs + column, piecewise_linear<T>(function, z), n);
    }
}

// ∂E/∂x of a stage of few outputs (K of them): a product of so few terms that its strip of Wᵀ stays in registers, and row after
// row goes through without a tile.
template <class T, int K>
void narrow_backward(const DenseBackward<T>& d) {
    const T* deltas = d.deltas + d.place.first * lanes<T>;
    const auto products_times = [&](auto derivative) {
        for_strips<T>(d.n_in, 0, strips<T>(d.n_in), [&](Index column, auto vectors) {
            constexpr int C = decltype(vectors)::value;
            constexpr Index width = C * lanes<T>;
            T* d_strip = d.d_inputs + column * d.place.strip + d.place.first * width;
            Tile<T, K, C> strip;
            strip.load_from(d.panels + column * K, width);
            for (Index r = 0; r < d.rows; ++r) {
                Tile<T, 1, C> dx;
#pragma GCC unroll 4
                for (int k = 0; k < K; ++k)
                    for (int c = 0; c < C; ++c) dx.at[0][c] += splat<T>(deltas[r * lanes<T> + k]) * strip.at[k][c];
                for (int c = 0; c < C; ++c) dx.at[0][c] = derivative(dx.at[0][c], r, column + c * lanes<T>);
                dx.store_to(d_strip + r * width, width);
            }
        });
    };
    if (d.derivative.slope == Slope::one) return products_times([](Vec<T> dx, Index, Index) { return dx; });
    with_derivative<T>(d.derivative, [&](auto derivative) {
        products_times([&](Vec<T> dx, Index row, Index column) { return dx * derivative(row, column); });
    });
}

// Backward to the inputs: ∂E/∂x = δ·Wᵀ, times the derivative of what made x.
template <class T>
void dense_backward(const DenseBackward<T>& d) {
    if (d.n_out <= narrow<T>) return with_constant<narrow<T>>(d.n_out, [&](auto K) { narrow_backward<T, K.value>(d); });
    for_strips<T>(d.n_in, 0, strips<T>(d.n_in), [&](Index column, auto vectors) {
        constexpr int C = decltype(vectors)::value;
        constexpr Index width = C * lanes<T>;
        const T* strip = d.panels + column * d.n_out;
        T* d_strip = d.d_inputs + column * d.place.strip + d.place.first * width;
        for (Index k = 0; k < d.n_out; k += inner_block) {
            const Index end = d.n_out - k < inner_block ? d.n_out : k + inner_block;
            for_tiles<C>(d.rows, [&](Index r, auto rows) {
                constexpr int R = decltype(rows)::value;
                Tile<T, R, C> dx;
                if (k > 0) dx.load_from(d_strip + r * width, width);
                for (Index p = k; p < end; p += panel<T>) {  // a strip of δ after the other
                    const Index n = end - p < panel<T> ? end - p : panel<T>;
                    const Index ld = d.n_out - p > lanes<T> ? panel<T> : lanes<T>;
                    const T* deltas = d.deltas + p * d.place.strip + (d.place.first + r) * ld;
                    dx.add_product(n, deltas, ld, One{}, strip + p * width, width);
                }
                if (end == d.n_out)
                    with_derivative<T>(d.derivative, [&](auto derivative) {
                        for (int i = 0; i < R; ++i)
                            for (int c = 0; c < C; ++c) dx.at[i][c] *= derivative(r + i, column + c * lanes<T>);
                    });
                dx.store_to(d_strip + r * width, width);
            });
        }
    });
}

// The least multiple of a tile's rows that is one of a vector's lanes too.
template <class T>
constexpr Index block_rows = [] {
    Index n = tile_rows;
    while (n % lanes<T> != 0) n += tile_rows;
    return n;
}();

// ∂E/∂W of a stage of few outputs (K of them), whose strip would be mostly padding: the vectors lie along the inputs.
template <class T, int K>
void narrow_gradient(const DenseGradient<T>& d) {
    constexpr int most = 12 / K;
    for (Index i = d.i0; i < d.i1; i += most * lanes<T>) {
        const Index n = d.i1 - i < most * lanes<T> ? d.i1 - i : most * lanes<T>;
        with_constant<most>((n + lanes<T> - 1) / lanes<T>, [&](auto vectors) {
            constexpr int C = decltype(vectors)::value;
            Tile<T, K, C> g;  // transposed
            g.add_product(d.rows, d.deltas, One{}, lanes<T>, d.inputs + i, d.ld_in);
            T columns[K * C * lanes<T>];
            g.store_to(columns, C * lanes<T>);
            for (Index r = 0; r < n; ++r)
                for (int j = 0; j < K; ++j) d.block[(i - d.i0 + r) * d.ld + j] = columns[j * C * lanes<T> + r];
        });
    }
}

// Backward to the weights: ∂E/∂W = [x, 1]ᵀ·δ.
template <class T>
void dense_gradient(const DenseGradient<T>& d) {
    if (d.n_out <= narrow<T>) return with_constant<narrow<T>>(d.n_out, [&](auto K) { narrow_gradient<T, K.value>(d); });
    constexpr Index page = 4096 / sizeof(T);
    alignas(64) T packed[rows_of_tile<1> * inner_block];
    for (Index k = 0; k < d.rows; k += inner_block) {
        const Index n = d.rows - k < inner_block ? d.rows - k : inner_block;
        const auto strips_of_tile = [&](Index tile, auto rows) {
            constexpr int R = decltype(rows)::value;
            const Index i = d.i0 + tile;
            const T* x = d.inputs + k * d.ld_in + i;
            Index ld = d.ld_in;
            if (ld >= page) {  // every row is on a page of its own: go through them once, not once a strip
                for (Index j = 0; j < n; ++j) __builtin_memcpy(packed + j * R, x + j * ld, R * sizeof(T));
                x = packed;
                ld = R;
            }
            const auto product = [&](Index column, auto vectors) {
                constexpr int C = decltype(vectors)::value;
                constexpr Index width = C * lanes<T>;
                const Index valid = d.n_out - column < width ? d.n_out - column : width;
                T* out = d.block + tile * d.ld + column - d.p0 * panel<T>;
                if (k == 0)
                    for (const T* next : d.next)
                        for (int r = 0; next && r < R; ++r) __builtin_prefetch(next + (i + r) * d.n_out + column, 1);
                Tile<T, R, C> g;
                if (k > 0) g.load_from(out, d.ld, valid);
                g.add_product(n, x, One{}, ld, d.deltas + column * d.strip_rows + k * width, width);
                g.store_to(out, d.ld, valid);
            };
            if constexpr (R > tile_rows)
                product(d.p0 * panel<T>, Constant<1>{});
            else
                for_strips<T>(d.n_out, d.p0, d.p1, product);
        };
        const bool one_vector = d.p1 - d.p0 == 1 && d.n_out - d.p0 * panel<T> <= lanes<T>;
        one_vector ? for_tiles<1>(d.i1 - d.i0, strips_of_tile) : for_tiles<2>(d.i1 - d.i0, strips_of_tile);
    }
}

template <class T>
void pack_forward(const T* W, Index n_in, Index n_out, Index i0, Index i1, Index c0, Index c1, T* packed) {
    if (n_out <= narrow<T>) {
        for (Index j = 0; j < n_out; ++j)
            for (Index i = i0; i < i1; ++i) packed[j * (n_in + 1) + i] = W[i * n_out + j];
        return;
    }
    for_strips<T>(n_out, c0 / panel<T>, strips<T>(c1), [&](Index column, auto vectors) {
        constexpr int C = decltype(vectors)::value;
        constexpr Index width = C * lanes<T>;
        const Index valid = n_out - column < width ? n_out - column : width;
        for (Index i = i0; i < i1; ++i) {
            T* to = packed + column * (n_in + 1) + i * width;
            const T* from = W + i * n_out + column;
            Index k = 0;
            for (; k + lanes<T> <= valid; k += lanes<T>) store<T>(to + k, load<T>(from + k));
            copy_few<lanes<T> / 2>(to + k, from + k, valid - k);  // what is beyond stays 0
        }
    });
}

// W without its bias into the panels of Wᵀ, in squares of lanes × lanes.
template <class T>
void pack_backward(const T* W, Index n_in, Index n_out, Index i0, Index i1, Index c0, Index c1, T* panels) {
    constexpr Index n = lanes<T>;
    const Index end = i1 < n_in ? i1 : n_in;
    for (Index i = i0; i < end; i += n) {
        const Index column = i / panel<T> * panel<T>;
        const Index width = n_in - column > n ? panel<T> : n;
        T* strip = panels + column * n_out + (i - column);
        const Index n_rows = end - i < n ? end - i : n;
        for (Index k = c0; k < c1; k += n) {
            const Index n_columns = c1 - k < n ? c1 - k : n;
            if (n_rows < n || n_columns < n) {
                for (Index r = 0; r < n_rows; ++r)
                    for (Index c = 0; c < n_columns; ++c) strip[(k + c) * width + r] = W[(i + r) * n_out + k + c];
                continue;
            }
            Vec<T> square[n];
            for (Index r = 0; r < n; ++r) square[r] = load<T>(W + (i + r) * n_out + k);
            transpose<T>(square);
            for (Index c = 0; c < n; ++c) store<T>(strip + (k + c) * width, square[c]);
        }
    }
}

}  // namespace chainrule::CHAINRULE_ISA_NAMESPACE
