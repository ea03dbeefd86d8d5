// A session: the whole of training a network on a source, step after step, by a team of threads.
//
// A step has three phases, and the team meets after each:
//   rows      every member takes rows of the minibatch of its own through forward, loss and backward;
//   gradient  every member computes blocks of the weights' gradient, each over all rows of the minibatch;
//   descent   every member moves the weights of the same blocks, and packs them for the next products.
// Blocks and sums do not depend on the number of members, so neither does any bit of the result.
//
// A large network's descent is done block by block within the gradient phase (`fused`), so that the gradient never leaves the
// cache. Nothing can be taken back then, so this needs to be known before: that nothing is to be clipped, and that
// the gradient will be finite, which the largest input and the largest δ of each stage say.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <optional>
#include <vector>

#include "descent.hpp"
#include "minibatch.hpp"
#include "row_order.hpp"
#include "team.hpp"

namespace chainrule {

struct Settings {
    Index batch_size;
    uint64_t seed;
    bool shuffle;
    std::optional<double> max_gradient_norm;
    int n_threads;
};

struct StepReport {
    double *error, *weight, *gradient_norm;
};

// Asked now and then by the calling thread: true gives up the step in hand.
using Interrupted = std::function<bool()>;

template <class T>
class Session {
   public:
    // Weights (P,) and the optimizer's vectors, (P,) each, are the caller's and updated in place.
    Session(Network network, const Source<T>& source, Optimizer optimizer, Settings settings, T* weights,
            std::vector<T*> vectors);

    // Take n_steps steps from first_step on; returns how many are reported. A step whose error or gradient is not finite is
    // the last one reported and is not descended.
    Index run(int64_t first_step, Index n_steps, const StepPlan& plan, const StepReport& report,
              const Interrupted& interrupted);

    // Σ weight·loss, Σ weight and the gradient of the former over the selected rows. Without a dropout factor above 0 nothing is
    // dropped.
    void accumulate(const Selection& rows, const DropoutContext& dropout, double* error, double* weight, T* gradient);

    // Move the weights by one step against a gradient of E.
    void descend(const T* gradient, int64_t step, const StepPlan& plan);

    const Network& network() const { return network_; }

   private:
    // A step under way, shared by the team.
    struct Step {
        Selection rows;
        DropoutContext dropout;
        double divisor = 1, weight = 0;
    };

    bool can_fuse() const;
    Selection rows_of(int64_t step);
    double weight_of(const Selection& rows) const;
    void prepare(int64_t number, const StepPlan& plan, Index i);
    void work(int member, int64_t first_step, Index n_steps, const StepPlan& plan, const StepReport& report);
    void rows_phase(int member, const Step& step, int64_t phase);
    void gradient_phase(int member, const Step& step, int64_t phase, double penalty, const Formula<T>* fused);
    void fused_block(size_t b, const Step& step, const Formula<T>& formula, T* gradient);
    void penalise_block(size_t b, double penalty, T* gradient);
    void descent_phase(const Formula<T>& formula);
    void add_gradient(T* total, bool first) const;
    double clip_of(double norm) const;
    bool bounded(Index n_rows) const;
    void look_up(int member, int64_t phase);
    bool abandoned() const { return abandoned_in_ != never; }

    Network network_;
    const Kernels<T>& kernels_;
    Source<T> source_;
    Settings settings_;
    Index steps_per_epoch_;
    T* weights_;

    Team team_;
    RowOrder order_;
    PackedWeights<T> packed_;
    Minibatch<T> minibatch_;
    Blocks<T> blocks_;
    GradientDescent<T> descent_;
    Buffer<T> gradient_;  // all blocks, one after the other
    // A member's own: memory for the loss and for the gradient of one block, and the largest |x| and |δ| of each stage.
    struct Own {
        Buffer<T> scratch;
        Buffer<T> block;
        std::vector<std::pair<T, T>> largest;
    };
    std::vector<Own> own_;
    bool can_fuse_;
    std::vector<double> squares_, penalties_;  // Σ g² and the penalty of each block

    // Set by the calling thread before the team meets, read by all after.
    Step step_;
    Index taken_ = 0;
    // Who is free takes the next one. Each is set back while the team is in another phase.
    std::atomic<Index> next_part_{0};
    std::atomic<size_t> next_block_{0}, next_descent_{0};
    // The phase in which the calling thread gave the run up: 2·i for rows, 2·i + 1 for gradients of step i of the run. The others
    // may see it while they are still leaving the phase before, and must not leave the run from there.
    static constexpr int64_t never = INT64_MAX;
    std::atomic<int64_t> abandoned_in_{never};
    const Interrupted* interrupted_ = nullptr;
    std::chrono::steady_clock::time_point looked_up_;
};

}  // namespace chainrule
