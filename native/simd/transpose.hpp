// The transposition of a square of lanes × lanes in registers.
#pragma once

#include "simd/vector.hpp"

namespace chainrule::CHAINRULE_ISA_NAMESPACE {

// One of the log₂(lanes) rounds of a transposition: swap blocks of `size` lanes off the diagonal between rows i and i + size.
template <class T, Index size, size_t... lane>
[[gnu::always_inline]] inline void swap_blocks(Vec<T>& upper, Vec<T>& lower, Lanes<lane...>) {
    constexpr Index n = lanes<T>;
    const Vec<T> u =
        __builtin_shufflevector(upper, lower, ((lane / size) % 2 ? n + Index(lane) - size : Index(lane))...);
    const Vec<T> l =
        __builtin_shufflevector(upper, lower, ((lane / size) % 2 ? n + Index(lane) : Index(lane) + size)...);
    upper = u;
    lower = l;
}

// The rounds from blocks of `size` lanes on.
template <class T, Index size>
[[gnu::always_inline]] inline void transpose_from(Vec<T> (&rows)[lanes<T>]) {
    if constexpr (size < lanes<T>) {
#pragma GCC unroll 16
        for (Index i = 0; i < lanes<T>; ++i)
            if ((i / size) % 2 == 0) swap_blocks<T, size>(rows[i], rows[i + size], AllLanes<T>{});
        transpose_from<T, 2 * size>(rows);
    }
}

template <class T>
[[gnu::always_inline]] inline void transpose(Vec<T> (&square)[lanes<T>]) {
    transpose_from<T, 1>(square);
}

}  // namespace chainrule::CHAINRULE_ISA_NAMESPACE
