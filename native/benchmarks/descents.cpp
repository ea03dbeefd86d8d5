// The optimizers' steps over the whole W of a layer. The first step is checked: the optimizer's state is 0 before it, which
// makes each formula so simple that the reference is a line.
#include <cmath>
#include <limits>
#include <memory>

#include "isa.hpp"
#include "operands.hpp"
#include "work.hpp"

namespace chainrule::benchmarks {

namespace {

constexpr double learning_rate = 1e-3, momentum = 0.9, tiny = 1e-8, decay = 0.9, square_decay = 0.999;

// Half a unit in the last place of a weight below 8, and less than 16 roundings of a change below 0.01.
static_assert(largest_number < 8 && largest_number * learning_rate * (1 + momentum) < 0.01);
constexpr double bound = (2 + 16 * 0.01) * std::numeric_limits<float>::epsilon();

// Δw of the first step for the gradient g.
double first_change(OptimizerKind kind, double g) {
    switch (kind) {
        case OptimizerKind::sgd:
        case OptimizerKind::momentum: return -learning_rate * g;
        case OptimizerKind::nesterov: return -learning_rate * (1 + momentum) * g;
        case OptimizerKind::rmsprop: return -learning_rate * g / (std::sqrt(1 - decay) * std::abs(g) + tiny);
        case OptimizerKind::adagrad:
        case OptimizerKind::adam: return -learning_rate * g / (std::abs(g) + tiny);
    }
    return NAN;
}

void set_settings(Descent<float>& d) {
    if (d.kind == OptimizerKind::adam) {
        d.settings[0] = float(decay), d.settings[1] = float(square_decay), d.settings[2] = float(tiny);
        d.one_minus[0] = float(1 - decay), d.one_minus[1] = float(1 - square_decay);
        d.corrections[0] = float(1 / (1 - decay)), d.corrections[1] = float(1 / (1 - square_decay));
    } else if (d.kind == OptimizerKind::rmsprop) {
        d.settings[0] = float(decay), d.settings[1] = float(tiny), d.one_minus[0] = float(1 - decay);
    } else {
        d.settings[0] = float(tiny);
    }
}

struct Weights {
    Weights(const Stage& stage, OptimizerKind kind, bool packs)
        : n_in(stage.n_in), n_out(stage.n_out), before(whole_numbers(size, 1)), gradient(whole_numbers(size, 2)) {
        step.kind = kind;
        // Without packing the core takes rows that follow each other without gaps as one.
        step.rows = packs ? n_in + 1 : 1;
        step.n = step.ld = step.ld_gradient = packs ? n_out : size;
        step.weights = weights.data(), step.gradient = gradients.data();
        step.vectors[0] = means.data(), step.vectors[1] = squares.data();
        step.clip = 1, step.learning_rate = float(learning_rate), step.momentum = float(momentum);
        set_settings(step);
        if (packs) step.panels = panels.data(), step.inner = n_in + 1, step.squares = &sum_of_squares;
    }

    Index n_in, n_out, size = (n_in + 1) * n_out;
    Matrix before, gradient;  // (n_in + 1, n_out)
    Buffer<float> weights = into_rows(before, 1, size, size), gradients = into_rows(gradient, 1, size, size);
    Buffer<float> means{size}, squares{size}, panels{(n_in + 1) * padded(kernels<float>(), n_out)};
    double sum_of_squares = 0;
    Descent<float> step{};

    // The weights; and once more, out of the panels.
    std::vector<double> moved() const {
        std::vector<double> result = out_of_rows(weights.data(), 1, size, size);
        if (!step.panels) return result;
        const std::vector<double> packed = out_of_panels(panels.data(), n_in + 1, n_out, n_in + 1);
        result.insert(result.end(), packed.begin(), packed.end());
        return result;
    }

    std::vector<double> expected() const {
        std::vector<double> result;
        for (int copy = 0; copy < (step.panels ? 2 : 1); ++copy)
            for (size_t i = 0; i < before.size(); ++i)
                result.push_back(before[i] + first_change(step.kind, gradient[i]));
        return result;
    }
};

}  // namespace

Work descent(const Stage& stage, OptimizerKind kind, bool packs) {
    const auto of = std::make_shared<Weights>(stage, kind, packs);
    return {[of] { kernels<float>().descend(of->step); }, [of] { return of->moved(); }, [of] { return of->expected(); },
            bound};
}

}  // namespace chainrule::benchmarks
