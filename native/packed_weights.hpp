// The weights in the form that the matrix products read.
#pragma once

#include <vector>

#include "buffer.hpp"
#include "network.hpp"

namespace chainrule {

// W and Wᵀ of every dense stage in panels, kept in step with the flat weights.
template <class T>
class PackedWeights {
   public:
    // Wᵀ is wanted only for the backward pass, and there not of the first dense stage. A first stage that sparse rows
    // enter is not packed: they take the rows of W that they name.
    PackedWeights(const Network& network, bool for_backward, bool sparse);

    // Take over rows i0 … i1 - 1, columns c0 … c1 - 1 of a stage's W; see Kernels::pack_forward.
    void pack(size_t stage, const T* weights, Index i0, Index i1, Index c0, Index c1);
    void pack_all(const T* weights);
    // The part of it that is Wᵀ, where a descent has written the panels of W itself.
    void pack_transposed(size_t stage, const T* weights, Index i0, Index i1, Index c0, Index c1);

    T* forward(size_t stage) const { return forward_[stage].data(); }
    const T* backward(size_t stage) const { return backward_[stage].data(); }

   private:
    const Network& network_;
    const Kernels<T>& kernels_;
    std::vector<Buffer<T>> forward_, backward_;
};

}  // namespace chainrule
