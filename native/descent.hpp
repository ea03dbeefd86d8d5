// The descent step: a formula of an optimizer with the numbers of one step, and blocks of weights moved by it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "blocks.hpp"
#include "packed_weights.hpp"

namespace chainrule {

struct Optimizer {
    OptimizerKind kind = OptimizerKind::sgd;
    // In the order of training/optimizers: beta_1, beta_2, epsilon, bias_correction (0 or 1); decay, epsilon; epsilon.
    std::vector<double> settings;

    size_t n_vectors() const;
    size_t n_settings() const;
};

// One value a step; `divisor` null means the sum of the batch's row weights.
struct StepPlan {
    const double *learning_rate, *momentum, *weight_decay, *dropout, *penalty, *divisor;
};

// What an optimizer does in one step; a stage's factors on the rates are still to come.
template <class T>
struct Formula {
    Descent<T> descent;
    double learning_rate, weight_decay;
};

// Σ g² of a block, and Σ w² of its new weights that a penalty is on.
struct BlockSquares {
    double gradient, weights;
};

// The weights with the optimizer's state, moved in place and packed anew for the next products.
template <class T>
class GradientDescent {
   public:
    // Weights (P,) and the optimizer's vectors, (P,) each, are the caller's.
    GradientDescent(const Blocks<T>& blocks, Optimizer optimizer, T* weights, std::vector<T*> vectors,
                    PackedWeights<T>& packed);

    // The formula of step `number` of a training, by column i of the plan; the gradient is multiplied by `clip`.
    Formula<T> formula(int64_t number, const StepPlan& plan, Index i, double clip) const;

    // Move a block's weights against its gradient, whose rows are ld apart.
    void descend(const Block& block, const Formula<T>& formula, const T* gradient, Index ld);

    // The same in one pass with what else there is to do: with a penalty l2/2·Σw², its gradient is added to the given one, unless
    // the stage has no decay; the sums are taken; the new weights are packed.
    BlockSquares descend_fused(const Block& block, const Formula<T>& formula, const T* gradient,
                               std::optional<double> l2);

    // Σ w² of a block's weights that a penalty is on: the same bits as those of descend_fused.
    double squares_of_weights(const Block& block) const;

    // What a descent of this stage reads and writes: each of the shape of W, or null.
    std::array<const T*, 3> state_of(const Stage& stage) const;

   private:
    bool packs_apart(const Block& block) const;
    template <class F>
    void for_fused(const Block& block, F f) const;
    Descent<T> of_stage(const Stage& stage, const Formula<T>& formula, bool biases, Index start) const;

    const Blocks<T>& blocks_;
    const Kernels<T>& kernels_;
    Optimizer optimizer_;
    T* weights_;
    std::vector<T*> vectors_;
    PackedWeights<T>& packed_;
};

}  // namespace chainrule
