// A session: the whole of training a network on a source, step after step, by a team of threads.
//
// A step has three phases, and the team meets after each:
//   rows      every member takes rows of the minibatch of its own through forward, loss and backward;
//   gradient  every member computes blocks of the weights' gradient, each over all rows of the minibatch;
//   descent   every member moves the weights of the same blocks, and packs them for the next products.
// Blocks and sums do not depend on the number of members, so neither does any bit of the result. Before the first step of an
// epoch of many rows there is one more: every member puts some of them in order.
//
// A large network's descent is done block by block within the gradient phase (`fused`), so that the gradient never leaves the
// cache. Nothing can be taken back then, so this needs to be known before: that nothing is to be clipped, and that
// the gradient will be finite, which the largest input and the largest δ of each stage say, and Σ w² where it is penalised.
//
// A small network's minibatch is cut into shards, whose number depends on that of its rows only. A member takes the rows of a
// shard through forward, loss and backward, and computes the gradient over them, in one go; a block's descent then adds up the shards'
// gradients first (fused again, if it may be). So the team meets twice a step, and what one member reads of what another has
// just written is a gradient, not all outputs and δ. Unless each member gets as many shards as the others, rows and blocks are shared
// as above.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "claims.hpp"
#include "descent.hpp"
#include "interruption.hpp"
#include "minibatch.hpp"
#include "pace.hpp"
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

// Steps to take: n_steps from number first_step on.
struct Course {
    int64_t first_step;
    Index n_steps;
    StepPlan plan;
    StepReport report;
    // In place of the seed's: an order of all rows for each epoch touched, one after the other; or null.
    const int64_t* orders = nullptr;
};

// Σ weight·loss, Σ weight and the gradient (P,) of the former.
template <class T>
struct Sums {
    double *error, *weight;
    T* gradient;
};

template <class T>
class Session {
   public:
    // Weights (P,) and the optimizer's vectors, (P,) each, are the caller's and updated in place.
    Session(Network network, const Source<T>& source, Optimizer optimizer, Settings settings, T* weights,
            std::vector<T*> vectors);

    // Take the steps; returns how many are reported. A step whose error or gradient is not finite is the last one reported and
    // is not descended; one that is given up is neither.
    Index run(const Course& course, const Interrupted& interrupted);

    // Sum over the selected rows. Without a dropout factor above 0 nothing is dropped. Returns false if it was given up: there
    // are no sums then.
    bool accumulate(const Selection& rows, const DropoutContext& dropout, const Sums<T>& sums,
                    const Interrupted& interrupted);

    // Move the weights by one step against a gradient of E. It is not given up: half a step would be no state of a training.
    void descend(const T* gradient, int64_t step, const StepPlan& plan);

    const Network& network() const { return network_; }
    Index steps_per_epoch() const { return steps_per_epoch_; }

   private:
    // A step under way, shared by the team.
    struct Step {
        Selection rows;
        DropoutContext dropout;
        double divisor = 1, weight = 0;
    };

    // What a team does together, in the order of time. Those before `descent` may be given up, a fused gradient apart.
    enum class Phase { ordering, rows, shards, gradient, descent };
    static constexpr int64_t n_phases = 5;

    bool can_fuse() const;
    bool shuffles() const;
    Look look_of(int member, Index i, Phase phase);
    template <class F>
    void share(Index n, const Look& look, F f);
    void run_piece(const Course& course);
    Selection rows_of(const Course& course, int64_t step);
    double weight_of(const Selection& rows) const;
    void prepare(const Course& course, Index i);
    bool prepare_together(int member, const Course& course, Index i, bool new_epoch);
    bool take_step(int member, const Course& course, Index i);
    bool forward_and_backward(int member, const Step& step, Index i);
    bool end(int member, Index reported);
    Index n_shards(Index n_rows) const;
    std::pair<Index, Index> rows_of_shard(const Step& step, Index shard) const;
    bool has_shards_of_its_own(const Step& step) const;
    void rows_phase(const Step& step, const Look& look);
    void run_rows(const Step& step, Index r0, Index r1, const Look& look);
    void shards_phase(const Step& step, const Look& look);
    void gradient_of_shard(const Step& step, Index shard, size_t b, const Look& look);
    bool bounded(const Step& step, double l2, double weight_squares) const;
    double bound_of_stage(size_t stage, Index n_rows) const;
    template <class F>
    void for_blocks(const Look& look, F f);
    void pack(const Look& look);
    void gradient_of(size_t b, const Step& step, const std::array<const T*, 3>& next, T* out, const Look& look);
    void gradient_phase(const Step& step, double penalty, const Look& look);
    void fused_phase(const Step& step, const Formula<T>& formula, double penalty, const Look& look);
    void penalise_block(size_t b, double penalty, T* gradient);
    void square_weights(size_t b);
    double norm_of_blocks() const;
    double clip_of(double norm) const;
    void descent_phase(const Formula<T>& formula, const Look& look);
    double squares_of(const Block& block, const T* gradient) const;
    void add_gradients(const Step& step, bool first, T* total, const Look& look);

    Network network_;
    const Kernels<T>& kernels_;
    Source<T> source_;
    Settings settings_;
    Index steps_per_epoch_, rows_at_once_;
    T* weights_;

    Team team_;
    RowOrder order_;
    PackedWeights<T> packed_;
    Minibatch<T> minibatch_;
    Blocks<T> blocks_;
    GradientDescent<T> descent_;
    Buffer<T> gradient_;      // of each shard: all blocks, one after the other
    std::vector<T> largest_;  // |∂E/∂w| of each shard's blocks
    // A member's own: memory for the loss, for a block and for a part of it; the largest |x| and |δ| of each stage.
    struct Own {
        Buffer<T> scratch, block, spare;
        std::vector<std::pair<T, T>> largest;
    };
    std::vector<Own> own_;
    bool is_sharded_, can_fuse_;
    std::vector<double> squares_, penalties_;  // Σ g² and the penalty of each block
    std::vector<double> weight_squares_;  // Σ w² of each block, of what is penalised; 0 unless the descent may be fused

    // Set by the calling thread before the team meets, read by all after.
    Step step_;
    std::vector<uint32_t> given_rows_[2];  // of this step and of the next, where their order is given
    Index end_of_piece_ = 0;
    int64_t first_round_ = 0;  // of the claims of a run

    // Of a run so far, by the calling thread: how many of its steps are reported, and whether that is all there will be.
    Index n_reported_ = 0;
    bool ended_ = false;

    Claims claims_;
    Pace pace_;  // of short steps
    Lookout lookout_;
};

}  // namespace chainrule
