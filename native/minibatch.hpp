// The forward and the backward pass of some rows of a minibatch, stage after stage.
#pragma once

#include <array>
#include <utility>
#include <vector>

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
    Minibatch(const Network& network, Index max_rows, bool sparse);

    Index max_rows() const { return max_rows_; }

    // Take rows r0 … r1 - 1 of the selection through forward, loss and backward: outputs and δ of every stage.
    // `scale` is 1 / divisor, on the gradient only.
    void run(const Source<T>& source, const Selection& rows, Index r0, Index r1, const PackedWeights<T>& packed,
             const T* weights, const DropoutContext& dropout, double scale, T* scratch);

    // ∂E/∂W of a dense stage over the selected rows: rows i0 … i1 - 1, strips p0 … p1 - 1, into a block (i1 - i0, ld). `next`:
    // see DenseGradient.
    void gradient(size_t stage, const Source<T>& source, const Selection& rows, Index i0, Index i1, Index p0, Index p1,
                  T* block, Index ld, const std::array<const T*, 3>& next) const;

    // The largest |x| and |δ| of a dense stage over rows r0 … r1 - 1: together they bound its gradient.
    std::pair<T, T> largest(size_t stage, const Source<T>& source, const Selection& rows, Index r0, Index r1) const;

    // Σ weight·loss over the first n rows, in their order.
    double total_loss(Index n) const;

   private:
    struct StageBuffers {
        Buffer<T> outputs, slopes;  // (rows, ld); slopes hold z, then φ′
        Buffer<T> own_deltas;       // in panels; a stage without weights shares those of the stage before
        T* deltas = nullptr;
        Index ld = 0;
    };

    void gather(const Source<T>& source, const Selection& rows, Index r0, Index n);
    void forward(size_t index, const Source<T>& source, const Selection& rows, Index r0, Index n,
                 const PackedWeights<T>& packed, const T* weights, const DropoutContext& dropout);
    void loss(const Source<T>& source, Index r0, Index n, double scale, T* scratch);
    void backward(size_t index, Index r0, Index n, const PackedWeights<T>& packed, const DropoutContext& dropout);
    Derivative<T> derivative(size_t index, Index r0, Index n, const DropoutContext& dropout);
    void drop(const Stage& stage, Index r0, Index n, T* values, Index ld, const DropoutContext& dropout) const;
    const T* inputs_of(size_t index) const { return index == 0 ? inputs_.data() : stages_[index - 1].outputs.data(); }
    Index ld_of(size_t index) const { return index == 0 ? ld_inputs_ : stages_[index - 1].ld; }
    const Network& network_;
    const Kernels<T>& kernels_;
    Index max_rows_, strip_rows_, ld_inputs_;
    Buffer<T> inputs_, target_, weight_;
    Buffer<int32_t> codes_;
    Buffer<double> row_losses_;
    std::vector<StageBuffers> stages_;
};

}  // namespace chainrule
