// Logits: against sums over loops, and the same bits for a row whoever computes it.
#include "instruction_sets.hpp"
#include "prediction.hpp"
#include "training.hpp"

namespace chainrule::tests {

namespace {

template <class T>
std::vector<T> logits_of(const Run<T>& run, const Features<T>& features, int n_threads) {
    std::vector<T> logits(static_cast<size_t>(features.n_rows * run.network.n_outputs()), T(77));
    compute_logits(run.network, features, run.weights.data(), logits.data(), n_threads);
    return logits;
}

// Rows first … first + n - 1 of the features.
template <class T>
Features<T> part_of(Features<T> features, Index first, Index n) {
    features.n_rows = n;
    if (features.sparse())
        features.starts += first;
    else
        features.dense += first * features.row_stride;
    return features;
}

// A ReLU network's outputs for a row.
template <class T>
std::vector<double> by_loops(const Run<T>& run, Index row) {
    std::vector<double> a(run.dense.begin() + row * run.training.n_inputs,
                          run.dense.begin() + (row + 1) * run.training.n_inputs);
    for (const Stage& stage : run.network.stages) {
        std::vector<double> next;
        for (Index j = 0; j < stage.n_out; ++j) {
            const T* W = run.weights.data() + stage.offset + j;
            double z = W[stage.n_in * stage.n_out];
            for (Index k = 0; k < stage.n_in; ++k)
                z += a[static_cast<size_t>(k)] * static_cast<double>(W[k * stage.n_out]);
            next.push_back(stage.function == Function::relu && z < 0 ? 0 : z);
        }
        a = next;
    }
    return a;
}

}  // namespace

TEST(logits_are_those_of_the_network) {
    for_all_cores([]<class T>(const std::string& core) {
        for (const bool sparse : {false, true})
            for (const std::vector<Index>& widths : {std::vector<Index>{}, {1}, {33, 17}, {300}}) {
                const Training training{
                    .n_inputs = 11, .n_rows = 20, .n_outputs = 3, .widths = widths, .sparse = sparse};
                const Run<T> run(training);
                const std::vector<T> logits = logits_of(run, run.features(), 2);
                for (size_t i = 0; i < logits.size(); ++i) {
                    const double expected = by_loops(run, static_cast<Index>(i) / 3)[i % 3];
                    // All terms are of size 1 or so, and there are up to 300 in a sum.
                    CHECK_NEAR(logits[i], expected, 1000 * epsilon<T>, core, " sparse ", sparse, " at ", i);
                }
            }
    });
}

TEST(logits_of_a_row_do_not_depend_on_the_others) {
    for_all_cores([]<class T>(const std::string& core) {
        for (const bool sparse : {false, true})
            for (const Function function : {Function::relu, Function::mish}) {
                const Training training{
                    .n_inputs = 9, .n_rows = 400, .widths = {40, 5}, .function = function, .sparse = sparse};
                const Run<T> run(training);
                const std::vector<T> all = logits_of(run, run.features(), 1);
                for (const int n_threads : {2, 5}) CHECK(logits_of(run, run.features(), n_threads) == all, core);
                for (const Index n : {0, 1, 2, 4, 5, 95, 96, 97, 193})
                    for (const Index first : {Index{0}, Index{7}, 400 - n}) {
                        const std::vector<T> some = logits_of(run, part_of(run.features(), first, n), 2);
                        const auto from = all.begin() + first * 2;
                        CHECK(some == std::vector<T>(from, from + n * 2), core, " sparse ", sparse, " function ",
                              static_cast<int>(function), " rows ", n, " from ", first);
                    }
            }
    });
}

TEST(logits_of_rows_with_gaps_between_them) {
    for_all_cores([]<class T>(const std::string& core) {
        const Training training{.n_inputs = 6, .n_rows = 30};
        const Run<T> run(training);
        const std::vector<T> all = logits_of(run, run.features(), 1);
        Features<T> backwards = run.features();
        backwards.dense += 29 * backwards.row_stride;
        backwards.row_stride = -backwards.row_stride;
        const std::vector<T> reversed = logits_of(run, backwards, 2);
        for (size_t r = 0; r < 30; ++r) CHECK(reversed[2 * r] == all[2 * (29 - r)], core, " row ", r);
        Features<T> every_third = run.features();
        every_third.row_stride *= 3;
        every_third.n_rows = 10;
        const std::vector<T> thirds = logits_of(run, every_third, 1);
        for (size_t r = 0; r < 10; ++r) CHECK(thirds[2 * r + 1] == all[6 * r + 1], core, " row ", r);
    });
}

}  // namespace chainrule::tests
