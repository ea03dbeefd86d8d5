// Whether a team works together at the moment, or its caller alone.
#pragma once

#include <algorithm>

namespace chainrule {

// On a machine whose cores others want too, the members of a team mostly wait for each other, and one of them alone is faster
// where a step is short. So after a run much of which was slept the next ones are done alone: twice as many each time that
// working together was tried again in vain.
class Pace {
   public:
    bool alone() const { return runs_alone_ > 0; }

    // After a run: the part of its time that the team slept, of one that worked together.
    void note(double slept) {
        if (runs_alone_ > 0) {
            --runs_alone_;
        } else if (slept > most_slept) {
            runs_alone_ = patience_;
            patience_ = std::min(2 * patience_, most_patience);
        } else {
            patience_ = least_patience;
        }
    }

   private:
    static constexpr double most_slept = 0.125;
    static constexpr int least_patience = 4, most_patience = 64;

    int runs_alone_ = 0, patience_ = least_patience;
};

}  // namespace chainrule
