// What is timed: a kernel at work on operands of its own, with what it should have computed.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "network.hpp"

namespace chainrule::benchmarks {

struct Work {
    std::function<void()> run;
    // After the first run: what it has computed, and what loops over the definition say.
    std::function<std::vector<double>()> computed, expected;
    double bound;  // how far a number may be from what is expected
};

// Operands are whole numbers so small that their sums of products are exact in float, whatever their order.
constexpr double exact = 0;

// The products of a dense stage, of so many rows: "forward", "backward" (to its inputs) and "gradient" (of its weights).
Work forward(const Network& network, size_t stage, Index rows);
Work backward(const Network& network, size_t stage, Index rows);
Work gradient(const Network& network, size_t stage, Index rows);

// The whole W of a dense stage into the panels of W ("pack") and of Wᵀ ("transpose").
Work packing(const Stage& stage);
Work transposing(const Stage& stage);

// A step of an optimizer with the whole W of a dense stage; with `packs` the new weights go into the panels of W too.
Work descent(const Stage& stage, OptimizerKind kind, bool packs);

}  // namespace chainrule::benchmarks
