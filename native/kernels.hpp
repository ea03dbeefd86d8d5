// What an instruction set offers: every piece of mathematics as a function over raw arrays, in one table.
//
// The same sources (simd/, layers/, losses.hpp, optimizers.hpp, by way of kernels.cpp) are compiled once for each
// instruction set; isa.cpp picks a table at run time. Shapes are (rows, columns), row after row, unless said otherwise.
//
// Panels. A matrix (n, m) in panels is cut into strips of `panel` columns (the last one `panel` or `panel / 2` wide, the
// columns beyond m being 0), and each strip is stored whole, row after row: what the matrix product reads next is
// always next in memory.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace chainrule {

using Index = ptrdiff_t;

enum class Function { identity, relu, leaky_relu, elu, selu, gelu, silu, mish, tanh, logistic, softplus };
enum class LossKind { squared_error, absolute_error, huber, quantile, poisson, log_loss, cross_entropy };
enum class OptimizerKind { sgd, momentum, nesterov, adagrad, rmsprop, adam };

// How the backward pass of a stage's activation and dropout acts on ∂E/∂outputs.
enum class Slope {
    one,       // neither
    of_sign,   // outputs > 0 ? positive : negative (ReLU, with or without dropout, and leaky ReLU)
    in_buffer  // φ′(z), times the mask, is in the buffer
};

// Which rows of a minibatch's δ in panels: `first` and the following, where a strip holds `strip` rows.
struct DeltaRows {
    Index first, strip;
};

template <class T>
struct Derivative {
    Slope slope = Slope::one;
    const T* buffer = nullptr;  // outputs (of_sign) or φ′ (in_buffer) of these rows: (rows, ld)
    Index ld = 0;
    T positive = 1, negative = 1;
};

// z = [x, 1]·W of some rows, and a = φ(z) where φ is piecewise linear.
template <class T>
struct DenseForward {
    Index rows, n_in, n_out;
    const T* inputs;  // (rows, ld_in); column n_in is 1
    Index ld_in;
    const T* panels;  // W, (n_in + 1, n_out), in panels
    T* outputs;       // (rows, ld_out), ld_out at least the width of all panels; columns from n_out on get rubbish
    Index ld_out;
    Function function;  // identity, relu or leaky_relu
};

// The same for sparse rows (CSR): row r has values[k] in column columns[k], starts[rows_of[r]] ≤ k < starts[rows_of[r] + 1].
template <class T>
struct SparseRows {
    const T* values;
    const int32_t* columns;
    const int64_t* starts;
    const uint32_t* order;  // number of each row in the table; null means first_row, first_row + 1, …
    Index first_row;

    Index row(Index r) const { return order ? static_cast<Index>(order[r]) : first_row + r; }
};

// ∂E/∂x = δ·Wᵀ of some rows, times the derivative of what made x.
template <class T>
struct DenseBackward {
    Index rows, n_in, n_out;
    DeltaRows place;
    const T* deltas;  // in panels
    const T* panels;  // Wᵀ, (n_out, n_in), in panels
    T* d_inputs;      // in panels
    Derivative<T> derivative;
};

// ∂E/∂W = [x, 1]ᵀ·δ: rows i0 … i1 - 1 of it, strips p0 … p1 - 1.
template <class T>
struct DenseGradient {
    Index rows, n_out;
    const T* inputs;  // (rows, ld_in), with the column of ones
    Index ld_in;
    const T* deltas;   // in panels
    Index strip_rows;  // rows of a strip of them
    Index i0, i1, p0, p1;
    T* gradient;  // (n_in + 1, n_out)
};

// Which units a minibatch drops: number (row·units + unit) of the stream is below the threshold.
struct DropoutMask {
    uint64_t key = 0, threshold = 0;
    Index first_row = 0, units = 0;
};

struct LossSettings {
    LossKind kind = LossKind::squared_error;
    double parameter = 0;            // delta of huber, label_smoothing of cross_entropy
    const double* levels = nullptr;  // of quantile
    Index n_levels = 0;
};

template <class T>
struct LossRows {
    Index rows, n_logits;
    const T* logits;  // (rows, ld)
    Index ld;
    const T* target;          // (rows, n_targets); null for classes
    const int32_t* codes;     // (rows,); null for numbers
    const T* weight;          // (rows,) or null
    double scale;             // on d_logits only: 1 / divisor
    T* d_logits;              // in panels
    DeltaRows place;
    double* row_losses;       // (rows,): weight·loss
    double* scratch;          // 2·rows·n_logits, at least 2·rows
};

// One stretch of weights with one learning rate and one decay.
template <class T>
struct Descent {
    OptimizerKind kind;
    Index n;
    T* weights;
    const T* gradient;
    T* vectors[2];
    T clip;           // factor on the gradient: 1 unless clipped
    T learning_rate;  // times the segment's factor
    T decay;          // learning rate · weight decay · the segment's factor
    T momentum;
    T settings[3];     // beta_1, beta_2, epsilon; decay, epsilon; epsilon
    T one_minus[2];    // 1 - beta_1, 1 - beta_2; 1 - decay
    T corrections[2];  // 1 / (1 - beta_1^t), 1 / (1 - beta_2^t)
};

template <class T>
struct Kernels {
    Index tile_rows;  // rows that the matrix product takes at once
    Index panel;      // columns of a strip

    void (*dense_forward)(const DenseForward<T>&);
    void (*dense_forward_row)(Index n_in, Index n_out, const T* inputs, const T* W, T* outputs, Function);
    void (*sparse_forward)(const SparseRows<T>&, Index rows, Index n_in, Index n_out, const T* W, T* outputs, Index ld,
                           Function);
    void (*dense_backward)(const DenseBackward<T>&);
    void (*dense_gradient)(const DenseGradient<T>&);
    void (*sparse_gradient)(const SparseRows<T>&, Index rows, Index n_in, Index n_out, const T* deltas, Index strip_rows,
                            Index p0, Index p1, T* gradient);
    // Rows i0 … i1 - 1 and columns c0 … c1 - 1 of W (n_in + 1, n_out) into the panels of W and of Wᵀ. i0 is a multiple of half a
    // panel, c0 of a whole one; c1 too, or it is n_out.
    void (*pack_forward)(const T* W, Index n_in, Index n_out, Index i0, Index i1, Index c0, Index c1, T* panels);
    void (*pack_backward)(const T* W, Index n_in, Index n_out, Index i0, Index i1, Index c0, Index c1, T* panels);

    // a = φ(z) and z ← φ′(z), both (rows, ld), over whole vectors.
    void (*activate)(Function, Index rows, Index n, Index ld_z, const T* z, Index ld_a, T* a);
    void (*slopes)(Function, Index rows, Index n, Index ld, T* z);
    void (*drop)(const DropoutMask&, Index rows, Index ld, T* values, T scale);
    // d ← d · derivative, d in panels.
    void (*apply_derivative)(const Derivative<T>&, Index rows, Index n, DeltaRows place, T* d);

    void (*loss)(const LossSettings&, const LossRows<T>&);
    // g ← g + l1·sign(w) + l2·w; returns Σ g².
    double (*penalise)(Index n, const T* w, T* g, T l1, T l2);
    // Σ |w| and Σ w².
    void (*norms)(Index n, const T* w, double* sum_of_absolutes, double* sum_of_squares);
    void (*descend)(const Descent<T>&);
};

// Columns of all strips together.
template <class T>
inline Index padded(const Kernels<T>& kernels, Index n) {
    const Index half = kernels.panel / 2;
    return (n + half - 1) / half * half;
}

}  // namespace chainrule
