#include "session.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>

namespace chainrule {

namespace {

constexpr Index rows_at_once = 96;      // of a minibatch through all stages: they stay in the second-level cache
constexpr Index strips_of_block = 8;    // width of a block of the gradient
constexpr auto patience = std::chrono::milliseconds(20);  // between two looks for an interruption

}  // namespace

size_t Optimizer::n_vectors() const {
    switch (kind) {
        case OptimizerKind::sgd: return 0;
        case OptimizerKind::adam: return 2;
        default: return 1;
    }
}

template <class T>
Session<T>::Session(Network network, const Source<T>& source, Optimizer optimizer, Settings settings, T* weights,
                    std::vector<T*> vectors)
    : network_(std::move(network)),
      kernels_(kernels<T>()),
      source_(source),
      optimizer_(std::move(optimizer)),
      settings_(settings),
      steps_per_epoch_((source.features.n_rows + settings.batch_size - 1) / settings.batch_size),
      weights_(weights),
      vectors_(std::move(vectors)),
      team_(settings.n_threads),
      order_(settings.seed, source.features.n_rows),
      packed_(network_, true, source.features.sparse()),
      minibatch_(network_, std::min(settings.batch_size, source.features.n_rows), source.features.sparse()),
      gradient_(network_.n_weights()) {
    for (int member = 0; member < settings.n_threads; ++member)
        scratch_.emplace_back(minibatch_.scratch_size(rows_at_once));
    add_blocks();
    share_blocks();
}

template <class T>
void Session<T>::add_blocks() {
    // Whole tiles of the matrix product, and whole squares of the packing.
    const Index block_rows = std::lcm(kernels_.tile_rows, kernels_.panel / 2);
    for (size_t i = 0; i < network_.stages.size(); ++i) {
        const Stage& stage = network_.stages[i];
        if (!stage.dense) continue;
        const bool sparse = i == 0 && source_.features.sparse();
        const Index n_rows = stage.n_in + 1, n_strips = (stage.n_out + kernels_.panel - 1) / kernels_.panel;
        const Index step_rows = sparse ? n_rows : block_rows, step_strips = sparse ? 1 : strips_of_block;
        for (Index i0 = 0; i0 < n_rows; i0 += step_rows)
            for (Index p0 = 0; p0 < n_strips; p0 += step_strips) {
                const Index i1 = std::min(i0 + step_rows, n_rows), p1 = std::min(p0 + step_strips, n_strips);
                const Index columns = std::min(p1 * kernels_.panel, stage.n_out) - p0 * kernels_.panel;
                blocks_.push_back({i, i0, i1, p0, p1, static_cast<double>((i1 - i0) * padded(kernels_, columns))});
            }
    }
    squares_.resize(blocks_.size());
    penalties_.resize(blocks_.size());
}

// Neighbouring blocks to the same member, so that all have about the same work.
template <class T>
void Session<T>::share_blocks() {
    double total = 0, before = 0;
    for (const Block& block : blocks_) total += block.work;
    first_block_.assign(static_cast<size_t>(settings_.n_threads) + 1, blocks_.size());
    first_block_[0] = 0;
    size_t member = 1;
    for (size_t b = 0; b < blocks_.size(); ++b) {
        while (member < first_block_.size() - 1 &&
               before + blocks_[b].work / 2 >= total * static_cast<double>(member) / settings_.n_threads)
            first_block_[member++] = b;
        before += blocks_[b].work;
    }
}

// Call f(offset in the flat vector, numbers, whether they are biases) for each stretch of a block without gaps.
template <class T>
template <class F>
void Session<T>::for_stretches(const Block& block, F f) const {
    const Stage& stage = network_.stages[block.stage];
    const Index c0 = block.p0 * kernels_.panel, c1 = std::min(block.p1 * kernels_.panel, stage.n_out);
    const Index weights_end = std::min(block.i1, stage.n_in);
    if (c1 - c0 == stage.n_out) {
        if (weights_end > block.i0) f(stage.offset + block.i0 * stage.n_out, (weights_end - block.i0) * stage.n_out, false);
    } else {
        for (Index i = block.i0; i < weights_end; ++i) f(stage.offset + i * stage.n_out + c0, c1 - c0, false);
    }
    if (block.i1 > stage.n_in) f(stage.offset + stage.n_in * stage.n_out + c0, c1 - c0, true);
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
    abandoned_ = false;
    interrupted_ = interrupted ? &interrupted : nullptr;
    looked_up_ = std::chrono::steady_clock::now();
    taken_ = n_steps;
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
        double error = 0, norm = 0;
        if (step.weight != 0) {
            rows_phase(member, step);
            team_.barrier();
            if (member == 0) rows_error_ = minibatch_.total_loss(step.rows.n) / step.divisor;
            gradient_phase(member, step, plan.penalty[i], gradient_.data());
        }
        team_.barrier();
        if (abandoned_) {
            if (member == 0) taken_ = i;
            return;
        }
        if (step.weight != 0) {  // every member comes to the same numbers
            norm = std::sqrt(std::accumulate(squares_.begin(), squares_.end(), 0.0));
            error = std::accumulate(penalties_.begin(), penalties_.end(), rows_error_);
        }
        if (member == 0) report.error[i] = error, report.weight[i] = step.weight, report.gradient_norm[i] = norm;
        if (!std::isfinite(error) || !std::isfinite(norm)) {
            if (member == 0) taken_ = i + 1;
            return;
        }
        if (step.weight != 0) descent_phase(member, first_step + i, plan, i, norm);
        if (member == 0 && i + 1 < n_steps) prepare(first_step + i + 1, plan, i + 1);
        team_.barrier();
    }
}

template <class T>
void Session<T>::rows_phase(int member, const Step& step) {
    const int members = team_.size();
    const Index begin = step.rows.n * member / members, end = step.rows.n * (member + 1) / members, n = end - begin;
    const Index n_parts = (n + rows_at_once - 1) / rows_at_once;
    for (Index part = 0; part < n_parts && !abandoned_; ++part) {
        look_up(member);
        minibatch_.run(source_, step.rows, begin + n * part / n_parts, begin + n * (part + 1) / n_parts, packed_, weights_,
                       step.dropout, 1 / step.divisor, scratch_[static_cast<size_t>(member)].data());
    }
}

template <class T>
template <class F>
void Session<T>::for_own_blocks(int member, F f) {
    // After a fork the caller is alone, and does everybody's.
    const size_t first = first_block_[static_cast<size_t>(member)];
    const size_t end = team_.size() == 1 ? blocks_.size() : first_block_[static_cast<size_t>(member) + 1];
    for (size_t b = first; b < end && !abandoned_; ++b) f(b);
}

template <class T>
void Session<T>::gradient_phase(int member, const Step& step, double penalty, T* gradient) {
    const T l1 = static_cast<T>(penalty * network_.l1), l2 = static_cast<T>(penalty * network_.l2);
    for_own_blocks(member, [&](size_t b) {
        look_up(member);
        const Block& block = blocks_[b];
        minibatch_.gradient(block.stage, source_, step.rows, block.i0, block.i1, block.p0, block.p1,
                            gradient + network_.stages[block.stage].offset);
        double squares = 0, absolutes_of_weights = 0, squares_of_weights = 0;
        const bool decays = network_.stages[block.stage].weight_decay != 0;
        for_stretches(block, [&](Index start, Index n, bool biases) {
            const bool penalised = !biases && decays && (l1 != 0 || l2 != 0);
            squares += kernels_.penalise(n, weights_ + start, gradient + start, penalised ? l1 : 0, penalised ? l2 : 0);
            if (penalised) kernels_.norms(n, weights_ + start, &absolutes_of_weights, &squares_of_weights);
        });
        squares_[b] = squares;
        penalties_[b] = penalty * (network_.l1 * absolutes_of_weights + 0.5 * network_.l2 * squares_of_weights);
    });
}

// The optimizer's formula with the numbers of one step.
template <class T>
Descent<T> Session<T>::formula(int64_t number, const StepPlan& plan, Index i, double norm) const {
    const double limit = settings_.max_gradient_norm.value_or(norm);
    Descent<T> d{};
    d.kind = optimizer_.kind;
    d.clip = static_cast<T>(norm > limit ? limit / norm : 1);
    d.momentum = static_cast<T>(plan.momentum[i]);
    for (size_t s = 0; s < optimizer_.settings.size(); ++s) d.settings[s] = static_cast<T>(optimizer_.settings[s]);
    const size_t n_factors = d.kind == OptimizerKind::adam ? 2 : d.kind == OptimizerKind::rmsprop ? 1 : 0;
    for (size_t s = 0; s < n_factors; ++s) {
        const double factor = optimizer_.settings[s];
        d.one_minus[s] = static_cast<T>(1 - factor);
        d.corrections[s] = static_cast<T>(1 / (1 - std::pow(factor, static_cast<double>(number + 1))));
    }
    return d;
}

template <class T>
void Session<T>::descent_phase(int member, int64_t number, const StepPlan& plan, Index i, double norm) {
    const Descent<T> settings = formula(number, plan, i, norm);
    for_own_blocks(member, [&](size_t b) {
        const Block& block = blocks_[b];
        descend_block(block, settings, plan.learning_rate[i], plan.weight_decay[i], gradient_.data());
        const Stage& stage = network_.stages[block.stage];
        packed_.pack(block.stage, weights_, block.i0, block.i1, block.p0 * kernels_.panel,
                     std::min(block.p1 * kernels_.panel, stage.n_out));
    });
}

template <class T>
void Session<T>::descend_block(const Block& block, const Descent<T>& settings, double rate, double decay,
                               const T* gradient) {
    const Stage& stage = network_.stages[block.stage];
    for_stretches(block, [&](Index start, Index n, bool biases) {
        Descent<T> d = settings;
        const double own_rate = rate * (biases ? stage.bias_rate : stage.weight_rate);
        d.learning_rate = static_cast<T>(own_rate);
        d.decay = static_cast<T>(biases ? 0 : own_rate * decay * stage.weight_decay);
        d.n = n;
        d.weights = weights_ + start;
        d.gradient = gradient + start;
        for (size_t v = 0; v < vectors_.size(); ++v) d.vectors[v] = vectors_[v] + start;
        kernels_.descend(d);
    });
}

template <class T>
void Session<T>::accumulate(const Selection& rows, const DropoutContext& dropout, double* error, double* weight,
                            T* gradient) {
    *error = *weight = 0;
    abandoned_ = false;
    interrupted_ = nullptr;
    packed_.pack_all(weights_);
    const Index n_weights = network_.n_weights();
    for (Index first = 0; first < rows.n; first += minibatch_.max_rows()) {
        Step step;
        step.rows = {rows.order ? rows.order + first : nullptr, rows.first + first,
                     std::min(minibatch_.max_rows(), rows.n - first)};
        step.dropout = dropout;
        step.dropout.first_row += first;
        T* target = first == 0 ? gradient : gradient_.data();
        team_.run([&](int member) {
            rows_phase(member, step);
            team_.barrier();
            gradient_phase(member, step, 0, target);
        });
        *error += minibatch_.total_loss(step.rows.n);
        *weight += weight_of(step.rows);
        if (first > 0) std::transform(gradient, gradient + n_weights, target, gradient, std::plus<T>());
    }
}

template <class T>
void Session<T>::descend(const T* gradient, int64_t step, const StepPlan& plan) {
    double absolutes = 0, squares = 0;
    kernels_.norms(network_.n_weights(), gradient, &absolutes, &squares);
    const Descent<T> settings = formula(step, plan, 0, std::sqrt(squares));
    for (const Block& block : blocks_)
        descend_block(block, settings, plan.learning_rate[0], plan.weight_decay[0], gradient);
}

// Ask, now and then, whether to go on.
template <class T>
void Session<T>::look_up(int member) {
    if (member != 0 || interrupted_ == nullptr) return;
    const auto now = std::chrono::steady_clock::now();
    if (now - looked_up_ < patience) return;
    looked_up_ = now;
    if ((*interrupted_)()) abandoned_ = true;
}

template class Session<float>;
template class Session<double>;

}  // namespace chainrule
