// Runs all tests, or those whose names begin with an argument.
#include <unistd.h>

#include <chrono>
#include <cstdio>

#include "check.hpp"

namespace chainrule::tests {

namespace {
int failures = 0, failures_of_test = 0;
constexpr int failures_shown = 5;  // of a test
constexpr unsigned seconds_of_a_test = 120;
}  // namespace

std::vector<Test>& all_tests() {
    static std::vector<Test> tests;
    return tests;
}

void report_failure(const char* file, int line, const std::string& what) {
    ++failures;
    if (++failures_of_test <= failures_shown) std::printf("%s:%d: %s\n", file, line, what.c_str());
}

bool chosen(const Test& test, int n_wishes, char** wishes) {
    for (int i = 0; i < n_wishes; ++i)
        if (test.name.rfind(wishes[i], 0) == 0) return true;
    return n_wishes == 0;
}

int run_all(int n_wishes, char** wishes) {
    int n_run = 0;
    for (const Test& test : all_tests()) {
        if (!chosen(test, n_wishes, wishes)) continue;
        failures_of_test = 0;
        const auto start = std::chrono::steady_clock::now();
        alarm(seconds_of_a_test);  // ends the program: a test that hangs has failed
        test.run();
        const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
        std::printf("%-7s %6.2f s  %s\n", failures_of_test == 0 ? "passed" : "FAILED", seconds.count(),
                    test.name.c_str());
        std::fflush(stdout);
        ++n_run;
    }
    std::printf("%d tests, %d failed checks\n", n_run, failures);
    return failures > 0 || n_run == 0;
}

}  // namespace chainrule::tests

int main(int argc, char** argv) { return chainrule::tests::run_all(argc - 1, argv + 1); }
