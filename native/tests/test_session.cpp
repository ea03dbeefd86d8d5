// A session's steps: the same bits however they are shared out, and the right gradient.
#include <utility>

#include "instruction_sets.hpp"
#include "training.hpp"

namespace chainrule::tests {

namespace {

struct Named {
    const char* name;
    Training training;
};

// Odd shapes, every loss and optimizer once, dense and sparse rows; some are large enough that gradient and descent are one
// phase, or that a stage has many blocks, and some small, with minibatches large enough for shards.
std::vector<Named> trainings() {
    using L = LossKind;
    using O = OptimizerKind;
    return {
        {"one row", {.n_rows = 1, .batch_size = 1}},
        {"one of everything",
         {.n_inputs = 1, .n_rows = 3, .n_outputs = 1, .widths = {1}, .batch_size = 2, .n_steps = 9}},
        {"a last batch of one", {.n_rows = 17, .widths = {9, 3}, .optimizer = O::sgd, .batch_size = 4}},
        {"batch beyond the rows",
         {.n_rows = 30, .loss = L::absolute_error, .optimizer = O::momentum, .batch_size = 100}},
        {"classes", {.n_outputs = 3, .widths = {17, 8}, .function = Function::gelu, .loss = L::cross_entropy}},
        {"classes of sparse rows", {.n_inputs = 40, .n_outputs = 3, .loss = L::cross_entropy, .sparse = true}},
        {"dropout, weights, penalty",
         {.widths = {33, 5},
          .function = Function::tanh,
          .dropout = 0.4,
          .loss = L::huber,
          .optimizer = O::nesterov,
          .weighted = true,
          .l1 = 0.01,
          .l2 = 0.1}},
        {"clipping",
         {.function = Function::elu, .loss = L::poisson, .optimizer = O::rmsprop, .max_gradient_norm = 0.01}},
        {"no hidden layer",
         {.widths = {}, .loss = L::log_loss, .optimizer = O::adagrad, .sparse = true, .weighted = true}},
        {"quantiles", {.n_outputs = 4, .function = Function::leaky_relu, .loss = L::quantile, .optimizer = O::sgd}},
        {"fused",
         {.n_inputs = 100,
          .n_rows = 150,
          .n_outputs = 1,
          .widths = {257, 100},
          .dropout = 0.2,
          .batch_size = 70,
          .n_steps = 7}},
        {"fused, penalty",
         {.n_inputs = 100,
          .n_rows = 150,
          .n_outputs = 1,
          .widths = {257, 100},
          .optimizer = O::rmsprop,
          .batch_size = 70,
          .n_steps = 7,
          .weighted = true,
          .l2 = 0.1}},
        {"fused, sparse rows, penalty",
         {.n_inputs = 300,
          .n_rows = 60,
          .n_outputs = 3,
          .widths = {130},
          .loss = L::cross_entropy,
          .batch_size = 25,
          .n_steps = 7,
          .sparse = true,
          .l2 = 0.1}},
        {"a given order", {.n_rows = 40, .batch_size = 9, .given_order = true}},
        {"a given order of sparse rows, fused",
         {.n_inputs = 300,
          .n_rows = 60,
          .n_outputs = 3,
          .widths = {130},
          .loss = L::cross_entropy,
          .batch_size = 25,
          .n_steps = 7,
          .sparse = true,
          .given_order = true}},
        {"shards", {.n_inputs = 20, .n_rows = 900, .widths = {40, 40}, .batch_size = 400, .n_steps = 6}},
        {"shards, penalty",
         {.n_rows = 450, .widths = {30}, .batch_size = 200, .n_steps = 7, .weighted = true, .l2 = 0.1}},
        {"shards, clipping, dropout",
         {.n_rows = 450,
          .n_outputs = 3,
          .widths = {30},
          .function = Function::tanh,
          .dropout = 0.3,
          .loss = L::cross_entropy,
          .batch_size = 200,
          .n_steps = 7,
          .max_gradient_norm = 0.01}},
        {"shards, sum of absolutes", {.n_rows = 450, .widths = {30}, .batch_size = 200, .n_steps = 7, .l1 = 0.01}},
    };
}

// What a run takes of a step: its numbers, accumulated by a session of its own.
template <class T>
struct Accumulated {
    double error = 0, weight = 0;
    std::vector<T> gradient;

    Accumulated(Run<T>& run, const Selection& rows, const DropoutContext& dropout, int n_threads)
        : gradient(run.weights.size(), T(NAN)) {
        run.open(n_threads).accumulate(rows, dropout, {&error, &weight, gradient.data()}, nullptr);
    }
};

// A difference must not reach over a jump in φ, φ′ or φ″, or in those of the loss.
Training without_kinks(Training training) {
    const Function f = training.function;
    if (f == Function::relu || f == Function::leaky_relu || f == Function::elu) training.function = Function::softplus;
    const LossKind loss = training.loss;
    if (loss == LossKind::absolute_error || loss == LossKind::quantile || loss == LossKind::huber)
        training.loss = LossKind::squared_error;
    return training;
}

void check_gradient(const std::string& where, const Training& training) {
    Run<double> run(training);
    const Selection rows{nullptr, 0, std::min<Index>(training.n_rows, 20)};
    const DropoutContext dropout{3, 5, 1, 0};
    const Accumulated<double> at(run, rows, dropout, 2);
    double largest = 0;
    for (const double g : at.gradient) largest = std::max(largest, std::abs(g));
    Session<double> session = run.open(1);
    std::vector<double> unused(run.weights.size());
    const auto error_with = [&](double& weight, double moved) {
        double error = 0, sum = 0;
        const double before = std::exchange(weight, moved);
        session.accumulate(rows, dropout, {&error, &sum, unused.data()}, nullptr);
        weight = before;
        return error;
    };
    constexpr double h = 1e-3;
    for (size_t i = 0; i < run.weights.size(); i += 1 + run.weights.size() / 20) {
        double& w = run.weights[i];
        const double near_by = error_with(w, w + h) - error_with(w, w - h);
        const double far = error_with(w, w + 2 * h) - error_with(w, w - 2 * h);
        CHECK_NEAR(at.gradient[i], (8 * near_by - far) / (12 * h), 1e-9 * largest, where, " weight ", i);
    }
}

}  // namespace

TEST(session_has_the_same_bits_for_any_number_of_threads) {
    for_all_cores([]<class T>(const std::string& core) {
        for (const auto& [name, training] : trainings()) {
            Run<T> alone(training);
            alone.train(1, training.n_steps);
            CHECK(alone.weights != Run<T>(training).weights, core, ": ", name, ": nothing was learned");
            for (const int n_threads : {2, 3, 4}) {
                Run<T> together(training);
                together.train(n_threads, training.n_steps);
                CHECK(together.same_as(alone), core, ": ", name, " by ", n_threads, " threads");
            }
        }
    });
}

TEST(session_has_the_same_bits_where_the_team_puts_the_rows_in_order) {
    use(runnable().front());
    const Training training{
        .n_inputs = 1, .n_rows = 50000, .n_outputs = 1, .widths = {}, .batch_size = 20000, .n_steps = 8};
    Run<float> alone(training), together(training);
    alone.train(1, training.n_steps);
    together.train(3, 5);
    CHECK(together.same_as(alone), "by 3 threads, in calls of 5 steps");
}

// Of more steps than a small network takes at once, with epochs that end before, at and after such a piece's end.
TEST(session_has_the_same_bits_in_long_runs) {
    use(runnable().front());
    for (const Index steps_per_epoch : {2, 16, 32, 33}) {
        const Training training{.n_inputs = 3,
                                .n_rows = 17000,
                                .n_outputs = 1,
                                .widths = {4},
                                .batch_size = (17000 + steps_per_epoch - 1) / steps_per_epoch,
                                .n_steps = 100};
        Run<float> alone(training), at_once(training), in_pieces(training);
        alone.train(1, 7);
        at_once.train(3, training.n_steps);
        in_pieces.train(2, 37);
        CHECK(at_once.same_as(alone) && in_pieces.same_as(alone), steps_per_epoch, " steps an epoch");
    }
}

TEST(session_has_the_same_bits_in_any_number_of_calls) {
    for_all_cores([]<class T>(const std::string& core) {
        for (const auto& [name, training] : trainings()) {
            Run<T> at_once(training), in_pieces(training);
            at_once.train(2, training.n_steps);
            in_pieces.train(2, 2);
            CHECK(in_pieces.same_as(at_once), core, ": ", name);
        }
    });
}

// The gradient against differences of the error, of order 4 in double precision: nothing of the backward pass is in them.
TEST(session_accumulates_the_gradient_of_its_error) {
    for (const InstructionSet& set : runnable()) {
        use(set);
        for (const auto& [name, training] : trainings()) {
            if (training.n_inputs > 50) continue;  // every difference takes four passes
            check_gradient(text_of(set.name, ": ", name), without_kinks(training));
        }
    }
}

TEST(session_takes_sparse_rows_as_the_dense_ones) {
    for (const InstructionSet& set : runnable()) {
        use(set);
        for (const auto& [name, training] : trainings()) {
            if (!training.sparse) continue;
            Training written_out = training;
            written_out.sparse = false;
            Run<double> sparse(training), dense(written_out);
            sparse.train(2, training.n_steps);
            dense.train(2, training.n_steps);
            for (size_t i = 0; i < sparse.weights.size(); ++i)
                CHECK_NEAR(sparse.weights[i], dense.weights[i], 1e-12, set.name, ": ", name, " weight ", i);
        }
    }
}

TEST(session_descends_what_it_accumulates) {
    for (const InstructionSet& set : runnable()) {
        use(set);
        for (Named named : trainings()) {
            Training& training = named.training;
            training.l1 = training.l2 = 0;  // accumulate leaves the penalty out
            training.n_rows = training.batch_size =
                std::min(training.batch_size, training.n_rows);  // all rows in a step
            Run<double> run(training), by_hand(training);
            Session<double> session = run.open(2), other = by_hand.open(3);
            run.take(session, 0, 1);
            const double divisor = by_hand.plan[5][0], factor = by_hand.plan[3][0];
            Accumulated<double> sums(by_hand, {nullptr, 0, training.n_rows}, {3, 0, factor, 0}, 3);
            for (double& g : sums.gradient) g /= divisor;
            other.descend(sums.gradient.data(), 0, by_hand.plan_from(0));
            CHECK_NEAR(sums.error / divisor, run.report[0][0], 1e-12, set.name, ": ", named.name);
            CHECK_NEAR(sums.weight, run.report[1][0], 1e-12, set.name, ": ", named.name);
            for (size_t i = 0; i < run.weights.size(); ++i)
                CHECK_NEAR(by_hand.weights[i], run.weights[i], 1e-12, set.name, ": ", named.name, " weight ", i);
        }
    }
}

// A limit on the gradient's norm, however large, keeps the phases apart.
TEST(session_takes_the_same_steps_fused_and_not) {
    for (const InstructionSet& set : runnable()) {
        use(set);
        for (const auto& [name, training] : trainings()) {
            Training unfused = training;
            if (!unfused.max_gradient_norm) unfused.max_gradient_norm = 1e300;
            Run<double> run(training), other(unfused);
            run.train(2, training.n_steps);
            other.train(2, training.n_steps);
            for (size_t i = 0; i < run.report[0].size(); ++i)
                for (const auto& [got, expected] :
                     {std::pair{run.report[0][i], other.report[0][i]}, std::pair{run.report[2][i], other.report[2][i]}})
                    CHECK_NEAR(got, expected, 1e-12 * std::abs(expected), set.name, ": ", name, " step ", i);
            for (size_t i = 0; i < run.weights.size(); ++i)
                CHECK_NEAR(run.weights[i], other.weights[i], 1e-12, set.name, ": ", name, " weight ", i);
        }
    }
}

// A gradient so large that its step is not fused, though it is finite, before steps that are: these begin with the penalty of the
// weights that it left, which a new call sums anew.
TEST(session_fuses_on_after_a_step_that_it_could_not_fuse) {
    for (const InstructionSet& set : runnable()) {
        use(set);
        for (const Index width : {8, 300}) {  // 300: many weights
            const Training training{.n_inputs = 120,
                                    .n_rows = 20,
                                    .widths = {width},
                                    .optimizer = OptimizerKind::sgd,
                                    .batch_size = 5,
                                    .n_steps = 4,
                                    .l2 = 0.1,
                                    .given_order = true};
            Run<double> at_once(training), in_pieces(training);
            for (Run<double>* run : {&at_once, &in_pieces}) run->target[0] = 1e145, run->plan[0][0] = 1e-146;
            at_once.train(2, training.n_steps);
            in_pieces.train(2, 1);
            CHECK(at_once.report[2][0] > 1e140 && at_once.report[2][1] < 1e10, set.name, " width ", width);
            CHECK(in_pieces.same_as(at_once), set.name, " width ", width);
        }
    }
}

TEST(session_takes_the_rows_of_a_given_order) {
    use(runnable().front());
    const Training training{.n_rows = 40, .loss = LossKind::squared_error, .batch_size = 9, .given_order = true};
    Run<double> run(training), by_hand(training);
    std::fill(run.plan[0].begin(), run.plan[0].end(), 0.0);  // nothing is learned: each step tells its rows
    Session<double> session = run.open(2), other = by_hand.open(1);
    run.take(session, 0, training.n_steps);
    for (Index i = 0; i < training.n_steps; ++i) {
        const Index epoch = i / run.steps_per_epoch(), first = i % run.steps_per_epoch() * training.batch_size;
        std::vector<uint32_t> rows;
        for (Index r = first; r < std::min(first + training.batch_size, training.n_rows); ++r)
            rows.push_back(static_cast<uint32_t>(run.orders[static_cast<size_t>(epoch * training.n_rows + r)]));
        double error = 0, weight = 0;
        std::vector<double> unused(by_hand.weights.size());
        const Selection selection{rows.data(), 0, static_cast<Index>(rows.size())};
        other.accumulate(selection, {}, {&error, &weight, unused.data()}, nullptr);
        CHECK_NEAR(run.report[0][static_cast<size_t>(i)], error / run.plan[5][static_cast<size_t>(i)], 1e-12, "step ",
                   i);
    }
}

TEST(session_stops_at_a_step_that_is_not_finite) {
    for_all_cores([]<class T>(const std::string& core) {
        using WidthAndPenalty = std::pair<Index, double>;
        for (const auto& [width, l2] : {WidthAndPenalty{8, 0}, {300, 0}, {8, 0.1}, {300, 0.1}}) {  // 300: many weights
            const Training training{.n_inputs = 120, .n_rows = 16, .widths = {width}, .n_steps = 6, .l2 = l2};
            Run<T> run(training), first_half(training);
            run.plan[0][2] = first_half.plan[0][2] =
                sizeof(T) == 4 ? 1e30 : 1e200;  // the step after it has no finite error
            Session<T> session = run.open(2), shorter = first_half.open(2);
            const Index taken = run.take(session, 0, training.n_steps);
            CHECK(taken == 4, core, " width ", width, " taken ", taken);
            CHECK(!std::isfinite(run.report[0][3]) || !std::isfinite(run.report[2][3]), core, " width ", width);
            first_half.take(shorter, 0, 3);
            CHECK(run.weights == first_half.weights && run.vectors == first_half.vectors, core, " width ", width);
        }
    });
}

// Around the end of a piece of 32 steps too.
TEST(session_stops_anywhere_in_a_long_run) {
    use(runnable().front());
    for (const Index wrong : {30, 31, 32, 63}) {
        const Training training{.n_rows = 16, .widths = {8}, .n_steps = 70};
        Run<float> run(training);
        run.plan[0][static_cast<size_t>(wrong)] = 1e30;  // the step after it has no finite error
        Session<float> session = run.open(2);
        CHECK(run.take(session, 0, training.n_steps) == wrong + 2, "after step ", wrong);
    }
}

}  // namespace chainrule::tests
