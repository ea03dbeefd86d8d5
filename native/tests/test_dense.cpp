// The dense layer's matrix products against sums over three loops, for shapes with every kind of remainder.
#include "instruction_sets.hpp"
#include "panels.hpp"

namespace chainrule::tests {

namespace {

struct Shape {
    Index rows, n_in, n_out;
};

// Tiles of 1 to 13 rows, strips of one vector and of two, whole and not; inner sums of more than one block; few columns.
std::vector<Shape> shapes() {
    std::vector<Shape> shapes{{1, 1, 1}, {2, 300, 3}, {300, 2, 33}, {5, 17, 300}, {96, 64, 32}, {270, 257, 20}};
    Random random(7);
    for (Index rows = 1; rows <= 26; ++rows) shapes.push_back({rows, 1 + random.below(40), 1 + random.below(70)});
    for (Index n_out = 1; n_out <= 34; ++n_out) shapes.push_back({1 + random.below(15), 1 + random.below(20), n_out});
    for (Index n_in = 1; n_in <= 34; ++n_in) shapes.push_back({1 + random.below(26), n_in, 1 + random.below(4)});
    return shapes;
}

std::string named(const std::string& set, const Shape& shape) {
    return text_of(set, " rows ", shape.rows, " n_in ", shape.n_in, " n_out ", shape.n_out);
}

// Rows of n numbers and a one, and then what must not count.
template <class T>
std::vector<T> rows_with_ones(Random& random, Index rows, Index n, Index ld) {
    std::vector<T> inputs = random.numbers<T>(rows * ld);
    for (Index r = 0; r < rows; ++r) {
        inputs[static_cast<size_t>(r * ld + n)] = 1;
        for (Index k = n + 1; k < ld; ++k) inputs[static_cast<size_t>(r * ld + k)] = T(NAN);
    }
    return inputs;
}

template <class T>
long double applied(Function function, long double z) {
    if (function == Function::relu) return z > 0 ? z : 0;
    if (function == Function::leaky_relu) return z > 0 ? z : static_cast<long double>(T(0.01)) * z;
    return z;
}

constexpr Function piecewise_linear[] = {Function::identity, Function::relu, Function::leaky_relu};

template <class T>
void check_forward(const Kernels<T>& kernels, const std::string& set, const Shape& shape, Function function) {
    Random random(1);
    const auto [rows, n_in, n_out] = shape;
    const Index ld_in = padded(kernels, n_in + 1), width = padded(kernels, n_out), ld_out = width + 2;
    const std::vector<T> x = rows_with_ones<T>(random, rows, n_in, ld_in), W = random.numbers<T>((n_in + 1) * n_out);
    std::vector<T> packed(static_cast<size_t>(width * (n_in + 1)));
    kernels.pack_forward(W.data(), n_in, n_out, 0, n_in + 1, 0, n_out, packed.data());
    std::vector<T> outputs(static_cast<size_t>(rows * ld_out), T(77)), row(static_cast<size_t>(n_out));
    // In pieces of columns, as the stages of a network are.
    for (Index c0 = 0; c0 < n_out; c0 += kernels.panel)
        kernels.dense_forward({rows, n_in, n_out, x.data(), ld_in, packed.data(), outputs.data(), ld_out, function, c0,
                               std::min(c0 + kernels.panel, n_out)});
    for (Index r = 0; r < rows; ++r) {
        kernels.dense_forward_row(n_in, n_out, x.data() + r * ld_in, W.data(), row.data(), function);
        for (Index j = 0; j < n_out; ++j) {
            Sum<T> sum;
            for (Index k = 0; k <= n_in; ++k)
                sum.add(x[static_cast<size_t>(r * ld_in + k)], W[static_cast<size_t>(k * n_out + j)]);
            const T got = outputs[static_cast<size_t>(r * ld_out + j)];
            CHECK_NEAR(got, applied<T>(function, sum.value), sum.bound(), named(set, shape), " at ", r, ", ", j);
            CHECK(row[static_cast<size_t>(j)] == got, "a row alone: ", named(set, shape), " at ", r, ", ", j);
        }
        for (Index j = width; j < ld_out; ++j)
            CHECK(outputs[static_cast<size_t>(r * ld_out + j)] == 77, "beyond the panels: ", named(set, shape));
    }
}

// φ′ and the mask as each kind of derivative says them, with the factor that it means for every number.
template <class T>
struct Factors {
    std::vector<T> buffer;
    Derivative<T> derivative;

    Factors(Random& random, Slope slope, Index rows, Index ld) : buffer(random.numbers<T>(rows * ld)) {
        derivative = {slope, buffer.data(), ld, T(1.25), T(0.01)};
    }

    long double at(Index row, Index column) const {
        const T stored = buffer[static_cast<size_t>(row * derivative.ld + column)];
        if (derivative.slope == Slope::one) return 1;
        if (derivative.slope == Slope::in_buffer) return stored;
        return stored > 0 ? derivative.positive : derivative.negative;
    }
};

template <class T>
void check_backward(const Kernels<T>& kernels, const std::string& set, const Shape& shape, Slope slope) {
    Random random(2);
    const auto [rows, n_in, n_out] = shape;
    const Index strip = rows + 5;
    Panels<T> deltas(kernels, n_out, strip), d_inputs(kernels, n_in, strip, T(77));
    deltas.first = d_inputs.first = 2;
    for (Index r = 0; r < rows; ++r)
        for (Index j = 0; j < n_out; ++j) deltas.at(r, j) = static_cast<T>(random.between(-1, 1));
    const std::vector<T> W = random.numbers<T>(n_in * n_out);
    const Panels<T> panels = in_panels(kernels, transposed(W, n_in, n_out), n_in);
    const Factors<T> factors(random, slope, rows, padded(kernels, n_in));
    kernels.dense_backward({rows, n_in, n_out, deltas.place(), deltas.numbers.data(), panels.numbers.data(),
                            d_inputs.numbers.data(), factors.derivative});
    for (Index i = 0; i < n_in; ++i) {
        for (Index r = 0; r < rows; ++r) {
            Sum<T> sum;
            for (Index j = 0; j < n_out; ++j) sum.add(deltas.at(r, j), W[static_cast<size_t>(i * n_out + j)]);
            const long double factor = factors.at(r, i);
            CHECK_NEAR(d_inputs.at(r, i), sum.value * factor, (sum.bound() + epsilon<T>)*std::abs(factor),
                       named(set, shape), " at ", r, ", ", i);
        }
        for (const Index r : {Index{-2}, Index{-1}, rows, rows + 1, rows + 2})
            CHECK(d_inputs.at(r, i) == 77, "another's row ", r, ": ", named(set, shape));
    }
}

// The gradient's rows i0 … i1 - 1, strips p0 … p1 - 1.
template <class T>
void check_gradient_block(const Kernels<T>& kernels, const std::string& set, const Shape& shape, Index gap, Index i0,
                          Index i1, Index p0, Index p1) {
    Random random(3);
    const auto [rows, n_in, n_out] = shape;
    const Index ld_in = padded(kernels, n_in + 1) + gap, first = p0 * kernels.panel;
    const Index n = std::min(p1 * kernels.panel, n_out) - first, ld = n + 1;
    const std::vector<T> x = rows_with_ones<T>(random, rows, n_in, ld_in);
    const std::vector<T> W((static_cast<size_t>((n_in + 1) * n_out)));
    const std::vector<T> d = random.numbers<T>(rows * n_out);
    const Panels<T> deltas = in_panels(kernels, d, n_out);
    std::vector<T> block(static_cast<size_t>((i1 - i0) * ld - 1), T(77));
    kernels.dense_gradient({rows,
                            n_out,
                            x.data(),
                            ld_in,
                            deltas.numbers.data(),
                            rows,
                            i0,
                            i1,
                            p0,
                            p1,
                            block.data(),
                            ld,
                            {W.data(), nullptr, W.data()}});
    for (Index i = i0; i < i1; ++i) {
        const T* got = block.data() + (i - i0) * ld;
        for (Index j = 0; j < n; ++j) {
            Sum<T> sum;
            for (Index r = 0; r < rows; ++r)
                sum.add(x[static_cast<size_t>(r * ld_in + i)], d[static_cast<size_t>(r * n_out + first + j)]);
            CHECK_NEAR(got[j], sum.value, sum.bound(), named(set, shape), " at ", i, ", ", first + j);
        }
        if (i + 1 < i1) CHECK(got[n] == 77, "beyond the block: ", named(set, shape));
    }
}

}  // namespace

TEST(dense_forward_is_the_product) {
    for_all_kernels([]<class T>(const Kernels<T>& kernels, const std::string& set) {
        for (const Shape& shape : shapes())
            for (const Function function : piecewise_linear) check_forward(kernels, set, shape, function);
    });
}

TEST(dense_backward_is_the_product_with_the_transpose) {
    for_all_kernels([]<class T>(const Kernels<T>& kernels, const std::string& set) {
        for (const Shape& shape : shapes())
            for (const Slope slope : {Slope::one, Slope::of_sign, Slope::in_buffer})
                check_backward(kernels, set, shape, slope);
    });
}

TEST(dense_gradient_is_the_product_over_the_rows) {
    for_all_kernels([]<class T>(const Kernels<T>& kernels, const std::string& set) {
        for (const Shape& shape : shapes()) {
            const Index n_strips = (shape.n_out + kernels.panel - 1) / kernels.panel;
            check_gradient_block(kernels, set, shape, kernels.panel, 0, shape.n_in + 1, 0, n_strips);
            const Index i0 = shape.n_in / 2 / kernels.block_rows * kernels.block_rows;
            check_gradient_block(kernels, set, shape, 0, i0, shape.n_in + 1, n_strips / 2, n_strips);
        }
        check_gradient_block(kernels, set, {300, 19, 21}, 2048, 0, 20, 0, 1);  // every row on a page of its own
    });
}

TEST(packing_puts_every_weight_in_its_place) {
    for_all_kernels([]<class T>(const Kernels<T>& kernels, const std::string& set) {
        Random random(4);
        for (const Shape& shape : shapes()) {
            const auto [_, n_in, n_out] = shape;
            const std::vector<T> W = random.numbers<T>((n_in + 1) * n_out);
            const std::vector<T> without_bias(W.begin(), W.end() - n_out);
            Panels<T> forward(kernels, n_out, n_in + 1), backward(kernels, n_in, n_out);
            // In pieces, as the blocks of the gradient are.
            for (Index i0 = 0; i0 <= n_in; i0 += kernels.block_rows)
                for (Index c0 = 0; c0 < n_out; c0 += kernels.panel) {
                    const Index i1 = std::min(i0 + kernels.block_rows, n_in + 1),
                                c1 = std::min(c0 + kernels.panel, n_out);
                    kernels.pack_forward(W.data(), n_in, n_out, i0, i1, c0, c1, forward.numbers.data());
                    kernels.pack_backward(W.data(), n_in, n_out, i0, i1, c0, c1, backward.numbers.data());
                }
            const bool is_narrow = n_out <= kernels.narrow;
            if (is_narrow) forward.numbers.resize(W.size());
            CHECK(
                forward.numbers == (is_narrow ? transposed(W, n_in + 1, n_out) : in_panels(kernels, W, n_out).numbers),
                named(set, shape));
            CHECK(backward.numbers == in_panels(kernels, transposed(without_bias, n_in, n_out), n_in).numbers,
                  named(set, shape));
        }
    });
}

TEST(the_derivative_is_multiplied_in_place) {
    for_all_kernels([]<class T>(const Kernels<T>& kernels, const std::string& set) {
        Random random(5);
        for (Index n = 1; n <= 40; ++n)
            for (const Slope slope : {Slope::one, Slope::of_sign, Slope::in_buffer}) {
                const std::vector<T> before = random.numbers<T>(7 * n);
                Panels<T> d = in_panels(kernels, before, n);
                d.first = 2;
                const Factors<T> factors(random, slope, 3, padded(kernels, n));
                kernels.apply_derivative(factors.derivative, 3, n, d.place(), d.numbers.data());
                d.first = 0;
                for (Index r = 0; r < 7; ++r)
                    for (Index i = 0; i < n; ++i) {
                        const T was = before[static_cast<size_t>(r * n + i)];
                        const bool own = r >= 2 && r < 5;
                        CHECK(d.at(r, i) == (own ? was * static_cast<T>(factors.at(r - 2, i)) : was), set, " n ", n,
                              " at ", r, ", ", i);
                    }
            }
    });
}

}  // namespace chainrule::tests
