// How layers become stages, and which networks there are not.
#include <stdexcept>

#include "check.hpp"
#include "network.hpp"

namespace chainrule::tests {

namespace {

Layer dense(Index n_in, Index n_out) { return {.kind = Layer::Kind::dense, .n_in = n_in, .n_out = n_out}; }
Layer activation(Function function) { return {.kind = Layer::Kind::activation, .function = function}; }
Layer dropout(double rate) { return {.kind = Layer::Kind::dropout, .rate = rate}; }

template <class F>
std::string refusal(F f) {
    try {
        f();
    } catch (const std::invalid_argument& error) {
        return error.what();
    }
    return "";
}

}  // namespace

TEST(network_makes_a_stage_of_a_layer_and_what_follows_it) {
    const Network network(
        4,
        {dense(4, 3), activation(Function::relu), dropout(0.5), activation(Function::identity), dropout(0),
         dropout(0.25), activation(Function::tanh), activation(Function::elu), dense(3, 2)},
        {}, 0, 0);
    CHECK(network.stages.size() == 5, network.stages.size());
    const auto stage_is = [&](size_t i, bool dense, Function function, double rate) {
        const Stage& stage = network.stages[i];
        CHECK(stage.dense == dense && stage.function == function && stage.dropout == rate, "stage ", i);
    };
    stage_is(0, true, Function::relu, 0.5);
    stage_is(1, false, Function::identity, 0.25);
    stage_is(2, false, Function::tanh, 0);
    stage_is(3, false, Function::elu, 0);
    stage_is(4, true, Function::identity, 0);
    CHECK(network.stages[1].dropout_layer == 5, network.stages[1].dropout_layer);
    CHECK(network.stages[4].offset == 15 && network.n_weights() == 23, network.n_weights());
}

TEST(network_refuses_what_does_not_fit) {
    CHECK(refusal([] { Network(4, {dense(4, 3), dense(4, 2)}, {}, 0, 0); }).find("fit together") != std::string::npos,
          "");
    CHECK(refusal([] { Network(4, {activation(Function::relu)}, {}, 0, 0); }).find("dense") != std::string::npos, "");
    CHECK(refusal([] { function_of("relu6"); }).find("'relu6'") != std::string::npos, "");
    CHECK(refusal([] { loss_of("hinge", 0, {}); }).find("'hinge'") != std::string::npos, "");
    CHECK(refusal([] { optimizer_of("lion"); }).find("'lion'") != std::string::npos, "");
}

}  // namespace chainrule::tests
