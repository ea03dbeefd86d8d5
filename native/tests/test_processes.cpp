// Several sessions at a time, and sessions on both sides of a fork.
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "instruction_sets.hpp"
#include "prediction.hpp"
#include "training.hpp"
#include "turn.hpp"

namespace chainrule::tests {

namespace {

// The thread sanitizer does not follow a child that starts threads.
#if defined(__SANITIZE_THREAD__)
constexpr int threads_of_child = 1;
#else
constexpr int threads_of_child = 3;
#endif

// What a child process finds to be true.
template <class F>
bool true_in_child(F f) {
    const pid_t child = fork();
    if (child == 0) _exit(f() ? 0 : 1);
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace

TEST(sessions_of_several_threads_do_not_disturb_each_other) {
    use(runnable().back());
    const Training training{.n_inputs = 30, .n_rows = 200, .widths = {50, 20}, .batch_size = 64, .n_steps = 20};
    Run<double> alone(training);
    alone.train(1, 20);
    std::vector<Run<double>> runs(3, Run<double>(training));
    std::vector<std::thread> threads;
    for (Run<double>& run : runs) threads.emplace_back([&run] { run.train(2, 5); });
    for (std::thread& thread : threads) thread.join();
    for (const Run<double>& run : runs) CHECK(run.same_as(alone), "beside two others");
}

TEST(sessions_go_on_after_a_fork) {
    use(runnable().back());
    const Training training{.n_inputs = 30, .n_rows = 200, .widths = {50, 20}, .batch_size = 64, .n_steps = 10};
    Run<double> alone(training);
    alone.train(1, 10);
    Run<double> run(training);
    Session<double> session = run.open(3);
    run.take(session, 0, 4);
    CHECK(true_in_child([&] {
              run.take(session, 4, 6);
              Run<double> own(training);
              own.train(threads_of_child, 10);
              std::vector<double> logits(static_cast<size_t>(training.n_rows * training.n_outputs));
              compute_logits(run.network, run.features(), run.weights.data(), logits.data(), threads_of_child);
              return run.same_as(alone) && own.same_as(alone);
          }),
          "in the child");
    run.take(session, 4, 6);
    CHECK(run.same_as(alone), "in the parent");
}

TEST(turns_are_taken_one_at_a_time) {
    Turns turns;
    int inside = 0, most = 0, taken = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i)
        threads.emplace_back([&] {
            for (int round = 0; round < 500; ++round) {
                const Turn turn(turns);
                most = std::max(most, ++inside);
                ++taken;
                --inside;
            }
        });
    for (std::thread& thread : threads) thread.join();
    CHECK(most == 1 && taken == 2000, most, " at once, ", taken, " in all");
}

TEST(turns_are_not_waited_for_by_a_child_that_was_forked_in_one) {
    Turns turns;
    CHECK(true_in_child([&] {
              const Turn turn(turns);
              return !turns.is_orphaned();
          }),
          "before");
    const Turn turn(turns);
    CHECK(true_in_child([&] {
              try {
                  turns.begin();
              } catch (const std::runtime_error&) {
                  return turns.is_orphaned();
              }
              return false;
          }),
          "within");
}

}  // namespace chainrule::tests
