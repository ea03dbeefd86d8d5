// Optimizers, penalties and norms against loops over their formulas in long double.
#include <array>
#include <limits>

#include "instruction_sets.hpp"

namespace chainrule::tests {

namespace {

// A weight with its optimizer's state.
struct Weight {
    long double w, first, second;
};

// One step of training/optimizers' formulas; λ is learning rate times decay.
template <class T>
Weight stepped(const Descent<T>& d, Weight v, long double g) {
    g *= d.clip;
    long double change = 0;
    switch (d.kind) {
        case OptimizerKind::sgd: change = -d.learning_rate * g; break;
        case OptimizerKind::momentum: change = v.first = d.momentum * v.first - d.learning_rate * g; break;
        case OptimizerKind::nesterov:
            v.first = d.momentum * v.first - d.learning_rate * g;
            change = d.momentum * v.first - d.learning_rate * g;
            break;
        case OptimizerKind::adagrad:
            v.first += g * g;
            change = -d.learning_rate * g / (std::sqrt(v.first) + d.settings[0]);
            break;
        case OptimizerKind::rmsprop:
            v.first = d.settings[0] * v.first + d.one_minus[0] * g * g;
            change = -d.learning_rate * g / (std::sqrt(v.first) + d.settings[1]);
            break;
        case OptimizerKind::adam:
            v.first = d.settings[0] * v.first + d.one_minus[0] * g;
            v.second = d.settings[1] * v.second + d.one_minus[1] * g * g;
            change = -d.learning_rate * (v.first * d.corrections[0]) / (std::sqrt(v.second * d.corrections[1]) + d.settings[2]);
            break;
    }
    v.w += change - d.decay * v.w;
    return v;
}

constexpr OptimizerKind kinds[] = {OptimizerKind::sgd,     OptimizerKind::momentum, OptimizerKind::nesterov,
                                   OptimizerKind::adagrad, OptimizerKind::rmsprop,  OptimizerKind::adam};

int n_vectors(OptimizerKind kind) { return kind == OptimizerKind::sgd ? 0 : kind == OptimizerKind::adam ? 2 : 1; }

template <class T>
void check_descent(const Kernels<T>& kernels, const std::string& set, OptimizerKind kind, Index rows, Index n, Index gap) {
    Random random(static_cast<uint64_t>(n));
    const Index ld = n + gap, ld_gradient = n + 1;
    const Index size = rows * ld - gap;
    std::vector<T> w = random.numbers<T>(size), m = random.numbers<T>(size, 0, 1), s = random.numbers<T>(size, 0, 1);
    const std::vector<T> g = random.numbers<T>(rows * ld_gradient - 1), w0 = w, m0 = m, s0 = s;
    Descent<T> d{kind, rows, n, ld, w.data(), {}, g.data(), ld_gradient, T(0.75), T(0.01), T(0.001), T(0.9), {}, {}, {}};
    if (n_vectors(kind) > 0) d.vectors[0] = m.data();
    if (n_vectors(kind) > 1) d.vectors[1] = s.data();
    for (int i = 0; i < 3; ++i) d.settings[i] = std::array<T, 3>{T(0.9), T(0.99), T(1e-6)}[static_cast<size_t>(i)];
    for (int i = 0; i < 2; ++i) d.one_minus[i] = 1 - d.settings[i], d.corrections[i] = T(1 + 2 * i);
    kernels.descend(d);
    for (Index i = 0; i < size; ++i) {
        const size_t at = static_cast<size_t>(i);
        const bool own = i % ld < n;
        const T gradient = own ? g[static_cast<size_t>(i / ld * ld_gradient + i % ld)] : T(0);
        const Weight before{w0[at], m0[at], s0[at]}, after = own ? stepped(d, before, gradient) : before;
        const std::string where = text_of(set, " optimizer ", static_cast<int>(kind), " rows ", rows, " n ", n, " at ", i);
        // All numbers are of size 1 or less, and each result is a few roundings away from them.
        const long double bound = own ? 8 * epsilon<T> : 0;
        CHECK_NEAR(w[at], after.w, bound, where);
        CHECK_NEAR(m[at], n_vectors(kind) > 0 ? after.first : m0[at], bound, where, " first vector");
        CHECK_NEAR(s[at], n_vectors(kind) > 1 ? after.second : s0[at], bound, where, " second vector");
    }
}

}  // namespace

TEST(optimizers_take_the_step_of_their_formula) {
    for_all_kernels([]<class T>(const Kernels<T>& kernels, const std::string& set) {
        for (const OptimizerKind kind : kinds)
            for (Index n = 1; n <= 40; ++n) {
                check_descent(kernels, set, kind, 1, n, 0);
                check_descent(kernels, set, kind, 4, n, 3);
            }
    });
}

TEST(the_penalty_is_added_and_the_norm_summed) {
    for_all_kernels([]<class T>(const Kernels<T>& kernels, const std::string& set) {
        Random random(1);
        for (Index n = 1; n <= 40; ++n)
            for (const T l1 : {T(0), T(0.25)}) {
                const T l2 = l1 / 2;
                const Index rows = 3, ld_w = n + 2, ld_g = n + 1;
                std::vector<T> w = random.numbers<T>(rows * ld_w - 2), g = random.numbers<T>(rows * ld_g - 1);
                w[0] = 0;
                const std::vector<T> before = g;
                const double got = kernels.penalise(rows, n, w.data(), ld_w, g.data(), ld_g, l1, l2);
                double absolutes = 1, squares = 2;  // added to
                kernels.norms(rows, n, w.data(), ld_w, &absolutes, &squares);
                long double of_gradient = 0, absolutes_of_weights = 1, squares_of_weights = 2;
                for (Index i = 0; i < static_cast<Index>(g.size()); ++i) {
                    const size_t at = static_cast<size_t>(i);
                    const long double weight = i % ld_g < n ? w[static_cast<size_t>(i / ld_g * ld_w + i % ld_g)] : 0;
                    const long double sign = weight > 0 ? 1 : weight < 0 ? -1 : 0;
                    CHECK_NEAR(g[at], before[at] + l1 * sign + l2 * weight, 4 * epsilon<T>, set, " n ", n, " at ", i);
                    if (i % ld_g < n) of_gradient += static_cast<long double>(g[at]) * g[at];
                    absolutes_of_weights += std::abs(weight);
                    squares_of_weights += weight * weight;
                }
                // In double precision whatever T is.
                const long double roundings = static_cast<long double>(rows * n + 2) * epsilon<double>;
                CHECK_NEAR(got, of_gradient, roundings * of_gradient, set, " n ", n);
                CHECK_NEAR(absolutes, absolutes_of_weights, roundings * absolutes_of_weights, set, " n ", n);
                CHECK_NEAR(squares, squares_of_weights, roundings * squares_of_weights, set, " n ", n);
            }
    });
}

TEST(the_largest_number_is_found_wherever_it_is) {
    for_all_kernels([]<class T>(const Kernels<T>& kernels, const std::string& set) {
        Random random(2);
        for (Index n = 1; n <= 40; ++n) {
            const Index rows = 2, ld = n + 3;
            std::vector<T> x = random.numbers<T>(rows * ld - 3);
            for (Index gap = n; gap < ld; ++gap) x[static_cast<size_t>(gap)] = 100;  // between the rows: not looked at
            for (Index at = 0; at < rows * n; ++at) {
                T& number = x[static_cast<size_t>(at / n * ld + at % n)];
                const T before = number;
                number = -2;
                CHECK(kernels.largest(rows, n, ld, x.data()) == 2, set, " n ", n, " at ", at);
                for (const T odd : {std::numeric_limits<T>::infinity(), -std::numeric_limits<T>::infinity(), T(NAN)}) {
                    number = odd;
                    CHECK(std::isinf(kernels.largest(rows, n, ld, x.data())), set, " n ", n, " at ", at, " of ", odd);
                }
                number = before;
            }
        }
    });
}

}  // namespace chainrule::tests
