// The losses: error and gradient of some rows together, under the names and in the forms of network/losses/.
#pragma once

#include "simd/math.hpp"

namespace chainrule::CHAINRULE_ISA_NAMESPACE {

// Where the gradient of logit k of row r is, in panels.
template <class T>
inline T& in_panels(const LossRows<T>& rows, Index r, Index k) {
    constexpr Index panel = 2 * lanes<T>;
    const Index column = k / panel * panel;
    const Index width = rows.n_logits - column > lanes<T> ? panel : lanes<T>;
    return rows.d_logits[column * rows.place.strip + (rows.place.first + r) * width + (k - column)];
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
    for (Index r = 0; r < rows.rows; ++r) {
        const T factor = static_cast<T>(weight_of(rows, r) * rows.scale);
        double total = 0;
        for (Index k = 0; k < rows.n_logits; ++k) {
            const LossAndSlope<T> one = f(rows.logits[r * rows.ld + k], rows.target[r * n_targets + k / repeats], k);
            total += static_cast<double>(one.loss);
            in_panels(rows, r, k) = one.slope * factor;
        }
        rows.row_losses[r] = weight_of(rows, r) * total;
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
        const double weight = weight_of(rows, r), factor = weight * rows.scale;
        double total = 0;
        for (Index k = 0; k < rows.n_logits; ++k) {
            const double z = static_cast<double>(rows.logits[r * rows.ld + k]);
            const double y = static_cast<double>(rows.target[r * rows.n_logits + k]);
            const double mean = rows.scratch[r * rows.n_logits + k];
            total += mean - y * z;
            in_panels(rows, r, k) = static_cast<T>((mean - y) * factor);
        }
        rows.row_losses[r] = weight * total;
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
        const double weight = weight_of(rows, r), factor = weight * rows.scale;
        double total = 0;
        for (Index k = 0; k < rows.n_logits; ++k) {
            const Index i = r * rows.n_logits + k;
            const double z = static_cast<double>(rows.logits[r * rows.ld + k]);
            const double y = static_cast<double>(rows.target[i]);
            const double larger = 1 / (1 + e[i]), smaller = e[i] / (1 + e[i]);
            const double p = z < 0 ? smaller : larger, not_p = z < 0 ? larger : smaller;
            total += logarithm[i] + (z < 0 ? y * -z : (1 - y) * z);
            in_panels(rows, r, k) = static_cast<T>(((1 - y) * p - y * not_p) * factor);
        }
        rows.row_losses[r] = weight * total;
    }
}

// (1 - ε)·(m - z_y) + ε·mean(m - z) + ln(1 + rest), m the largest logit and rest = Σ e^(z - m) over the others; p - t, where
// the gradient of the row's class is minus the sum of the others. In double precision throughout: see cross_entropy.py.
template <class T>
void cross_entropy(const LossRows<T>& rows, double smoothing) {
    const Index K = rows.n_logits;
    const double share = smoothing / static_cast<double>(K);
    double *e = rows.scratch, *rests = e + rows.rows * K;
    for (Index r = 0; r < rows.rows; ++r) {
        const T* z = rows.logits + r * rows.ld;
        T top = z[0];
        for (Index k = 1; k < K; ++k) top = z[k] > top || top != top ? z[k] : top;
        double* below = e + r * K;
        double total = 0;
        for (Index k = 0; k < K; ++k) {
            below[k] = static_cast<double>(z[k]) - static_cast<double>(top);
            total -= below[k];
        }
        rows.row_losses[r] = -(1 - smoothing) * below[rows.codes[r]] + (smoothing > 0 ? share * total : 0);
    }
    map(e, rows.rows * K, [](Vec<double> x) { return exp<double>(x); });
    for (Index r = 0; r < rows.rows; ++r) {
        const double* powers = e + r * K;
        double rest = 0;
        bool top_seen = false;  // its power is 1; of several ones any may be left out
        for (Index k = 0; k < K; ++k) {
            const bool is_top = !top_seen && powers[k] == 1;
            top_seen = top_seen || is_top;
            rest += is_top ? 0 : powers[k];
        }
        rests[r] = rest;
        const double factor = weight_of(rows, r) * rows.scale, normaliser = 1 / (1 + rest);
        double others = 0;
        for (Index k = 0; k < K; ++k) {
            const double d = powers[k] * normaliser - share;
            others += k == rows.codes[r] ? 0 : d;
            in_panels(rows, r, k) = static_cast<T>(d * factor);
        }
        in_panels(rows, r, rows.codes[r]) = static_cast<T>(-others * factor);
    }
    map(rests, rows.rows, [](Vec<double> rest) { return log1p<double>(rest); });
    for (Index r = 0; r < rows.rows; ++r) rows.row_losses[r] = weight_of(rows, r) * (rows.row_losses[r] + rests[r]);
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
