// A run that is told to stop: between steps, and in the middle of a long one.
#include <chrono>

#include "instruction_sets.hpp"
#include "prediction.hpp"
#include "training.hpp"

namespace chainrule::tests {

namespace {

double seconds_since(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// A training whose only step takes a while, on this machine and however this program was compiled.
Training long_step() {
    for (Training training{.n_inputs = 30, .n_rows = 2000, .widths = {64, 64}, .n_steps = 1};; training.n_rows *= 2) {
        training.batch_size = training.n_rows;
        Run<float> run(training);
        const auto start = std::chrono::steady_clock::now();
        run.train(1, 1);
        if (seconds_since(start) > 0.2) return training;
    }
}

}  // namespace

TEST(interruption_ends_a_run_between_or_within_steps) {
    use(runnable().front());
    for (const int n_threads : {1, 3}) {
        const Training training{.n_rows = 500, .widths = {40}, .batch_size = 50, .n_steps = 1000000};
        Run<double> run(training);
        Session<double> session = run.open(n_threads);
        int asked = 0;
        const Index taken = run.take(session, 0, training.n_steps, [&] { return ++asked == 2; });
        CHECK(asked == 2 && taken > 0 && taken < training.n_steps, "asked ", asked, " times, taken ", taken);
        Run<double> as_far(training);
        as_far.open(1).run({0, taken, as_far.plan_from(0), as_far.report_from(0)}, nullptr);
        CHECK(run.weights == as_far.weights && run.vectors == as_far.vectors, n_threads, " threads, taken ", taken);
    }
}

TEST(interruption_gives_up_a_long_step) {
    use(runnable().front());
    const Training training = long_step();
    for (const int n_threads : {1, 2}) {
        Run<float> run(training), untouched(training);
        Session<float> session = run.open(n_threads);
        bool asked = false;
        const Index taken = run.take(session, 0, 1, [&] { return asked = true; });
        CHECK(asked && taken == 0, n_threads, " threads, taken ", taken);
        CHECK(run.weights == untouched.weights && run.vectors == untouched.vectors, n_threads, " threads");
        // And the session goes on as if nothing had been.
        Run<float> whole(training);
        CHECK(run.take(session, 0, 1) == 1, n_threads, " threads");
        whole.train(1, 1);
        CHECK(run.same_as(whole), n_threads, " threads");
    }
}

// Members come from a meeting at different times, and the caller may be told to stop before the last one is back.
TEST(interruption_is_agreed_upon) {
    use(runnable().front());
    const Training training{.n_inputs = 3000, .n_rows = 384, .widths = {2500}, .batch_size = 384, .n_steps = 3};
    Run<float> run(training);
    Session<float> session = run.open(4);
    for (int i = 0; i < 12; ++i) {
        int asked = 0;
        const Index taken = run.take(session, 0, training.n_steps, [&] { return ++asked > i % 3; });
        CHECK(taken <= training.n_steps, "taken ", taken);
    }
}

TEST(interruption_leaves_no_sums) {
    use(runnable().front());
    const Training training = long_step();
    for (const int n_threads : {1, 3}) {
        Run<float> run(training);
        Session<float> session = run.open(n_threads);
        std::vector<float> gradient(run.weights.size()), again(gradient);
        double error = 0, weight = 0;
        const Selection rows{nullptr, 0, training.n_rows};
        CHECK(!session.accumulate(rows, {}, {&error, &weight, gradient.data()}, [] { return true; }), n_threads);
        CHECK(session.accumulate(rows, {}, {&error, &weight, gradient.data()}, [] { return false; }), n_threads);
        CHECK(session.accumulate(rows, {}, {&error, &weight, again.data()}, nullptr), n_threads);
        CHECK(gradient == again, n_threads, " threads");
    }
}

TEST(interruption_ends_a_prediction) {
    use(runnable().front());
    Training training = long_step();
    training.n_rows *= 4;
    for (const int n_threads : {1, 3}) {
        Run<float> run(training);
        std::vector<float> logits(static_cast<size_t>(training.n_rows * training.n_outputs));
        const auto predict = [&](const Interrupted& interrupted) {
            return compute_logits(run.network, run.features(), run.weights.data(), logits.data(), n_threads,
                                  interrupted);
        };
        CHECK(!predict([] { return true; }) && predict([] { return false; }) && predict(nullptr), n_threads);
    }
}

// Ranges of hashes that are half divided, or half sorted, are forgotten.
TEST(interruption_of_an_order_is_no_order) {
    const int64_t n_rows = 600000;
    RowOrder expected(5, n_rows), order(5, n_rows, 2);
    for (const int yes_at : {1, 2, 12, 22, 28}) {
        int asked = 0;
        const Interrupted interrupted = [&] { return ++asked == yes_at; };
        Lookout lookout(std::chrono::milliseconds(0));
        lookout.begin(interrupted);
        const Look look{&lookout, 0, 0};
        order.count(4, 1, look);
        order.divide(1, look);
        order.sort_ranges(1, look);
        CHECK(lookout.given_up() && !order.is_of(4), yes_at);
        const uint32_t* rows = order.of_epoch(4);
        CHECK(std::equal(rows, rows + n_rows, expected.of_epoch(4)), yes_at);
        order.of_epoch(3);
    }
}

}  // namespace chainrule::tests
