#include "blocks.hpp"

#include "isa.hpp"

namespace chainrule {

namespace {

constexpr Index strips_of_block = 8;    // width of a block of the gradient, and
constexpr Index narrower_block = 2;     // of one of few weights, so that there are blocks enough to share
constexpr Index weights_of_one = 1024;  // a stage of no more weights is one block: to share it would cost more
// Of sparse rows: as many blocks as a team can use, and no more, as each looks at all entries of a minibatch.
constexpr Index most_sparse_blocks = 32, weights_of_sparse_block = 16384;

}  // namespace

template <class T>
Blocks<T>::Blocks(const Network& network, bool sparse) : network_(network), kernels_(kernels<T>()) {
    const Index widest = network.has_many_weights() ? strips_of_block : narrower_block;
    for (size_t i = 0; i < network.stages.size(); ++i) {
        const Stage& stage = network.stages[i];
        const Index n_rows = stage.n_in + 1, n_strips = (stage.n_out + kernels_.panel - 1) / kernels_.panel;
        if (!stage.dense) continue;
        if (i == 0 && sparse) {
            const Index n = std::clamp<Index>(n_rows * stage.n_out / weights_of_sparse_block, 1, most_sparse_blocks);
            add_stage(i, (n_rows + n - 1) / n, n_strips);
        } else if (n_rows * stage.n_out <= weights_of_one) {
            add_stage(i, n_rows, n_strips);
        } else {  // a narrow stage has the taller blocks
            add_stage(i, kernels_.block_rows * std::max<Index>(1, widest / n_strips), widest);
        }
    }
}

template <class T>
void Blocks<T>::add_stage(size_t index, Index step_rows, Index step_strips) {
    const Stage& stage = network_.stages[index];
    const Index n_rows = stage.n_in + 1, n_strips = (stage.n_out + kernels_.panel - 1) / kernels_.panel;
    for (Index p0 = 0; p0 < n_strips; p0 += step_strips)
        for (Index i0 = 0; i0 < n_rows; i0 += step_rows) {
            const Index i1 = std::min(i0 + step_rows, n_rows), p1 = std::min(p0 + step_strips, n_strips);
            const Index ld = std::min(p1 * kernels_.panel, stage.n_out) - p0 * kernels_.panel;
            blocks_.push_back({index, i0, i1, p0, p1, ld, blocks_.empty() ? 0 : n_numbers()});
        }
}

template <class T>
Index Blocks<T>::largest() const {
    Index most = 0;
    for (const Block& block : blocks_) most = std::max(most, block.size());
    return most;
}

template class Blocks<float>;
template class Blocks<double>;

}  // namespace chainrule
