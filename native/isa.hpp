// Which instruction sets this build has, which of them this processor runs, and which is in use.
#pragma once

#include <string>
#include <vector>

#include "kernels.hpp"

namespace chainrule {

// Names of the instruction sets that this processor runs, the best one first.
std::vector<std::string> instruction_sets();

// The one in use: the best, or the one that the environment variable CHAINRULE_ISA names.
// Throws std::invalid_argument if that one is not among instruction_sets().
std::string instruction_set();

template <class T>
const Kernels<T>& kernels();

}  // namespace chainrule
