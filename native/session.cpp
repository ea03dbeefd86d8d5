#include "session.hpp"

#include <algorithm>
#include <bit>
#include <chrono>
#include <cmath>
#include <numeric>

#include "isa.hpp"

namespace chainrule {

namespace {

constexpr Index most_rows_at_once = 96;       // of a minibatch through all stages: they stay in the second-level cache
constexpr double short_work_of_a_lane = 6e8;  // multiplications and additions of a step: some tens of milliseconds
constexpr Index least_rows_of_shard = 96, most_shards = 8;
constexpr Index steps_of_piece = 32;  // of a small network's run: mostly a few milliseconds or less

// Fewer than the most where a single strip of so many rows would be more than a piece of work.
template <class T>
Index rows_at_once(const Network& network, const Kernels<T>& kernels) {
    Index widest = 1;
    for (const Stage& stage : network.stages) widest = std::max({widest, stage.n_in + 1, stage.n_out});
    return std::min<Index>(most_rows_at_once, things_of_a_piece(static_cast<double>(widest * kernels.panel)));
}

}  // namespace

template <class T>
Session<T>::Session(Network network, const Source<T>& source, Optimizer optimizer, Settings settings, T* weights,
                    std::vector<T*> vectors)
    : network_(std::move(network)),
      kernels_(kernels<T>()),
      source_(source),
      settings_(settings),
      steps_per_epoch_((source.features.n_rows + settings.batch_size - 1) / settings.batch_size),
      rows_at_once_(rows_at_once(network_, kernels_)),
      weights_(weights),
      team_(settings.n_threads),
      order_(settings.seed, source.features.n_rows, settings.n_threads),
      packed_(network_, true, source.features.sparse()),
      minibatch_(network_, source_, packed_, weights, std::min(settings.batch_size, source.features.n_rows)),
      blocks_(network_, source.features.sparse()),
      descent_(blocks_, std::move(optimizer), weights, std::move(vectors), packed_),
      is_sharded_(!network_.has_many_weights() && !source.features.sparse()),
      can_fuse_(can_fuse()),
      squares_(blocks_.size()),
      penalties_(blocks_.size()),
      weight_squares_(blocks_.size()),
      claims_(settings.n_threads) {
    const Index shards = n_shards(minibatch_.max_rows());
    gradient_ = Buffer<T>(shards * blocks_.n_numbers());
    largest_.resize(static_cast<size_t>(shards) * blocks_.size());
    own_.resize(static_cast<size_t>(settings.n_threads));
    for (Own& own : own_) {
        own.scratch = Buffer<T>(loss_scratch(most_rows_at_once, network_.n_outputs()));
        own.block = Buffer<T>(blocks_.largest());
        own.spare = Buffer<T>(blocks_.largest());
        own.largest.resize(network_.stages.size());
    }
}

// Whether the descent may be fused: nothing is clipped, no penalty but l2. And where the gradient is computed in the same go, a
// step must be so short that nobody minds if it is not interrupted halfway.
template <class T>
bool Session<T>::can_fuse() const {
    if (settings_.max_gradient_norm || network_.l1 != 0) return false;
    if (is_sharded_) return true;
    double step_work = 0;
    for (size_t i = 0; i < network_.stages.size(); ++i)
        if (const Stage& stage = network_.stages[i]; stage.dense)
            step_work += 6 * static_cast<double>(minibatch_.max_rows()) * minibatch_.work_of_row(i, stage.n_out);
    const double lanes = static_cast<double>(kernels_.panel) / 2;
    return network_.has_many_weights() && step_work <= short_work_of_a_lane * lanes;
}

// A member's look in a phase of step i of a run, whose number is that of the round too.
template <class T>
Look Session<T>::look_of(int member, Index i, Phase phase) {
    return {&lookout_, member, first_round_ + n_phases * static_cast<int64_t>(i) + static_cast<int64_t>(phase)};
}

// Call f(number) for those of n things that this member gets in its phase.
template <class T>
template <class F>
void Session<T>::share(Index n, const Look& look, F f) {
    claims_.each(look.phase, team_.size(), n, look, f);
}

template <class T>
bool Session<T>::shuffles() const {
    return settings_.shuffle && settings_.batch_size < source_.features.n_rows;
}

template <class T>
Selection Session<T>::rows_of(const Course& course, int64_t step) {
    const Index n_rows = source_.features.n_rows;
    const Index first = static_cast<Index>(step % steps_per_epoch_) * settings_.batch_size;
    const Index n = std::min(settings_.batch_size, n_rows - first);
    if (!shuffles()) return {nullptr, first, n};
    const int64_t epoch = step / steps_per_epoch_;
    if (!course.orders) return {order_.of_epoch(epoch) + first, 0, n};
    std::vector<uint32_t>& numbers = given_rows_[step % 2];  // those of the step before may still be in use
    const int64_t* given = course.orders + (epoch - course.first_step / steps_per_epoch_) * n_rows + first;
    numbers.assign(given, given + n);
    return {numbers.data(), 0, n};
}

template <class T>
double Session<T>::weight_of(const Selection& rows) const {
    if (!source_.weight) return static_cast<double>(rows.n);
    double total = 0;
    for (Index i = 0; i < rows.n; ++i) total += static_cast<double>(source_.weight[rows[i]]);
    return total;
}

template <class T>
void Session<T>::prepare(const Course& course, Index i) {
    const int64_t number = course.first_step + i;
    step_.rows = rows_of(course, number);
    step_.dropout = {settings_.seed, number, course.plan.dropout[i], 0};
    step_.weight = weight_of(step_.rows);
    step_.divisor = course.plan.divisor ? course.plan.divisor[i] : step_.weight;
}

template <class T>
Index Session<T>::run(const Course& course, const Interrupted& interrupted) {
    lookout_.begin(interrupted);
    ended_ = false;
    for (n_reported_ = 0; n_reported_ < course.n_steps && !ended_;) run_piece(course);
    first_round_ += n_phases * static_cast<int64_t>(course.n_steps);
    return n_reported_;
}

// Take the next steps of a run. Those of a small network are taken some at a time: in between it may turn out that the caller is
// faster alone, or no longer is.
template <class T>
void Session<T>::run_piece(const Course& course) {
    const Index first = n_reported_;
    end_of_piece_ = is_sharded_ ? std::min(first + steps_of_piece, course.n_steps) : course.n_steps;
    n_reported_ = end_of_piece_;  // unless the run ends before
    const bool is_ordered = order_.is_of((course.first_step + first) / steps_per_epoch_);
    const auto take_steps = [&](int member) {
        if (first == 0) pack(look_of(member, first, Phase::ordering));
        bool goes_on = prepare_together(member, course, first, !is_ordered);
        for (Index i = first; goes_on; ++i) goes_on = take_step(member, course, i);
    };
    const auto started = std::chrono::steady_clock::now();
    team_.run(take_steps, pace_.alone());
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - started;
    if (is_sharded_) pace_.note(seconds.count(), team_.slept());
}

// What every member does before step i. Returns whether the run goes on.
template <class T>
bool Session<T>::prepare_together(int member, const Course& course, Index i, bool new_epoch) {
    const Look look = look_of(member, i, Phase::ordering);
    if (new_epoch && shuffles() && !course.orders && order_.is_shared()) {
        const int64_t epoch = (course.first_step + i) / steps_per_epoch_;
        order_.count(epoch, team_.size(), look);
        team_.barrier();
        order_.divide(team_.size(), look);
        team_.barrier();
        order_.sort_ranges(team_.size(), look);
        team_.barrier();
        if (member == 0 && !look.given_up()) order_.end(epoch);
    }
    if (member == 0 && !look.given_up()) prepare(course, i);
    team_.barrier();
    return !lookout_.given_up_by(look.phase) || end(member, i);
}

// The run ends with so many steps reported: the answer to whether it goes on.
template <class T>
bool Session<T>::end(int member, Index reported) {
    if (member == 0) n_reported_ = reported, ended_ = true;
    return false;
}

// What every member does of a step and before the next one. Returns whether the run goes on.
template <class T>
bool Session<T>::take_step(int member, const Course& course, Index i) {
    const Step step = step_;  // a copy: the next one is prepared while others are still at this one
    const double weight_squares = std::accumulate(weight_squares_.begin(), weight_squares_.end(), 0.0);
    const double penalty = course.plan.penalty[i];
    const bool has_weight = step.weight != 0;
    if (has_weight && !forward_and_backward(member, step, i)) return end(member, i);
    // Every member comes to the same numbers, and so to the same decisions.
    double error = has_weight ? minibatch_.total_loss(step.rows.n) / step.divisor : 0, norm = 0;
    const bool fused =
        has_weight && can_fuse_ && std::isfinite(error) && bounded(step, penalty * network_.l2, weight_squares);
    const int64_t number = course.first_step + i;
    const Look look = look_of(member, i, Phase::gradient);
    if (fused)
        fused_phase(step, descent_.formula(number, course.plan, i, 1), penalty, look);
    else if (has_weight)
        gradient_phase(step, penalty, look);
    // The order of a new epoch takes the place of this one's, which the gradient of sparse rows still needs.
    const bool new_epoch = (number + 1) % steps_per_epoch_ == 0, prepared = fused && !new_epoch;
    const bool is_last = i + 1 == end_of_piece_;
    if (member == 0 && prepared && !is_last) prepare(course, i + 1);
    team_.barrier();
    if (lookout_.given_up_by(look.phase)) return end(member, i);
    if (has_weight) {
        norm = norm_of_blocks();
        error = std::accumulate(penalties_.begin(), penalties_.end(), error);
    }
    if (member == 0) {
        const StepReport& report = course.report;
        report.error[i] = error, report.weight[i] = step.weight, report.gradient_norm[i] = norm;
    }
    if (!std::isfinite(error) || !std::isfinite(norm)) return end(member, i + 1);
    if (has_weight && !fused)
        descent_phase(descent_.formula(number, course.plan, i, clip_of(norm)), look_of(member, i, Phase::descent));
    return !is_last && (prepared || prepare_together(member, course, i + 1, new_epoch));
}

// Outputs and δ of all rows, and the gradients of all shards. Returns whether the run goes on.
template <class T>
bool Session<T>::forward_and_backward(int member, const Step& step, Index i) {
    const Look look = look_of(member, i, Phase::rows);
    const bool has_own = has_shards_of_its_own(step);
    has_own ? shards_phase(step, look) : rows_phase(step, look);
    team_.barrier();
    if (lookout_.given_up_by(look.phase)) return false;
    if (!is_sharded_ || has_own) return true;
    const Look next = look_of(member, i, Phase::shards);
    const Index n_blocks = static_cast<Index>(blocks_.size());
    share(n_shards(step.rows.n) * n_blocks, next,
          [&](Index k) { gradient_of_shard(step, k / n_blocks, static_cast<size_t>(k % n_blocks), next); });
    team_.barrier();
    return !lookout_.given_up_by(next.phase);
}

// A power of 2, so that they can be shared out evenly.
template <class T>
Index Session<T>::n_shards(Index n_rows) const {
    if (!is_sharded_) return 1;
    const size_t n = std::bit_floor(static_cast<size_t>(std::max(n_rows / least_rows_of_shard, Index{1})));
    return std::min(static_cast<Index>(n), most_shards);
}

template <class T>
std::pair<Index, Index> Session<T>::rows_of_shard(const Step& step, Index shard) const {
    const Index n = n_shards(step.rows.n);
    return {step.rows.n * shard / n, step.rows.n * (shard + 1) / n};
}

// Whether each member has the same number of shards, and does all that there is to do of one.
template <class T>
bool Session<T>::has_shards_of_its_own(const Step& step) const {
    return is_sharded_ && n_shards(step.rows.n) % team_.size() == 0;
}

template <class T>
void Session<T>::rows_phase(const Step& step, const Look& look) {
    Own& own = own_[static_cast<size_t>(look.member)];
    std::fill(own.largest.begin(), own.largest.end(), std::pair<T, T>{});
    // As many parts for each member, and two at least: whoever is held up leaves his second to others.
    const Index members = team_.size(), round = members == 1 ? 1 : 2 * members;
    const Index n = (step.rows.n + rows_at_once_ * round - 1) / (rows_at_once_ * round) * round;
    share(n, look, [&](Index part) { run_rows(step, step.rows.n * part / n, step.rows.n * (part + 1) / n, look); });
}

template <class T>
void Session<T>::run_rows(const Step& step, Index r0, Index r1, const Look& look) {
    Own& own = own_[static_cast<size_t>(look.member)];
    minibatch_.run(step.rows, r0, r1, step.dropout, 1 / step.divisor, own.scratch.data(), look);
    for (size_t s = 0; can_fuse_ && !is_sharded_ && s < network_.stages.size(); ++s) {
        if (!network_.stages[s].dense) continue;
        const auto [x, delta] = minibatch_.largest(s, step.rows, r0, r1);
        own.largest[s] = {std::max(own.largest[s].first, x), std::max(own.largest[s].second, delta)};
    }
}

template <class T>
void Session<T>::shards_phase(const Step& step, const Look& look) {
    share(n_shards(step.rows.n), look, [&](Index shard) {
        const auto [r0, r1] = rows_of_shard(step, shard);
        const Index n = (r1 - r0 + rows_at_once_ - 1) / rows_at_once_;
        for (Index part = 0; part < n && look.goes_on(); ++part)
            run_rows(step, r0 + (r1 - r0) * part / n, r0 + (r1 - r0) * (part + 1) / n, look);
        for (size_t b = 0; b < blocks_.size() && look.goes_on(); ++b) gradient_of_shard(step, shard, b, look);
    });
}

template <class T>
void Session<T>::gradient_of_shard(const Step& step, Index shard, size_t b, const Look& look) {
    const auto [r0, r1] = rows_of_shard(step, shard);
    const Block& block = blocks_[b];
    T* gradient = gradient_.data() + shard * blocks_.n_numbers() + block.start;
    T* spare = own_[static_cast<size_t>(look.member)].spare.data();
    minibatch_.gradient(block, step.rows, r0, r1, {}, gradient, spare, look);
    largest_[static_cast<size_t>(shard) * blocks_.size() + b] = kernels_.largest(1, block.size(), 0, gradient);
}

// Whether no gradient of the step, nor the sum of their squares, can be anything but finite: each is a sum of shards, or over rows
// of x·δ, and l2·w. Nor can the penalty then.
template <class T>
bool Session<T>::bounded(const Step& step, double l2, double weight_squares) const {
    constexpr double limit = sizeof(T) == 4 ? 1e37 : 1e140;
    if (!(std::max(l2, 1.0) * std::sqrt(std::max(weight_squares, 1.0)) < limit)) return false;
    if (is_sharded_) {
        const Index n = n_shards(step.rows.n);
        return std::all_of(largest_.begin(), largest_.begin() + n * static_cast<Index>(blocks_.size()),
                           [&](T largest) { return static_cast<double>(n) * static_cast<double>(largest) < limit; });
    }
    for (size_t s = 0; s < network_.stages.size(); ++s)
        if (!(bound_of_stage(s, step.rows.n) < limit)) return false;
    return true;
}

// What no number of a stage's gradient is beyond.
template <class T>
double Session<T>::bound_of_stage(size_t stage, Index n_rows) const {
    double x = 1, delta = 0;  // 1 is the input of the biases
    for (int member = 0; member < team_.size(); ++member) {
        const auto& [largest_x, largest_delta] = own_[static_cast<size_t>(member)].largest[stage];
        x = std::max(x, static_cast<double>(largest_x));
        delta = std::max(delta, static_cast<double>(largest_delta));
    }
    return static_cast<double>(n_rows) * x * delta;
}

// Call f(number of a block) for the blocks that this member gets.
template <class T>
template <class F>
void Session<T>::for_blocks(const Look& look, F f) {
    share(static_cast<Index>(blocks_.size()), look, [&](Index b) { f(static_cast<size_t>(b)); });
}

template <class T>
void Session<T>::pack(const Look& look) {
    for_blocks(look, [&](size_t b) {
        const Block& block = blocks_[b];
        const Index column = blocks_.first_column(block);
        packed_.pack(block.stage, weights_, block.i0, block.i1, column, column + block.ld);
        square_weights(b);
    });
}

// What a step needs to know before it can be fused.
template <class T>
void Session<T>::square_weights(size_t b) {
    if (can_fuse_ && network_.l2 != 0) weight_squares_[b] = descent_.squares_of_weights(blocks_[b]);
}

// ∂E/∂W of a block over all rows: the sum of the shards' gradients, where there are shards.
template <class T>
void Session<T>::gradient_of(size_t b, const Step& step, const std::array<const T*, 3>& next, T* out,
                             const Look& look) {
    const Block& block = blocks_[b];
    if (is_sharded_)
        return kernels_.add_up(block.size(), n_shards(step.rows.n), gradient_.data() + block.start, blocks_.n_numbers(),
                               out);
    T* spare = own_[static_cast<size_t>(look.member)].spare.data();
    minibatch_.gradient(block, step.rows, 0, step.rows.n, next, out, spare, look);
}

template <class T>
void Session<T>::gradient_phase(const Step& step, double penalty, const Look& look) {
    for_blocks(look, [&](size_t b) {
        T* gradient = gradient_.data() + blocks_[b].start;
        gradient_of(b, step, {}, gradient, look);
        penalise_block(b, penalty, gradient);
    });
}

// Gradient and descent of each block in one go: it is not given up.
template <class T>
void Session<T>::fused_phase(const Step& step, const Formula<T>& formula, double penalty, const Look& look) {
    const Look resolute{nullptr, look.member, look.phase};
    T* gradient = own_[static_cast<size_t>(look.member)].block.data();
    const double l2 = penalty * network_.l2;
    for_blocks(resolute, [&](size_t b) {
        const Block& block = blocks_[b];
        gradient_of(b, step, descent_.state_of(blocks_.stage_of(block)), gradient, resolute);
        penalties_[b] = 0.5 * l2 * weight_squares_[b];
        const BlockSquares squares =
            descent_.descend_fused(block, formula, gradient, network_.l2 == 0 ? std::nullopt : std::optional(l2));
        squares_[b] = squares.gradient, weight_squares_[b] = squares.weights;
    });
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

template <class T>
double Session<T>::norm_of_blocks() const {
    return std::sqrt(std::accumulate(squares_.begin(), squares_.end(), 0.0));
}

// The factor that brings a gradient of this norm to the largest one allowed.
template <class T>
double Session<T>::clip_of(double norm) const {
    const double limit = settings_.max_gradient_norm.value_or(norm);
    return norm > limit ? limit / norm : 1;
}

template <class T>
void Session<T>::descent_phase(const Formula<T>& formula, const Look& look) {
    for_blocks({nullptr, look.member, look.phase}, [&](size_t b) {
        descent_.descend(blocks_[b], formula, gradient_.data() + blocks_[b].start, blocks_[b].ld);
        square_weights(b);
    });
}

template <class T>
bool Session<T>::accumulate(const Selection& rows, const DropoutContext& dropout, const Sums<T>& sums,
                            const Interrupted& interrupted) {
    *sums.error = *sums.weight = 0;
    if (rows.n == 0) std::fill_n(sums.gradient, network_.n_weights(), T(0));
    lookout_.begin(interrupted);
    team_.run([&](int member) { pack(look_of(member, 0, Phase::ordering)); });
    for (Index first = 0; first < rows.n && !lookout_.given_up(); first += minibatch_.max_rows()) {
        Step step;
        step.rows = {rows.order ? rows.order + first : nullptr, rows.first + first,
                     std::min(minibatch_.max_rows(), rows.n - first)};
        step.dropout = dropout;
        step.dropout.first_row += first;
        team_.run([&](int member) {
            rows_phase(step, look_of(member, 0, Phase::rows));
            team_.barrier();
            add_gradients(step, first == 0, sums.gradient, look_of(member, 0, Phase::gradient));
        });
        first_round_ += n_phases;
        *sums.error += minibatch_.total_loss(step.rows.n);
        *sums.weight += weight_of(step.rows);
    }
    first_round_ += n_phases;
    return !lookout_.given_up();
}

// Add the gradients of blocks to a flat vector, or begin it with them.
template <class T>
void Session<T>::add_gradients(const Step& step, bool first, T* total, const Look& look) {
    const Own& own = own_[static_cast<size_t>(look.member)];
    for_blocks(look, [&](size_t b) {
        const Block& block = blocks_[b];
        minibatch_.gradient(block, step.rows, 0, step.rows.n, {}, own.block.data(), own.spare.data(), look);
        blocks_.for_parts(block, [&](Index n_rows, Index n, Index start, Index start_in_block, bool) {
            for (Index r = 0; r < n_rows; ++r) {
                const T* from = own.block.data() + start_in_block + r * block.ld;
                T* to = total + start + r * blocks_.stage_of(block).n_out;
                for (Index i = 0; i < n; ++i) to[i] = first ? from[i] : to[i] + from[i];
            }
        });
    });
}

// Σ g² of a block in a flat vector.
template <class T>
double Session<T>::squares_of(const Block& block, const T* gradient) const {
    double absolutes = 0, squares = 0;
    blocks_.for_parts(block, [&](Index n_rows, Index n, Index start, Index, bool) {
        kernels_.norms(n_rows, n, gradient + start, blocks_.stage_of(block).n_out, &absolutes, &squares);
    });
    return squares;
}

template <class T>
void Session<T>::descend(const T* gradient, int64_t step, const StepPlan& plan) {
    team_.run([&](int member) {
        if (settings_.max_gradient_norm) {
            const Look look{nullptr, member, look_of(member, 0, Phase::gradient).phase};
            for_blocks(look, [&](size_t b) { squares_[b] = squares_of(blocks_[b], gradient); });
            team_.barrier();
        }
        const Formula<T> formula = descent_.formula(step, plan, 0, clip_of(norm_of_blocks()));
        const Look look{nullptr, member, look_of(member, 0, Phase::descent).phase};
        for_blocks(look, [&](size_t b) {
            const Stage& stage = blocks_.stage_of(blocks_[b]);
            const Index first = stage.offset + blocks_[b].i0 * stage.n_out + blocks_.first_column(blocks_[b]);
            descent_.descend(blocks_[b], formula, gradient + first, stage.n_out);
        });
    });
    first_round_ += n_phases;
}

template class Session<float>;
template class Session<double>;

}  // namespace chainrule
