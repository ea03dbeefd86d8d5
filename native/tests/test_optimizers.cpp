// Optimizers, penalties and norms against loops over their formulas in long double.
#include <limits>

#include "instruction_sets.hpp"
#include "panels.hpp"

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
            change = -d.learning_rate * (v.first * d.corrections[0]) /
                     (std::sqrt(v.second * d.corrections[1]) + d.settings[2]);
            break;
    }
    v.w += change - d.decay * v.w;
    return v;
}

constexpr OptimizerKind kinds[] = {OptimizerKind::sgd,     OptimizerKind::momentum, OptimizerKind::nesterov,
                                   OptimizerKind::adagrad, OptimizerKind::rmsprop,  OptimizerKind::adam};

int n_vectors(OptimizerKind kind) { return kind == OptimizerKind::sgd ? 0 : kind == OptimizerKind::adam ? 2 : 1; }

// Numbers of size 1 or less, rows of n with gaps between them.
template <class T>
struct Rows {
    Index rows, n, ld, ld_gradient;
    std::vector<T> w, m, s, g;

    Rows(Random random, Index rows, Index n, Index gap) : rows(rows), n(n), ld(n + gap), ld_gradient(n + 1) {
        w = random.numbers<T>(rows * ld - gap);
        m = random.numbers<T>(rows * ld - gap, 0, 1);
        s = random.numbers<T>(rows * ld - gap, 0, 1);
        g = random.numbers<T>(rows * ld_gradient - 1);
    }

    Descent<T> descent(OptimizerKind kind) {
        Descent<T> d{};
        d.kind = kind;
        d.rows = rows, d.n = n, d.ld = ld, d.ld_gradient = ld_gradient;
        d.weights = w.data(), d.gradient = g.data();
        if (n_vectors(kind) > 0) d.vectors[0] = m.data();
        if (n_vectors(kind) > 1) d.vectors[1] = s.data();
        d.clip = T(0.75), d.learning_rate = T(0.01), d.decay = T(0.001), d.momentum = T(0.9);
        d.settings[0] = T(0.9), d.settings[1] = T(0.99), d.settings[2] = T(1e-6);
        for (int i = 0; i < 2; ++i) d.one_minus[i] = 1 - d.settings[i], d.corrections[i] = T(1 + 2 * i);
        return d;
    }
};

template <class T>
void check_descent(const Kernels<T>& kernels, const std::string& set, OptimizerKind kind, Index rows, Index n,
                   Index gap) {
    Rows<T> before(Random(static_cast<uint64_t>(n)), rows, n, gap), after = before;
    const Descent<T> d = after.descent(kind);
    kernels.descend(d);
    for (size_t i = 0; i < before.w.size(); ++i) {
        const Index row = static_cast<Index>(i) / before.ld, column = static_cast<Index>(i) % before.ld;
        const bool own = column < n;
        Weight expected{before.w[i], before.m[i], before.s[i]};
        if (own) expected = stepped(d, expected, before.g[static_cast<size_t>(row * before.ld_gradient + column)]);
        const std::string where =
            text_of(set, " optimizer ", static_cast<int>(kind), " rows ", rows, " n ", n, " at ", i);
        const long double bound = own ? 8 * epsilon<T> : 0;  // a few roundings of numbers of size 1
        CHECK_NEAR(after.w[i], expected.w, bound, where);
        CHECK_NEAR(after.m[i], n_vectors(kind) > 0 ? expected.first : before.m[i], bound, where, " first vector");
        CHECK_NEAR(after.s[i], n_vectors(kind) > 1 ? expected.second : before.s[i], bound, where, " second vector");
    }
}

// The same step with everything else in the same pass: the penalty first, the sums, and the new weights put into panels: rows
// `row` and following of W (inner, n_out), columns `column` and following.
template <class T>
void check_fused(const Kernels<T>& kernels, const std::string& set, OptimizerKind kind, Index n_out, Index column,
                 bool penalised, bool packed) {
    const Index inner = 9, row = 4, rows = 3, n = n_out - column;
    Rows<T> apart(Random(5), rows, n, column), fused = apart;  // the gap between rows is the columns of other blocks
    const T l2 = T(0.25);
    if (penalised) kernels.penalise(rows, n, apart.w.data(), apart.ld, apart.g.data(), apart.ld_gradient, 0, l2);
    kernels.descend(apart.descent(kind));
    Panels<T> panels(kernels, n_out, inner, T(77));
    double squares = 0.5, weight_squares = 0, absolutes = 0, expected_weights = 0;
    Descent<T> d = fused.descent(kind);
    if (penalised) d.l2 = l2, d.weight_squares = &weight_squares;
    if (packed) d.panels = panels.numbers.data();
    d.inner = inner, d.row = row, d.column = column;
    d.squares = &squares;
    kernels.descend(d);
    const std::string where = text_of(set, " optimizer ", static_cast<int>(kind), " n_out ", n_out, " from ", column,
                                      penalised ? " penalised" : "", packed ? " packed" : "");
    CHECK(fused.w == apart.w && fused.m == apart.m && fused.s == apart.s, where);
    if (penalised) kernels.norms(rows, n, fused.w.data(), fused.ld, &absolutes, &expected_weights);
    CHECK(weight_squares == expected_weights, where);
    long double expected = 0.5;
    for (Index r = 0; r < inner; ++r)
        for (Index c = 0; c < n_out; ++c) {
            const bool own = r >= row && r < row + rows && c >= column;
            const T w = own && packed ? fused.w[static_cast<size_t>((r - row) * fused.ld + c - column)] : T(77);
            CHECK(panels.at(r, c) == w, where, " at ", r, ", ", c);
            const long double g = own ? apart.g[static_cast<size_t>((r - row) * fused.ld_gradient + c - column)] : T(0);
            expected += g * g;
        }
    CHECK_NEAR(squares, expected, static_cast<long double>(rows * n + 2) * epsilon<double> * expected, where);
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

TEST(optimizers_do_all_in_one_pass) {
    for_all_kernels([]<class T>(const Kernels<T>& kernels, const std::string& set) {
        for (const OptimizerKind kind : kinds)
            for (Index n_out = 1; n_out <= 70; n_out += 1 + n_out / 8)
                for (Index column = 0; column < n_out; column += kernels.panel)
                    for (const bool penalised : {false, true})
                        for (const bool packed : {false, true})
                            check_fused(kernels, set, kind, n_out, column, penalised, packed);
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
        for (Index n = 1; n <= 140; n += n < 40 ? 1 : 9) {
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
