// In the place of isa.cpp.
#include "instruction_sets.hpp"

#define CHAINRULE_DECLARE(name)              \
    namespace chainrule::name {              \
    const Kernels<float>& kernels_float();   \
    const Kernels<double>& kernels_double(); \
    }
CHAINRULE_DECLARE(baseline)
CHAINRULE_DECLARE(wide)
#if defined(__x86_64__)
CHAINRULE_DECLARE(avx2)
CHAINRULE_DECLARE(avx512)
#endif

namespace chainrule::tests {

namespace {
const InstructionSet* in_use = nullptr;
}

const std::vector<InstructionSet>& runnable() {
    static const std::vector<InstructionSet> sets = [] {
        std::vector<InstructionSet> found{{"baseline", &baseline::kernels_float(), &baseline::kernels_double()}};
        bool runs_wide = true;
#if defined(__x86_64__)
        runs_wide = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
        if (runs_wide) found.push_back({"avx2", &avx2::kernels_float(), &avx2::kernels_double()});
        if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
            __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
            found.push_back({"avx512", &avx512::kernels_float(), &avx512::kernels_double()});
#endif
        if (runs_wide) found.push_back({"wide", &wide::kernels_float(), &wide::kernels_double()});
        return found;
    }();
    return sets;
}

void use(const InstructionSet& instruction_set) { in_use = &instruction_set; }

}  // namespace chainrule::tests

namespace chainrule {

template <>
const Kernels<float>& kernels<float>() {
    return *tests::in_use->of_float;
}

template <>
const Kernels<double>& kernels<double>() {
    return *tests::in_use->of_double;
}

}  // namespace chainrule
