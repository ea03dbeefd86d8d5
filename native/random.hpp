// Randomness as a function (SplitMix64 of a counter), number for number that of network/random.py.
#pragma once

#include <stdint.h>

namespace chainrule {

constexpr uint64_t golden = 0x9E3779B97F4A7C15;
constexpr uint64_t row_order_stream = 0, dropout_stream = 2;

// Always inlined: the file is read by sources of several instruction sets, which must not share a compiled copy.
[[gnu::always_inline]] inline uint64_t mix(uint64_t z) {
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return z ^ (z >> 31);
}

// Number i of a stream.
[[gnu::always_inline]] inline uint64_t random_bits(uint64_t key, uint64_t i) { return mix(key + (i + 1) * golden); }

// The key of the numbers that belong to (seed, stream, counters).
template <class... Counters>
[[gnu::always_inline]] inline uint64_t stream_key(uint64_t seed, Counters... counters) {
    ((seed = mix(seed + golden) ^ static_cast<uint64_t>(counters)), ...);
    return mix(seed + golden);
}

}  // namespace chainrule
