// Times the core's kernels on one thread, by the shapes of a network's dense layers. Without arguments it names the instruction
// sets that this processor runs, the best one first. Otherwise:
//
//     CHAINRULE_ISA=avx2 kernel_speed ROWS FEATURES WIDTH …
//
// reads orders from standard input, one a line, and answers each with a line, the processor's seconds of one run:
//
//     OPERATION LAYER SECONDS      forward 0 0.02
//
// OPERATION is forward, backward, gradient, pack, transpose, an optimizer's name, or one with +pack after it (see work.hpp);
// LAYER counts from 0; SECONDS is for how long the runs are repeated. Before an operation is timed for the first time its result
// is compared with loops over its definition; a wrong one ends the program with status 1. The word `spoilt` at the end of an
// order falsifies a number of the result, to see that this is noticed.
#include <time.h>

#include <algorithm>
#include <cmath>
#include <iostream>
#include <map>
#include <sstream>
#include <stdexcept>

#include "isa.hpp"
#include "work.hpp"

namespace chainrule::benchmarks {

namespace {

constexpr double seconds_of_a_sample = 1e-4;  // some hundred times what asking the clock takes

struct WrongResult : std::runtime_error {
    using std::runtime_error::runtime_error;
};

void compare(const std::vector<double>& computed, const std::vector<double>& expected, double bound) {
    if (computed.size() != expected.size()) throw std::logic_error("a result of another size than its reference");
    for (size_t i = 0; i < computed.size(); ++i) {
        if (std::abs(computed[i] - expected[i]) <= bound) continue;
        std::ostringstream text;
        text << "number " << i << " of the result is " << computed[i] << ", by its definition " << expected[i];
        throw WrongResult(text.str());
    }
}

// Of this process alone: what other processes do meanwhile on its core does not count.
double processor_seconds() {
    timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

double seconds_of(const Work& work, int64_t repeats) {
    const double started = processor_seconds();
    for (int64_t i = 0; i < repeats; ++i) work.run();
    return processor_seconds() - started;
}

// Seconds of one run: of the fastest sample, each of several runs if they are short.
double shortest(const Work& work, double seconds) {
    int64_t repeats = 1;
    while (seconds_of(work, repeats) < seconds_of_a_sample) repeats *= 2;
    double least = INFINITY;
    for (double left = seconds; left > 0;) {
        const double taken = seconds_of(work, repeats);
        least = std::min(least, taken / static_cast<double>(repeats));
        left -= taken;
    }
    return least;
}

class Bench {
   public:
    Bench(Index rows, const std::vector<Index>& widths) : rows_(rows), network_(network_of(widths)) {}

    // Carry out an order and return the answer.
    double carry_out(const std::string& order) {
        std::istringstream words(order);
        std::string operation, spoilt;
        size_t layer = 0;
        double seconds = 0;
        if (!(words >> operation >> layer >> seconds) || layer >= network_.stages.size() || !(seconds > 0))
            throw std::invalid_argument("an order is OPERATION LAYER SECONDS, with a layer of the network");
        words >> spoilt;
        return shortest(checked(operation, layer, spoilt == "spoilt"), seconds);
    }

   private:
    static Network network_of(const std::vector<Index>& widths) {
        std::vector<Layer> layers;
        for (size_t i = 0; i + 1 < widths.size(); ++i)
            layers.push_back({.kind = Layer::Kind::dense, .n_in = widths[i], .n_out = widths[i + 1]});
        return Network(widths.front(), layers, Loss{}, 0, 0);
    }

    Work work_of(const std::string& operation, size_t layer) const {
        if (operation == "forward") return forward(network_, layer, rows_);
        if (operation == "backward") return backward(network_, layer, rows_);
        if (operation == "gradient") return gradient(network_, layer, rows_);
        const Stage& stage = network_.stages[layer];
        if (operation == "pack") return packing(stage);
        if (operation == "transpose") return transposing(stage);
        const size_t name = operation.find("+pack");
        return descent(stage, optimizer_of(operation.substr(0, name)), name != std::string::npos);
    }

    const Work& checked(const std::string& operation, size_t layer, bool spoilt) {
        const auto known = works_.find({operation, layer});
        if (known != works_.end() && !spoilt) return known->second;
        const Work work = work_of(operation, layer);
        work.run();
        std::vector<double> computed = work.computed();
        if (spoilt) computed.back() += 1;
        compare(computed, work.expected(), work.bound);
        return works_[{operation, layer}] = work;
    }

    Index rows_;
    Network network_;
    std::map<std::pair<std::string, size_t>, Work> works_;
};

int run(const std::vector<std::string>& arguments) {
    if (arguments.empty()) {
        for (const std::string& name : instruction_sets()) std::cout << name << '\n';
        return 0;
    }
    std::vector<Index> sizes;
    for (const std::string& argument : arguments) {
        Index size = 0;
        if (!(std::istringstream(argument) >> size) || size < 1 || arguments.size() < 3)
            throw std::invalid_argument("the arguments are ROWS FEATURES WIDTH …, numbers from 1 on");
        sizes.push_back(size);
    }
    Bench bench(sizes[0], {sizes.begin() + 1, sizes.end()});
    std::cout.precision(9);
    for (std::string order; std::getline(std::cin, order);) {
        try {
            std::cout << bench.carry_out(order) << std::endl;
        } catch (const std::exception& error) {
            std::cerr << instruction_set() << ", " << order << ": " << error.what() << '\n';
            return 1;
        }
    }
    return 0;
}

}  // namespace

}  // namespace chainrule::benchmarks

int main(int n, char** arguments) {
    try {
        return chainrule::benchmarks::run({arguments + 1, arguments + n});
    } catch (const std::exception& error) {
        std::cerr << "kernel_speed: " << error.what() << '\n';
        return 1;
    }
}
