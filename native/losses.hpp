// The losses: error and gradient of some rows together, under the names and in the forms of network/losses/.
#pragma once

#include "simd/math.hpp"

namespace chainrule::CHAINRULE_ISA_NAMESPACE {

// Put a row's gradient (n_logits,), times a factor, where it belongs in the panels.
template <class T, class Number>
inline void put_row(const LossRows<T>& rows, Index r, const Number* gradient, double factor) {
    constexpr Index panel = 2 * lanes<T>;
    for (Index column = 0; column < rows.n_logits; column += panel) {
        const Index left = rows.n_logits - column, width = left > lanes<T> ? panel : lanes<T>;
        T* to = rows.d_logits + column * rows.place.strip + (rows.place.first + r) * width;
        for (Index k = 0; k < left && k < panel; ++k)
            to[k] = static_cast<T>(gradient[column + k] * static_cast<Number>(factor));
    }
}

template <class T>
inline double weight_of(const LossRows<T>& rows, Index r) {
    return rows.weight ? static_cast<double>(rows.weight[r]) : 1.0;
}

// Apply f(logit, target, column) → {loss, derivative} to every logit, `repeats` logits a target.
template <class T>
struct LossAndSlope {
    T loss, slope;
};

template <class T, class F>
inline void each_logit(const LossRows<T>& rows, Index repeats, F f) {
    const Index n_targets = rows.n_logits / repeats;
    T* slopes = reinterpret_cast<T*>(rows.scratch);
    for (Index r = 0; r < rows.rows; ++r) {
        double total = 0;
        for (Index k = 0; k < rows.n_logits; ++k) {
            const LossAndSlope<T> one = f(rows.logits[r * rows.ld + k], rows.target[r * n_targets + k / repeats], k);
            total += static_cast<double>(one.loss);
            slopes[k] = one.slope;
        }
        rows.row_losses[r] = weight_of(rows, r) * total;
        put_row(rows, r, slopes, weight_of(rows, r) * rows.scale);
    }
}

template <class T>
inline T sign_of(T r) {
    return r > 0 ? T(1) : r < 0 ? T(-1) : r;  // 0 of 0, NaN of NaN
}

// ½r², ½r first: r² may overflow where ½r² does not.
template <class T>
void squared_error(const LossRows<T>& rows) {
    each_logit(rows, 1, [](T o, T y, Index) {
        const T r = o - y;
        return LossAndSlope<T>{T(0.5) * r * r, r};
    });
}

template <class T>
void absolute_error(const LossRows<T>& rows) {
    each_logit(rows, 1, [](T o, T y, Index) {
        const T r = o - y;
        return LossAndSlope<T>{r < 0 ? -r : r, sign_of(r)};
    });
}

// c·(r - ½c), c being r clipped to ±delta.
template <class T>
void huber(const LossRows<T>& rows, T delta) {
    each_logit(rows, 1, [delta](T o, T y, Index) {
        const T r = o - y;
        const T c = r > delta ? delta : r < -delta ? -delta : r;
        return LossAndSlope<T>{c * (r - T(0.5) * c), c};
    });
}

// max((1 - τ)·r, -τ·r).
template <class T>
void quantile(const LossRows<T>& rows, const double* levels, Index n_levels) {
    each_logit(rows, n_levels, [=](T o, T y, Index k) {
        const T r = o - y, tau = static_cast<T>(levels[k % n_levels]);
        const T slope = r > 0 ? 1 - tau : r < 0 ? -tau : r;
        return LossAndSlope<T>{r > 0 ? (1 - tau) * r : -tau * r, slope};
    });
}

// Copy logits (rows, ld) to a buffer without gaps, as doubles.
template <class T>
inline Index gather_logits(const LossRows<T>& rows, double* to) {
    for (Index r = 0; r < rows.rows; ++r)
        for (Index k = 0; k < rows.n_logits; ++k) to[r * rows.n_logits + k] = static_cast<double>(rows.logits[r * rows.ld + k]);
    return rows.rows * rows.n_logits;
}

// values ← f(values), n of them, a vector at a time.
template <class F>
inline void map(double* values, Index n, F f) {
    constexpr Index step = lanes<double>;
    Index i = 0;
    for (; i + step <= n; i += step) store<double>(values + i, f(load<double>(values + i)));
    if (i < n) store_part<double>(values + i, f(load_part<double>(values + i, n - i)), n - i);
}

// eᶻ - y·z.
template <class T>
void poisson(const LossRows<T>& rows) {
    map(rows.scratch, gather_logits(rows, rows.scratch), [](Vec<double> z) { return exp<double>(z); });
    for (Index r = 0; r < rows.rows; ++r) {
        double* means = rows.scratch + r * rows.n_logits;
        double total = 0;
        for (Index k = 0; k < rows.n_logits; ++k) {
            const double z = static_cast<double>(rows.logits[r * rows.ld + k]);
            const double y = static_cast<double>(rows.target[r * rows.n_logits + k]);
            total += means[k] - y * z;
            means[k] -= y;
        }
        rows.row_losses[r] = weight_of(rows, r) * total;
        put_row(rows, r, means, weight_of(rows, r) * rows.scale);
    }
}

// ln(1 + e^-|z|) + (1 - y)·max(z, 0) + y·max(-z, 0), and (1 - y)·p - y·(1 - p).
template <class T>
void log_loss(const LossRows<T>& rows) {
    const Index n = rows.rows * rows.n_logits;
    double *e = rows.scratch, *logarithm = e + n;
    gather_logits(rows, e);
    map(e, n, [](Vec<double> z) { return exp<double>(-absolute<double>(z)); });
    __builtin_memcpy(logarithm, e, static_cast<size_t>(n) * sizeof(double));
    map(logarithm, n, [](Vec<double> x) { return log1p_unit<double>(x); });
    for (Index r = 0; r < rows.rows; ++r) {
        double total = 0;
        for (Index k = 0; k < rows.n_logits; ++k) {
            const Index i = r * rows.n_logits + k;
            const double z = static_cast<double>(rows.logits[r * rows.ld + k]);
            const double y = static_cast<double>(rows.target[i]);
            const double larger = 1 / (1 + e[i]), smaller = e[i] / (1 + e[i]);
            const double p = z < 0 ? smaller : larger, not_p = z < 0 ? larger : smaller;
            total += logarithm[i] + (z < 0 ? y * -z : (1 - y) * z);
            e[i] = (1 - y) * p - y * not_p;
        }
        rows.row_losses[r] = weight_of(rows, r) * total;
        put_row(rows, r, e + r * rows.n_logits, weight_of(rows, r) * rows.scale);
    }
}

// (1 - ε)·(m - z_y) + ε·mean(m - z) + ln(1 + rest), m the largest logit and rest = Σ e^(z - m) over the others; p - t, where
// the gradient of the row's class is minus the sum of the others. In double precision throughout: see cross_entropy.py.
// A vector holds one logit of several rows.
template <class T>
void cross_entropy(const LossRows<T>& rows, double smoothing) {
    using V = Vec<double>;
    const Index K = rows.n_logits, n = (rows.rows + lanes<double> - 1) / lanes<double> * lanes<double>;
    const double share = smoothing / static_cast<double>(K);
    double *z = rows.scratch, *codes = z + K * n, *losses = codes + n;  // (K, n), (n,), (n,)
    for (Index r = 0; r < n; ++r) {
        const Index row = r < rows.rows ? r : 0;  // what fills the last vector is not looked at
        for (Index k = 0; k < K; ++k) z[k * n + r] = static_cast<double>(rows.logits[row * rows.ld + k]);
        codes[r] = rows.codes[row];
    }
    for (Index r = 0; r < n; r += lanes<double>) {
        const V code = load<double>(codes + r);
        V top = load<double>(z + r);
        for (Index k = 1; k < K; ++k) {
            const V logit = load<double>(z + k * n + r);
            top = logit > top ? logit : top;
        }
        V below_of_code{}, below{}, rest{};
        Vec<Integer<double>> top_seen{};  // its power is 1; of several ones any may be left out
        for (Index k = 0; k < K; ++k) {
            const V difference = load<double>(z + k * n + r) - top, power = exp<double>(difference);
            below -= difference;
            below_of_code = code == static_cast<double>(k) ? difference : below_of_code;
            const auto is_top = (power == 1.0) & ~top_seen;
            top_seen |= is_top;
            rest += is_top ? V{} : power;
            store<double>(z + k * n + r, power);
        }
        const V normaliser = 1 / (1 + rest);
        V others{};
        for (Index k = 0; k < K; ++k) {
            const V d = load<double>(z + k * n + r) * normaliser - share;
            others += code == static_cast<double>(k) ? V{} : d;
            store<double>(z + k * n + r, d);
        }
        for (Index k = 0; k < K; ++k) {
            const V d = load<double>(z + k * n + r);
            store<double>(z + k * n + r, code == static_cast<double>(k) ? -others : d);
        }
        V loss = log1p<double>(rest) - (1 - smoothing) * below_of_code;
        if (smoothing > 0) loss += share * below;
        store<double>(losses + r, loss);
    }
    double* gradient = losses + n;  // of one row, (K,)
    for (Index r = 0; r < rows.rows; ++r) {
        rows.row_losses[r] = weight_of(rows, r) * losses[r];
        for (Index k = 0; k < K; ++k) gradient[k] = z[k * n + r];
        put_row(rows, r, gradient, weight_of(rows, r) * rows.scale);
    }
}

template <class T>
void loss(const LossSettings& settings, const LossRows<T>& rows) {
    switch (settings.kind) {
        case LossKind::squared_error: return squared_error(rows);
        case LossKind::absolute_error: return absolute_error(rows);
        case LossKind::huber: return huber(rows, static_cast<T>(settings.parameter));
        case LossKind::quantile: return quantile(rows, settings.levels, settings.n_levels);
        case LossKind::poisson: return poisson(rows);
        case LossKind::log_loss: return log_loss(rows);
        case LossKind::cross_entropy: return cross_entropy(rows, settings.parameter);
    }
}

}  // namespace chainrule::CHAINRULE_ISA_NAMESPACE
