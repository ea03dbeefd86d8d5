// exp and its relatives over vectors, as polynomials: no fast-math, NaN and infinity go through, accurate to a few units in
// the last place. Arguments are reduced by Cody and Waite's method ("Software manual for the elementary functions", 1980).
#pragma once

#include "vector.hpp"

namespace chainrule::CHAINRULE_ISA_NAMESPACE {

template <class T>
struct Float;

template <>
struct Float<float> {
    static constexpr float round_magic = 12582912.0F;  // 1.5·2²³: adding it rounds to an integer, in the low bits
    static constexpr float ln2_high = 0.693359375F, ln2_low = -2.12194440e-4F;
    static constexpr float exp_low = -104.0F, exp_high = 89.0F;  // beyond them eˣ is 0 or infinity
    static constexpr int mantissa_bits = 23, exponent_bias = 127;
    static constexpr int expm1_degree = 8, log1p_terms = 8, erfc_terms = 14;
    static constexpr int32_t upper_half = static_cast<int32_t>(0xFFFFF000);  // 12 bits of mantissa: squares are exact
};

template <>
struct Float<double> {
    static constexpr double round_magic = 6755399441055744.0;  // 1.5·2⁵²
    static constexpr double ln2_high = 6.93147180369123816490e-01, ln2_low = 1.90821492927058770002e-10;
    static constexpr double exp_low = -746.0, exp_high = 710.0;
    static constexpr int mantissa_bits = 52, exponent_bias = 1023;
    static constexpr int expm1_degree = 14, log1p_terms = 18, erfc_terms = 28;
    static constexpr int64_t upper_half = static_cast<int64_t>(0xFFFFFFFFF8000000);
};

// x = k·ln 2 + r with |r| ≤ ½·ln 2, for exp_low ≤ x ≤ exp_high.
template <class T>
struct Reduced {
    Vec<T> k, r;
};

template <class T>
inline Reduced<T> reduce(Vec<T> x) {
    const Vec<T> k = (x * T(1.44269504088896340736) + Float<T>::round_magic) - Float<T>::round_magic;
    return {k, (x - k * Float<T>::ln2_high) - k * Float<T>::ln2_low};
}

// 2ᵏ for integer k from -bias + 1 to bias.
template <class T>
inline Vec<T> power_of_two(Vec<T> k) {
    const Vec<T> shifted = k + (Float<T>::round_magic + T(Float<T>::exponent_bias));
    return from_bits<T>(bits_of<T>(shifted) << Float<T>::mantissa_bits);
}

// eʳ - 1 for |r| ≤ ½·ln 2: its series r + r²/2! + r³/3! + …
template <class T>
inline Vec<T> expm1_polynomial(Vec<T> r) {
    T factorial = 1;
    for (int i = 2; i <= Float<T>::expm1_degree; ++i) factorial *= T(i);
    T coefficient = 1 / factorial;
    Vec<T> p = splat<T>(coefficient);
#pragma GCC unroll 16
    for (int i = Float<T>::expm1_degree; i > 2; --i) {
        coefficient *= T(i);
        p = p * r + coefficient;
    }
    return r + r * r * p;
}

template <class T>
inline Vec<T> exp(Vec<T> x) {
    const Reduced<T> reduced = reduce<T>(at_most<T>(at_least<T>(x, Float<T>::exp_low), Float<T>::exp_high));
    // In two factors, because 2ᵏ itself may overflow, or lose digits, where the result does not.
    const Vec<T> half = (reduced.k * T(0.5) + Float<T>::round_magic) - Float<T>::round_magic;
    return (1 + expm1_polynomial<T>(reduced.r)) * power_of_two<T>(half) * power_of_two<T>(reduced.k - half);
}

// eˣ - 1 for x ≤ 0.
template <class T>
inline Vec<T> expm1_left(Vec<T> x) {
    const Reduced<T> reduced = reduce<T>(at_least<T>(x, -T(Float<T>::mantissa_bits + 3)));
    const Vec<T> power = power_of_two<T>(reduced.k);
    return power * expm1_polynomial<T>(reduced.r) + (power - 1);
}

// ln(1 + x) for 0 ≤ x ≤ 1: 2·artanh(s) with s = x/(2 + x) ≤ 1/3, by its series s + s³/3 + s⁵/5 + …
template <class T>
inline Vec<T> log1p_unit(Vec<T> x) {
    const Vec<T> s = x / (2 + x), square = s * s;
    Vec<T> p = splat<T>(T(1) / T(2 * Float<T>::log1p_terms + 1));
#pragma GCC unroll 20
    for (int i = Float<T>::log1p_terms - 1; i >= 1; --i) p = p * square + T(1) / T(2 * i + 1);
    return 2 * (s + s * square * p);
}

// ln(1 + x) for x ≥ 0: beyond 1 by 1 + x = 2ᵏ·(1 + m), where rounding 1 + x costs nothing that counts.
template <class T>
inline Vec<T> log1p(Vec<T> x) {
    constexpr Integer<T> mantissa = (Integer<T>{1} << Float<T>::mantissa_bits) - 1;
    const Vec<T> y = 1 + x;
    const Vec<T> m = from_bits<T>((bits_of<T>(y) & mantissa) | bits_of<T>(splat<T>(1))) - 1;
    const Vec<T> magic = splat<T>(Float<T>::round_magic);
    const Vec<Integer<T>> exponent = (bits_of<T>(y) >> Float<T>::mantissa_bits) - Float<T>::exponent_bias;
    const Vec<T> k = from_bits<T>(exponent + bits_of<T>(magic)) - magic;
    return (x > 1 ? k : Vec<T>{}) * T(0.69314718055994530942) + log1p_unit<T>(x > 1 ? m : x);
}

template <class T>
inline Vec<T> with_sign_of(Vec<T> magnitude, Vec<T> sign) {
    constexpr Integer<T> sign_bit = static_cast<Integer<T>>(Integer<T>{1} << (8 * sizeof(T) - 1));
    return from_bits<T>((bits_of<T>(magnitude) & ~sign_bit) | (bits_of<T>(sign) & sign_bit));
}

template <class T>
inline Vec<T> tanh(Vec<T> x) {
    const Vec<T> e = expm1_left<T>(-2 * absolute<T>(x));
    const Vec<T> t = with_sign_of<T>(-e / (e + 2), x);
    return x == x ? t : x;
}

// 1/(1 + e⁻ˣ), exact to rounding on both sides of 0.
template <class T>
inline Vec<T> logistic(Vec<T> x) {
    const Vec<T> e = exp<T>(-absolute<T>(x));
    return (x < 0 ? e : splat<T>(1)) / (1 + e);
}

// Chebyshev coefficients, in 2t - 1, of ln(erfc(x)/t) + x² with t = 2/(2 + x), 0 ≤ x < ∞: computed to 40 digits with mpmath
// from the definition. The form is that of Press et al., "Numerical recipes", section 6.2.
constexpr double erfc_chebyshev[28] = {
    -1.3026537197817094342,     0.6419697923564902603,      0.019476473204185836312,    -0.0095615147868086316419,
    -0.0009465953444820368663,  0.00036683949785276145187,  0.000042523324806907771645, -0.000020278578112534243154,
    -1.6242900046470255135e-6,  1.3036558355805232018e-6,   1.5626441722066143178e-8,   -8.5238095914926542525e-8,
    6.5290544390988514964e-9,   5.0593434955514689418e-9,   -9.9136415649303308674e-10, -2.2736512229318358557e-10,
    9.646791102015526802e-11,   2.3940380830391147447e-12,  -6.8860275264975533984e-12, 8.9448792730907257168e-13,
    3.1309213993429580783e-13,  -1.1270822361367252366e-13, 3.8109052551892320492e-16,  7.1060976136092369884e-15,
    -1.5230282014571043049e-15, -9.4574945712912339405e-17, 1.2102371892242789863e-16,  -2.8166630877471769121e-17};

// erfc(x) for x ≥ 0, relative to its own size down to the smallest numbers.
template <class T>
inline Vec<T> erfc_right(Vec<T> x) {
    const Vec<T> t = 2 / (2 + x), u = 4 * t - 2;
    Vec<T> d{}, dd{};
#pragma GCC unroll 28
    for (int j = Float<T>::erfc_terms - 1; j > 0; --j) {
        const Vec<T> next = u * d - dd + T(erfc_chebyshev[j]);
        dd = d;
        d = next;
    }
    const Vec<T> logarithm = T(0.5) * (T(erfc_chebyshev[0]) + u * d) - dd;
    // e^-x² with x² = h² + (x - h)(x + h): h has half the digits, so that h² is exact.
    const Vec<T> h = from_bits<T>(bits_of<T>(x) & Float<T>::upper_half);
    return t * exp<T>(-h * h) * exp<T>((h - x) * (h + x) + logarithm);
}

// The distribution function of N(0, 1).
template <class T>
inline Vec<T> normal_distribution(Vec<T> z) {
    const Vec<T> x = at_most<T>(absolute<T>(z), T(40)) * T(0.70710678118654752440);
    const Vec<T> tail = T(0.5) * erfc_right<T>(x);
    return z < 0 ? tail : 1 - tail;
}

}  // namespace chainrule::CHAINRULE_ISA_NAMESPACE
