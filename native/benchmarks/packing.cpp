// The weights into the form that the products read.
#include <memory>

#include "isa.hpp"
#include "operands.hpp"
#include "work.hpp"

namespace chainrule::benchmarks {

namespace {

struct Weights {
    Weights(const Stage& stage, Index rows, Index columns)
        : n_in(stage.n_in), n_out(stage.n_out), W(whole_numbers(stage.n_weights(), 1)), rows(rows), columns(columns) {}

    const Kernels<float>& kernels = chainrule::kernels<float>();
    Index n_in, n_out;
    Matrix W;  // (n_in + 1, n_out)
    Index rows, columns;
    Buffer<float> panels{rows * padded(kernels, columns)};

    std::vector<double> unpacked() const { return out_of_panels(panels.data(), rows, columns, rows); }
};

}  // namespace

Work packing(const Stage& stage) {
    const auto of = std::make_shared<Weights>(stage, stage.n_in + 1, stage.n_out);
    return {[of] {
                of->kernels.pack_forward(of->W.data(), of->n_in, of->n_out, 0, of->n_in + 1, 0, of->n_out,
                                         of->panels.data());
            },
            [of] {
                const float* packed = of->panels.data();
                if (of->n_out > of->kernels.narrow) return of->unpacked();
                const Matrix W = transposed({packed, packed + of->W.size()}, of->n_out, of->n_in + 1);
                return std::vector<double>(W.begin(), W.end());
            },
            [of] { return std::vector<double>(of->W.begin(), of->W.end()); }, exact};
}

Work transposing(const Stage& stage) {
    const auto of = std::make_shared<Weights>(stage, stage.n_out, stage.n_in);
    const auto expected = [of] {
        const Matrix without_bias(of->W.begin(), of->W.end() - of->n_out);
        const Matrix result = transposed(without_bias, of->n_in, of->n_out);
        return std::vector<double>(result.begin(), result.end());
    };
    return {[of] {
                of->kernels.pack_backward(of->W.data(), of->n_in, of->n_out, 0, of->n_in + 1, 0, of->n_out,
                                          of->panels.data());
            },
            [of] { return of->unpacked(); }, expected, exact};
}

}  // namespace chainrule::benchmarks
