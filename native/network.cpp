#include "network.hpp"

#include <stdexcept>
#include <utility>

namespace chainrule {

namespace {

// The stage that a layer without weights joins: the last one if it has room for it, or a new one.
Stage& joined(std::vector<Stage>& stages, Index width, bool has_room) {
    if (stages.empty() || !has_room) {
        Stage stage;
        stage.n_in = stage.n_out = width;
        stages.push_back(stage);
    }
    return stages.back();
}

template <class Value>
Value named(const std::string& name, std::initializer_list<std::pair<const char*, Value>> names) {
    for (const auto& [known, value] : names)
        if (name == known) return value;
    throw std::invalid_argument("The native core does not know '" + name + "'.");
}

}  // namespace

Network::Network(Index n_inputs, const std::vector<Layer>& layers, Loss loss, double l1, double l2)
    : n_inputs(n_inputs), loss(std::move(loss)), l1(l1), l2(l2) {
    Index width = n_inputs, offset = 0;
    for (size_t i = 0; i < layers.size(); ++i) {
        const Layer& layer = layers[i];
        const bool no_dropout = !stages.empty() && stages.back().dropout == 0;
        switch (layer.kind) {
            case Layer::Kind::dense: {
                if (layer.n_in != width) throw std::invalid_argument("The layers do not fit together.");
                Stage stage;
                stage.dense = true;
                stage.n_in = layer.n_in, stage.n_out = layer.n_out, stage.offset = offset;
                stage.weight_rate = layer.weight_rate, stage.bias_rate = layer.bias_rate;
                stage.weight_decay = layer.weight_decay;
                stages.push_back(stage);
                offset += stage.n_weights();
                width = layer.n_out;
                break;
            }
            case Layer::Kind::activation:
                if (layer.function != Function::identity) {
                    const bool has_room = no_dropout && stages.back().function == Function::identity;
                    joined(stages, width, has_room).function = layer.function;
                }
                break;
            case Layer::Kind::dropout:
                if (layer.rate != 0) {
                    Stage& stage = joined(stages, width, no_dropout);
                    stage.dropout = layer.rate;
                    stage.dropout_layer = static_cast<int>(i);
                }
                break;
        }
    }
    if (offset == 0) throw std::invalid_argument("A network needs at least one dense layer.");
    const Index n_levels = static_cast<Index>(this->loss.levels.size());
    if (this->loss.kind == LossKind::quantile && (n_levels == 0 || width % n_levels != 0))
        throw std::invalid_argument("The outputs must be a multiple of the quantile levels.");
}

Index Network::n_weights() const {
    Index n = 0;
    for (const Stage& stage : stages) n += stage.n_weights();
    return n;
}

size_t Network::first_dense() const {
    size_t i = 0;
    while (!stages[i].dense) ++i;
    return i;
}

Function function_of(const std::string& name) {
    return named<Function>(name, {{"identity", Function::identity},
                                  {"relu", Function::relu},
                                  {"leaky_relu", Function::leaky_relu},
                                  {"elu", Function::elu},
                                  {"selu", Function::selu},
                                  {"gelu", Function::gelu},
                                  {"silu", Function::silu},
                                  {"mish", Function::mish},
                                  {"tanh", Function::tanh},
                                  {"logistic", Function::logistic},
                                  {"softplus", Function::softplus}});
}

Loss loss_of(const std::string& name, double parameter, const std::vector<double>& levels) {
    using KindAndReported = std::pair<LossKind, bool>;
    const auto [kind, reported] =
        named<KindAndReported>(name, {{"squared_error", {LossKind::squared_error, false}},
                                      {"mean_squared_error", {LossKind::squared_error, true}},
                                      {"absolute_error", {LossKind::absolute_error, false}},
                                      {"huber", {LossKind::huber, false}},
                                      {"quantile", {LossKind::quantile, false}},
                                      {"poisson", {LossKind::poisson, false}},
                                      {"poisson_deviance", {LossKind::poisson, true}},
                                      {"log_loss", {LossKind::log_loss, false}},
                                      {"clipped_log_loss", {LossKind::log_loss, true}},
                                      {"cross_entropy", {LossKind::cross_entropy, false}},
                                      {"clipped_cross_entropy", {LossKind::cross_entropy, true}}});
    return {kind, parameter, levels, reported};
}

OptimizerKind optimizer_of(const std::string& name) {
    return named<OptimizerKind>(name, {{"sgd", OptimizerKind::sgd},
                                       {"momentum", OptimizerKind::momentum},
                                       {"nesterov", OptimizerKind::nesterov},
                                       {"adagrad", OptimizerKind::adagrad},
                                       {"rmsprop", OptimizerKind::rmsprop},
                                       {"adam", OptimizerKind::adam},
                                       {"adamw", OptimizerKind::adam}});
}

}  // namespace chainrule
