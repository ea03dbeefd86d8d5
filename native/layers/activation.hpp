// The activation layer: a table of φ and φ′ under the names of network/activations.py, in the same forms.
#pragma once

#include "../simd/math.hpp"

namespace chainrule::CHAINRULE_ISA_NAMESPACE {

constexpr double selu_scale = 1.0507009873554804934193349852946;
constexpr double selu_alpha = 1.6732632423543772848170429916717;

template <class T>
inline Vec<T> right(Vec<T> z) {  // max(z, 0)
    return at_least<T>(z, 0);
}

template <class T>
inline Vec<T> left(Vec<T> z) {  // min(z, 0)
    return at_most<T>(z, 0);
}

// tanh(ln(1 + eᶻ)) = n/(n + 2) with n = e(e + 2), for z ≤ 40.
template <class T>
struct MishParts {
    Vec<T> e, n;
};

template <class T>
inline MishParts<T> mish_parts(Vec<T> z) {
    const Vec<T> e = exp<T>(at_most<T>(z, 40));
    return {e, e * (e + 2)};
}

template <class T, Function function>
inline Vec<T> phi(Vec<T> z) {
    if constexpr (function == Function::relu) return right<T>(z);
    if constexpr (function == Function::leaky_relu) return z > 0 ? z : T(0.01) * z;
    if constexpr (function == Function::elu) return right<T>(z) + expm1_left<T>(left<T>(z));
    if constexpr (function == Function::selu)
        return T(selu_scale) * (right<T>(z) + T(selu_alpha) * expm1_left<T>(left<T>(z)));
    if constexpr (function == Function::gelu) return z * normal_distribution<T>(z);
    if constexpr (function == Function::silu) return z * logistic<T>(z);
    if constexpr (function == Function::mish) {
        const auto [e, n] = mish_parts<T>(z);
        return z * (n / (n + 2));
    }
    if constexpr (function == Function::tanh) return tanh<T>(z);
    if constexpr (function == Function::logistic) return logistic<T>(z);
    if constexpr (function == Function::softplus) return right<T>(z) + log1p_unit<T>(exp<T>(-absolute<T>(z)));
    return z;
}

template <class T, Function function>
inline Vec<T> phi_prime(Vec<T> z) {
    if constexpr (function == Function::relu) return z > 0 ? splat<T>(1) : splat<T>(0);
    if constexpr (function == Function::leaky_relu) return z > 0 ? splat<T>(1) : splat<T>(T(0.01));
    if constexpr (function == Function::elu) return exp<T>(left<T>(z));
    if constexpr (function == Function::selu)
        return T(selu_scale) * (z > 0 ? splat<T>(1) : T(selu_alpha) * exp<T>(left<T>(z)));
    if constexpr (function == Function::gelu) {
        const Vec<T> c = at_most<T>(at_least<T>(z, -40), 40);
        return normal_distribution<T>(z) + c * exp<T>(T(-0.5) * c * c) * T(0.39894228040143267794);
    }
    if constexpr (function == Function::silu) return logistic<T>(z) + z * logistic<T>(z) * logistic<T>(-z);
    if constexpr (function == Function::mish) {
        const auto [e, n] = mish_parts<T>(z);
        return n / (n + 2) + at_most<T>(z, 40) * (4 * e / (n + 2)) * ((1 + e) / (n + 2));
    }
    if constexpr (function == Function::tanh) {
        const Vec<T> e = exp<T>(-2 * absolute<T>(z));
        return 4 * e / ((1 + e) * (1 + e));
    }
    if constexpr (function == Function::logistic) return logistic<T>(z) * logistic<T>(-z);
    if constexpr (function == Function::softplus) return logistic<T>(z);
    return splat<T>(1);
}

// Call f with the function as a constant, so that each has a loop of its own.
template <class F>
inline void with_function(Function function, F f) {
    switch (function) {
        case Function::identity: return f.template operator()<Function::identity>();
        case Function::relu: return f.template operator()<Function::relu>();
        case Function::leaky_relu: return f.template operator()<Function::leaky_relu>();
        case Function::elu: return f.template operator()<Function::elu>();
        case Function::selu: return f.template operator()<Function::selu>();
        case Function::gelu: return f.template operator()<Function::gelu>();
        case Function::silu: return f.template operator()<Function::silu>();
        case Function::mish: return f.template operator()<Function::mish>();
        case Function::tanh: return f.template operator()<Function::tanh>();
        case Function::logistic: return f.template operator()<Function::logistic>();
        case Function::softplus: return f.template operator()<Function::softplus>();
    }
}

// Forward: a = φ(z), whole vectors a row.
template <class T>
void activate(Function function, Index rows, Index n, Index ld_z, const T* z, Index ld_a, T* a) {
    with_function(function, [=]<Function f>() {
        for (Index r = 0; r < rows; ++r)
            for (Index i = 0; i < n; i += lanes<T>) store<T>(a + r * ld_a + i, phi<T, f>(load<T>(z + r * ld_z + i)));
    });
}

// Backward, first half: z ← φ′(z).
template <class T>
void slopes(Function function, Index rows, Index n, Index ld, T* z) {
    with_function(function, [=]<Function f>() {
        for (Index r = 0; r < rows; ++r)
            for (Index i = 0; i < n; i += lanes<T>) store<T>(z + r * ld + i, phi_prime<T, f>(load<T>(z + r * ld + i)));
    });
}

// Call f(φ′), where φ′(row, column) is a vector of the derivative (times the mask), unless all of it is 1.
template <class T, class F>
[[gnu::always_inline]] inline void with_derivative(const Derivative<T>& derivative, F f) {
    const auto stored = [&](Index row, Index column) {
        return load<T>(derivative.buffer + row * derivative.ld + column);
    };
    if (derivative.slope == Slope::in_buffer) f(stored);
    if (derivative.slope == Slope::of_sign) {
        const Vec<T> positive = splat<T>(derivative.positive), negative = splat<T>(derivative.negative);
        f([&](Index row, Index column) { return stored(row, column) > 0 ? positive : negative; });
    }
}

// Backward, second half: d ← d·φ′, d (rows, n) in panels.
template <class T>
void apply_derivative(const Derivative<T>& derivative, Index rows, Index n, DeltaRows place, T* d) {
    constexpr Index panel = 2 * lanes<T>;
    with_derivative<T>(derivative, [&](auto slope) {
        for (Index column = 0; column < n; column += panel) {
            const Index width = n - column > lanes<T> ? panel : lanes<T>;
            T* strip = d + column * place.strip + place.first * width;
            for (Index r = 0; r < rows; ++r)
                for (Index i = 0; i < width; i += lanes<T>) {
                    T* at = strip + r * width + i;
                    store<T>(at, load<T>(at) * slope(r, column + i));
                }
        }
    });
}

}  // namespace chainrule::CHAINRULE_ISA_NAMESPACE
