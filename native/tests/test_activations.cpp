// Activations against their definitions in long double.
#include <algorithm>

#include "instruction_sets.hpp"

namespace chainrule::tests {

namespace {

constexpr Function functions[] = {Function::identity, Function::relu,     Function::leaky_relu, Function::elu,
                                  Function::selu,     Function::gelu,     Function::silu,       Function::mish,
                                  Function::tanh,     Function::logistic, Function::softplus};

// A value, and the size of the largest term that it is made of: what a rounding may be relative to.
struct Expected {
    long double value, size;
    Expected(long double value) : value(value), size(std::abs(value)) {}
    Expected(long double a, long double b) : value(a + b), size(std::max(std::abs(a), std::abs(b))) {}
};

constexpr long double units = 8;  // in the last place that a result may be off by

// What goes by e^(-z²/2): one rounding on the way to the exponent is one of z²·ε/2 in the result.
Expected in_the_tail(Expected expected, long double z) {
    expected.size *= 1 + z * z / units;
    return expected;
}

long double logistic(long double z) { return z < 0 ? std::exp(z) / (1 + std::exp(z)) : 1 / (1 + std::exp(-z)); }
long double softplus(long double z) { return std::max(z, 0.0L) + std::log1p(std::exp(-std::abs(z))); }
long double normal_distribution(long double z) { return std::erfc(-z / std::sqrt(2.0L)) / 2; }
// 1 - tanh(x)², without the difference.
long double sech_squared(long double x) { return 1 / (std::cosh(x) * std::cosh(x)); }

constexpr long double selu_scale = 1.0507009873554804934193349852946L, selu_alpha = 1.6732632423543772848170429916717L;

template <class T>
Expected phi(Function function, long double z) {
    switch (function) {
        case Function::identity: return z;
        case Function::relu: return z > 0 ? z : 0;
        case Function::leaky_relu: return z > 0 ? z : T(0.01) * z;
        case Function::elu: return z > 0 ? z : std::expm1(z);
        case Function::selu: return selu_scale * (z > 0 ? z : selu_alpha * std::expm1(z));
        case Function::gelu: return in_the_tail(z * normal_distribution(z), z);
        case Function::silu: return z * logistic(z);
        case Function::mish: return z * std::tanh(softplus(z));
        case Function::tanh: return std::tanh(z);
        case Function::logistic: return logistic(z);
        case Function::softplus: return softplus(z);
    }
    return NAN;
}

template <class T>
Expected phi_prime(Function function, long double z) {
    switch (function) {
        case Function::identity: return 1;
        case Function::relu: return z > 0 ? 1 : 0;
        case Function::leaky_relu: return z > 0 ? 1 : T(0.01);
        case Function::elu: return z > 0 ? 1 : std::exp(z);
        case Function::selu: return selu_scale * (z > 0 ? 1 : selu_alpha * std::exp(z));
        case Function::gelu:
            return in_the_tail({normal_distribution(z), z * std::exp(-z * z / 2) / std::sqrt(2 * std::acos(-1.0L))}, z);
        case Function::silu: return {logistic(z), z * logistic(z) * logistic(-z)};
        case Function::mish: return {std::tanh(softplus(z)), z * sech_squared(softplus(z)) * logistic(z)};
        case Function::tanh: return sech_squared(z);
        case Function::logistic: return logistic(z) * logistic(-z);
        case Function::softplus: return logistic(z);
    }
    return NAN;
}

// Both sides of 0 from the smallest numbers to far beyond where every function has come to its limit.
template <class T>
std::vector<T> net_inputs() {
    std::vector<T> z{T(0), T(-0.0)};
    Random random(1);
    for (int i = 0; i < 4000; ++i) {
        const double size = std::pow(10.0, random.between(-30, 2.6));
        z.push_back(static_cast<T>(random.below(2) ? size : -size));
        z.push_back(static_cast<T>(random.between(-12, 12)));
    }
    while (z.size() % 16 != 0) z.push_back(1);
    return z;
}

template <class T>
void check_values(const std::string& where, const std::vector<T>& z, const std::vector<T>& got,
                  Expected (*expected)(Function, long double), Function function) {
    for (size_t i = 0; i < z.size(); ++i) {
        const Expected exact = expected(function, z[i]);
        // Where a factor of z is below the normal numbers, it is off by up to one of the smallest.
        const long double bound = units * epsilon<T> * exact.size + smallest<T> * (1 + std::abs(z[i]));
        CHECK_NEAR(got[i], exact.value, bound, where, " function ", static_cast<int>(function), " at ", z[i]);
    }
}

}  // namespace

TEST(activations_are_what_they_are_called) {
    for_all_kernels([]<class T>(const Kernels<T>& kernels, const std::string& set) {
        const std::vector<T> z = net_inputs<T>();
        const Index n = 16, rows = static_cast<Index>(z.size()) / n;
        for (const Function function : functions) {
            std::vector<T> a(z.size()), slopes = z;
            kernels.activate(function, rows, n, n, z.data(), n, a.data());
            kernels.slopes(function, rows, n, n, slopes.data());
            check_values<T>(set + " φ", z, a, phi<T>, function);
            check_values<T>(set + " φ′", z, slopes, phi_prime<T>, function);
        }
    });
}

TEST(activations_of_what_is_no_number) {
    for_all_kernels([]<class T>(const Kernels<T>& kernels, const std::string& set) {
        constexpr Index n = 16;
        for (const Function function : functions) {
            std::vector<T> z(n, T(NAN)), a(n);
            kernels.activate(function, 1, n, n, z.data(), n, a.data());
            for (const T value : a) CHECK(std::isnan(value), set, " φ ", static_cast<int>(function));
        }
    });
}

TEST(activations_keep_to_their_columns) {
    for_all_kernels([]<class T>(const Kernels<T>& kernels, const std::string& set) {
        const Index lanes = kernels.panel / 2, ld_z = 3 * lanes, ld_a = 4 * lanes;
        for (Index n = 1; n <= 2 * lanes; ++n) {
            const std::vector<T> z(static_cast<size_t>(3 * ld_z), T(2));
            std::vector<T> a(static_cast<size_t>(3 * ld_a), T(77));
            kernels.activate(Function::silu, 3, n, ld_z, z.data(), ld_a, a.data());
            for (Index r = 0; r < 3; ++r)
                for (Index i = 0; i < ld_a; ++i) {
                    const bool changed = a[static_cast<size_t>(r * ld_a + i)] != 77;
                    CHECK(i < n ? changed : i < (n + lanes - 1) / lanes * lanes || !changed, set, " n ", n, " at ", i);
                }
        }
    });
}

}  // namespace chainrule::tests
