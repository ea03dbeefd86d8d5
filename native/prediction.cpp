#include "prediction.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>

#include "columns.hpp"
#include "isa.hpp"
#include "team.hpp"

namespace chainrule {

namespace {

constexpr Index tile = 96;     // rows that go through all stages together: they stay in the second-level cache
constexpr Index few_rows = 4;  // for which packing the weights does not pay

// Forward of some rows, nothing kept but the last stage's outputs.
template <class T>
class Prediction {
   public:
    explicit Prediction(const Network& network, Index max_rows);

    // Logits (n, K), without gaps, of rows first … first + n - 1; n ≤ max_rows. Packed weights, or (for a few rows) flat ones.
    // If the look does not go on, they are left out.
    void run(const Features<T>& features, Index first, Index n, const PackedWeights<T>* packed, const T* weights,
             T* logits, const Look& look);

   private:
    void stage_forward(const Stage& stage, size_t index, Index n, const PackedWeights<T>* packed, const T* weights,
                       const T* inputs, Index ld_in, T* outputs, Index ld_out, const Look& look);

    const Network& network_;
    const Kernels<T>& kernels_;
    Buffer<T> inputs_, signals_[2];
};

template <class T>
Prediction<T>::Prediction(const Network& network, Index max_rows) : network_(network), kernels_(kernels<T>()) {
    Index widest = row_length(kernels_, network.n_inputs);
    inputs_ = Buffer<T>(max_rows * widest);
    for (const Stage& stage : network.stages) widest = std::max(widest, row_length(kernels_, stage.n_out));
    for (Buffer<T>& signal : signals_) signal = Buffer<T>(max_rows * widest);
}

template <class T>
void Prediction<T>::run(const Features<T>& features, Index first, Index n, const PackedWeights<T>* packed,
                        const T* weights, T* logits, const Look& look) {
    const T* inputs = inputs_.data();
    Index ld_in = row_length(kernels_, network_.n_inputs);
    if (!features.sparse()) {
        for (Index r = 0; r < n; ++r) {
            T* row = inputs_.data() + r * ld_in;
            std::memcpy(row, features.dense + (first + r) * features.row_stride, sizeof(T) * network_.n_inputs);
            row[network_.n_inputs] = 1;
        }
    }
    for (size_t i = 0; i < network_.stages.size() && look.goes_on(); ++i) {
        const Stage& stage = network_.stages[i];
        T* outputs = signals_[i % 2].data();
        const Index ld_out = row_length(kernels_, stage.n_out);
        if (i == 0 && features.sparse()) {
            const SparseRows<T> x = sparse_rows<T>(features, {nullptr, first, n}, 0);
            kernels_.sparse_forward(x, n, stage.n_in, stage.n_out, weights + stage.offset, outputs, ld_out,
                                    stage.fused());
            if (stage.fused() != stage.function)
                kernels_.activate(stage.function, n, stage.n_out, ld_out, outputs, ld_out, outputs);
        } else {
            stage_forward(stage, i, n, packed, weights, inputs, ld_in, outputs, ld_out, look);
        }
        set_ones(outputs, n, ld_out, stage.n_out);
        inputs = outputs;
        ld_in = ld_out;
    }
    if (look.given_up()) return;
    for (Index r = 0; r < n; ++r)
        std::memcpy(logits + r * network_.n_outputs(), inputs + r * ld_in, sizeof(T) * network_.n_outputs());
}

template <class T>
void Prediction<T>::stage_forward(const Stage& stage, size_t index, Index n, const PackedWeights<T>* packed,
                                  const T* weights, const T* inputs, Index ld_in, T* outputs, Index ld_out,
                                  const Look& look) {
    const T* z = inputs;
    Index ld_z = ld_in;
    if (stage.dense) {
        if (packed) {
            for_columns(kernels_, n * (stage.n_in + 1), stage.n_out, look, [&](Index column, Index n_columns) {
                kernels_.dense_forward({n, stage.n_in, stage.n_out, inputs, ld_in, packed->forward(index), outputs,
                                        ld_out, stage.fused(), column, column + n_columns});
            });
        } else {
            for (Index r = 0; r < n; ++r)
                kernels_.dense_forward_row(stage.n_in, stage.n_out, inputs + r * ld_in, weights + stage.offset,
                                           outputs + r * ld_out, stage.fused());
        }
        if (stage.fused() == stage.function) return;
        z = outputs;
        ld_z = ld_out;
    }
    kernels_.activate(stage.function, n, stage.n_out, ld_z, z, ld_out, outputs);
}

}  // namespace

template <class T>
bool compute_logits(const Network& network, const Features<T>& features, const T* weights, T* logits, int n_threads,
                    const Interrupted& interrupted) {
    Lookout lookout;
    lookout.begin(interrupted);
    if (features.n_rows <= few_rows) {
        if (features.n_rows > 0)
            Prediction<T>(network, features.n_rows)
                .run(features, 0, features.n_rows, nullptr, weights, logits, {&lookout});
        return !lookout.given_up();
    }
    PackedWeights<T> packed(network, false, features.sparse());
    packed.pack_all(weights);
    const Index n_tiles = (features.n_rows + tile - 1) / tile;
    Team team(static_cast<int>(std::min<Index>(n_threads, n_tiles)));
    std::vector<Prediction<T>> predictions;  // a member's own
    for (int member = 0; member < team.size(); ++member)
        predictions.emplace_back(network, std::min(tile, features.n_rows));
    std::atomic<Index> next{0};
    team.run([&](int member) {
        Prediction<T>& prediction = predictions[static_cast<size_t>(member)];
        const Look look{&lookout, member};
        for (Index t = next++; t < n_tiles && look.goes_on(); t = next++) {
            const Index first = t * tile, n = std::min(tile, features.n_rows - first);
            prediction.run(features, first, n, &packed, weights, logits + first * network.n_outputs(), look);
        }
    });
    return !lookout.given_up();
}

template bool compute_logits<float>(const Network&, const Features<float>&, const float*, float*, int,
                                    const Interrupted&);
template bool compute_logits<double>(const Network&, const Features<double>&, const double*, double*, int,
                                     const Interrupted&);

}  // namespace chainrule
