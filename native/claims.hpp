// Work that a team shares: many things, each done once by whoever is free.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "interruption.hpp"
#include "kernels.hpp"

namespace chainrule {

// The things of a round are cut into as many lots as there are members. A member begins with its own lot,
// so that it mostly gets the same things round after round, and they are still in its cache; then it helps with the others'.
class Claims {
   public:
    explicit Claims(int n_members) : lots_(static_cast<size_t>(n_members)) {}

    // Call f(number) for those of n things that this member gets, as long as the look goes on. Rounds are numbered upwards; a new
    // one may begin when all things of the last one are taken.
    template <class F>
    void each(int64_t round, int n_members, Index n, const Look& look, F f) {
        for (int i = 0; i < n_members; ++i) {
            const int owner = (look.member + i) % n_members;
            const Index first = n * owner / n_members, end = n * (owner + 1) / n_members;
            while (look.goes_on()) {
                const Index number = first + lots_[static_cast<size_t>(owner)].take(round);
                if (number >= end) break;
                f(number);
            }
        }
    }

   private:
    // How many things of which round are taken, in one number, so that nothing has to be set back between two rounds.
    struct alignas(64) Lot {
        static constexpr int bits = 24;
        static constexpr int64_t all = (int64_t{1} << bits) - 1;  // more things than any round has

        std::atomic<int64_t> taken{0};

        Index take(int64_t round) {
            for (int64_t before = taken.load(std::memory_order_relaxed);;) {
                const int64_t at = before >> bits;
                if (at > round) return all;  // it is over
                const int64_t number = at == round ? before & all : 0;
                if (taken.compare_exchange_weak(before, (round << bits) + number + 1, std::memory_order_relaxed))
                    return number;
            }
        }
    };

    std::vector<Lot> lots_;
};

}  // namespace chainrule
