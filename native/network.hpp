// A network as the core runs it: its layers fused into stages.
#pragma once

#include <string>
#include <vector>

#include "kernels.hpp"

namespace chainrule {

// A layer as network/ describes it.
struct Layer {
    enum class Kind { dense, activation, dropout };
    Kind kind;
    Index n_in = 0, n_out = 0;                                // dense
    double weight_rate = 1, bias_rate = 1, weight_decay = 1;  // dense: factors on learning rate and decay
    Function function = Function::identity;                   // activation
    double rate = 0;                                          // dropout
};

// A dense layer with the activation and the dropout that follow it; any of the three may be missing.
struct Stage {
    bool dense = false;
    Index n_in = 0, n_out = 0;
    Index offset = 0;  // of W (n_in + 1, n_out) in the flat weights
    double weight_rate = 1, bias_rate = 1, weight_decay = 1;
    Function function = Function::identity;
    double dropout = 0;
    int dropout_layer = 0;  // index of the dropout layer in the network: part of its random key

    Index n_weights() const { return dense ? (n_in + 1) * n_out : 0; }

    // Whether the sign of the outputs tells the derivative: then z need not be kept.
    bool slope_of_sign() const {
        return dense && (function == Function::relu || (function == Function::leaky_relu && dropout == 0));
    }
    bool slope_in_buffer() const {
        return !slope_of_sign() && (!dense || function != Function::identity || dropout != 0);
    }

    // The function that the matrix product applies on the way out.
    Function fused() const { return slope_in_buffer() ? Function::identity : function; }
};

struct Loss {
    LossKind kind = LossKind::squared_error;
    double parameter = 0;
    std::vector<double> levels;
    bool reported = false;

    LossSettings settings() const {
        return {kind, parameter, levels.data(), static_cast<Index>(levels.size()), reported};
    }
    bool of_classes() const { return kind == LossKind::cross_entropy; }
    Index n_targets(Index n_logits) const {
        return kind == LossKind::quantile ? n_logits / static_cast<Index>(levels.size()) : n_logits;
    }
};

struct Network {
    Index n_inputs;
    std::vector<Stage> stages;
    Loss loss;
    double l1, l2;

    Network(Index n_inputs, const std::vector<Layer>& layers, Loss loss, double l1, double l2);

    Index n_outputs() const { return stages.back().n_out; }
    Index n_weights() const;
    // More than a cache holds, with the gradient and the optimizer's state.
    bool has_many_weights() const { return n_weights() >= 32768; }
    size_t first_dense() const;
};

// The names of network/ and training/optimizers/; throws std::invalid_argument for others.
Function function_of(const std::string& name);
Loss loss_of(const std::string& name, double parameter, const std::vector<double>& levels);
OptimizerKind optimizer_of(const std::string& name);

}  // namespace chainrule
