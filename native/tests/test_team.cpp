// A team of threads: who runs, and who waits for whom.
#include <atomic>

#include "check.hpp"
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

TEST(team_may_have_nothing_to_do) {
    for (int size = 1; size <= 4; ++size) Team team(size);
}

}  // namespace chainrule::tests
