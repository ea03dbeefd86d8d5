#include "team.hpp"

#include <pthread.h>
#if defined(__linux__)
#include <sched.h>
#endif
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <system_error>

namespace chainrule {

namespace {

using std::chrono::steady_clock;

constexpr int most_microseconds = 128, least_microseconds = 4;  // of spinning

void pause() {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ __volatile__("yield");
#endif
}

#if defined(__linux__)
int core() { return sched_getcpu(); }

// Move a thread to another core than this one: a system may begin or wake a thread on the core of who asks for it, and take ten
// milliseconds, as long as some fits, to notice that another core is free. Where it may run stays as it is.
void move_away(pthread_t thread, int home, int member) {
    cpu_set_t all, one;
    if (pthread_getaffinity_np(thread, sizeof all, &all) != 0) return;
    const int n_others = CPU_COUNT(&all) - CPU_ISSET(home, &all);
    if (n_others <= 0) return;
    int left = (home + member) % n_others, other = 0;  // another one for each member, and for each team
    for (; other == home || !CPU_ISSET(other, &all) || left-- > 0; ++other) {
    }
    CPU_ZERO(&one);
    CPU_SET(other, &one);
    if (pthread_setaffinity_np(thread, sizeof one, &one) == 0) pthread_setaffinity_np(thread, sizeof all, &all);
}
#else
int core() { return 0; }
void move_away(pthread_t, int, int) {}
#endif

}  // namespace

void Team::Gate::wait(uint32_t seen) {
    const int microseconds = spin.load(std::memory_order_relaxed);
    const auto until = steady_clock::now() + std::chrono::microseconds(microseconds);
    do {
        for (int i = 0; i < 32; ++i) {
            if (passed.load(std::memory_order_acquire) != seen) {
                if (microseconds < most_microseconds) spin.store(2 * microseconds, std::memory_order_relaxed);
                return;
            }
            pause();
        }
    } while (steady_clock::now() < until);
    if (microseconds > least_microseconds) spin.store(microseconds / 2, std::memory_order_relaxed);
    const auto asleep = steady_clock::now();
    sleepers.fetch_add(1);
    while (passed.load() == seen) passed.wait(seen);
    sleepers.fetch_sub(1);
    slept.fetch_add(std::chrono::nanoseconds(steady_clock::now() - asleep).count(), std::memory_order_relaxed);
}

void Team::Gate::open() {
    passed.fetch_add(1);
    if (sleepers.load() > 0) passed.notify_all();
}

Team::Team(int size)
    : size_(size), all_(size), process_(getpid()), shared_(new Shared), threads_(new std::vector<std::thread>) {
    const auto serve = [this](int member) {
        for (uint32_t seen = 0;; ++seen) {
            shared_->start.wait(seen);
            if (shared_->over.load()) return;
            if (core() == shared_->home) move_away(pthread_self(), shared_->home, member);
            (*shared_->job)(member);
            meet();
        }
    };
    try {
        for (int member = 1; member < size; ++member) {
            threads_->emplace_back(serve, member);
            move_away(threads_->back().native_handle(), core(), member);
        }
    } catch (const std::system_error&) {  // no more threads are to be had: those that are there will do
    }
    size_ = all_ = 1 + static_cast<int>(threads_->size());
}

Team::~Team() {
    if (getpid() != process_) return;  // the threads are the parent's
    shared_->over.store(true);
    shared_->start.open();
    for (std::thread& thread : *threads_) thread.join();
    delete threads_;
    delete shared_;
}

void Team::run(const std::function<void(int)>& job, bool alone) {
    size_ = alone || getpid() != process_ ? 1 : all_;
    if (size_ == 1) return job(0);
    const auto started = steady_clock::now();
    shared_->meeting.slept = 0;
    shared_->job = &job;
    shared_->home = core();
    shared_->start.open();
    job(0);
    meet();
    const auto took = std::chrono::nanoseconds(steady_clock::now() - started).count();
    const double slept =
        static_cast<double>(shared_->meeting.slept) / static_cast<double>(std::max<int64_t>(took * size_, 1));
    slept_ = std::min(slept, 1.0);
}

void Team::barrier() {
    if (size_ > 1) meet();
}

void Team::meet() {
    const uint32_t seen = shared_->meeting.passed.load(std::memory_order_acquire);
    if (shared_->arrived.fetch_add(1, std::memory_order_acq_rel) == all_ - 1) {
        shared_->arrived.store(0, std::memory_order_relaxed);
        shared_->meeting.open();
    } else {
        shared_->meeting.wait(seen);
    }
}

}  // namespace chainrule
