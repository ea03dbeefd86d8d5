// Memory of a session: zeros, on a cache line's boundary, given back when the session ends.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>

#include "kernels.hpp"

namespace chainrule {

template <class T>
class Buffer {
   public:
    Buffer() = default;
    // Zeroed by calloc, so that what is never touched never becomes real memory.
    explicit Buffer(Index n) : memory_(std::calloc(static_cast<size_t>(n) * sizeof(T) + cache_line, 1)) {
        if (!memory_) throw std::bad_alloc();
        void* start = memory_.get();
        size_t space = static_cast<size_t>(n) * sizeof(T) + cache_line;
        data_ = static_cast<T*>(std::align(cache_line, static_cast<size_t>(n) * sizeof(T), start, space));
    }

    T* data() const { return data_; }

   private:
    static constexpr size_t cache_line = 64;
    struct Free {
        void operator()(void* memory) const { std::free(memory); }
    };
    std::unique_ptr<void, Free> memory_;
    T* data_ = nullptr;
};

}  // namespace chainrule
