#include "operands.hpp"

#include <algorithm>
#include <random>

#include "isa.hpp"

namespace chainrule::benchmarks {

Matrix whole_numbers(Index n, unsigned seed) {
    std::mt19937 random(seed);
    Matrix numbers(static_cast<size_t>(n));
    for (float& number : numbers)
        number = static_cast<float>(static_cast<int>(random() % (2 * largest_number + 1)) - largest_number);
    return numbers;
}

Matrix with_ones(Matrix matrix, Index rows) {
    const Index n = static_cast<Index>(matrix.size()) / rows;
    for (Index r = rows; r > 0; --r) matrix.insert(matrix.begin() + r * n, 1.0f);
    return matrix;
}

Matrix transposed(const Matrix& matrix, Index rows, Index columns) {
    Matrix result(matrix.size());
    for (Index r = 0; r < rows; ++r)
        for (Index c = 0; c < columns; ++c)
            result[static_cast<size_t>(c * rows + r)] = matrix[static_cast<size_t>(r * columns + c)];
    return result;
}

std::vector<double> product(Index m, Index k, Index n, const Matrix& A, const Matrix& B) {
    std::vector<double> C(static_cast<size_t>(m * n));
    for (Index i = 0; i < m; ++i)
        for (Index l = 0; l < k; ++l)
            for (Index j = 0; j < n; ++j)
                C[static_cast<size_t>(i * n + j)] +=
                    static_cast<double>(A[static_cast<size_t>(i * k + l)]) * B[static_cast<size_t>(l * n + j)];
    return C;
}

Index place_in_panels(Index panel, Index n, Index strip, Index row, Index column) {
    const Index start = column / panel * panel, width = n - start > panel / 2 ? panel : panel / 2;
    return start * strip + row * width + column - start;
}

Buffer<float> into_panels(const Matrix& matrix, Index rows, Index n, Index strip) {
    const Kernels<float>& kernels = chainrule::kernels<float>();
    Buffer<float> panels(strip * padded(kernels, n));
    for (Index r = 0; r < rows; ++r)
        for (Index c = 0; c < n; ++c)
            panels.data()[place_in_panels(kernels.panel, n, strip, r, c)] = matrix[static_cast<size_t>(r * n + c)];
    return panels;
}

std::vector<double> out_of_panels(const float* panels, Index rows, Index n, Index strip) {
    const Index panel = kernels<float>().panel;
    std::vector<double> matrix;
    for (Index r = 0; r < rows; ++r)
        for (Index c = 0; c < n; ++c) matrix.push_back(panels[place_in_panels(panel, n, strip, r, c)]);
    return matrix;
}

Buffer<float> into_rows(const Matrix& matrix, Index rows, Index n, Index ld) {
    Buffer<float> memory(rows * ld);
    for (Index r = 0; r < rows; ++r) std::copy_n(matrix.data() + r * n, n, memory.data() + r * ld);
    return memory;
}

std::vector<double> out_of_rows(const float* memory, Index rows, Index n, Index ld) {
    std::vector<double> matrix;
    for (Index r = 0; r < rows; ++r) matrix.insert(matrix.end(), memory + r * ld, memory + r * ld + n);
    return matrix;
}

}  // namespace chainrule::benchmarks
