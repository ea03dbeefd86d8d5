// Giving up work that is told to stop: who is asked, how often, and who learns of it.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>

namespace chainrule {

// Asked now and then by the calling thread: true gives up the work in hand.
using Interrupted = std::function<bool()>;

// What a team shares of it. Work has phases that the team leaves together; a phase that is given up is not completed.
class Lookout {
   public:
    // How long nobody is asked after a question, which may have to wait for the GIL.
    explicit Lookout(std::chrono::nanoseconds patience = std::chrono::milliseconds(20)) : patience_(patience) {}

    // Before work: nobody is asked if `interrupted` is empty. It must outlive the work.
    void begin(const Interrupted& interrupted) {
        given_up_in_ = never;
        interrupted_ = interrupted ? &interrupted : nullptr;
        looked_ = std::chrono::steady_clock::now();
    }

    // By the calling thread: ask, if that was not done a moment ago.
    void look(int64_t phase) {
        if (interrupted_ == nullptr || given_up()) return;
        const auto now = std::chrono::steady_clock::now();
        if (now - looked_ < patience_) return;
        looked_ = now;
        if ((*interrupted_)()) given_up_in_ = phase;
    }

    // In a phase: whether it is given up. Who looks is in it too.
    bool given_up() const { return given_up_in_ != never; }

    // After the meeting at a phase's end: whether it, or one before, was given up. The calling thread may be in the next one
    // already, and give up that: nobody must take this for the end of the one before.
    bool given_up_by(int64_t phase) const { return given_up_in_ <= phase; }

   private:
    static constexpr int64_t never = INT64_MAX;

    std::chrono::nanoseconds patience_;
    std::atomic<int64_t> given_up_in_{never};
    const Interrupted* interrupted_ = nullptr;
    std::chrono::steady_clock::time_point looked_;
};

// A member's look at it in a phase; without a lookout there is nothing to see.
struct Look {
    Lookout* lookout = nullptr;
    int member = 0;
    int64_t phase = 0;

    bool given_up() const { return lookout != nullptr && lookout->given_up(); }

    // To be asked between pieces of work of some milliseconds: the calling thread's question is passed on here.
    bool goes_on() const {
        if (lookout == nullptr) return true;
        if (member == 0) lookout->look(phase);
        return !lookout->given_up();
    }
};

// Multiplications and additions of a piece of work: some milliseconds, or some tens where vectors are short.
constexpr double work_of_a_piece = 1e8;

// How many things of `work` each make a piece.
inline int64_t things_of_a_piece(double work) {
    return work < work_of_a_piece ? static_cast<int64_t>(work_of_a_piece / (work < 1 ? 1 : work)) : 1;
}

}  // namespace chainrule
