// The weights' gradient in blocks: what one member of the team computes, and moves the weights by, in one go.
#pragma once

#include <algorithm>
#include <vector>

#include "network.hpp"

namespace chainrule {

// Rows i0 … i1 - 1, strips p0 … p1 - 1 of a stage's W. Its gradient is (i1 - i0, ld), and begins at `start` where those of all
// blocks lie one after the other.
struct Block {
    size_t stage;
    Index i0, i1, p0, p1, ld, start;

    Index size() const { return (i1 - i0) * ld; }
};

// All blocks of a network: they do not depend on the number of threads. A first stage that sparse rows enter has blocks of
// whole rows of W.
template <class T>
class Blocks {
   public:
    Blocks(const Network& network, bool sparse);

    size_t size() const { return blocks_.size(); }
    const Block& operator[](size_t b) const { return blocks_[b]; }
    auto begin() const { return blocks_.begin(); }
    auto end() const { return blocks_.end(); }

    const Stage& stage_of(const Block& block) const { return network_.stages[block.stage]; }
    Index first_column(const Block& block) const { return block.p0 * kernels_.panel; }

    // Numbers of a gradient: of all blocks, and of the largest one.
    Index n_numbers() const { return blocks_.back().start + blocks_.back().size(); }
    Index largest() const;

    // Call f(first row of W, number of rows, whether they are biases) for a block's weights and for its biases.
    template <class F>
    void for_rows(const Block& block, F f) const;

    // Call f(rows, columns, offset in the flat vector, offset in the block, whether they are biases) for a block's weights and
    // for its biases; rows that follow each other without gaps are one long row.
    template <class F>
    void for_parts(const Block& block, F f) const;

   private:
    void add_stage(size_t index, Index step_rows, Index step_strips);

    const Network& network_;
    const Kernels<T>& kernels_;
    std::vector<Block> blocks_;
};

template <class T>
template <class F>
void Blocks<T>::for_rows(const Block& block, F f) const {
    const Index n_in = stage_of(block).n_in, end = std::min(block.i1, n_in);
    if (end > block.i0) f(block.i0, end - block.i0, false);
    if (block.i1 > n_in) f(n_in, Index{1}, true);
}

template <class T>
template <class F>
void Blocks<T>::for_parts(const Block& block, F f) const {
    const Stage& stage = stage_of(block);
    const Index n = block.ld;
    for_rows(block, [&](Index row, Index rows, bool biases) {
        const Index start = stage.offset + row * stage.n_out + first_column(block);
        const Index start_in_block = (row - block.i0) * block.ld;
        const bool no_gaps = n == stage.n_out;
        f(no_gaps ? Index{1} : rows, no_gaps ? rows * n : n, start, start_in_block, biases);
    });
}

}  // namespace chainrule
