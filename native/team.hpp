// A team of threads that stays together for a whole fit.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <functional>
#include <thread>
#include <vector>

namespace chainrule {

// `run` lets every member, the caller among them, do the same job; members wait for each other at `barrier`.
//
// Whoever waits first spins for some microseconds, as the others are usually just behind, and then sleeps: on a machine
// that is shared the others may have lost their core, and spinning would keep it from them. So each time that spinning was
// in vain the next spin is half as long, and twice as long each time that it was not.
//
// After a fork the child has none of the parent's threads: a team is then its caller alone.
class Team {
   public:
    explicit Team(int size);
    ~Team();
    Team(const Team&) = delete;
    Team& operator=(const Team&) = delete;

    // Run job(member), member 0 … size() - 1, and return when all are done. The job must not throw. Alone, the caller is the only
    // member.
    void run(const std::function<void(int)>& job, bool alone = false);

    // Number of members in the job at hand.
    int size() const { return size_; }

    // About which part of the last job's time, 0 … 1, its members slept, waiting for each other: who wakes up late counts for the
    // next job.
    double slept() const { return slept_; }

    // Wait until every member has come here. A job calls it the same number of times in each member.
    void barrier();

   private:
    struct Gate {
        std::atomic<uint32_t> passed{0};
        std::atomic<int> sleepers{0};
        std::atomic<int> spin{128};     // microseconds: a power of 2
        std::atomic<int64_t> slept{0};  // nanoseconds, of all who waited here

        void wait(uint32_t seen);
        void open();
    };
    struct Shared {
        Gate start, meeting;
        std::atomic<int> arrived{0};
        std::atomic<bool> over{false};
        const std::function<void(int)>* job = nullptr;
        int home = 0;  // the core of who calls
    };

    void meet();

    int size_, all_;  // members: of the job at hand, and in all
    double slept_ = 0;
    pid_t process_;
    // On the heap, because a child of a fork must leave both alone.
    Shared* shared_;
    std::vector<std::thread>* threads_;
};

}  // namespace chainrule
