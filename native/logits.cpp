#include "logits.hpp"

#include <algorithm>

#include "team.hpp"

namespace chainrule {

namespace {

constexpr Index tile = 96;      // rows that go through all stages together: they stay in the second-level cache
constexpr Index few_rows = 4;   // for which packing the weights does not pay

}  // namespace

template <class T>
void compute_logits(const Network& network, const Features<T>& features, const T* weights, T* logits, int n_threads) {
    if (features.n_rows <= few_rows) {
        if (features.n_rows > 0)
            Prediction<T>(network, features.n_rows).run(features, 0, features.n_rows, nullptr, weights, logits);
        return;
    }
    PackedWeights<T> packed(network, false, features.sparse());
    packed.pack_all(weights);
    const Index n_tiles = (features.n_rows + tile - 1) / tile;
    Team team(static_cast<int>(std::min<Index>(n_threads, n_tiles)));
    std::atomic<Index> next{0};
    team.run([&](int) {
        Prediction<T> prediction(network, std::min(tile, features.n_rows));
        for (Index t = next++; t < n_tiles; t = next++) {
            const Index first = t * tile, n = std::min(tile, features.n_rows - first);
            prediction.run(features, first, n, &packed, weights, logits + first * network.n_outputs());
        }
    });
}

template void compute_logits<float>(const Network&, const Features<float>&, const float*, float*, int);
template void compute_logits<double>(const Network&, const Features<double>&, const double*, double*, int);

}  // namespace chainrule
