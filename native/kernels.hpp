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

// z = [x, 1]·W of some rows, and a = φ(z) where φ is piecewise linear: columns c0 … c1 - 1 of them.
template <class T>
struct DenseForward {
    Index rows, n_in, n_out;
    const T* inputs;  // (rows, ld_in), ld_in whole vectors; column n_in is 1
    Index ld_in;
    const T* packed;  // W, (n_in + 1, n_out), by pack_forward
    T* outputs;       // (rows, ld_out), ld_out at least the width of all panels; columns from n_out on may get rubbish
    Index ld_out;
    Function function;  // identity, relu or leaky_relu
    Index c0, c1;       // c0 is a multiple of a panel; c1 too, or it is n_out
};

// The same for sparse rows (CSR): row r has values[k] in column columns[k], starts[rows_of[r]] ≤ k < starts[rows_of[r] + 1].
template <class T>
struct SparseRows {
    const T* values;
    const int32_t* columns;
    const int64_t* starts;
    const uint32_t* order;  // number of each row in the table; null means first_row, first_row + 1, …
    Index first_row;

    // Always inlined, as sources of several instruction sets must not share a compiled copy.
    [[gnu::always_inline]] Index row(Index r) const { return order ? static_cast<Index>(order[r]) : first_row + r; }
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
    T* block;  // (i1 - i0, ld): the strips side by side, without the columns beyond n_out
    Index ld;
    // Of the same shape as W: what the descent will want next of these rows and columns is asked for ahead.
    const T* next[3];
};

// The same of sparse rows: rows i0 … i1 - 1 of it, all columns.
template <class T>
struct SparseGradient {
    SparseRows<T> inputs;
    Index rows, n_in, n_out;
    DeltaRows place;
    const T* deltas;  // in panels
    Index i0, i1;
    T* block;  // (i1 - i0, n_out)
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
    bool reported = false;  // the error is told as network/losses/reported.py has it; the gradient is the same
};

// Numbers of a loss's working memory.
inline Index loss_scratch(Index rows, Index n_logits) { return 2 * (rows + 16) * (n_logits + 16); }

template <class T>
struct LossRows {
    Index rows, n_logits;
    const T* logits;  // (rows, ld), ld at least n_logits in whole vectors; what is beyond n_logits is nobody's
    Index ld;
    const T* target;       // (rows, n_targets); null for classes
    const int32_t* codes;  // (rows,); null for numbers
    const T* weight;       // (rows,) or null
    double scale;          // on d_logits only: 1 / divisor
    T* d_logits;           // in panels
    DeltaRows place;
    double* row_losses;  // (rows,): weight·loss
    T* scratch;          // loss_scratch(rows, n_logits)
};

// Some rows of weights with one learning rate and one decay: (rows, n), the first numbers of rows of length ld.
template <class T>
struct Descent {
    OptimizerKind kind;
    Index rows, n, ld;
    T* weights;
    T* vectors[2];
    const T* gradient;
    Index ld_gradient;
    T clip;           // factor on the gradient: 1 unless clipped
    T learning_rate;  // times the segment's factor
    T decay;          // learning rate · weight decay · the segment's factor
    T momentum;
    T settings[3];     // beta_1, beta_2, epsilon; decay, epsilon; epsilon
    T one_minus[2];    // 1 - beta_1, 1 - beta_2; 1 - decay
    T corrections[2];  // 1 / (1 - beta_1^t), 1 / (1 - beta_2^t)
    // A fused descent has somewhere to add Σ of the squared gradient to. With somewhere for Σ of the squared new weights too, the
    // gradient of l2/2·Σw² is added to the given one first.
    double* squares;
    double* weight_squares;
    T l2;
    // Where a fused descent also puts the new weights, unless null: the panels of W (inner, ld), of which these are from row and
    // column on.
    T* panels;
    Index inner, row, column;
};

template <class T>
struct Kernels {
    Index panel;       // columns of a strip
    Index narrow;      // most columns of a narrow W: a strip of it would be half padding or more
    Index block_rows;  // rows of a block of the gradient: whole tiles, and whole squares of the packing

    void (*dense_forward)(const DenseForward<T>&);
    // The same bits for one row, with its 1, and W as it is, not packed: outputs (n_out,) exactly.
    void (*dense_forward_row)(Index n_in, Index n_out, const T* inputs, const T* W, T* outputs, Function);
    void (*sparse_forward)(const SparseRows<T>&, Index rows, Index n_in, Index n_out, const T* W, T* outputs, Index ld,
                           Function);
    void (*dense_backward)(const DenseBackward<T>&);
    void (*dense_gradient)(const DenseGradient<T>&);
    void (*sparse_gradient)(const SparseGradient<T>&);
    // Rows i0 … i1 - 1 and columns c0 … c1 - 1 of W (n_in + 1, n_out) into the panels of W and of Wᵀ. i0 is a multiple of half a
    // panel, c0 of a whole one; c1 too, or it is n_out. A narrow W is packed forward as Wᵀ (n_out, n_in + 1), without padding.
    void (*pack_forward)(const T* W, Index n_in, Index n_out, Index i0, Index i1, Index c0, Index c1, T* packed);
    void (*pack_backward)(const T* W, Index n_in, Index n_out, Index i0, Index i1, Index c0, Index c1, T* panels);

    // a = φ(z) and z ← φ′(z), both (rows, ld), over whole vectors.
    void (*activate)(Function, Index rows, Index n, Index ld_z, const T* z, Index ld_a, T* a);
    void (*slopes)(Function, Index rows, Index n, Index ld, T* z);
    void (*drop)(const DropoutMask&, Index rows, Index ld, T* values, T scale);
    // d ← d · derivative, d in panels.
    void (*apply_derivative)(const Derivative<T>&, Index rows, Index n, DeltaRows place, T* d);

    void (*loss)(const LossSettings&, const LossRows<T>&);
    // sum ← Σ of terms (n,) that lie `apart` from each other, one after the other.
    void (*add_up)(Index n, Index n_terms, const T* terms, Index apart, T* sum);
    // g ← g + l1·sign(w) + l2·w, both (rows, n); returns Σ g².
    double (*penalise)(Index rows, Index n, const T* w, Index ld_w, T* g, Index ld_g, T l1, T l2);
    // Σ |w| and Σ w².
    void (*norms)(Index rows, Index n, const T* w, Index ld, double* sum_of_absolutes, double* sum_of_squares);
    // The largest |x| of (rows, n); infinity if one of them is infinite or not a number.
    T (*largest)(Index rows, Index n, Index ld, const T* x);
    void (*descend)(const Descent<T>&);
};

// Columns of all strips together.
template <class T>
inline Index padded(const Kernels<T>& kernels, Index n) {
    const Index half = kernels.panel / 2;
    return (n + half - 1) / half * half;
}

// The distance between two rows of n outputs: room for whole strips and for the column of ones after them.
template <class T>
inline Index row_length(const Kernels<T>& kernels, Index n) {
    return padded(kernels, n + 1);
}

// Write that column: the input of the biases.
template <class T>
inline void set_ones(T* outputs, Index rows, Index ld, Index n) {
    for (Index r = 0; r < rows; ++r) outputs[r * ld + n] = 1;
}

}  // namespace chainrule
