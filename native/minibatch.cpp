#include "minibatch.hpp"

#include <algorithm>
#include <cstring>

#include "columns.hpp"
#include "isa.hpp"
#include "random.hpp"

namespace chainrule {

namespace {

constexpr Index prefetch_distance = 6;  // rows ahead: about the time that memory takes to answer
constexpr double cost_of_sparse = 8;    // of a multiplication, which waits for memory, in those of a dense product

template <class T>
void prefetch_row(const T* row, Index n) {
    for (Index i = 0; i < n; i += static_cast<Index>(64 / sizeof(T))) __builtin_prefetch(row + i);
}

}  // namespace

template <class T>
Minibatch<T>::Minibatch(const Network& network, const Source<T>& source, const PackedWeights<T>& packed,
                        const T* weights, Index max_rows)
    : network_(network),
      source_(source),
      packed_(packed),
      weights_(weights),
      kernels_(kernels<T>()),
      max_rows_(max_rows),
      strip_rows_(max_rows + 1),  // one more, so that strips do not all begin in the same place of the cache
      ld_inputs_(row_length(kernels_, network.n_inputs)) {
    if (!source.features.sparse()) inputs_ = Buffer<T>(max_rows * ld_inputs_);
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
void Minibatch<T>::run(const Selection& rows, Index r0, Index r1, const DropoutContext& dropout, double scale,
                       T* scratch, const Look& look) {
    const Index n = r1 - r0;
    gather(rows, r0, n);
    for (size_t i = 0; i < stages_.size() && !look.given_up(); ++i) forward(i, rows, r0, n, dropout, look);
    loss(r0, n, scale, scratch);
    const size_t last = stages_.size() - 1;
    kernels_.apply_derivative(derivative(last, r0, n, dropout), n, network_.stages[last].n_out, {r0, strip_rows_},
                              stages_[last].deltas);
    for (size_t i = last; i > network_.first_dense() && !look.given_up(); --i) backward(i, r0, n, dropout, look);
}

template <class T>
void Minibatch<T>::gather(const Selection& rows, Index r0, Index n) {
    const Features<T>& features = source_.features;
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
        if (source_.codes)
            codes_.data()[r] = source_.codes[row];
        else
            std::memcpy(target_.data() + r * n_targets, source_.target + row * n_targets, sizeof(T) * n_targets);
        if (source_.weight) weight_.data()[r] = source_.weight[row];
    }
}

template <class T>
void Minibatch<T>::forward(size_t index, const Selection& rows, Index r0, Index n, const DropoutContext& dropout,
                           const Look& look) {
    const Stage& stage = network_.stages[index];
    StageBuffers& buffers = stages_[index];
    const Index ld = buffers.ld, ld_in = ld_of(index);
    T* outputs = buffers.outputs.data() + r0 * ld;
    T* z = stage.slope_in_buffer() ? buffers.slopes.data() + r0 * ld : outputs;
    const T* inputs = inputs_of(index) + r0 * ld_in;
    if (enters_sparse(index)) {
        sparse_forward(rows, r0, n, z, look);
    } else if (stage.dense) {
        for_columns(kernels_, n * (stage.n_in + 1), stage.n_out, look, [&](Index column, Index n_columns) {
            kernels_.dense_forward({n, stage.n_in, stage.n_out, inputs, ld_in, packed_.forward(index), z, ld,
                                    stage.fused(), column, column + n_columns});
        });
    } else {
        for (Index r = 0; r < n; ++r) std::memcpy(z + r * ld, inputs + r * ld_in, sizeof(T) * stage.n_out);
    }
    if (z != outputs) kernels_.activate(stage.function, n, stage.n_out, ld, z, ld, outputs);
    drop(stage, r0, n, outputs, ld, dropout);
    set_ones(outputs, n, ld, stage.n_out);
}

template <class T>
void Minibatch<T>::sparse_forward(const Selection& rows, Index r0, Index n, T* z, const Look& look) const {
    const Stage& stage = network_.stages[0];
    const Index ld = stages_[0].ld, at_once = things_of_a_piece(work_of_row(0, stage.n_out));
    for (Index r = 0; r == 0 || (r < n && look.goes_on()); r += at_once)
        kernels_.sparse_forward(sparse_rows(source_.features, rows, r0 + r), std::min(at_once, n - r), stage.n_in,
                                stage.n_out, weights_ + stage.offset, z + r * ld, ld, stage.fused());
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
void Minibatch<T>::loss(Index r0, Index n, double scale, T* scratch) {
    const StageBuffers& last = stages_.back();
    const Index n_targets = network_.loss.n_targets(network_.n_outputs());
    kernels_.loss(network_.loss.settings(), {.rows = n,
                                             .n_logits = network_.n_outputs(),
                                             .logits = last.outputs.data() + r0 * last.ld,
                                             .ld = last.ld,
                                             .target = source_.codes ? nullptr : target_.data() + r0 * n_targets,
                                             .codes = source_.codes ? codes_.data() + r0 : nullptr,
                                             .weight = source_.weight ? weight_.data() + r0 : nullptr,
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
void Minibatch<T>::backward(size_t index, Index r0, Index n, const DropoutContext& dropout, const Look& look) {
    const Stage& stage = network_.stages[index];
    const Derivative<T> before = derivative(index - 1, r0, n, dropout);
    const T* deltas = stages_[index].deltas;
    if (!stage.dense)
        return kernels_.apply_derivative(before, n, stage.n_out, {r0, strip_rows_}, stages_[index].deltas);
    const T* panels = packed_.backward(index);
    T* d_inputs = stages_[index - 1].deltas;
    for_columns(kernels_, n * stage.n_out, stage.n_in, look, [&](Index column, Index n_columns) {
        Derivative<T> of_columns = before;
        if (before.buffer) of_columns.buffer += column;
        kernels_.dense_backward({n,
                                 n_columns,
                                 stage.n_out,
                                 {r0, strip_rows_},
                                 deltas,
                                 panels + column * stage.n_out,
                                 d_inputs + column * strip_rows_,
                                 of_columns});
    });
}

template <class T>
void Minibatch<T>::gradient(const Block& block, const Selection& rows, Index r0, Index r1,
                            const std::array<const T*, 3>& next, T* out, T* spare, const Look& look) const {
    const Index width = (block.p1 - block.p0) * kernels_.panel;
    const double work = enters_sparse(block.stage) ? work_of_row(block.stage, width)
                                                   : static_cast<double>((block.i1 - block.i0) * width);
    const Index at_once = things_of_a_piece(work);
    gradient_of(block, rows, r0, std::min(r1 - r0, at_once), next, out);
    for (Index r = r0 + at_once; r < r1 && look.goes_on(); r += at_once) {
        gradient_of(block, rows, r, std::min(at_once, r1 - r), {}, spare);
        for (Index i = 0; i < block.size(); ++i) out[i] += spare[i];
    }
}

template <class T>
double Minibatch<T>::work_of_row(size_t stage, Index n_out) const {
    const double n_in = enters_sparse(stage) ? cost_of_sparse * source_.features.entries()
                                             : static_cast<double>(network_.stages[stage].n_in + 1);
    return n_in * static_cast<double>(n_out);
}

// The same over n rows from r0 on.
template <class T>
void Minibatch<T>::gradient_of(const Block& block, const Selection& rows, Index r0, Index n,
                               const std::array<const T*, 3>& next, T* out) const {
    const Stage& stage = network_.stages[block.stage];
    const T* deltas = stages_[block.stage].deltas;
    const Index panel = kernels_.panel, ld_in = ld_of(block.stage);
    if (enters_sparse(block.stage))
        return kernels_.sparse_gradient({sparse_rows(source_.features, rows, r0),
                                         n,
                                         stage.n_in,
                                         stage.n_out,
                                         {r0, strip_rows_},
                                         deltas,
                                         block.i0,
                                         block.i1,
                                         out});
    const auto strips = [&](Index p0, Index p1, Index width) {  // whose rows of δ have this width
        if (p0 == p1) return;
        kernels_.dense_gradient({n,
                                 stage.n_out,
                                 inputs_of(block.stage) + r0 * ld_in,
                                 ld_in,
                                 deltas + r0 * width,
                                 strip_rows_,
                                 block.i0,
                                 block.i1,
                                 p0,
                                 p1,
                                 out + (p0 - block.p0) * panel,
                                 block.ld,
                                 {next[0], next[1], next[2]}});
    };
    if (r0 == 0) return strips(block.p0, block.p1, panel);
    // The last strip of a stage may be half as wide.
    const Index n_whole = std::clamp((stage.n_out + panel / 2 - 1) / panel, block.p0, block.p1);
    strips(block.p0, n_whole, panel);
    strips(n_whole, block.p1, panel / 2);
}

template <class T>
std::pair<T, T> Minibatch<T>::largest(size_t index, const Selection& rows, Index r0, Index r1) const {
    const Stage& stage = network_.stages[index];
    T x = 0, delta = 0;
    if (enters_sparse(index)) {
        const Features<T>& features = source_.features;
        for (Index r = r0; r < r1; ++r) {
            const int64_t start = features.starts[rows[r]], n = features.starts[rows[r] + 1] - start;
            const T largest = kernels_.largest(1, static_cast<Index>(n), 0, features.values + start);
            x = std::max(x, largest * static_cast<T>(n));
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
