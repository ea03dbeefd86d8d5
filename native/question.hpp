// The core's question to Python, in the middle of its work: is it to be given up?
#pragma once

#include <nanobind/nanobind.h>

#include <exception>
#include <utility>

#include "interruption.hpp"

namespace chainrule {

// Asks for signals and, unless it is None, a function. What they raise ends the work as a yes does, and is kept until the core's
// threads are at rest: nothing may leave the core before.
class Question {
   public:
    explicit Question(nanobind::object interrupted = nanobind::none()) : interrupted_(std::move(interrupted)) {}

    // To be asked without the GIL.
    Interrupted asked() {
        return [this] { return ask(); };
    }

    // With the GIL: what was raised.
    void raise() const {
        if (raised_) std::rethrow_exception(raised_);
    }

    // The same for work that has no results if it is given up: a mere yes is a KeyboardInterrupt.
    [[noreturn]] void raise_always() const {
        raise();
        PyErr_SetNone(PyExc_KeyboardInterrupt);
        throw nanobind::python_error();
    }

   private:
    bool ask() {
        const nanobind::gil_scoped_acquire gil;
        try {
            if (PyErr_CheckSignals() != 0) throw nanobind::python_error();
            if (interrupted_.is_none()) return false;
            const int answer = PyObject_IsTrue(nanobind::object(interrupted_()).ptr());
            if (answer < 0) throw nanobind::python_error();
            return answer == 1;
        } catch (...) {
            raised_ = std::current_exception();
            return true;
        }
    }

    nanobind::object interrupted_;
    std::exception_ptr raised_;
};

}  // namespace chainrule
