// The three products of a dense layer, in the pieces that the core takes: some rows at a time on the way forward and back,
// blocks of W for the gradient.
#include <algorithm>
#include <iterator>
#include <memory>

#include "blocks.hpp"
#include "isa.hpp"
#include "operands.hpp"
#include "work.hpp"

namespace chainrule::benchmarks {

namespace {

constexpr Index rows_at_once = 96;  // session.cpp's most_rows_at_once

// Call f(first row, number of rows) for parts of the rows as even as can be.
template <class F>
void for_parts(Index rows, F f) {
    const Index n = (rows + rows_at_once - 1) / rows_at_once;
    for (Index part = 0; part < n; ++part) {
        const Index r0 = rows * part / n;
        f(r0, rows * (part + 1) / n - r0);
    }
}

// Operands of a dense stage and results of its products; in memory as Minibatch has them.
struct Operands {
    Operands(const Network& network, size_t index, Index rows)
        : stage(network.stages[index]),
          rows(rows),
          n_in(stage.n_in),
          n_out(stage.n_out),
          x(with_ones(whole_numbers(rows * n_in, 1), rows)),
          W(whole_numbers((n_in + 1) * n_out, 2)),
          deltas(whole_numbers(rows * n_out, 3)) {}

    const Kernels<float>& kernels = chainrule::kernels<float>();
    const Stage& stage;
    Index rows, n_in, n_out;
    Matrix x, W, deltas;  // (rows, n_in + 1), (n_in + 1, n_out), (rows, n_out)
    Index strip = rows + 1, ld_in = row_length(kernels, n_in), ld_out = row_length(kernels, n_out);
    Buffer<float> inputs = into_rows(x, rows, n_in + 1, ld_in);
    Buffer<float> deltas_in_panels = into_panels(deltas, rows, n_out, strip);

    Matrix W_without_bias() const { return {W.begin(), W.end() - n_out}; }
};

}  // namespace

Work forward(const Network& network, size_t stage, Index rows) {
    struct Forward : Operands {
        using Operands::Operands;
        Buffer<float> packed{padded(kernels, n_out) * (n_in + 1)}, outputs{rows * ld_out};
    };
    const auto of = std::make_shared<Forward>(network, stage, rows);
    of->kernels.pack_forward(of->W.data(), of->n_in, of->n_out, 0, of->n_in + 1, 0, of->n_out, of->packed.data());
    const auto run = [of] {
        for_parts(of->rows, [&](Index r0, Index n) {
            of->kernels.dense_forward({n, of->n_in, of->n_out, of->inputs.data() + r0 * of->ld_in, of->ld_in,
                                       of->packed.data(), of->outputs.data() + r0 * of->ld_out, of->ld_out,
                                       Function::identity, 0, of->n_out});
        });
    };
    return {run, [of] { return out_of_rows(of->outputs.data(), of->rows, of->n_out, of->ld_out); },
            [of] { return product(of->rows, of->n_in + 1, of->n_out, of->x, of->W); }, exact};
}

Work backward(const Network& network, size_t stage, Index rows) {
    struct Backward : Operands {
        using Operands::Operands;
        Matrix transposed_W = transposed(W_without_bias(), n_in, n_out);
        Buffer<float> panels = into_panels(transposed_W, n_out, n_in, n_out), d_inputs{strip * padded(kernels, n_in)};
    };
    const auto of = std::make_shared<Backward>(network, stage, rows);
    const auto run = [of] {
        for_parts(of->rows, [&](Index r0, Index n) {
            of->kernels.dense_backward({n,
                                        of->n_in,
                                        of->n_out,
                                        {r0, of->strip},
                                        of->deltas_in_panels.data(),
                                        of->panels.data(),
                                        of->d_inputs.data(),
                                        {}});
        });
    };
    return {run, [of] { return out_of_panels(of->d_inputs.data(), of->rows, of->n_in, of->strip); },
            [of] { return product(of->rows, of->n_out, of->n_in, of->deltas, of->transposed_W); }, exact};
}

// Each block goes to the same memory, as the core's descent takes it from there at once: there is never a whole gradient of many
// weights. So the check computes the blocks again, and puts them together.
Work gradient(const Network& network, size_t stage, Index rows) {
    struct Gradient : Operands {
        Gradient(const Network& network, size_t index, Index rows) : Operands(network, index, rows) {
            const Blocks<float> all(network, false);
            std::copy_if(all.begin(), all.end(), std::back_inserter(blocks),
                         [index](const Block& block) { return block.stage == index; });
            numbers = Buffer<float>(all.largest());
        }

        void compute(const Block& b) const {
            kernels.dense_gradient({rows,
                                    n_out,
                                    inputs.data(),
                                    ld_in,
                                    deltas_in_panels.data(),
                                    strip,
                                    b.i0,
                                    b.i1,
                                    b.p0,
                                    b.p1,
                                    numbers.data(),
                                    b.ld,
                                    {}});
        }

        std::vector<double> whole() const {
            std::vector<double> result(W.size());
            for (const Block& b : blocks) {
                compute(b);
                for (Index i = b.i0; i < b.i1; ++i)
                    std::copy_n(numbers.data() + (i - b.i0) * b.ld, b.ld,
                                result.begin() + i * n_out + b.p0 * kernels.panel);
            }
            return result;
        }

        std::vector<Block> blocks;
        Buffer<float> numbers;
    };
    const auto of = std::make_shared<Gradient>(network, stage, rows);
    const auto run = [of] {
        for (const Block& block : of->blocks) of->compute(block);
    };
    const auto expected = [of] {
        return product(of->n_in + 1, of->rows, of->n_out, transposed(of->x, of->rows, of->n_in + 1), of->deltas);
    };
    return {run, [of] { return of->whole(); }, expected, exact};
}

}  // namespace chainrule::benchmarks
