// The instruction sets that tests run over: here a test says which one is in use, and not the environment.
#pragma once

#include "check.hpp"
#include "isa.hpp"

namespace chainrule::tests {

struct InstructionSet {
    std::string name;
    const Kernels<float>* of_float;
    const Kernels<double>* of_double;
};

// Those of this build that this processor runs. One of them, "wide", has vectors of 64 bytes where the processor has none:
// the logic of the widest instruction set is tested everywhere.
const std::vector<InstructionSet>& runnable();

// What kernels<T>() of isa.hpp gives from now on.
void use(const InstructionSet& instruction_set);

// Call f(kernels, name) for every instruction set and both precisions.
template <class F>
void for_all_kernels(F f) {
    for (const InstructionSet& set : runnable()) {
        f(*set.of_float, set.name + " float");
        f(*set.of_double, set.name + " double");
    }
}

// Call f.operator()<T>(name) likewise, with that instruction set in use.
template <class F>
void for_all_cores(F f) {
    for (const InstructionSet& set : runnable()) {
        use(set);
        f.template operator()<float>(set.name + " float");
        f.template operator()<double>(set.name + " double");
    }
}

}  // namespace chainrule::tests
