// The dropout layer: the mask is a function of (seed, step, layer, row, unit), equal to network/dropout.py's bit by bit.
#pragma once

#include "../random.hpp"
#include "../simd/vector.hpp"

namespace chainrule::CHAINRULE_ISA_NAMESPACE {

// values ← values·mask/(1 - rate): forward on what a layer gives, backward on its slopes.
template <class T>
void drop(const DropoutMask& mask, Index rows, Index ld, T* values, T scale) {
    for (Index r = 0; r < rows; ++r) {
        T* row = values + r * ld;
        const uint64_t first = static_cast<uint64_t>((mask.first_row + r) * mask.units);
        for (Index u = 0; u < mask.units; ++u) {
            const bool kept = random_bits(mask.key, first + static_cast<uint64_t>(u)) >= mask.threshold;
            row[u] *= kept ? scale : T(0);
        }
    }
}

}  // namespace chainrule::CHAINRULE_ISA_NAMESPACE
