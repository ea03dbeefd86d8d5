#include "session.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "isa.hpp"

namespace chainrule {

namespace {

constexpr Index rows_at_once = 96;            // of a minibatch through all stages: they stay in the second-level cache
constexpr double short_work_of_a_lane = 6e8;  // multiplications and additions of a step: some tens of milliseconds
constexpr auto patience = std::chrono::milliseconds(20);  // between two looks for an interruption

}  // namespace

template <class T>
Session<T>::Session(Network network, const Source<T>& source, Optimizer optimizer, Settings settings, T* weights,
                    std::vector<T*> vectors)
    : network_(std::move(network)),
      kernels_(kernels<T>()),
      source_(source),
      settings_(settings),
      steps_per_epoch_((source.features.n_rows + settings.batch_size - 1) / settings.batch_size),
      weights_(weights),
      team_(settings.n_threads),
      order_(settings.seed, source.features.n_rows),
      packed_(network_, true, source.features.sparse()),
      minibatch_(network_, std::min(settings.batch_size, source.features.n_rows), source.features.sparse()),
      blocks_(network_, source.features.sparse()),
      descent_(blocks_, std::move(optimizer), weights, std::move(vectors), packed_),
      gradient_(blocks_.n_numbers()),
      can_fuse_(can_fuse()),
      squares_(blocks_.size()),
      penalties_(blocks_.size()) {
    own_.resize(static_cast<size_t>(settings.n_threads));
    for (Own& own : own_) {
        own.scratch = Buffer<T>(loss_scratch(rows_at_once, network_.n_outputs()));
        own.block = Buffer<T>(blocks_.largest());
        own.largest.resize(network_.stages.size());
    }
}

// Whether it pays to fuse, and may be done: the weights are more than a cache holds, nothing is clipped, no penalty can
// overflow, and a step is so short that nobody minds if it is not interrupted halfway.
template <class T>
bool Session<T>::can_fuse() const {
    const double step_work = 6 * static_cast<double>(network_.n_weights()) * static_cast<double>(minibatch_.max_rows());
    const double lanes = static_cast<double>(kernels_.panel) / 2;
    return network_.has_many_weights() && step_work <= short_work_of_a_lane * lanes && !settings_.max_gradient_norm &&
           network_.l1 == 0 && network_.l2 == 0;
}

template <class T>
Selection Session<T>::rows_of(int64_t step) {
    const Index n_rows = source_.features.n_rows;
    const Index first = static_cast<Index>(step % steps_per_epoch_) * settings_.batch_size;
    const Index n = std::min(settings_.batch_size, n_rows - first);
    if (!settings_.shuffle || settings_.batch_size >= n_rows) return {nullptr, first, n};
    return {order_.of_epoch(step / steps_per_epoch_) + first, 0, n};
}

template <class T>
double Session<T>::weight_of(const Selection& rows) const {
    if (!source_.weight) return static_cast<double>(rows.n);
    double total = 0;
    for (Index i = 0; i < rows.n; ++i) total += static_cast<double>(source_.weight[rows[i]]);
    return total;
}

template <class T>
void Session<T>::prepare(int64_t number, const StepPlan& plan, Index i) {
    step_.rows = rows_of(number);
    step_.dropout = {settings_.seed, number, plan.dropout[i], 0};
    step_.weight = weight_of(step_.rows);
    step_.divisor = plan.divisor ? plan.divisor[i] : step_.weight;
}

template <class T>
Index Session<T>::run(int64_t first_step, Index n_steps, const StepPlan& plan, const StepReport& report,
                      const Interrupted& interrupted) {
    if (n_steps == 0) return 0;
    abandoned_in_ = never;
    interrupted_ = interrupted ? &interrupted : nullptr;
    looked_up_ = std::chrono::steady_clock::now();
    taken_ = n_steps;
    next_part_ = 0;
    packed_.pack_all(weights_);
    prepare(first_step, plan, 0);
    team_.run([&](int member) { work(member, first_step, n_steps, plan, report); });
    return taken_;
}

// What every member does of a run.
template <class T>
void Session<T>::work(int member, int64_t first_step, Index n_steps, const StepPlan& plan, const StepReport& report) {
    for (Index i = 0; i < n_steps; ++i) {
        const Step step = step_;  // a copy: the next one is prepared while others are still at this one
        const bool has_weight = step.weight != 0;
        if (has_weight) rows_phase(member, step, 2 * i);
        team_.barrier();
        if (abandoned_in_ <= 2 * i) {
            if (member == 0) taken_ = i;
            return;
        }
        // Every member comes to the same numbers, and so to the same decisions.
        double error = has_weight ? minibatch_.total_loss(step.rows.n) / step.divisor : 0, norm = 0;
        const bool fused = can_fuse_ && std::isfinite(error) && bounded(step.rows.n);
        if (has_weight) {
            const Formula<T> unclipped = descent_.formula(first_step + i, plan, i, 1);
            gradient_phase(member, step, 2 * i + 1, plan.penalty[i], fused ? &unclipped : nullptr);
        }
        // The order of a new epoch takes the place of this one's, which the gradient of sparse rows still needs.
        const bool new_epoch = (first_step + i + 1) % steps_per_epoch_ == 0, prepared = fused && !new_epoch;
        const bool is_last = i + 1 == n_steps;
        if (member == 0 && prepared && !is_last) prepare(first_step + i + 1, plan, i + 1);
        team_.barrier();
        if (abandoned_in_ <= 2 * i + 1) {
            if (member == 0) taken_ = i;
            return;
        }
        if (has_weight) {
            norm = std::sqrt(std::accumulate(squares_.begin(), squares_.end(), 0.0));
            error = std::accumulate(penalties_.begin(), penalties_.end(), error);
        }
        if (member == 0) report.error[i] = error, report.weight[i] = step.weight, report.gradient_norm[i] = norm;
        if (!std::isfinite(error) || !std::isfinite(norm)) {
            if (member == 0) taken_ = i + 1;
            return;
        }
        if (has_weight && !fused) descent_phase(descent_.formula(first_step + i, plan, i, clip_of(norm)));
        if (prepared || is_last) continue;
        if (member == 0) prepare(first_step + i + 1, plan, i + 1);
        team_.barrier();
    }
}

template <class T>
void Session<T>::rows_phase(int member, const Step& step, int64_t phase) {
    if (member == 0) next_block_ = 0;
    Own& own = own_[static_cast<size_t>(member)];
    std::fill(own.largest.begin(), own.largest.end(), std::pair<T, T>{});
    // As many parts for each member, and two at least: whoever is held up leaves his second to others.
    const Index members = team_.size(), round = members == 1 ? 1 : 2 * members;
    const Index n = (step.rows.n + rows_at_once * round - 1) / (rows_at_once * round) * round;
    for (Index part = next_part_++; part < n && !abandoned(); part = next_part_++) {
        look_up(member, phase);
        const Index r0 = step.rows.n * part / n, r1 = step.rows.n * (part + 1) / n;
        minibatch_.run(source_, step.rows, r0, r1, packed_, weights_, step.dropout, 1 / step.divisor,
                       own.scratch.data());
        for (size_t i = 0; can_fuse_ && i < network_.stages.size(); ++i) {
            if (!network_.stages[i].dense) continue;
            const auto [x, delta] = minibatch_.largest(i, source_, step.rows, r0, r1);
            own.largest[i] = {std::max(own.largest[i].first, x), std::max(own.largest[i].second, delta)};
        }
    }
}

// Whether no gradient of the step, nor the sum of their squares, can be anything but finite: each is a sum over rows of x·δ.
template <class T>
bool Session<T>::bounded(Index n_rows) const {
    for (size_t i = 0; i < network_.stages.size(); ++i) {
        double x = 1, delta = 0;  // 1 is the input of the biases
        for (int member = 0; member < team_.size(); ++member) {
            const auto& [largest_x, largest_delta] = own_[static_cast<size_t>(member)].largest[i];
            x = std::max(x, static_cast<double>(largest_x));
            delta = std::max(delta, static_cast<double>(largest_delta));
        }
        if (!(static_cast<double>(n_rows) * x * delta < (sizeof(T) == 4 ? 1e37 : 1e140))) return false;
    }
    return true;
}

template <class T>
void Session<T>::gradient_phase(int member, const Step& step, int64_t phase, double penalty, const Formula<T>* fused) {
    if (member == 0) next_part_ = 0, next_descent_ = 0;
    for (size_t b = next_block_++; b < blocks_.size() && !abandoned(); b = next_block_++) {
        const Block& block = blocks_[b];
        if (fused) {
            fused_block(b, step, *fused, own_[static_cast<size_t>(member)].block.data());
        } else {
            look_up(member, phase);
            T* gradient = gradient_.data() + block.start;
            minibatch_.gradient(block.stage, source_, step.rows, block.i0, block.i1, block.p0, block.p1, gradient,
                                block.ld, {});
            penalise_block(b, penalty, gradient);
        }
    }
}

// Gradient and descent of a block in one go.
template <class T>
void Session<T>::fused_block(size_t b, const Step& step, const Formula<T>& formula, T* gradient) {
    const Block& block = blocks_[b];
    minibatch_.gradient(block.stage, source_, step.rows, block.i0, block.i1, block.p0, block.p1, gradient, block.ld,
                        descent_.state_of(blocks_.stage_of(block)));
    squares_[b] = penalties_[b] = 0;
    if (packed_.forward(block.stage)) {
        squares_[b] = descent_.descend_and_pack(block, formula, gradient);
    } else {  // sparse rows take W as it is
        penalise_block(b, 0, gradient);
        descent_.descend(block, formula, gradient, block.ld);
    }
}

template <class T>
void Session<T>::penalise_block(size_t b, double penalty, T* gradient) {
    const Block& block = blocks_[b];
    const Stage& stage = blocks_.stage_of(block);
    double squares = 0, absolutes_of_weights = 0, squares_of_weights = 0;
    const double l1 = network_.l1 == 0 ? 0 : penalty * network_.l1, l2 = network_.l2 == 0 ? 0 : penalty * network_.l2;
    blocks_.for_parts(block, [&](Index rows, Index n, Index start, Index start_in_block, bool biases) {
        const bool penalised = !biases && stage.weight_decay != 0 && (l1 != 0 || l2 != 0);
        squares += kernels_.penalise(rows, n, weights_ + start, stage.n_out, gradient + start_in_block, block.ld,
                                     static_cast<T>(penalised ? l1 : 0), static_cast<T>(penalised ? l2 : 0));
        if (penalised)
            kernels_.norms(rows, n, weights_ + start, stage.n_out, &absolutes_of_weights, &squares_of_weights);
    });
    squares_[b] = squares;
    penalties_[b] = l1 * absolutes_of_weights + 0.5 * l2 * squares_of_weights;
}

// The factor that brings a gradient of this norm to the largest one allowed.
template <class T>
double Session<T>::clip_of(double norm) const {
    const double limit = settings_.max_gradient_norm.value_or(norm);
    return norm > limit ? limit / norm : 1;
}

template <class T>
void Session<T>::descent_phase(const Formula<T>& formula) {
    for (size_t b = next_descent_++; b < blocks_.size(); b = next_descent_++)
        descent_.descend(blocks_[b], formula, gradient_.data() + blocks_[b].start, blocks_[b].ld);
}

template <class T>
void Session<T>::accumulate(const Selection& rows, const DropoutContext& dropout, double* error, double* weight,
                            T* gradient) {
    *error = *weight = 0;
    abandoned_in_ = never;
    interrupted_ = nullptr;
    next_part_ = 0;
    packed_.pack_all(weights_);
    if (rows.n == 0) std::fill_n(gradient, network_.n_weights(), T(0));
    for (Index first = 0; first < rows.n; first += minibatch_.max_rows()) {
        Step step;
        step.rows = {rows.order ? rows.order + first : nullptr, rows.first + first,
                     std::min(minibatch_.max_rows(), rows.n - first)};
        step.dropout = dropout;
        step.dropout.first_row += first;
        team_.run([&](int member) {
            rows_phase(member, step, 0);
            team_.barrier();
            gradient_phase(member, step, 1, 0, nullptr);
        });
        *error += minibatch_.total_loss(step.rows.n);
        *weight += weight_of(step.rows);
        add_gradient(gradient, first == 0);
    }
}

// Add all blocks' gradients to a flat vector, or begin it with them.
template <class T>
void Session<T>::add_gradient(T* total, bool first) const {
    for (const Block& block : blocks_)
        blocks_.for_parts(block, [&](Index rows, Index n, Index start, Index start_in_block, bool) {
            for (Index r = 0; r < rows; ++r) {
                const T* from = gradient_.data() + block.start + start_in_block + r * block.ld;
                T* to = total + start + r * blocks_.stage_of(block).n_out;
                for (Index i = 0; i < n; ++i) to[i] = first ? from[i] : to[i] + from[i];
            }
        });
}

template <class T>
void Session<T>::descend(const T* gradient, int64_t step, const StepPlan& plan) {
    double absolutes = 0, squares = 0;
    kernels_.norms(1, network_.n_weights(), gradient, 0, &absolutes, &squares);
    const Formula<T> formula = descent_.formula(step, plan, 0, clip_of(std::sqrt(squares)));
    for (const Block& block : blocks_) {
        const Stage& stage = blocks_.stage_of(block);
        const Index first = stage.offset + block.i0 * stage.n_out + blocks_.first_column(block);
        descent_.descend(block, formula, gradient + first, stage.n_out);
    }
}

// Ask, now and then, whether to go on.
template <class T>
void Session<T>::look_up(int member, int64_t phase) {
    if (member != 0 || interrupted_ == nullptr) return;
    const auto now = std::chrono::steady_clock::now();
    if (now - looked_up_ < patience) return;
    looked_up_ = now;
    if ((*interrupted_)()) abandoned_in_ = phase;
}

template class Session<float>;
template class Session<double>;

}  // namespace chainrule
