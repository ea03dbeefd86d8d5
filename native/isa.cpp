#include "isa.hpp"

#include <algorithm>
#include <cstdlib>
#include <stdexcept>

namespace chainrule {

#if defined(__x86_64__)
#define CHAINRULE_ISAS(DO) DO(avx512) DO(avx2) DO(baseline)
#else
#define CHAINRULE_ISAS(DO) DO(baseline)
#endif

#define CHAINRULE_DECLARE(name)              \
    namespace name {                         \
    const Kernels<float>& kernels_float();   \
    const Kernels<double>& kernels_double(); \
    }
CHAINRULE_ISAS(CHAINRULE_DECLARE)

namespace {

bool runs(const std::string& name) {
#if defined(__x86_64__)
    if (name == "avx512")
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
               __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
    if (name == "avx2") return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#endif
    return name == "baseline";
}

}  // namespace

std::vector<std::string> instruction_sets() {
    std::vector<std::string> names;
#define CHAINRULE_NAME(name) \
    if (runs(#name)) names.push_back(#name);
    CHAINRULE_ISAS(CHAINRULE_NAME)
    return names;
}

namespace {

std::string chosen_instruction_set() {
    const std::vector<std::string> known = instruction_sets();
    const char* wish = std::getenv("CHAINRULE_ISA");
    if (wish == nullptr || *wish == '\0') return known.front();
    if (std::find(known.begin(), known.end(), wish) != known.end()) return wish;
    std::string message = "CHAINRULE_ISA must be one of the instruction sets that this processor runs (";
    for (const std::string& name : known) message += (name == known.front() ? "'" : ", '") + name + "'";
    throw std::invalid_argument(message + "), or unset. Got '" + wish + "'.");
}

}  // namespace

std::string instruction_set() {
    static const std::string chosen = chosen_instruction_set();
    return chosen;
}

template <>
const Kernels<float>& kernels<float>() {
    static const Kernels<float>& chosen = []() -> const Kernels<float>& {
        const std::string name = instruction_set();
#define CHAINRULE_FLOAT(isa) \
    if (name == #isa) return isa::kernels_float();
        CHAINRULE_ISAS(CHAINRULE_FLOAT)
        throw std::logic_error("no instruction set");
    }();
    return chosen;
}

template <>
const Kernels<double>& kernels<double>() {
    static const Kernels<double>& chosen = []() -> const Kernels<double>& {
        const std::string name = instruction_set();
#define CHAINRULE_DOUBLE(isa) \
    if (name == #isa) return isa::kernels_double();
        CHAINRULE_ISAS(CHAINRULE_DOUBLE)
        throw std::logic_error("no instruction set");
    }();
    return chosen;
}

}  // namespace chainrule
