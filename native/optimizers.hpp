// The optimizers: each an elementwise formula over a stretch of weights, under the names of training/optimizers/.
//
// One pass reads the gradient, updates the optimizer's state and moves the weights: w ← w + Δw - η·λ·w.
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

template <class T, class Formula>
inline void descend_by(const Descent<T>& d) {
    constexpr int n_vectors = Formula::n_vectors;
    const auto step = [&](Vec<T>& w, Vec<T> g, Vec<T>& m, Vec<T>& s) {
        w += Formula::change(d, d.clip * g, m, s) - d.decay * w;
    };
    Index i = 0;
    for (; i + lanes<T> <= d.n; i += lanes<T>) {
        Vec<T> w = load<T>(d.weights + i), m{}, s{};
        if constexpr (n_vectors > 0) m = load<T>(d.vectors[0] + i);
        if constexpr (n_vectors > 1) s = load<T>(d.vectors[1] + i);
        step(w, load<T>(d.gradient + i), m, s);
        store<T>(d.weights + i, w);
        if constexpr (n_vectors > 0) store<T>(d.vectors[0] + i, m);
        if constexpr (n_vectors > 1) store<T>(d.vectors[1] + i, s);
    }
    if (const Index n = d.n - i; n > 0) {
        Vec<T> w = load_part<T>(d.weights + i, n), m{}, s{};
        if constexpr (n_vectors > 0) m = load_part<T>(d.vectors[0] + i, n);
        if constexpr (n_vectors > 1) s = load_part<T>(d.vectors[1] + i, n);
        step(w, load_part<T>(d.gradient + i, n), m, s);
        store_part<T>(d.weights + i, w, n);
        if constexpr (n_vectors > 0) store_part<T>(d.vectors[0] + i, m, n);
        if constexpr (n_vectors > 1) store_part<T>(d.vectors[1] + i, s, n);
    }
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

// g ← g + l1·sign(w) + l2·w; returns Σ g².
template <class T>
double penalise(Index n, const T* w, T* g, T l1, T l2) {
    Vec<double> total{};
    const bool has_penalty = l1 != 0 || l2 != 0;
    const auto penalised = [=](Vec<T> gradient, Vec<T> weight) {
        const Vec<T> sign = weight > 0 ? splat<T>(1) : weight < 0 ? splat<T>(-1) : weight;
        return gradient + l1 * sign + l2 * weight;
    };
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
    return sum<double>(total);
}

template <class T>
void norms(Index n, const T* w, double* sum_of_absolutes, double* sum_of_squares) {
    Vec<double> absolutes{}, squares{};
    for (Index i = 0; i < n; i += lanes<T>) {
        const Vec<T> v = n - i < lanes<T> ? load_part<T>(w + i, n - i) : load<T>(w + i);
        absolutes = add_all(absolutes, absolute<T>(v));
        squares = add_squares(squares, v);
    }
    *sum_of_absolutes += sum<double>(absolutes);
    *sum_of_squares += sum<double>(squares);
}

}  // namespace chainrule::CHAINRULE_ISA_NAMESPACE
