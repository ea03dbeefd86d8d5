// The table of one instruction set. The build compiles this file several times, with the flags and the names of each.
#include "kernels.hpp"

#include "layers/activation.hpp"
#include "layers/dense.hpp"
#include "layers/dropout.hpp"
#include "layers/sparse.hpp"
#include "losses.hpp"
#include "optimizers.hpp"

namespace chainrule::CHAINRULE_ISA_NAMESPACE {

template <class T>
constexpr Kernels<T> table = {
    .panel = panel<T>,
    .narrow = narrow<T>,
    .block_rows = block_rows<T>,
    .dense_forward = dense_forward<T>,
    .dense_forward_row = dense_forward_row<T>,
    .sparse_forward = sparse_forward<T>,
    .dense_backward = dense_backward<T>,
    .dense_gradient = dense_gradient<T>,
    .sparse_gradient = sparse_gradient<T>,
    .pack_forward = pack_forward<T>,
    .pack_backward = pack_backward<T>,
    .activate = activate<T>,
    .slopes = slopes<T>,
    .drop = drop<T>,
    .apply_derivative = apply_derivative<T>,
    .loss = loss<T>,
    .add_up = add_up<T>,
    .penalise = penalise<T>,
    .norms = norms<T>,
    .largest = largest<T>,
    .descend = descend<T>,
};

const Kernels<float>& kernels_float() { return table<float>; }
const Kernels<double>& kernels_double() { return table<double>; }

}  // namespace chainrule::CHAINRULE_ISA_NAMESPACE
