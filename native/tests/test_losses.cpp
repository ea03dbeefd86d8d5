// Losses and their gradients against their definitions in long double.
#include <algorithm>

#include "instruction_sets.hpp"
#include "panels.hpp"

namespace chainrule::tests {

namespace {

constexpr LossKind kinds[] = {LossKind::squared_error, LossKind::absolute_error, LossKind::huber,
                              LossKind::quantile,      LossKind::poisson,        LossKind::log_loss,
                              LossKind::cross_entropy};
const std::vector<double> levels{0.1, 0.5, 0.8};

struct LossCase {
    LossKind kind;
    Index rows, n_logits;
    double size;       // of the logits
    double parameter;  // delta of huber, label_smoothing of cross_entropy
    bool weighted, reported;

    bool of_classes() const { return kind == LossKind::cross_entropy; }
    Index n_levels() const { return kind == LossKind::quantile ? static_cast<Index>(levels.size()) : 1; }
};

// -ln p as it is told of a probability clipped to [ε, 1 - ε] of T.
template <class T>
long double told(long double loss) {
    return std::clamp(loss, -std::log1p(-epsilon<T>), -std::log(epsilon<T>));
}

// A row's loss and gradient by the definition, with what their roundings may be relative to.
struct ByDefinition {
    long double loss = 0, size = 0;
    std::vector<long double> gradient, sizes;
};

ByDefinition of_classes(const std::vector<long double>& z, Index code, long double smoothing) {
    ByDefinition row;
    const size_t K = z.size();
    const long double top = *std::max_element(z.begin(), z.end());
    long double others = 0, rest = 0, below = 0;  // rest: of all but one that is the largest
    const size_t first = static_cast<size_t>(std::max_element(z.begin(), z.end()) - z.begin());
    // The rounding of a difference d is one of d·ε in its power.
    const auto size_of_power = [top](long double logit) { return std::exp(logit - top) * (1 + top - logit); };
    for (size_t k = 0; k < K; ++k) {
        if (k != first) rest += std::exp(z[k] - top), row.size += size_of_power(z[k]);
        below += top - z[k];
    }
    row.loss = std::log1p(rest) + (1 - smoothing) * (top - z[static_cast<size_t>(code)]) + smoothing * below / K;
    row.size += row.loss;
    for (size_t k = 0; k < K; ++k) {
        row.gradient.push_back(std::exp(z[k] - top) / (1 + rest) - smoothing / K);
        row.sizes.push_back(size_of_power(z[k]) + smoothing / K);
        if (static_cast<Index>(k) != code) others += row.gradient[k];
    }
    row.gradient[static_cast<size_t>(code)] = -others;
    row.sizes[static_cast<size_t>(code)] = 1;  // at most: see the sum of the others
    return row;
}

// One logit's loss, its derivative and the sizes of what they are sums of.
struct OneLogit {
    long double loss, size, slope, slope_size;
};

OneLogit of_number(const LossCase& c, long double z, long double y, double level) {
    const long double r = z - y, far = std::abs(z) + std::abs(y);
    const auto sized = [&](long double loss, long double slope) -> OneLogit {
        return {loss, (far + std::abs(r)) * std::max(far, 1.0L), slope, std::max(far, 1.0L)};
    };
    const long double e = std::exp(-std::abs(z));
    switch (c.kind) {
        case LossKind::squared_error: return sized(r * r / 2, r);
        case LossKind::absolute_error: return sized(std::abs(r), r > 0 ? 1 : r < 0 ? -1 : 0);
        case LossKind::huber: {
            const long double d = c.parameter, cut = std::clamp(r, -d, d);
            return sized(cut * (r - cut / 2), cut);
        }
        case LossKind::quantile:
            return sized(r > 0 ? (1 - level) * r : -level * r, r > 0 ? 1 - level : r < 0 ? -level : 0);
        case LossKind::poisson:
            return {std::exp(z) - y * z, std::exp(z) + std::abs(y * z), std::exp(z) - y, std::exp(z) + y};
        case LossKind::log_loss: {
            const long double p = z < 0 ? e / (1 + e) : 1 / (1 + e), not_p = z < 0 ? 1 / (1 + e) : e / (1 + e);
            const long double loss = std::log1p(e) + (1 - y) * std::max(z, 0.0L) + y * std::max(-z, 0.0L);
            return {loss, loss, (1 - y) * p - y * not_p, (1 - y) * p + y * not_p};
        }
        case LossKind::cross_entropy: break;
    }
    return {};
}

template <class T>
struct Rows {
    std::vector<T> logits, target, weight;
    std::vector<int32_t> codes;
    Index ld;

    Rows(Random& random, const Kernels<T>& kernels, const LossCase& c) : ld(row_length(kernels, c.n_logits)) {
        logits = random.numbers<T>(c.rows * ld, -c.size, c.size);
        for (Index i = 0; i < c.rows * ld; ++i)
            if (i % ld >= c.n_logits) logits[static_cast<size_t>(i)] = T(NAN);  // nobody's
        weight = random.numbers<T>(c.rows, 0, 2);
        weight[0] = 0;
        for (Index r = 0; r < c.rows; ++r) codes.push_back(static_cast<int32_t>(random.below(c.n_logits)));
        const bool share = c.kind == LossKind::log_loss, count = c.kind == LossKind::poisson;
        target = random.numbers<T>(c.rows * c.n_logits / c.n_levels(), share || count ? 0 : -2, share ? 1 : 2);
        for (size_t i = 0; i < target.size(); ++i)
            if (share && i % 3 < 2) target[i] = static_cast<T>(i % 3);  // mostly 0 or 1
    }

    // What network/losses/reported.py makes of one logit's loss.
    static long double reported(const LossCase& c, long double loss, long double y) {
        switch (c.kind) {
            case LossKind::squared_error: return loss / c.n_logits;
            case LossKind::poisson: return loss + (y == 0 ? 0 : y * std::log(y)) - y;
            case LossKind::log_loss: return told<T>(loss);
            default: return loss;
        }
    }

    ByDefinition by_definition(const LossCase& c, Index r) const {
        const T* z = logits.data() + r * ld;
        ByDefinition row;
        if (c.of_classes()) {
            row = of_classes({z, z + c.n_logits}, codes[static_cast<size_t>(r)], static_cast<long double>(c.parameter));
            if (c.reported) row.loss = told<T>(row.loss), row.size = std::max(row.size, row.loss);
            return row;
        }
        for (Index k = 0; k < c.n_logits; ++k) {
            const T y = target[static_cast<size_t>((r * c.n_logits + k) / c.n_levels())];
            const OneLogit one = of_number(c, z[k], y, static_cast<T>(levels[static_cast<size_t>(k % c.n_levels())]));
            row.loss += c.reported ? reported(c, one.loss, y) : one.loss;
            row.size += std::max(one.size, c.reported ? reported(c, one.loss, y) : 0);
            // There 1 - p is taken from a rounded p.
            if (c.reported && c.kind == LossKind::log_loss && y == 0 && z[k] > 0)
                row.size += std::exp(static_cast<double>(z[k]));
            row.gradient.push_back(one.slope);
            row.sizes.push_back(one.slope_size);
        }
        return row;
    }
};

template <class T>
void check_loss(const Kernels<T>& kernels, const std::string& set, const LossCase& c) {
    Random random(1);
    const Rows<T> rows(random, kernels, c);
    Panels<T> gradient(kernels, c.n_logits, c.rows + 4, T(77));
    gradient.first = 3;
    std::vector<double> losses(static_cast<size_t>(c.rows));
    std::vector<T> scratch(static_cast<size_t>(loss_scratch(c.rows, c.n_logits)));
    const LossSettings settings{c.kind, c.parameter, levels.data(), c.n_levels(), c.reported};
    const double scale = 0.25;
    kernels.loss(settings,
                 {c.rows, c.n_logits, rows.logits.data(), rows.ld, c.of_classes() ? nullptr : rows.target.data(),
                  c.of_classes() ? rows.codes.data() : nullptr, c.weighted ? rows.weight.data() : nullptr, scale,
                  gradient.numbers.data(), gradient.place(), losses.data(), scratch.data()});
    const std::string where = text_of(set, " loss ", static_cast<int>(c.kind), " rows ", c.rows, " logits ", c.n_logits,
                                      " of size ", c.size, " parameter ", c.parameter, c.reported ? " reported" : "");
    const long double n =
        static_cast<long double>(c.n_logits + 8);  // roundings: one a term of a sum, a few for the rest
    for (Index r = 0; r < c.rows; ++r) {
        const ByDefinition row = rows.by_definition(c, r);
        const long double weight = c.weighted ? rows.weight[static_cast<size_t>(r)] : 1;
        const size_t at = static_cast<size_t>(r);
        CHECK_NEAR(losses[at], weight * row.loss, weight * n * epsilon<T> * row.size, where, " row ", r);
        for (Index k = 0; k < c.n_logits; ++k) {
            const long double factor = weight * static_cast<long double>(scale),
                              size = row.sizes[static_cast<size_t>(k)];
            CHECK_NEAR(gradient.at(r, k), factor * row.gradient[static_cast<size_t>(k)],
                       factor * n * epsilon<T> * size + smallest<T>, where, " gradient at ", r, ", ", k);
        }
    }
    for (Index k = 0; k < c.n_logits; ++k)
        for (const Index other : {Index{-1}, c.rows}) CHECK(gradient.at(other, k) == 77, "another's row: ", where);
}

}  // namespace

TEST(losses_are_what_they_are_called) {
    for_all_kernels([]<class T>(const Kernels<T>& kernels, const std::string& set) {
        for (const LossKind kind : kinds)
            for (const double size : {0.5, 3.0, 60.0})
                for (const Index rows : {1, 3, 8, 21})
                    for (const Index n : {1, 2, 5, 16, 37}) {
                        const Index n_logits = kind == LossKind::quantile ? 3 * n : n;
                        for (const double parameter : {0.15, kind == LossKind::cross_entropy ? 0.0 : 1.5})
                            for (const bool weighted : {false, true})
                                for (const bool reported : {false, true})
                                    check_loss(kernels, set,
                                               {kind, rows, n_logits, size, parameter, weighted, reported});
                    }
    });
}

TEST(losses_pass_on_what_is_no_number) {
    for_all_kernels([]<class T>(const Kernels<T>& kernels, const std::string& set) {
        for (const LossKind kind : kinds) {
            const std::vector<T> target(3, T(1));
            std::vector<T> logits(static_cast<size_t>(row_length(kernels, 3)));
            logits[0] = T(1), logits[1] = T(NAN), logits[2] = T(2);
            const std::vector<int32_t> codes{0};
            const bool of_classes = kind == LossKind::cross_entropy;
            Panels<T> gradient(kernels, 3, 1);
            double loss = 0;
            std::vector<T> scratch(static_cast<size_t>(loss_scratch(1, 3)));
            for (const bool reported : {false, true}) {
                kernels.loss(
                    {kind, 0.5, levels.data(), 3, reported},
                    {1, 3, logits.data(), 3, of_classes ? nullptr : target.data(), of_classes ? codes.data() : nullptr,
                     nullptr, 1, gradient.numbers.data(), gradient.place(), &loss, scratch.data()});
                CHECK(std::isnan(loss), set, " loss ", static_cast<int>(kind));
            }
        }
    });
}

}  // namespace chainrule::tests
