// The first dense layer of sparse rows against loops over the same rows written out.
#include "instruction_sets.hpp"
#include "panels.hpp"
#include "sparse.hpp"

namespace chainrule::tests {

namespace {

// Rows of a table in an order of their own, or some that follow one another.
template <class T>
SparseRows<T> rows_of(const CSR<T>& table, const std::vector<uint32_t>& order, Index first) {
    return {table.values.data(), table.columns.data(), table.starts.data(), order.empty() ? nullptr : order.data(),
            first};
}

template <class T>
void check_forward(const Kernels<T>& kernels, const std::string& where, const CSR<T>& table, const SparseRows<T>& x,
                   Index rows, Index n_out) {
    Random random(1);
    const std::vector<T> matrix = table.dense(), W = random.numbers<T>((table.n + 1) * n_out);
    const Index ld = padded(kernels, n_out);
    std::vector<T> outputs(static_cast<size_t>(rows * ld));
    kernels.sparse_forward(x, rows, table.n, n_out, W.data(), outputs.data(), ld, Function::leaky_relu);
    for (Index r = 0; r < rows; ++r)
        for (Index j = 0; j < n_out; ++j) {
            Sum<T> sum;
            for (Index k = 0; k < table.n; ++k)
                sum.add(matrix[static_cast<size_t>(x.row(r) * table.n + k)], W[static_cast<size_t>(k * n_out + j)]);
            sum.add(1, W[static_cast<size_t>(table.n * n_out + j)]);
            const long double expected = sum.value > 0 ? sum.value : static_cast<long double>(T(0.01)) * sum.value;
            CHECK_NEAR(outputs[static_cast<size_t>(r * ld + j)], expected, sum.bound(), where, " at ", r, ", ", j);
        }
}

template <class T>
void check_gradient(const Kernels<T>& kernels, const std::string& where, const CSR<T>& table, const SparseRows<T>& x,
                    Index rows, Index n_out) {
    Random random(2);
    const std::vector<T> matrix = table.dense(), d = random.numbers<T>(rows * n_out);
    Panels<T> deltas(kernels, n_out, rows + 2);  // of a larger minibatch
    deltas.first = 1;
    for (Index r = 0; r < rows; ++r)
        for (Index c = 0; c < n_out; ++c) deltas.at(r, c) = d[static_cast<size_t>(r * n_out + c)];
    const Index half = table.n / 2;
    for (const auto& [i0, i1] : {std::pair<Index, Index>{0, half}, {half, table.n + 1}}) {
        std::vector<T> block(static_cast<size_t>((i1 - i0) * n_out), T(77));
        kernels.sparse_gradient({x, rows, table.n, n_out, deltas.place(), deltas.numbers.data(), i0, i1, block.data()});
        for (Index i = i0; i < i1; ++i)
            for (Index j = 0; j < n_out; ++j) {
                Sum<T> sum;
                for (Index r = 0; r < rows; ++r)
                    sum.add(i < table.n ? matrix[static_cast<size_t>(x.row(r) * table.n + i)] : T(1),
                            d[static_cast<size_t>(r * n_out + j)]);
                CHECK_NEAR(block[static_cast<size_t>((i - i0) * n_out + j)], sum.value, sum.bound(), where, " at ", i,
                           ", ", j);
            }
    }
}

}  // namespace

TEST(sparse_rows_give_what_dense_ones_give) {
    for_all_kernels([]<class T>(const Kernels<T>& kernels, const std::string& set) {
        Random random(3);
        for (Index n_out = 1; n_out <= 40; n_out += 1 + n_out / 4) {
            const CSR<T> table(random, 12, 1 + random.below(30));
            const std::vector<uint32_t> order{7, 0, 11, 5, 1};
            const std::string where = text_of(set, " n_in ", table.n, " n_out ", n_out);
            for (const SparseRows<T>& x : {rows_of(table, order, 0), rows_of(table, {}, 6)}) {
                check_forward(kernels, where, table, x, 5, n_out);
                check_gradient(kernels, where, table, x, 5, n_out);
            }
        }
    });
}

}  // namespace chainrule::tests
