// The losses: error and gradient of some rows together, under the names and in the forms of network/losses/.
#pragma once

#include "simd/math.hpp"
#include "simd/transpose.hpp"

namespace chainrule::CHAINRULE_ISA_NAMESPACE {

// The place in the panels of a row's gradient, from a column on that begins a vector.
template <class T>
inline T* in_panels(const LossRows<T>& rows, Index r, Index column) {
    constexpr Index panel = 2 * lanes<T>;
    const Index strip = column & -panel, width = rows.n_logits - strip > lanes<T> ? panel : lanes<T>;
    return rows.d_logits + strip * rows.place.strip + (rows.place.first + r) * width + (column - strip);
}

// Put a row's gradient (n_logits,), times a factor, where it belongs.
template <class T>
inline void put_row(const LossRows<T>& rows, Index r, const T* gradient, double factor) {
    for (Index column = 0; column < rows.n_logits; column += lanes<T>) {
        const Index left = rows.n_logits - column;
        store_part<T>(in_panels(rows, r, column), load_part<T>(gradient + column, left) * static_cast<T>(factor), left);
    }
}

template <class T>
inline double weight_of(const LossRows<T>& rows, Index r) {
    return rows.weight ? static_cast<double>(rows.weight[r]) : 1.0;
}

// -ln p of a probability clipped to [ε, 1 - ε], where the loss is reported so.
template <class T>
inline T told(const LossSettings& settings, T loss) {
    constexpr int bits = sizeof(T) == 4 ? 23 : 52;
    constexpr T epsilon = T(1) / (int64_t{1} << bits), most = T(bits * 0.69314718055994530942);  // -ln ε
    constexpr T least = epsilon + epsilon * epsilon;  // -ln(1 - ε) = ε + ε²/2 + ε³/3 + …, rounded
    if (!settings.reported) return loss;
    return loss < least ? least : loss > most ? most : loss;
}

inline float natural_logarithm(float x) { return __builtin_logf(x); }
inline double natural_logarithm(double x) { return __builtin_log(x); }

template <class T>
struct LossAndSlope {
    T loss, slope;
};

// Apply f(logit, target, column) → {loss, derivative} to every logit, `repeats` logits a target; a row's loss is their sum
// divided by `divisor`.
template <class T, class F>
inline void each_logit(const LossRows<T>& rows, Index repeats, F f, double divisor = 1) {
    const Index n_targets = rows.n_logits / repeats;
    T* slopes = rows.scratch;
    for (Index r = 0; r < rows.rows; ++r) {
        double total = 0;
        for (Index k = 0; k < rows.n_logits; ++k) {
            const LossAndSlope<T> one = f(rows.logits[r * rows.ld + k], rows.target[r * n_targets + k / repeats], k);
            total += static_cast<double>(one.loss);
            slopes[k] = one.slope;
        }
        rows.row_losses[r] = weight_of(rows, r) * (total / divisor);
        put_row(rows, r, slopes, weight_of(rows, r) * rows.scale);
    }
}

template <class T>
inline T sign_of(T r) {
    return r > 0 ? T(1) : r < 0 ? T(-1) : r;  // 0 of 0, NaN of NaN
}

// ½r², ½r first: r² may overflow where ½r² does not. Reported: their mean.
template <class T>
void squared_error(const LossSettings& settings, const LossRows<T>& rows) {
    const auto half_square = [](T o, T y, Index) {
        const T r = o - y;
        return LossAndSlope<T>{T(0.5) * r * r, r};
    };
    each_logit(rows, 1, half_square, settings.reported ? static_cast<double>(rows.n_logits) : 1);
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

// values ← f(logit) for all logits, without gaps: (rows, n_logits).
template <class T, class F>
inline void map_logits(const LossRows<T>& rows, T* values, F f) {
    const Index n = rows.rows * rows.n_logits;
    for (Index r = 0; r < rows.rows; ++r)
        for (Index k = 0; k < rows.n_logits; ++k) values[r * rows.n_logits + k] = rows.logits[r * rows.ld + k];
    for (Index i = 0; i < n; i += lanes<T>) {
        const Index left = n - i;
        store_part<T>(values + i, f(load_part<T>(values + i, left)), left);
    }
}

// eᶻ - y·z. Reported: with y·ln y - y.
template <class T>
void poisson(const LossSettings& settings, const LossRows<T>& rows) {
    map_logits(rows, rows.scratch, [](Vec<T> z) { return exp<T>(z); });
    for (Index r = 0; r < rows.rows; ++r) {
        T* means = rows.scratch + r * rows.n_logits;
        double total = 0;
        for (Index k = 0; k < rows.n_logits; ++k) {
            const T z = rows.logits[r * rows.ld + k], y = rows.target[r * rows.n_logits + k];
            total += static_cast<double>(means[k]) - static_cast<double>(y) * static_cast<double>(z);
            if (settings.reported && y != 0)
                total += static_cast<double>(y) * (natural_logarithm(static_cast<double>(y)) - 1);
            means[k] -= y;
        }
        rows.row_losses[r] = weight_of(rows, r) * total;
        put_row(rows, r, means, weight_of(rows, r) * rows.scale);
    }
}

// ln(1 + e^-|z|) + (1 - y)·max(z, 0) + y·max(-z, 0), and (1 - y)·p - y·(1 - p). Reported, where y is 0 and z above it: -ln(1 - p)
// with p rounded, see reported.py.
template <class T>
void log_loss(const LossSettings& settings, const LossRows<T>& rows) {
    T *e = rows.scratch, *logarithm = e + rows.rows * rows.n_logits;
    map_logits(rows, e, [](Vec<T> z) { return exp<T>(-absolute<T>(z)); });
    map_logits(rows, logarithm, [](Vec<T> z) { return log1p_unit<T>(exp<T>(-absolute<T>(z))); });
    for (Index r = 0; r < rows.rows; ++r) {
        double total = 0;
        for (Index k = 0; k < rows.n_logits; ++k) {
            const Index i = r * rows.n_logits + k;
            const T z = rows.logits[r * rows.ld + k], y = rows.target[i];
            const T larger = 1 / (1 + e[i]), smaller = e[i] / (1 + e[i]);
            const T p = z < 0 ? smaller : larger, not_p = z < 0 ? larger : smaller;
            const bool is_lost = settings.reported && y == 0 && z > 0;
            const T loss = is_lost ? -natural_logarithm(1 - larger) : logarithm[i] + (z < 0 ? y * -z : (1 - y) * z);
            total += static_cast<double>(told<T>(settings, loss));
            e[i] = (1 - y) * p - y * not_p;
        }
        rows.row_losses[r] = weight_of(rows, r) * total;
        put_row(rows, r, e + r * rows.n_logits, weight_of(rows, r) * rows.scale);
    }
}

// (1 - ε)·(m - z_y) + ε·mean(m - z) + ln(1 + rest), m the largest logit and rest = Σ e^(z - m) over the others; p - t, where
// the gradient of the row's class is minus the sum of the others: see cross_entropy.py. For a vector of rows: their logits are
// in z (K, lanes), where their gradient takes their place; returns their losses.
template <class T>
inline Vec<T> cross_entropy_of(Index K, T* z, Vec<T> code, T smoothing) {
    constexpr Index n = lanes<T>;
    const T share = smoothing / static_cast<T>(K);
    Vec<T> top = load<T>(z);
    for (Index k = 1; k < K; ++k) {
        const Vec<T> logit = load<T>(z + k * n);
        top = logit > top ? logit : top;
    }
    Vec<T> below_of_code{}, below{}, rest{}, others{};
    Vec<Integer<T>> top_seen{};  // its power is 1; of several ones any may be left out
    for (Index k = 0; k < K; ++k) {
        const Vec<T> difference = load<T>(z + k * n) - top, power = exp<T>(difference);
        below -= share * difference;  // each by itself: their sum may overflow where their mean does not
        below_of_code = code == static_cast<T>(k) ? difference : below_of_code;
        const Vec<Integer<T>> is_top = (power == 1) & ~top_seen;
        top_seen |= is_top;
        rest += is_top ? Vec<T>{} : power;
        store<T>(z + k * n, power);
    }
    const Vec<T> normaliser = 1 / (1 + rest);
    for (Index k = 0; k < K; ++k) {
        const Vec<T> d = load<T>(z + k * n) * normaliser - share;
        others += code == static_cast<T>(k) ? Vec<T>{} : d;
        store<T>(z + k * n, d);
    }
    for (Index k = 0; k < K; ++k) {
        const Vec<T> d = load<T>(z + k * n);
        store<T>(z + k * n, code == static_cast<T>(k) ? -others : d);
    }
    const Vec<T> loss = log1p<T>(rest) - (1 - smoothing) * below_of_code;
    return smoothing > 0 ? loss + below : loss;
}

// As many rows at once as a vector has numbers, turned so that a vector is one class of all of them, and turned back.
template <class T>
void cross_entropy(const LossSettings& settings,
                   const LossRows<T> rows) {  // a copy: nothing that is stored may change it
    constexpr Index n = lanes<T>;
    const Index K = rows.n_logits, width = (K + n - 1) / n * n;
    T* z = rows.scratch;  // (width, n)
    Vec<T> square[n];
    for (Index first = 0; first < rows.rows; first += n) {
        const Index left = rows.rows - first;
        const auto row = [&](Index i) {
            return first + (i < left ? i : 0);
        };  // what fills the last vector is not looked at
        T codes[n], factors[n], losses[n];
        for (Index k = 0; k < K; k += n) {
#pragma GCC unroll 16
            for (Index i = 0; i < n; ++i) square[i] = load<T>(rows.logits + row(i) * rows.ld + k);
            transpose<T>(square);
#pragma GCC unroll 16
            for (Index i = 0; i < n; ++i) store<T>(z + (k + i) * n, square[i]);
        }
        for (Index i = 0; i < n; ++i) {
            codes[i] = static_cast<T>(rows.codes[row(i)]);
            factors[i] = static_cast<T>(weight_of(rows, row(i)) * rows.scale);
        }
        store<T>(losses, cross_entropy_of<T>(K, z, load<T>(codes), static_cast<T>(settings.parameter)));
        for (Index i = 0; i < n && i < left; ++i)
            rows.row_losses[first + i] = weight_of(rows, first + i) * static_cast<double>(told<T>(settings, losses[i]));
        for (Index k = K; k < width; ++k) store<T>(z + k * n, Vec<T>{});
        for (Index k = 0; k < K; k += n) {
#pragma GCC unroll 16
            for (Index i = 0; i < n; ++i) square[i] = load<T>(z + (k + i) * n) * load<T>(factors);
            transpose<T>(square);
#pragma GCC unroll 16
            for (Index i = 0; i < n; ++i)
                if (i < left) store<T>(in_panels(rows, first + i, k), square[i]);
        }
    }
}

template <class T>
void loss(const LossSettings& settings, const LossRows<T>& rows) {
    switch (settings.kind) {
        case LossKind::squared_error: return squared_error(settings, rows);
        case LossKind::absolute_error: return absolute_error(rows);
        case LossKind::huber: return huber(rows, static_cast<T>(settings.parameter));
        case LossKind::quantile: return quantile(rows, settings.levels, settings.n_levels);
        case LossKind::poisson: return poisson(settings, rows);
        case LossKind::log_loss: return log_loss(settings, rows);
        case LossKind::cross_entropy: return cross_entropy(settings, rows);
    }
}

}  // namespace chainrule::CHAINRULE_ISA_NAMESPACE
