// Operands of the kernels, and the products of matrices by three loops.
#pragma once

#include <vector>

#include "buffer.hpp"

namespace chainrule::benchmarks {

using Matrix = std::vector<float>;  // row after row

constexpr int largest_number = 4;

// Whole numbers from -largest_number to largest_number; another seed, others.
Matrix whole_numbers(Index n, unsigned seed);

// (rows, n) with a last column of ones, which makes n + 1: the input of the biases.
Matrix with_ones(Matrix matrix, Index rows);

Matrix transposed(const Matrix& matrix, Index rows, Index columns);

// A (m, k) times B (k, n).
std::vector<double> product(Index m, Index k, Index n, const Matrix& A, const Matrix& B);

// Where number (row, column) of a matrix of n columns is in panels whose strips hold `strip` rows (see kernels.hpp).
Index place_in_panels(Index panel, Index n, Index strip, Index row, Index column);

// A matrix (rows, n) put into panels whose strips hold `strip` rows, and taken out of them.
Buffer<float> into_panels(const Matrix& matrix, Index rows, Index n, Index strip);
std::vector<double> out_of_panels(const float* panels, Index rows, Index n, Index strip);

// A matrix (rows, n) in memory whose rows are ld numbers long, and the way back.
Buffer<float> into_rows(const Matrix& matrix, Index rows, Index n, Index ld);
std::vector<double> out_of_rows(const float* memory, Index rows, Index n, Index ld);

}  // namespace chainrule::benchmarks
