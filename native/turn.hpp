// Taking turns: one thread at a time, and a fork that notices when it left one behind.
#pragma once

#include <sys/types.h>
#include <unistd.h>

#include <atomic>
#include <stdexcept>

namespace chainrule {

// Who may work on a session. A mutex would not do: a child that is forked while another thread of its parent holds it waits
// for ever, as that thread is not in the child.
class Turns {
   public:
    // Wait until nobody else is at work. Throws std::runtime_error in a child that was forked in the middle of it: what it
    // has of the work is of no use.
    void begin() {
        const pid_t process = getpid();
        for (pid_t holder = 0; !holder_.compare_exchange_strong(holder, process); holder = 0) {
            if (holder != process)
                throw std::runtime_error(
                    "This process was forked while another thread was training in this session. Open a new session "
                    "here.");
            holder_.wait(holder);
        }
    }

    void end() {
        holder_ = 0;
        holder_.notify_one();
    }

    // Whether the one at work was left behind in the parent.
    bool is_orphaned() const {
        const pid_t holder = holder_;
        return holder != 0 && holder != getpid();
    }

   private:
    std::atomic<pid_t> holder_{0};
};

class Turn {
   public:
    explicit Turn(Turns& turns) : turns_(turns) { turns.begin(); }
    ~Turn() { turns_.end(); }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

   private:
    Turns& turns_;
};

}  // namespace chainrule
