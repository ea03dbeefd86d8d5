#include "packed_weights.hpp"

#include "isa.hpp"

namespace chainrule {

template <class T>
PackedWeights<T>::PackedWeights(const Network& network, bool for_backward, bool sparse)
    : network_(network), kernels_(kernels<T>()) {
    forward_.resize(network.stages.size());
    backward_.resize(network.stages.size());
    for (size_t i = 0; i < network.stages.size(); ++i) {
        const Stage& stage = network.stages[i];
        if (!stage.dense) continue;
        if (i > 0 || !sparse) forward_[i] = Buffer<T>(padded(kernels_, stage.n_out) * (stage.n_in + 1));
        if (for_backward && i != network.first_dense())
            backward_[i] = Buffer<T>(padded(kernels_, stage.n_in) * stage.n_out);
    }
}

template <class T>
void PackedWeights<T>::pack(size_t index, const T* weights, Index i0, Index i1, Index c0, Index c1) {
    const Stage& stage = network_.stages[index];
    const T* W = weights + stage.offset;
    if (T* panels = forward_[index].data()) kernels_.pack_forward(W, stage.n_in, stage.n_out, i0, i1, c0, c1, panels);
    pack_transposed(index, weights, i0, i1, c0, c1);
}

template <class T>
void PackedWeights<T>::pack_transposed(size_t index, const T* weights, Index i0, Index i1, Index c0, Index c1) {
    const Stage& stage = network_.stages[index];
    const T* W = weights + stage.offset;
    if (T* panels = backward_[index].data()) kernels_.pack_backward(W, stage.n_in, stage.n_out, i0, i1, c0, c1, panels);
}

template <class T>
void PackedWeights<T>::pack_all(const T* weights) {
    for (size_t i = 0; i < network_.stages.size(); ++i) {
        const Stage& stage = network_.stages[i];
        if (stage.dense) pack(i, weights, 0, stage.n_in + 1, 0, stage.n_out);
    }
}

template class PackedWeights<float>;
template class PackedWeights<double>;

}  // namespace chainrule
