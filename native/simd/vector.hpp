// Vectors of the instruction set this file is compiled for, by the compiler's own vector extension (GCC and Clang).
//
// Everything in simd/, layers/, losses.hpp and optimizers.hpp is compiled once an instruction set, inside the namespace
// CHAINRULE_ISA_NAMESPACE, and uses nothing of the standard library that has code: a function that two instruction sets
// share would be merged by the linker, and might then hold instructions that this processor lacks.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "kernels.hpp"

#ifndef CHAINRULE_VECTOR_BYTES
#error \
    "the build defines CHAINRULE_VECTOR_BYTES, CHAINRULE_TILE_ROWS and CHAINRULE_ISA_NAMESPACE for each instruction set"
#endif

namespace chainrule::CHAINRULE_ISA_NAMESPACE {

template <class T>
struct VectorOf {
    typedef T type __attribute__((vector_size(CHAINRULE_VECTOR_BYTES)));
};

template <class T>
using Vec = typename VectorOf<T>::type;

template <class T>
struct IntegerOf;
template <>
struct IntegerOf<float> {
    using type = int32_t;
};
template <>
struct IntegerOf<double> {
    using type = int64_t;
};

// A number's bits as a signed integer of the same size.
template <class T>
using Integer = typename IntegerOf<T>::type;

template <class T>
constexpr Index lanes = CHAINRULE_VECTOR_BYTES / sizeof(T);

template <class T>
inline Vec<T> load(const T* from) {
    Vec<T> v;
    __builtin_memcpy(&v, from, sizeof v);
    return v;
}

template <class T>
inline void store(T* to, Vec<T> v) {
    __builtin_memcpy(to, &v, sizeof v);
}

// Copy n numbers, n < 2·size, in pieces of a known size: a call of memcpy would cost more than these few.
template <Index size, class T>
[[gnu::always_inline]] inline void copy_few(T* to, const T* from, Index n) {
    if (n & size) {
        __builtin_memcpy(to, from, size * sizeof(T));
        to += size;
        from += size;
    }
    if constexpr (size > 1) copy_few<size / 2>(to, from, n & (size - 1));
}

// The numbers 0 … n - 1 as a list of constants, for shuffles.
template <size_t... lane>
struct Lanes {};

template <size_t n, size_t... lane>
struct CountLanes : CountLanes<n - 1, n - 1, lane...> {};

template <size_t... lane>
struct CountLanes<0, lane...> {
    using type = Lanes<lane...>;
};

// Some lanes of a vector, a power of 2.
template <class T, Index n>
struct PieceOf {
    typedef T type __attribute__((vector_size(n * sizeof(T))));
};

template <class T, Index n>
using Piece = typename PieceOf<T, n>::type;

template <class T, Index n>
inline Piece<T, n> load_piece(const T* from) {
    Piece<T, n> piece;
    __builtin_memcpy(&piece, from, sizeof piece);
    return piece;
}

template <class T, Index size, size_t... lane>
inline Piece<T, size> joined(Piece<T, size / 2> low, Piece<T, size / 2> high, Lanes<lane...>) {
    return __builtin_shufflevector(low, high, int(lane)...);
}

// The first n numbers, by halves in registers: a vector that is loaded from a copy in memory would wait for the stores to it.
template <class T, Index size>
[[gnu::always_inline]] inline Piece<T, size> load_first(const T* from, Index n) {
    if (n >= size) return load_piece<T, size>(from);
    Piece<T, size> piece{};
    if constexpr (size == 2) {
        if (n == 1) piece[0] = from[0];
    } else {
        constexpr Index half = size / 2;
        using All = typename CountLanes<static_cast<size_t>(size)>::type;
        piece = n < half
                    ? joined<T, size>(load_first<T, half>(from, n), Piece<T, half>{}, All{})
                    : joined<T, size>(load_piece<T, half>(from), load_first<T, half>(from + half, n - half), All{});
    }
    return piece;
}

template <class T, Index size>
[[gnu::always_inline]] inline void store_first(T* to, Piece<T, size> piece, Index n) {
    if (n >= size) {
        __builtin_memcpy(to, &piece, sizeof piece);
    } else if constexpr (size == 2) {
        if (n == 1) to[0] = piece[0];
    } else {
        constexpr Index half = size / 2;
        Piece<T, half> halves[2];
        __builtin_memcpy(halves, &piece, sizeof piece);
        if (n >= half) __builtin_memcpy(to, halves, sizeof halves[0]);
        n < half ? store_first<T, half>(to, halves[0], n) : store_first<T, half>(to + half, halves[1], n - half);
    }
}

// The first n numbers, 0 ≤ n; what follows is 0.
template <class T>
inline Vec<T> load_part(const T* from, Index n) {
    return load_first<T, lanes<T>>(from, n);
}

template <class T>
inline void store_part(T* to, Vec<T> v, Index n) {
    store_first<T, lanes<T>>(to, v, n);
}

template <class T>
inline Vec<T> splat(T x) {
    return x - Vec<T>{};  // x - 0 is x for every x; x + 0 would lose the sign of -0
}

template <class T>
inline Vec<Integer<T>> bits_of(Vec<T> v) {
    return (Vec<Integer<T>>)v;  // a cast between vectors of one size keeps the bits
}

template <class T>
inline Vec<T> from_bits(Vec<Integer<T>> v) {
    return (Vec<T>)v;
}

template <class T>
inline Vec<T> absolute(Vec<T> v) {
    constexpr Integer<T> all_but_sign = static_cast<Integer<T>>(~(Integer<T>{1} << (8 * sizeof(T) - 1)));
    return from_bits<T>(bits_of<T>(v) & all_but_sign);
}

// The larger (smaller) of v and the bound; NaN stays NaN.
template <class T>
inline Vec<T> at_least(Vec<T> v, T bound) {
    return v < bound ? splat<T>(bound) : v;
}

template <class T>
inline Vec<T> at_most(Vec<T> v, T bound) {
    return v > bound ? splat<T>(bound) : v;
}

template <class T>
using AllLanes = typename CountLanes<static_cast<size_t>(lanes<T>)>::type;

// v with its halves added up, and theirs, and so on: the sum in every lane.
template <class T, Index half, size_t... lane>
[[gnu::always_inline]] inline Vec<T> fold(Vec<T> v, Lanes<lane...> all) {
    v += __builtin_shufflevector(v, v, (Index(lane) ^ half)...);
    if constexpr (half > 1) v = fold<T, half / 2>(v, all);
    return v;
}

template <class T>
inline T sum(Vec<T> v) {
    return fold<T, lanes<T> / 2>(v, AllLanes<T>{})[0];
}

template <class T>
inline Vec<Integer<T>> larger(Vec<Integer<T>> a, Vec<Integer<T>> b) {
    return a > b ? a : b;
}

// Vectors in double precision for half (float) or all (double) of a vector's lanes: where sums must not lose digits.
// (Number by number: GCC 12 has more instructions for __builtin_convertvector.)
template <Index first>
inline Vec<double> half_from(Vec<float> v) {
    Vec<double> half;
    for (Index i = 0; i < lanes<double>; ++i) half[i] = static_cast<double>(v[first + i]);
    return half;
}

inline Vec<double> low_half(Vec<float> v) { return half_from<0>(v); }
inline Vec<double> high_half(Vec<float> v) { return half_from<lanes<double>>(v); }

inline Vec<double> add_squares(Vec<double> total, Vec<float> v) {
    const Vec<double> low = low_half(v), high = high_half(v);
    return total + low * low + high * high;
}

inline Vec<double> add_squares(Vec<double> total, Vec<double> v) { return total + v * v; }

inline Vec<double> add_all(Vec<double> total, Vec<float> v) { return total + low_half(v) + high_half(v); }

inline Vec<double> add_all(Vec<double> total, Vec<double> v) { return total + v; }

}  // namespace chainrule::CHAINRULE_ISA_NAMESPACE
