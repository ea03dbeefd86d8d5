// Whether a team works together at the moment, or its caller alone.
#pragma once

#include <algorithm>

namespace chainrule {

// On a machine whose cores others want too, the members of a team mostly wait for each other, and one of them alone is faster
// where a step is short. So after some milliseconds that were mostly slept the caller goes on alone for a while: twice as long each
// time that working together was tried again in vain.
class Pace {
   public:
    bool alone() const { return alone_ > 0; }

    // After a run of so many seconds; a team slept this part of them.
    void note(double seconds, double slept) {
        if (alone()) {
            alone_ -= seconds;
            return;
        }
        seconds_ += seconds;
        slept_ += slept * seconds;
        if (seconds_ < to_judge) return;  // threads that have to wake up first sleep through a short run
        if (slept_ > most_slept * seconds_) {
            alone_ = patience_;
            patience_ = std::min(2 * patience_, most_patience);
        } else {
            patience_ = least_patience;
        }
        seconds_ = slept_ = 0;
    }

   private:
    static constexpr double most_slept = 0.25, to_judge = 0.005, least_patience = 0.03, most_patience = 1;

    double alone_ = 0, patience_ = least_patience;  // seconds
    double seconds_ = 0, slept_ = 0;                // of working together, since it was judged
};

}  // namespace chainrule
