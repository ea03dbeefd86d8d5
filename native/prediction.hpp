// What a trained network gives for rows of any number.
#pragma once

#include "interruption.hpp"
#include "packed_weights.hpp"
#include "rows.hpp"

namespace chainrule {

// Write the logits (rows, K) of the features to `logits`, by up to n_threads threads; each row's bits are the same whatever
// the number of rows and threads. Returns false if it was given up.
template <class T>
bool compute_logits(const Network& network, const Features<T>& features, const T* weights, T* logits, int n_threads,
                    const Interrupted& interrupted = nullptr);

}  // namespace chainrule
