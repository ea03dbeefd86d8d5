// The forward and the backward pass of some rows of a minibatch, stage after stage.
#pragma once

#include <array>
#include <utility>
#include <vector>

#include "blocks.hpp"
#include "interruption.hpp"
#include "packed_weights.hpp"
#include "rows.hpp"

namespace chainrule {

// What draws a step's dropout masks. factor 0: nothing is dropped.
struct DropoutContext {
    uint64_t seed = 0;
    int64_t step = 0;
    double factor = 0;
    Index first_row = 0;  // place of the first row within its minibatch
};

// A minibatch with everything that a step computes of its rows. Threads work on rows of their own.
template <class T>
class Minibatch {
   public:
    // Of rows of the source, by weights that are packed: all of them outlive it.
    Minibatch(const Network& network, const Source<T>& source, const PackedWeights<T>& packed, const T* weights,
              Index max_rows);

    Index max_rows() const { return max_rows_; }

    // Take rows r0 … r1 - 1 of the selection through forward, loss and backward: outputs and δ of every stage; or leave halfway
    // if the look does not go on. `scale` is 1 / divisor, on the gradient only.
    void run(const Selection& rows, Index r0, Index r1, const DropoutContext& dropout, double scale, T* scratch,
             const Look& look);

    // ∂E/∂W of a block over rows r0 … r1 - 1 of the selection into `out`, or part of it if the look does not go on. `spare` is as
    // large. `next`: see DenseGradient. Very many rows are summed in parts, whose number does not depend on that of the threads.
    void gradient(const Block& block, const Selection& rows, Index r0, Index r1, const std::array<const T*, 3>& next,
                  T* out, T* spare, const Look& look) const;

    // The largest |x| and |δ| of a dense stage over rows r0 … r1 - 1: together they bound its gradient. Of a sparse row's x the
    // sum of its entries is bounded, as several may be of one column.
    std::pair<T, T> largest(size_t stage, const Selection& rows, Index r0, Index r1) const;

    // Multiplications and additions that a row takes in a product with n_out columns of a stage's W.
    double work_of_row(size_t stage, Index n_out) const;

    // Σ weight·loss over the first n rows, in their order.
    double total_loss(Index n) const;

   private:
    struct StageBuffers {
        Buffer<T> outputs, slopes;  // (rows, ld); slopes hold z, then φ′
        Buffer<T> own_deltas;       // in panels; a stage without weights shares those of the stage before
        T* deltas = nullptr;
        Index ld = 0;
    };

    void gather(const Selection& rows, Index r0, Index n);
    void forward(size_t index, const Selection& rows, Index r0, Index n, const DropoutContext& dropout,
                 const Look& look);
    void sparse_forward(const Selection& rows, Index r0, Index n, T* z, const Look& look) const;
    void loss(Index r0, Index n, double scale, T* scratch);
    void backward(size_t index, Index r0, Index n, const DropoutContext& dropout, const Look& look);
    Derivative<T> derivative(size_t index, Index r0, Index n, const DropoutContext& dropout);
    void drop(const Stage& stage, Index r0, Index n, T* values, Index ld, const DropoutContext& dropout) const;
    void gradient_of(const Block& block, const Selection& rows, Index r0, Index n, const std::array<const T*, 3>& next,
                     T* out) const;
    bool enters_sparse(size_t index) const { return index == 0 && source_.features.sparse(); }
    const T* inputs_of(size_t index) const { return index == 0 ? inputs_.data() : stages_[index - 1].outputs.data(); }
    Index ld_of(size_t index) const { return index == 0 ? ld_inputs_ : stages_[index - 1].ld; }

    const Network& network_;
    const Source<T>& source_;
    const PackedWeights<T>& packed_;
    const T* weights_;
    const Kernels<T>& kernels_;
    Index max_rows_, strip_rows_, ld_inputs_;
    Buffer<T> inputs_, target_, weight_;
    Buffer<int32_t> codes_;
    Buffer<double> row_losses_;
    std::vector<StageBuffers> stages_;
};

}  // namespace chainrule
