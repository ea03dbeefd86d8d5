// What a test needs: a list of tests that enter themselves, checks that say where they fail, random numbers.
#pragma once

#include <cmath>
#include <cstdint>
#include <random>
#include <sstream>
#include <string>
#include <type_traits>
#include <vector>

#include "kernels.hpp"

namespace chainrule::tests {

struct Test {
    std::string name;
    void (*run)();
};

// All tests of the program, in no particular order.
std::vector<Test>& all_tests();

struct Entered {
    Entered(const char* name, void (*run)()) { all_tests().push_back({name, run}); }
};

#define TEST(name)                                    \
    static void name();                               \
    static const Entered entered_##name(#name, name); \
    static void name()

// Prints what failed, and where; the program goes on, and ends with 1.
void report_failure(const char* file, int line, const std::string& what);

template <class... Parts>
std::string text_of(const Parts&... parts) {
    std::ostringstream text;
    text.precision(17);
    (text << ... << parts);
    return text.str();
}

// The condition, and what else tells the case from others.
#define CHECK(condition, ...)                                                                         \
    do {                                                                                              \
        if (!(condition)) report_failure(__FILE__, __LINE__, text_of(#condition, "; ", __VA_ARGS__)); \
    } while (false)

// got equals expected within a bound; where expected is no number, got must be none either.
inline bool near(long double got, long double expected, long double bound) {
    if (std::isnan(expected)) return std::isnan(got);
    if (std::isinf(expected)) return got == expected;
    return std::abs(got - expected) <= bound;
}

#define CHECK_NEAR(got, expected, bound, ...) \
    CHECK(near(got, expected, bound), __VA_ARGS__, ": got ", got, ", expected ", expected, " within ", bound)

template <class T>
constexpr long double epsilon = std::numeric_limits<T>::epsilon();

// The smallest number: what a result below the normal range may be off by.
template <class T>
constexpr long double smallest = std::numeric_limits<T>::denorm_min();

class Random {
   public:
    explicit Random(uint64_t seed) : engine_(seed) {}

    Index below(Index n) { return static_cast<Index>(engine_() % static_cast<uint64_t>(n)); }

    double between(double low, double high) {
        return low + (high - low) * static_cast<double>(engine_() >> 11) * 0x1p-53;
    }

    // n numbers from low to high, in memory of exactly that size: the address sanitizer sees the first one beyond.
    template <class T>
    std::vector<T> numbers(Index n, double low = -1, double high = 1) {
        std::vector<T> numbers(static_cast<size_t>(n));
        for (T& number : numbers) number = static_cast<T>(between(low, high));
        return numbers;
    }

   private:
    std::mt19937_64 engine_;
};

}  // namespace chainrule::tests
