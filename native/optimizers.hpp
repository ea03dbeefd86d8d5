// The optimizers: each an elementwise formula over a stretch of weights, under the names of training/optimizers/.
//
// One pass reads the gradient, updates the optimizer's state and moves the weights: w ← w + Δw - η·λ·w.
// It may do what else there is to do with weights and gradient at hand: the penalty, the sums of squares, the packing.
#pragma once

#include "simd/math.hpp"

namespace chainrule::CHAINRULE_ISA_NAMESPACE {

template <class T>
inline Vec<T> square_root(Vec<T> v) {
    Vec<T> root;
    for (Index i = 0; i < lanes<T>; ++i) root[i] = sizeof(T) == 4 ? __builtin_sqrtf(v[i]) : __builtin_sqrt(v[i]);
    return root;
}

// Each formula returns Δw for the gradient g, updating the state m and s.
template <class T>
struct SGD {
    static constexpr int n_vectors = 0;
    static Vec<T> change(const Descent<T>& d, Vec<T> g, Vec<T>&, Vec<T>&) { return -d.learning_rate * g; }
};

template <class T>
struct Momentum {
    static constexpr int n_vectors = 1;
    static Vec<T> change(const Descent<T>& d, Vec<T> g, Vec<T>& m, Vec<T>&) {
        return m = d.momentum * m - d.learning_rate * g;
    }
};

template <class T>
struct Nesterov {
    static constexpr int n_vectors = 1;
    static Vec<T> change(const Descent<T>& d, Vec<T> g, Vec<T>& m, Vec<T>&) {
        const Vec<T> pull = d.learning_rate * g;
        m = d.momentum * m - pull;
        return d.momentum * m - pull;
    }
};

template <class T>
struct Adagrad {
    static constexpr int n_vectors = 1;
    static Vec<T> change(const Descent<T>& d, Vec<T> g, Vec<T>& s, Vec<T>&) {
        s += g * g;
        return -d.learning_rate * g / (square_root<T>(s) + d.settings[0]);
    }
};

template <class T>
struct RMSprop {
    static constexpr int n_vectors = 1;
    static Vec<T> change(const Descent<T>& d, Vec<T> g, Vec<T>& s, Vec<T>&) {
        s = d.settings[0] * s + d.one_minus[0] * (g * g);
        return -d.learning_rate * g / (square_root<T>(s) + d.settings[1]);
    }
};

template <class T>
struct Adam {
    static constexpr int n_vectors = 2;
    static Vec<T> change(const Descent<T>& d, Vec<T> g, Vec<T>& m, Vec<T>& s) {
        m = d.settings[0] * m + d.one_minus[0] * g;
        s = d.settings[1] * s + d.one_minus[1] * (g * g);
        const Vec<T> root = square_root<T>(s * d.corrections[1]) + d.settings[2];
        return -d.learning_rate * (m * d.corrections[0]) / root;
    }
};

// The place in the panels of W of row r, column i of the weights to be moved; ld is n_out.
template <class T>
inline T* in_panels(const Descent<T>& d, Index r, Index i) {
    constexpr Index panel = 2 * lanes<T>;
    const Index strip = (d.column + i) & -panel, width = d.ld - strip > lanes<T> ? panel : lanes<T>;
    return d.panels + strip * d.inner + (d.row + r) * width + (d.column + i - strip);
}

template <class T, class Formula, bool fused, bool penalised, bool packed>
inline void descend_by(const Descent<T> d) {  // a copy: nothing that is stored may change it
    constexpr int n_vectors = Formula::n_vectors;
    Vec<double> squares_of_gradient{}, squares_of_weights{};
    for (Index r = 0; r < d.rows; ++r) {
        T* const weights = d.weights + r * d.ld;
        T* const means = n_vectors > 0 ? d.vectors[0] + r * d.ld : nullptr;
        T* const squares = n_vectors > 1 ? d.vectors[1] + r * d.ld : nullptr;
        const T* const gradient = d.gradient + r * d.ld_gradient;
        // The same formula over whole vectors, and over what is left at the row's end.
        const auto step = [&](Index i, auto get, auto put) {
            Vec<T> w = get(weights + i), m{}, s{};
            Vec<T> g = get(gradient + i);
            if constexpr (penalised) g += d.l2 * w;
            if constexpr (n_vectors > 0) m = get(means + i);
            if constexpr (n_vectors > 1) s = get(squares + i);
            w += Formula::change(d, d.clip * g, m, s) - d.decay * w;
            put(weights + i, w);
            if constexpr (n_vectors > 0) put(means + i, m);
            if constexpr (n_vectors > 1) put(squares + i, s);
            if constexpr (packed) put(in_panels(d, r, i), w);
            if constexpr (fused) squares_of_gradient = add_squares(squares_of_gradient, g);
            if constexpr (penalised) squares_of_weights = add_squares(squares_of_weights, w);
        };
        Index i = 0;
        for (; i + lanes<T> <= d.n; i += lanes<T>)
            step(i, [](const T* from) { return load<T>(from); }, [](T* to, Vec<T> v) { store<T>(to, v); });
        if (const Index n = d.n - i; n > 0)
            step(
                i, [n](const T* from) { return load_part<T>(from, n); },
                [n](T* to, Vec<T> v) { store_part<T>(to, v, n); });
    }
    if constexpr (fused) *d.squares += sum<double>(squares_of_gradient);
    if constexpr (penalised) *d.weight_squares += sum<double>(squares_of_weights);
}

template <class T, class Formula>
inline void descend_by(const Descent<T>& d) {
    if (!d.squares) return descend_by<T, Formula, false, false, false>(d);
    if (d.weight_squares)
        d.panels ? descend_by<T, Formula, true, true, true>(d) : descend_by<T, Formula, true, true, false>(d);
    else
        d.panels ? descend_by<T, Formula, true, false, true>(d) : descend_by<T, Formula, true, false, false>(d);
}

template <class T>
void descend(const Descent<T>& d) {
    switch (d.kind) {
        case OptimizerKind::sgd: return descend_by<T, SGD<T>>(d);
        case OptimizerKind::momentum: return descend_by<T, Momentum<T>>(d);
        case OptimizerKind::nesterov: return descend_by<T, Nesterov<T>>(d);
        case OptimizerKind::adagrad: return descend_by<T, Adagrad<T>>(d);
        case OptimizerKind::rmsprop: return descend_by<T, RMSprop<T>>(d);
        case OptimizerKind::adam: return descend_by<T, Adam<T>>(d);
    }
}

// sum ← Σ of terms.
template <class T>
void add_up(Index n, Index n_terms, const T* terms, Index apart, T* sum) {
    constexpr int chains = 4;  // each waits for itself only
    Index i = 0;
    for (; i + chains * lanes<T> <= n; i += chains * lanes<T>) {
        Vec<T> total[chains];
        for (int c = 0; c < chains; ++c) total[c] = load<T>(terms + i + c * lanes<T>);
        for (Index t = 1; t < n_terms; ++t)
            for (int c = 0; c < chains; ++c) total[c] += load<T>(terms + t * apart + i + c * lanes<T>);
        for (int c = 0; c < chains; ++c) store<T>(sum + i + c * lanes<T>, total[c]);
    }
    for (; i < n; i += lanes<T>) {
        const Index left = n - i;
        Vec<T> total = load_part<T>(terms + i, left);
        for (Index t = 1; t < n_terms; ++t) total += load_part<T>(terms + t * apart + i, left);
        store_part<T>(sum + i, total, left);
    }
}

// g ← g + l1·sign(w) + l2·w; returns Σ g².
template <class T>
double penalise(Index rows, Index n, const T* w, Index ld_w, T* g, Index ld_g, T l1, T l2) {
    Vec<double> total{};
    const bool has_penalty = l1 != 0 || l2 != 0;
    const auto penalised = [=](Vec<T> gradient, Vec<T> weight) {
        const Vec<T> sign = weight > 0 ? splat<T>(1) : weight < 0 ? splat<T>(-1) : weight;
        return gradient + l1 * sign + l2 * weight;
    };
    for (Index r = 0; r < rows; ++r, w += ld_w, g += ld_g) {
        Index i = 0;
        for (; i + lanes<T> <= n; i += lanes<T>) {
            Vec<T> v = load<T>(g + i);
            if (has_penalty) store<T>(g + i, v = penalised(v, load<T>(w + i)));
            total = add_squares(total, v);
        }
        if (i < n) {
            Vec<T> v = load_part<T>(g + i, n - i);
            if (has_penalty) store_part<T>(g + i, v = penalised(v, load_part<T>(w + i, n - i)), n - i);
            total = add_squares(total, v);
        }
    }
    return sum<double>(total);
}

template <class T>
void norms(Index rows, Index n, const T* w, Index ld, double* sum_of_absolutes, double* sum_of_squares) {
    Vec<double> absolutes{}, squares{};
    for (Index r = 0; r < rows; ++r, w += ld)
        for (Index i = 0; i < n; i += lanes<T>) {
            const Vec<T> v = n - i < lanes<T> ? load_part<T>(w + i, n - i) : load<T>(w + i);
            absolutes = add_all(absolutes, absolute<T>(v));
            squares = add_squares(squares, v);
        }
    *sum_of_absolutes += sum<double>(absolutes);
    *sum_of_squares += sum<double>(squares);
}

// The bits of numbers without their sign are in the order of the numbers, with infinity and what is no number on top.
template <class T>
T largest(Index rows, Index n, Index ld, const T* x) {
    constexpr Index chains = 4;  // each waits for itself only
    Vec<Integer<T>> top[chains]{};
    const auto take = [&](Index chain, Vec<T> v) { top[chain] = larger<T>(top[chain], bits_of<T>(absolute<T>(v))); };
    for (Index r = 0; r < rows; ++r, x += ld) {
        Index i = 0;
        for (; i + chains * lanes<T> <= n; i += chains * lanes<T>)
            for (Index chain = 0; chain < chains; ++chain) take(chain, load<T>(x + i + chain * lanes<T>));
        for (; i + lanes<T> <= n; i += lanes<T>) take(0, load<T>(x + i));
        if (i < n) take(0, load_part<T>(x + i, n - i));
    }
    const Vec<T> tops = from_bits<T>(larger<T>(larger<T>(top[0], top[1]), larger<T>(top[2], top[3])));
    T result = 0;
    for (Index i = 0; i < lanes<T>; ++i)
        result = tops[i] <= result ? result : tops[i] == tops[i] ? tops[i] : T(__builtin_inf());
    return result;
}

}  // namespace chainrule::CHAINRULE_ISA_NAMESPACE
