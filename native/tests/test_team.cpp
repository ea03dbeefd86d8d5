// A team of threads: who runs, and who waits for whom.
#if defined(__linux__)
#include <sched.h>
#endif

#include <atomic>
#include <chrono>
#include <thread>

#include "check.hpp"
#include "claims.hpp"
#include "pace.hpp"
#include "team.hpp"

namespace chainrule::tests {

TEST(team_runs_every_member_once) {
    for (int size = 1; size <= 5; ++size) {
        Team team(size);
        std::vector<int> runs(static_cast<size_t>(size));
        for (int i = 0; i < 200; ++i) team.run([&](int member) { ++runs[static_cast<size_t>(member)]; });
        CHECK(runs == std::vector<int>(static_cast<size_t>(size), 200), "size ", size);
    }
}

// What members write before a barrier, plainly, all of them read after it.
TEST(team_waits_at_its_barriers) {
    for (int size = 1; size <= 4; ++size) {
        Team team(size);
        std::vector<int> written(static_cast<size_t>(size));
        std::atomic<int> wrong{0};
        team.run([&](int member) {
            for (int round = 1; round <= 300; ++round) {
                written[static_cast<size_t>(member)] = round;
                team.barrier();
                for (const int number : written) wrong += number != round;
                team.barrier();
            }
        });
        CHECK(wrong == 0, "size ", size);
    }
}

TEST(team_lets_its_caller_work_alone) {
    for (int size = 1; size <= 3; ++size) {
        Team team(size);
        for (int i = 0; i < 50; ++i) {
            int runs = 0;
            const auto alone = [&](int member) {
                runs += 1 + member + 10 * (team.size() - 1);
                team.barrier();
            };
            team.run(alone, true);
            CHECK(runs == 1, "size ", size);
            std::atomic<int> together{0};
            team.run([&](int) { ++together; });
            CHECK(together == size, "size ", size);
        }
    }
}

#if defined(__linux__)
// Members that share a core are moved, for which they are bound to another one for a moment.
TEST(team_may_run_where_its_caller_may) {
    cpu_set_t allowed;
    CHECK(sched_getaffinity(0, sizeof allowed, &allowed) == 0, "no affinity to compare with");
    for (int size = 2; size <= 5; ++size) {
        Team team(size);
        std::atomic<int> equal{0};
        for (int i = 0; i < 20; ++i)
            team.run([&](int) {
                cpu_set_t own;
                equal += sched_getaffinity(0, sizeof own, &own) == 0 && CPU_EQUAL(&own, &allowed);
            });
        CHECK(equal == 20 * size, "size ", size, ": ", equal.load(), " times");
    }
}
#endif

TEST(team_tells_how_long_it_slept) {
    Team team(2);
    const auto one_is_late = [](int member) {
        if (member == 1) std::this_thread::sleep_for(std::chrono::milliseconds(100));
    };
    team.run(one_is_late);
    CHECK(team.slept() > 0.1 && team.slept() <= 0.5, "slept ", team.slept());
}

TEST(pace_is_alone_after_time_that_was_slept) {
    Pace pace;
    const auto runs_alone = [&](double slept) {
        pace.note(0.01, slept);
        int runs = 0;
        for (; pace.alone(); ++runs) pace.note(0.01, 1);  // nobody sleeps alone: this says nothing
        return runs;
    };
    CHECK(runs_alone(0) == 0, "none slept");
    CHECK(runs_alone(0.5) == 3, "half slept");
    CHECK(runs_alone(0.5) == 6, "in vain again");
    for (int i = 0; i < 9; ++i) runs_alone(0.5);
    CHECK(runs_alone(0.5) == 100, "not more");
    CHECK(runs_alone(0.01) == 0, "hardly slept");
    CHECK(runs_alone(0.5) == 3, "after one that was not");
    for (int i = 0; i < 4; ++i) {
        pace.note(0.001, 1);
        CHECK(!pace.alone(), "too short to judge");
    }
    pace.note(0.001, 1);
    CHECK(pace.alone(), "short ones together");
}

// Every member of a round asks for its share; nothing is left out and nothing is done twice, in rounds one after the other.
TEST(claims_are_given_out_once) {
    for (int size = 1; size <= 4; ++size) {
        Team team(size);
        Claims claims(size);
        for (const Index n : {0, 1, 2, 3, 10, 101}) {
            std::vector<std::atomic<int>> done(static_cast<size_t>(n));
            static int64_t rounds = 0;
            const int64_t first = rounds;
            rounds += 20;
            team.run([&](int member) {
                for (int64_t round = first; round < first + 20; ++round)
                    claims.each(round, size, n, {nullptr, member}, [&](Index i) { ++done[static_cast<size_t>(i)]; });
            });
            for (const auto& times : done) CHECK(times == 20, "size ", size, " of ", n, ": ", times.load());
        }
    }
}

TEST(team_may_have_nothing_to_do) {
    for (int size = 1; size <= 4; ++size) Team team(size);
}

}  // namespace chainrule::tests
