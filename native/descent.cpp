#include "descent.hpp"

#include <cmath>
#include <utility>

#include "isa.hpp"

namespace chainrule {

size_t Optimizer::n_vectors() const {
    switch (kind) {
        case OptimizerKind::sgd: return 0;
        case OptimizerKind::adam: return 2;
        default: return 1;
    }
}

size_t Optimizer::n_settings() const {
    switch (kind) {
        case OptimizerKind::adam: return 4;
        case OptimizerKind::rmsprop: return 2;
        case OptimizerKind::adagrad: return 1;
        default: return 0;
    }
}

template <class T>
GradientDescent<T>::GradientDescent(const Blocks<T>& blocks, Optimizer optimizer, T* weights, std::vector<T*> vectors,
                                    PackedWeights<T>& packed)
    : blocks_(blocks),
      kernels_(kernels<T>()),
      optimizer_(std::move(optimizer)),
      weights_(weights),
      vectors_(std::move(vectors)),
      packed_(packed) {}

template <class T>
Formula<T> GradientDescent<T>::formula(int64_t number, const StepPlan& plan, Index i, double clip) const {
    Descent<T> d{};
    d.kind = optimizer_.kind;
    d.clip = static_cast<T>(clip);
    d.momentum = static_cast<T>(plan.momentum[i]);
    const bool is_adam = d.kind == OptimizerKind::adam, corrected = is_adam && optimizer_.settings[3] != 0;
    const size_t n_settings = is_adam ? 3 : optimizer_.settings.size();
    for (size_t s = 0; s < n_settings; ++s) d.settings[s] = static_cast<T>(optimizer_.settings[s]);
    const size_t n_factors = is_adam ? 2 : d.kind == OptimizerKind::rmsprop ? 1 : 0;
    for (size_t s = 0; s < n_factors; ++s) {
        const double factor = optimizer_.settings[s];
        d.one_minus[s] = static_cast<T>(1 - factor);
        d.corrections[s] = static_cast<T>(corrected ? 1 / (1 - std::pow(factor, static_cast<double>(number + 1))) : 1);
    }
    return {d, plan.learning_rate[i], plan.weight_decay[i]};
}

template <class T>
void GradientDescent<T>::descend(const Block& block, const Formula<T>& formula, const T* gradient, Index ld) {
    const Stage& stage = blocks_.stage_of(block);
    blocks_.for_parts(block, [&](Index rows, Index n, Index start, Index, bool biases) {
        Descent<T> d = of_stage(stage, formula, biases, start);
        d.rows = rows, d.n = n;
        d.gradient = gradient + (biases ? (stage.n_in - block.i0) * ld : 0), d.ld_gradient = ld;
        kernels_.descend(d);
    });
    const Index column = blocks_.first_column(block);
    packed_.pack(block.stage, weights_, block.i0, block.i1, column, column + block.ld);
}

template <class T>
BlockSquares GradientDescent<T>::descend_fused(const Block& block, const Formula<T>& formula, const T* gradient,
                                               std::optional<double> l2) {
    const Stage& stage = blocks_.stage_of(block);
    const Index column = blocks_.first_column(block), end = column + block.ld;
    const bool apart = packs_apart(block);
    BlockSquares squares{};
    for_fused(block, [&](Index row, Index rows, Index n, bool biases) {
        Descent<T> d = of_stage(stage, formula, biases, stage.offset + row * stage.n_out + column);
        d.rows = rows, d.n = n;
        d.gradient = gradient + (row - block.i0) * block.ld, d.ld_gradient = block.ld;
        d.squares = &squares.gradient;
        if (l2 && !biases && stage.weight_decay != 0) d.l2 = static_cast<T>(*l2), d.weight_squares = &squares.weights;
        d.panels = apart ? nullptr : packed_.forward(block.stage);
        d.inner = stage.n_in + 1, d.row = row, d.column = column;
        kernels_.descend(d);
    });
    apart ? packed_.pack(block.stage, weights_, block.i0, block.i1, column, end)
          : packed_.pack_transposed(block.stage, weights_, block.i0, block.i1, column, end);
    return squares;
}

template <class T>
double GradientDescent<T>::squares_of_weights(const Block& block) const {
    const Stage& stage = blocks_.stage_of(block);
    double absolutes = 0, squares = 0;
    for_fused(block, [&](Index row, Index rows, Index n, bool biases) {
        const T* w = weights_ + stage.offset + row * stage.n_out + blocks_.first_column(block);
        if (!biases && stage.weight_decay != 0) kernels_.norms(rows, n, w, stage.n_out, &absolutes, &squares);
    });
    return squares;
}

// Whether a fused descent leaves the packing for later: where whole rows of W end in parts of vectors, one long row of all of
// them is so much faster. Sparse rows are not packed.
template <class T>
bool GradientDescent<T>::packs_apart(const Block& block) const {
    const Index n_out = blocks_.stage_of(block).n_out, lanes = kernels_.panel / 2;
    return block.ld == n_out && (n_out % lanes != 0 || !packed_.forward(block.stage));
}

// Call f(first row of W, rows, columns, whether they are biases) for a block's weights and for its biases; rows that are not
// packed on the way are one long row.
template <class T>
template <class F>
void GradientDescent<T>::for_fused(const Block& block, F f) const {
    const bool one = packs_apart(block);
    blocks_.for_rows(block, [&](Index row, Index rows, bool biases) {
        f(row, one ? Index{1} : rows, one ? rows * block.ld : block.ld, biases);
    });
}

template <class T>
std::array<const T*, 3> GradientDescent<T>::state_of(const Stage& stage) const {
    std::array<const T*, 3> state{weights_ + stage.offset};
    for (size_t v = 0; v < vectors_.size(); ++v) state[v + 1] = vectors_[v] + stage.offset;
    return state;
}

// The formula with a stage's factors, for the weights or the biases from `start` on.
template <class T>
Descent<T> GradientDescent<T>::of_stage(const Stage& stage, const Formula<T>& formula, bool biases, Index start) const {
    Descent<T> d = formula.descent;
    const double rate = formula.learning_rate * (biases ? stage.bias_rate : stage.weight_rate);
    d.learning_rate = static_cast<T>(rate);
    d.decay = static_cast<T>(biases ? 0 : rate * formula.weight_decay * stage.weight_decay);
    d.ld = stage.n_out;
    d.weights = weights_ + start;
    for (size_t v = 0; v < vectors_.size(); ++v) d.vectors[v] = vectors_[v] + start;
    return d;
}

template class GradientDescent<float>;
template class GradientDescent<double>;

}  // namespace chainrule
