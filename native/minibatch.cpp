#include "minibatch.hpp"

#include <algorithm>
#include <cstring>

#include "isa.hpp"
#include "random.hpp"

namespace chainrule {

namespace {

constexpr Index prefetch_distance = 6;  // rows ahead: about the time that memory takes to answer

template <class T>
void prefetch_row(const T* row, Index n) {
    for (Index i = 0; i < n; i += static_cast<Index>(64 / sizeof(T))) __builtin_prefetch(row + i);
}

}  // namespace

template <class T>
Minibatch<T>::Minibatch(const Network& network, Index max_rows, bool sparse)
    : network_(network),
      kernels_(kernels<T>()),
      max_rows_(max_rows),
      strip_rows_(max_rows + 1),  // one more, so that strips do not all begin in the same place of the cache
      ld_inputs_(row_length(kernels_, network.n_inputs)) {
    if (!sparse) inputs_ = Buffer<T>(max_rows * ld_inputs_);
    if (network.loss.of_classes())
        codes_ = Buffer<int32_t>(max_rows);
    else
        target_ = Buffer<T>(max_rows * network.loss.n_targets(network.n_outputs()));
    weight_ = Buffer<T>(max_rows);
    row_losses_ = Buffer<double>(max_rows);
    stages_.resize(network.stages.size());
    for (size_t i = 0; i < stages_.size(); ++i) {
        const Stage& stage = network.stages[i];
        StageBuffers& buffers = stages_[i];
        buffers.ld = row_length(kernels_, stage.n_out);
        buffers.outputs = Buffer<T>(max_rows * buffers.ld);
        if (stage.slope_in_buffer()) buffers.slopes = Buffer<T>(max_rows * buffers.ld);
        if (stage.dense) {
            buffers.own_deltas = Buffer<T>(strip_rows_ * padded(kernels_, stage.n_out));
            buffers.deltas = buffers.own_deltas.data();
        } else if (i > network.first_dense()) {
            buffers.deltas = stages_[i - 1].deltas;
        }
    }
}

template <class T>
void Minibatch<T>::run(const Source<T>& source, const Selection& rows, Index r0, Index r1,
                       const PackedWeights<T>& packed, const T* weights, const DropoutContext& dropout, double scale,
                       T* scratch) {
    const Index n = r1 - r0;
    gather(source, rows, r0, n);
    for (size_t i = 0; i < stages_.size(); ++i) forward(i, source, rows, r0, n, packed, weights, dropout);
    loss(source, r0, n, scale, scratch);
    const size_t last = stages_.size() - 1;
    kernels_.apply_derivative(derivative(last, r0, n, dropout), n, network_.stages[last].n_out, {r0, strip_rows_},
                              stages_[last].deltas);
    for (size_t i = last; i > network_.first_dense(); --i) backward(i, r0, n, packed, dropout);
}

template <class T>
void Minibatch<T>::gather(const Source<T>& source, const Selection& rows, Index r0, Index n) {
    const Features<T>& features = source.features;
    const Index n_targets = network_.loss.n_targets(network_.n_outputs());
    for (Index r = r0; r < r0 + n; ++r) {
        const Index row = rows[r];
        if (!features.sparse()) {
            if (r + prefetch_distance < rows.n)
                prefetch_row(features.dense + rows[r + prefetch_distance] * features.row_stride, features.n);
            T* to = inputs_.data() + r * ld_inputs_;
            std::memcpy(to, features.dense + row * features.row_stride, sizeof(T) * features.n);
            to[features.n] = 1;
        }
        if (source.codes)
            codes_.data()[r] = source.codes[row];
        else
            std::memcpy(target_.data() + r * n_targets, source.target + row * n_targets, sizeof(T) * n_targets);
        if (source.weight) weight_.data()[r] = source.weight[row];
    }
}

template <class T>
void Minibatch<T>::forward(size_t index, const Source<T>& source, const Selection& rows, Index r0, Index n,
                           const PackedWeights<T>& packed, const T* weights, const DropoutContext& dropout) {
    const Stage& stage = network_.stages[index];
    StageBuffers& buffers = stages_[index];
    const Index ld = buffers.ld;
    T* outputs = buffers.outputs.data() + r0 * ld;
    T* z = stage.slope_in_buffer() ? buffers.slopes.data() + r0 * ld : outputs;
    const T* inputs = inputs_of(index) + r0 * ld_of(index);
    if (index == 0 && source.features.sparse()) {
        kernels_.sparse_forward(sparse_rows(source.features, rows, r0), n, stage.n_in, stage.n_out,
                                weights + stage.offset, z, ld, stage.fused());
    } else if (stage.dense) {
        kernels_.dense_forward(
            {n, stage.n_in, stage.n_out, inputs, ld_of(index), packed.forward(index), z, ld, stage.fused()});
    } else {
        for (Index r = 0; r < n; ++r) std::memcpy(z + r * ld, inputs + r * ld_of(index), sizeof(T) * stage.n_out);
    }
    if (z != outputs) kernels_.activate(stage.function, n, stage.n_out, ld, z, ld, outputs);
    drop(stage, r0, n, outputs, ld, dropout);
    set_ones(outputs, n, ld, stage.n_out);
}

template <class T>
void Minibatch<T>::drop(const Stage& stage, Index r0, Index n, T* values, Index ld,
                        const DropoutContext& dropout) const {
    const double rate = stage.dropout * dropout.factor;
    if (rate == 0) return;
    const DropoutMask mask{.key = stream_key(dropout.seed, dropout_stream, dropout.step, stage.dropout_layer),
                           .threshold = static_cast<uint64_t>(rate * 18446744073709551616.0),
                           .first_row = dropout.first_row + r0,
                           .units = stage.n_out};
    kernels_.drop(mask, n, ld, values, static_cast<T>(1 / (1 - rate)));
}

template <class T>
void Minibatch<T>::loss(const Source<T>& source, Index r0, Index n, double scale, T* scratch) {
    const StageBuffers& last = stages_.back();
    const Index n_targets = network_.loss.n_targets(network_.n_outputs());
    kernels_.loss(network_.loss.settings(), {.rows = n,
                                             .n_logits = network_.n_outputs(),
                                             .logits = last.outputs.data() + r0 * last.ld,
                                             .ld = last.ld,
                                             .target = source.codes ? nullptr : target_.data() + r0 * n_targets,
                                             .codes = source.codes ? codes_.data() + r0 : nullptr,
                                             .weight = source.weight ? weight_.data() + r0 : nullptr,
                                             .scale = scale,
                                             .d_logits = last.deltas,
                                             .place = {r0, strip_rows_},
                                             .row_losses = row_losses_.data() + r0,
                                             .scratch = scratch});
}

// Prepare the derivative of a stage's activation and dropout for rows r0 … r0 + n - 1: z becomes φ′(z), times the mask.
template <class T>
Derivative<T> Minibatch<T>::derivative(size_t index, Index r0, Index n, const DropoutContext& dropout) {
    const Stage& stage = network_.stages[index];
    StageBuffers& buffers = stages_[index];
    Derivative<T> derivative;
    derivative.ld = buffers.ld;
    if (stage.slope_of_sign()) {
        derivative.slope = Slope::of_sign;
        derivative.buffer = buffers.outputs.data() + r0 * buffers.ld;
        derivative.positive = static_cast<T>(1 / (1 - stage.dropout * dropout.factor));
        derivative.negative = stage.function == Function::relu ? T(0) : T(0.01);
    } else if (stage.slope_in_buffer()) {
        T* z = buffers.slopes.data() + r0 * buffers.ld;
        kernels_.slopes(stage.function, n, stage.n_out, buffers.ld, z);
        drop(stage, r0, n, z, buffers.ld, dropout);
        derivative.slope = Slope::in_buffer;
        derivative.buffer = z;
    }
    return derivative;
}

template <class T>
void Minibatch<T>::backward(size_t index, Index r0, Index n, const PackedWeights<T>& packed,
                            const DropoutContext& dropout) {
    const Stage& stage = network_.stages[index];
    const Derivative<T> before = derivative(index - 1, r0, n, dropout);
    if (stage.dense)
        kernels_.dense_backward({n,
                                 stage.n_in,
                                 stage.n_out,
                                 {r0, strip_rows_},
                                 stages_[index].deltas,
                                 packed.backward(index),
                                 stages_[index - 1].deltas,
                                 before});
    else
        kernels_.apply_derivative(before, n, stage.n_out, {r0, strip_rows_}, stages_[index].deltas);
}

template <class T>
void Minibatch<T>::gradient(size_t index, const Source<T>& source, const Selection& rows, Index i0, Index i1, Index p0,
                            Index p1, T* block, Index ld, const std::array<const T*, 3>& next) const {
    const Stage& stage = network_.stages[index];
    if (index == 0 && source.features.sparse())
        kernels_.sparse_gradient(sparse_rows(source.features, rows, 0), rows.n, stage.n_in, stage.n_out,
                                 stages_[index].deltas, strip_rows_, p0, block, ld);
    else
        kernels_.dense_gradient({rows.n,
                                 stage.n_out,
                                 inputs_of(index),
                                 ld_of(index),
                                 stages_[index].deltas,
                                 strip_rows_,
                                 i0,
                                 i1,
                                 p0,
                                 p1,
                                 block,
                                 ld,
                                 {next[0], next[1], next[2]}});
}

template <class T>
std::pair<T, T> Minibatch<T>::largest(size_t index, const Source<T>& source, const Selection& rows, Index r0,
                                      Index r1) const {
    const Stage& stage = network_.stages[index];
    T x = 0, delta = 0;
    if (index == 0 && source.features.sparse()) {
        for (Index r = r0; r < r1; ++r) {
            const int64_t start = source.features.starts[rows[r]], n = source.features.starts[rows[r] + 1] - start;
            x = std::max(x, kernels_.largest(1, static_cast<Index>(n), 0, source.features.values + start));
        }
    } else {
        x = kernels_.largest(r1 - r0, stage.n_in, ld_of(index), inputs_of(index) + r0 * ld_of(index));
    }
    for (Index column = 0; column < stage.n_out; column += kernels_.panel) {
        const Index width = std::min(kernels_.panel, padded(kernels_, stage.n_out - column));
        const T* strip = stages_[index].deltas + column * strip_rows_ + r0 * width;
        delta = std::max(delta, kernels_.largest(1, (r1 - r0) * width, 0, strip));
    }
    return {x, delta};
}

// In four sums, for an addition waits for the one before it; in the same ones always.
template <class T>
double Minibatch<T>::total_loss(Index n) const {
    double totals[4] = {};
    for (Index r = 0; r < n; ++r) totals[r % 4] += row_losses_.data()[r];
    return (totals[0] + totals[1]) + (totals[2] + totals[3]);
}

template class Minibatch<float>;
template class Minibatch<double>;

}  // namespace chainrule
