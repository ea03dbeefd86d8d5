// Small trainings: a network, its rows, how it is trained; and what comes out.
#pragma once

#include <optional>

#include "check.hpp"
#include "session.hpp"
#include "sparse.hpp"

namespace chainrule::tests {

struct Training {
    Index n_inputs = 5, n_rows = 50, n_outputs = 2;
    std::vector<Index> widths{7};  // of the hidden layers
    Function function = Function::relu;
    double dropout = 0;  // after each of them
    LossKind loss = LossKind::squared_error;
    OptimizerKind optimizer = OptimizerKind::adam;
    Index batch_size = 8;
    Index n_steps = 12;
    bool sparse = false, weighted = false;
    double l1 = 0, l2 = 0;
    std::optional<double> max_gradient_norm{};
    bool given_order = false;

    Loss described_loss() const {
        if (loss == LossKind::quantile) return {loss, 0, {0.2, 0.7}};
        return {loss, loss == LossKind::huber ? 0.5 : loss == LossKind::cross_entropy ? 0.1 : 0, {}};
    }

    Network network() const {
        std::vector<Layer> layers;
        Index width = n_inputs;
        for (const Index next : widths) {
            layers.push_back({.kind = Layer::Kind::dense, .n_in = width, .n_out = next, .bias_rate = 2});
            layers.push_back({.kind = Layer::Kind::activation, .function = function});
            layers.push_back({.kind = Layer::Kind::dropout, .rate = dropout});
            width = next;
        }
        layers.push_back({.kind = Layer::Kind::dense, .n_in = width, .n_out = n_outputs});
        return Network(n_inputs, layers, described_loss(), l1, l2);
    }

    Optimizer described_optimizer() const {
        if (optimizer == OptimizerKind::adam) return {optimizer, {0.9, 0.99, 1e-6, 1}};
        if (optimizer == OptimizerKind::rmsprop) return {optimizer, {0.9, 1e-6}};
        if (optimizer == OptimizerKind::adagrad) return {optimizer, {1e-6}};
        return {optimizer, {}};
    }
};

// The data of a training, in memory of exactly its size, and the state that it begins with.
template <class T>
struct Run {
    const Training& training;
    Network network;
    Optimizer optimizer;
    CSR<T> csr;
    std::vector<T> dense, target, row_weight, weights;
    std::vector<int32_t> codes;
    std::vector<std::vector<T>> vectors;
    std::vector<double> plan[6], report[3];
    std::vector<int64_t> orders;  // one for each epoch

    Run(const Training& t, Random random)
        : training(t), network(t.network()), optimizer(t.described_optimizer()), csr(random, t.n_rows, t.n_inputs) {
        dense = csr.dense();
        const Index n_targets = network.loss.n_targets(t.n_outputs);
        target = random.numbers<T>(t.n_rows * n_targets, 0, 1);  // within every loss's domain
        row_weight = random.numbers<T>(t.n_rows, 0, 2);
        for (Index r = 0; r < t.n_rows; ++r) codes.push_back(static_cast<int32_t>(random.below(t.n_outputs)));
        weights = random.numbers<T>(network.n_weights(), -0.5, 0.5);
        vectors.assign(optimizer.n_vectors(), std::vector<T>(weights.size()));
        const double highest[] = {0.02, 0.9, 0.1,
                                  1,    2,   10};  // learning rate, momentum, decay, dropout, penalty, divisor
        for (size_t i = 0; i < 6; ++i) plan[i] = random.numbers<double>(t.n_steps, highest[i] / 2, highest[i]);
        for (auto& column : report) column.resize(static_cast<size_t>(t.n_steps));
        for (Index epoch = 0; t.given_order && epoch <= t.n_steps / steps_per_epoch(); ++epoch)
            for (Index r = 0; r < t.n_rows; ++r) orders.push_back((r * 7919 + epoch) % t.n_rows);  // 7919 is prime
    }

    Index steps_per_epoch() const { return (training.n_rows + training.batch_size - 1) / training.batch_size; }

    explicit Run(const Training& t) : Run(t, Random(1)) {}

    Features<T> features() const {
        Features<T> features{.n_rows = training.n_rows, .n = training.n_inputs};
        if (training.sparse)
            features.values = csr.values.data(), features.columns = csr.columns.data(),
            features.starts = csr.starts.data();
        else
            features.dense = dense.data(), features.row_stride = training.n_inputs;
        return features;
    }

    Source<T> source() const {
        Source<T> source{.features = features()};
        if (network.loss.of_classes())
            source.codes = codes.data();
        else
            source.target = target.data();
        if (training.weighted) source.weight = row_weight.data();
        return source;
    }

    Session<T> open(int n_threads) {
        std::vector<T*> state;
        for (std::vector<T>& vector : vectors) state.push_back(vector.data());
        const Settings settings{training.batch_size, 3, true, training.max_gradient_norm, n_threads};
        return Session<T>(network, source(), optimizer, settings, weights.data(), state);
    }

    // The plan, or the report, from step i on.
    StepPlan plan_from(Index i) const {
        const double* columns[6];
        for (size_t c = 0; c < 6; ++c) columns[c] = plan[c].data() + i;
        return {columns[0], columns[1], columns[2], columns[3], columns[4], columns[5]};
    }
    StepReport report_from(Index i) { return {report[0].data() + i, report[1].data() + i, report[2].data() + i}; }

    Index take(Session<T>& session, Index first, Index n, const Interrupted& interrupted = nullptr) {
        const Index first_row = first / steps_per_epoch() * training.n_rows;
        const int64_t* given = training.given_order ? orders.data() + first_row : nullptr;
        return session.run({first, n, plan_from(first), report_from(first), given}, interrupted);
    }

    // All steps, in calls of up to `at_once`.
    void take_all(Session<T>& session, Index at_once) {
        for (Index first = 0; first < training.n_steps; first += at_once) {
            const Index n = std::min(at_once, training.n_steps - first);
            CHECK(take(session, first, n) == n, "steps from ", first);
        }
    }

    void train(int n_threads, Index at_once) {
        Session<T> session = open(n_threads);
        take_all(session, at_once);
    }

    // Whether everything that a training makes has the same bits.
    bool same_as(const Run& other) const {
        for (size_t c = 0; c < 3; ++c)
            if (report[c] != other.report[c]) return false;
        return weights == other.weights && vectors == other.vectors;
    }
};

}  // namespace chainrule::tests
