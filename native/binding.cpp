// The core's face to Python (nanobind): arrays in and out, the GIL, errors. No mathematics here.
//
// Arrays are checked and brought into shape by chainrule.engine.native; what is checked here again is what memory safety
// rests on.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <stdexcept>

#include "isa.hpp"
#include "prediction.hpp"
#include "question.hpp"
#include "session.hpp"
#include "turn.hpp"

namespace nb = nanobind;
using namespace nb::literals;

namespace chainrule {
namespace {

template <class T>
using Vector = nb::ndarray<T, nb::numpy, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
template <class T>
using Matrix = nb::ndarray<T, nb::numpy, nb::ndim<2>, nb::device::cpu>;

void require(bool kept, const char* rule) {
    if (!kept) throw std::invalid_argument(rule);
}

template <class T>
Index length(const Vector<T>& vector) {
    return static_cast<Index>(vector.shape(0));
}

// ---- descriptions

// ("dense", n_in, n_out, weight_rate, bias_rate, weight_decay), ("activation", function) or ("dropout", rate).
Layer layer_of(const nb::tuple& described) {
    const auto kind = nb::cast<std::string>(described[0]);
    Layer layer{};
    if (kind == "dense") {
        layer.kind = Layer::Kind::dense;
        layer.n_in = nb::cast<Index>(described[1]), layer.n_out = nb::cast<Index>(described[2]);
        layer.weight_rate = nb::cast<double>(described[3]), layer.bias_rate = nb::cast<double>(described[4]);
        layer.weight_decay = nb::cast<double>(described[5]);
        require(layer.n_in > 0 && layer.n_out > 0, "The sizes of a dense layer must be positive.");
    } else if (kind == "activation") {
        layer.kind = Layer::Kind::activation;
        layer.function = function_of(nb::cast<std::string>(described[1]));
    } else if (kind == "dropout") {
        layer.kind = Layer::Kind::dropout;
        layer.rate = nb::cast<double>(described[1]);
        require(layer.rate >= 0 && layer.rate < 1, "The rate of dropout must be from 0 to below 1.");
    } else {
        throw std::invalid_argument("The native core does not know the layer '" + kind + "'.");
    }
    return layer;
}

Network make_network(Index n_inputs, const std::vector<nb::tuple>& layers, const std::string& loss, double parameter,
                     const std::vector<double>& levels, double l1, double l2) {
    std::vector<Layer> described;
    for (const nb::tuple& layer : layers) described.push_back(layer_of(layer));
    return Network(n_inputs, described, loss_of(loss, parameter, levels), l1, l2);
}

// ---- arrays

template <class T>
Features<T> dense_features(const Matrix<const T>& numbers, const Network& network) {
    require(static_cast<Index>(numbers.shape(1)) == network.n_inputs, "The features do not fit the network.");
    require(numbers.shape(0) <= 1 || numbers.shape(1) <= 1 || numbers.stride(1) == 1,
            "A row's features must lie together.");
    Features<T> features;
    features.n_rows = static_cast<Index>(numbers.shape(0)), features.n = static_cast<Index>(numbers.shape(1));
    features.dense = numbers.data();
    features.row_stride = static_cast<Index>(numbers.stride(0));
    return features;
}

template <class T>
Features<T> sparse_features(const Vector<const T>& values, const Vector<const int32_t>& columns,
                            const Vector<const int64_t>& starts, const Network& network) {
    require(length(starts) > 0 && length(values) == length(columns), "The arrays of a CSR matrix do not fit together.");
    const Index n = length(values), n_rows = length(starts) - 1;
    int64_t before = 0;
    for (Index r = 0; r <= n_rows; ++r) {
        require(starts.data()[r] >= before && starts.data()[r] <= n, "The row starts of a CSR matrix are wrong.");
        before = starts.data()[r];
    }
    for (Index k = 0; k < n; ++k)
        require(columns.data()[k] >= 0 && columns.data()[k] < network.n_inputs,
                "A column of a CSR matrix is out of range.");
    Features<T> features;
    features.n_rows = n_rows, features.n = network.n_inputs;
    features.values = values.data(), features.columns = columns.data(), features.starts = starts.data();
    return features;
}

// A table's features with the arrays that hold them.
template <class T>
struct Table {
    Features<T> features;
    nb::object kept;
};

template <class T>
Table<T> table_of(const nb::object& numbers, const Network& network) {
    if (!nb::isinstance<nb::tuple>(numbers))
        return {dense_features<T>(nb::cast<Matrix<const T>>(numbers, false), network), numbers};
    const auto [values, columns, starts] = nb::cast<std::tuple<nb::object, nb::object, nb::object>>(numbers);
    require(network.stages.front().dense, "Sparse features must meet a dense layer first.");
    return {
        sparse_features<T>(nb::cast<Vector<const T>>(values, false), nb::cast<Vector<const int32_t>>(columns, false),
                           nb::cast<Vector<const int64_t>>(starts, false), network),
        numbers};
}

StepPlan plan_of(const std::vector<Vector<const double>>& columns, Index n_steps) {
    require(columns.size() == 5 || columns.size() == 6, "A plan has five columns, or six with the divisor.");
    for (const auto& column : columns)
        require(length(column) >= n_steps, "The columns of a plan must be of one length.");
    return {columns[0].data(), columns[1].data(), columns[2].data(),
            columns[3].data(), columns[4].data(), columns.size() == 6 ? columns[5].data() : nullptr};
}

// Orders (epochs, rows) for all epochs that the steps touch.
using Orders = nb::ndarray<const int64_t, nb::numpy, nb::ndim<2>, nb::c_contig, nb::device::cpu>;

// What steps take of their orders, one behind the other.
struct Taken {
    Index n_epochs, begin, end;  // begin and end: places in the orders
};

// The orders, null if none are given. Only the rows taken are looked at, as every call is given those of whole epochs.
const int64_t* orders_of(const std::optional<Orders>& orders, Index n_rows, const Taken& taken) {
    if (!orders) return nullptr;
    require(static_cast<Index>(orders->shape(0)) == taken.n_epochs && static_cast<Index>(orders->shape(1)) == n_rows,
            "There must be one order of all rows for each epoch.");
    const int64_t* rows = orders->data();
    require(std::all_of(rows + taken.begin, rows + taken.end, [=](int64_t row) { return row >= 0 && row < n_rows; }),
            "A row of an order is out of range.");
    return rows;
}

// ---- the session

template <class T>
class BoundSession {
   public:
    BoundSession(const Network& network, const nb::object& numbers, const nb::object& target,
                 const std::optional<Vector<const T>>& weight, const std::string& optimizer,
                 const std::vector<double>& optimizer_settings, Index batch_size, uint64_t seed, bool shuffle,
                 std::optional<double> max_gradient_norm, int n_threads, Vector<T> weights,
                 std::vector<Vector<T>> vectors) {
        Source<T> source;
        source.features = table_of<T>(numbers, network).features;
        const Index n_rows = source.features.n_rows;
        require(n_rows > 0 && n_rows <= Index{1} << 32, "A source has from 1 to 2**32 rows.");
        if (network.loss.of_classes()) {
            const auto codes = nb::cast<Vector<const int32_t>>(target, false);
            require(length(codes) == n_rows, "There must be one class a row.");
            const auto n_classes = static_cast<uint32_t>(network.n_outputs());  // what is negative is beyond them
            bool in_range = true;
            for (Index r = 0; r < n_rows; ++r) in_range &= static_cast<uint32_t>(codes.data()[r]) < n_classes;
            require(in_range, "A class is out of range.");
            source.codes = codes.data();
        } else {
            const auto values =
                nb::cast<nb::ndarray<const T, nb::ndim<2>, nb::c_contig, nb::device::cpu>>(target, false);
            require(static_cast<Index>(values.shape(0)) == n_rows &&
                        static_cast<Index>(values.shape(1)) == network.loss.n_targets(network.n_outputs()),
                    "The target does not fit the network.");
            source.target = values.data();
        }
        if (weight) {
            require(length(*weight) == n_rows, "There must be one weight a row.");
            source.weight = weight->data();
        }
        const Optimizer described{optimizer_of(optimizer), optimizer_settings};
        require(described.n_settings() == optimizer_settings.size(), "The optimizer needs another number of settings.");
        require(described.n_vectors() == vectors.size(), "The optimizer needs another number of state vectors.");
        require(length(weights) == network.n_weights(), "The weights do not fit the network.");
        std::vector<T*> state;
        for (Vector<T>& vector : vectors) {
            require(length(vector) == network.n_weights(), "A state vector does not fit the network.");
            state.push_back(vector.data());
        }
        require(batch_size > 0 && n_threads > 0, "batch_size and n_threads must be positive.");
        session_ = std::make_unique<Session<T>>(
            network, source, described,
            Settings{std::min(batch_size, n_rows), seed, shuffle, max_gradient_norm, n_threads}, weights.data(), state);
        n_rows_ = n_rows, n_weights_ = network.n_weights();
        batch_size_ = std::min(batch_size, n_rows), steps_per_epoch_ = session_->steps_per_epoch();
        kept_ = nb::make_tuple(numbers, target, weight, weights, vectors);
    }

    Index run(int64_t first_step, const std::vector<Vector<const double>>& plan, Matrix<double> report,
              const std::optional<Orders>& orders, const nb::object& interrupted) {
        const Index n_steps = static_cast<Index>(report.shape(1));
        require(first_step >= 0, "first_step must not be negative.");
        require(report.shape(0) == 3 && (n_steps <= 1 || report.stride(1) == 1), "A report has three rows.");
        double* first = report.data();
        const Course course{.first_step = first_step,
                            .n_steps = n_steps,
                            .plan = plan_of(plan, n_steps),
                            .report = {first, first + report.stride(0), first + 2 * report.stride(0)},
                            .orders = orders_of(orders, n_rows_, taken_by(first_step, n_steps))};
        Question question(interrupted);
        const Index taken = at_work([&](Session<T>& session) { return session.run(course, question.asked()); });
        question.raise();
        return taken;
    }

    nb::tuple accumulate(const std::optional<Vector<const uint32_t>>& rows, Index first, Index n, int64_t step,
                         double dropout, uint64_t seed, Index first_row, Vector<T> gradient,
                         const nb::object& interrupted) {
        Selection selection{rows ? rows->data() : nullptr, first, rows ? length(*rows) : n};
        if (rows) {
            for (Index r = 0; r < selection.n; ++r) require(rows->data()[r] < n_rows_, "A row is out of range.");
            selection.first = 0;
        } else {
            require(first >= 0 && n >= 0 && n <= n_rows_ && first <= n_rows_ - n, "A row is out of range.");
        }
        require(length(gradient) == n_weights_, "The gradient does not fit the network.");
        double error = 0, weight = 0;
        Question question(interrupted);
        const bool done = at_work([&](Session<T>& session) {
            return session.accumulate(selection, {seed, step, dropout, first_row}, {&error, &weight, gradient.data()},
                                      question.asked());
        });
        if (!done) question.raise_always();
        return nb::make_tuple(error, weight);
    }

    void descend(const Vector<const T>& gradient, int64_t step, const std::vector<Vector<const double>>& plan) {
        require(length(gradient) == n_weights_, "The gradient does not fit the network.");
        const StepPlan columns = plan_of(plan, 1);
        at_work([&](Session<T>& session) { session.descend(gradient.data(), step, columns); });
    }

    void close() {
        const nb::gil_scoped_release no_gil;
        if (turns_.is_orphaned()) return session_.reset();
        const Turn turn(turns_);
        session_.reset();
    }

   private:
    // What steps take of the orders of all epochs that they touch.
    Taken taken_by(int64_t first_step, Index n_steps) const {
        const int64_t first = first_step / steps_per_epoch_, last = (first_step + n_steps - 1) / steps_per_epoch_;
        const auto place = [&](int64_t step) {
            const int64_t before = step % steps_per_epoch_ * batch_size_;
            return static_cast<Index>((step / steps_per_epoch_ - first) * n_rows_ + before);
        };
        return {static_cast<Index>(last - first + 1), place(first_step), place(first_step + n_steps)};
    }

    // Call f(session) without the GIL, when nobody else is at work.
    template <class F>
    auto at_work(F f) {
        const nb::gil_scoped_release no_gil;
        const Turn turn(turns_);
        if (!session_) throw std::invalid_argument("The session is closed.");
        return f(*session_);
    }

    nb::object kept_;  // the arrays that the session works on: they outlive it
    std::unique_ptr<Session<T>> session_;
    Index n_rows_ = 0, n_weights_ = 0, batch_size_ = 1, steps_per_epoch_ = 1;
    Turns turns_;
};

// Multiplications of a prediction of some microseconds, in which nobody misses the GIL, and Ctrl-C can wait.
constexpr double brief_work = 1e5;

template <class T>
void logits(const Network& network, const nb::object& numbers, const Vector<const T>& weights,
            nb::ndarray<T, nb::ndim<2>, nb::c_contig, nb::device::cpu> out, int n_threads) {
    const Table<T> table = table_of<T>(numbers, network);
    require(length(weights) == network.n_weights(), "The weights do not fit the network.");
    require(static_cast<Index>(out.shape(0)) == table.features.n_rows &&
                static_cast<Index>(out.shape(1)) == network.n_outputs(),
            "The place for the logits does not fit.");
    if (static_cast<double>(table.features.n_rows) * static_cast<double>(network.n_weights()) < brief_work) {
        compute_logits(network, table.features, weights.data(), out.data(), 1);
        return;
    }
    Question question;
    {
        const nb::gil_scoped_release no_gil;
        compute_logits(network, table.features, weights.data(), out.data(), n_threads, question.asked());
    }
    question.raise();
}

template <class T>
void bind(nb::module_& module, const char* session_name) {
    nb::class_<BoundSession<T>>(module, session_name)
        .def(nb::init<const Network&, const nb::object&, const nb::object&, const std::optional<Vector<const T>>&,
                      const std::string&, const std::vector<double>&, Index, uint64_t, bool, std::optional<double>, int,
                      Vector<T>, std::vector<Vector<T>>>(),
             "network"_a, "numbers"_a, "target"_a, "weight"_a.none(), "optimizer"_a, "optimizer_settings"_a,
             "batch_size"_a, "seed"_a, "shuffle"_a, "max_gradient_norm"_a.none(), "n_threads"_a,
             "weights"_a.noconvert(), "vectors"_a.noconvert())
        .def("run", &BoundSession<T>::run, "first_step"_a, "plan"_a, "report"_a.noconvert(), "orders"_a.none(),
             "interrupted"_a.none())
        .def("accumulate", &BoundSession<T>::accumulate, "rows"_a.none(), "first"_a, "n"_a, "step"_a, "dropout"_a,
             "seed"_a, "first_row"_a, "gradient"_a.noconvert(), "interrupted"_a.none())
        .def("descend", &BoundSession<T>::descend, "gradient"_a, "step"_a, "plan"_a)
        .def("close", &BoundSession<T>::close);
    module.def("logits", &logits<T>, "network"_a, "numbers"_a, "weights"_a.noconvert(), "out"_a.noconvert(),
               "n_threads"_a);
}

}  // namespace

NB_MODULE(_native, module) {
    nb::class_<Network>(module, "Network")
        .def(
            "__init__",
            [](Network* self, Index n_inputs, const std::vector<nb::tuple>& layers, const std::string& loss,
               double parameter, const std::vector<double>& levels, double l1,
               double l2) { new (self) Network(make_network(n_inputs, layers, loss, parameter, levels, l1, l2)); },
            "n_inputs"_a, "layers"_a, "loss"_a, "parameter"_a, "levels"_a, "l1"_a, "l2"_a);
    bind<float>(module, "Session32");
    bind<double>(module, "Session64");
    module.def("instruction_set", &instruction_set);
    module.def("instruction_sets", &instruction_sets);
}

}  // namespace chainrule
