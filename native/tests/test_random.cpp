// Row orders and dropout masks, by SplitMix64 as Steele, Lea and Flood give it (OOPSLA 2014, figure 17).
#include <algorithm>
#include <numeric>

#include "instruction_sets.hpp"
#include "random.hpp"
#include "row_order.hpp"

namespace chainrule::tests {

namespace {

// The generator with its state, one number after another.
class SplitMix64 {
   public:
    explicit SplitMix64(uint64_t seed) : state_(seed) {}

    uint64_t next() {
        uint64_t z = state_ += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

   private:
    uint64_t state_;
};

}  // namespace

TEST(row_order_sorts_by_the_numbers_of_its_stream) {
    for (const int64_t n : {1, 2, 7, 100, 500, 2000, 16384, 16385, 70000, (1 << 19) + 5}) {
        RowOrder order(11, n);
        for (const int64_t epoch : {0, 3}) {
            const uint32_t* rows = order.of_epoch(epoch);
            std::vector<uint64_t> hashes;
            SplitMix64 numbers(stream_key(11, row_order_stream, epoch));
            for (int64_t i = 0; i < n; ++i) hashes.push_back(numbers.next() >> 32);
            std::vector<uint32_t> expected(static_cast<size_t>(n));
            std::iota(expected.begin(), expected.end(), 0U);
            std::stable_sort(expected.begin(), expected.end(),
                             [&](uint32_t a, uint32_t b) { return hashes[a] < hashes[b]; });
            CHECK(std::equal(expected.begin(), expected.end(), rows), n, " rows, epoch ", epoch);
        }
    }
}

TEST(row_order_of_a_team_is_that_of_one) {
    for (const int64_t n_rows : {1025, 3000, 50001}) {
        RowOrder expected(11, n_rows), order(11, n_rows, 3);
        CHECK(order.is_shared(), n_rows);
        for (const int64_t epoch : {0, 3, 4}) {
            for (const int n_members : {3, 1, 2}) {  // a team may also be smaller for a while
                const auto each = [&](auto f) {
                    for (int member = n_members - 1; member >= 0; --member) f(Look{nullptr, member, 0});
                };
                each([&](const Look& look) { order.count(epoch, n_members, look); });
                each([&](const Look& look) { order.divide(n_members, look); });
                each([&](const Look& look) { order.sort_ranges(n_members, look); });
                CHECK(!order.is_of(epoch), n_members);
                order.end(epoch);
                const uint32_t* rows = order.of_epoch(epoch);
                CHECK(std::equal(rows, rows + n_rows, expected.of_epoch(epoch)), n_rows, " rows, ", n_members,
                      " members, epoch ", epoch);
            }
        }
    }
}

TEST(dropout_drops_by_the_numbers_of_its_stream) {
    for_all_kernels([]<class T>(const Kernels<T>& kernels, const std::string& set) {
        for (Index units = 1; units < 40; units += 3) {
            const Index rows = 5, first_row = 3, ld = units + 2;
            const DropoutMask mask{.key = 99, .threshold = uint64_t{1} << 62, .first_row = first_row, .units = units};
            std::vector<T> values(static_cast<size_t>(rows * ld), T(3));
            kernels.drop(mask, rows, ld, values.data(), T(2));
            SplitMix64 numbers(99);
            for (Index i = 0; i < first_row * units; ++i) numbers.next();
            for (Index r = 0; r < rows; ++r)
                for (Index u = 0; u < ld; ++u) {
                    const T expected = u >= units ? T(3) : numbers.next() < mask.threshold ? T(0) : T(6);
                    CHECK(values[static_cast<size_t>(r * ld + u)] == expected, set, " units ", units, " at ", r, ", ",
                          u);
                }
        }
    });
}

}  // namespace chainrule::tests
