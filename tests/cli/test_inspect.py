import numpy as np

from chainrule.estimators import TableRegressor, load


def test_json_is_the_models_description(chainrule, models):
    facts = chainrule("inspect", "sold.chainrule", "--json").json()
    assert facts.pop("model") == "sold.chainrule"
    assert facts == load("sold.chainrule").describe()


def test_people_are_told_task_network_columns_settings_and_history(chainrule, models):
    told = chainrule("inspect", "sold.chainrule").out
    model = load("sold.chainrule")
    assert "classification of 'sold' (2 classes: no, yes)" in told
    assert "trained for 3 epochs" in told
    assert "settings: hidden_layer_sizes=8, max_iter=3\n" in told
    assert model.network_.summary().splitlines()[0] in told
    for part in ["on its validation rows", "accuracy", "2 columns", "colour", "category"]:
        assert part in told


def test_usual_settings_are_not_listed(chainrule, houses):
    chainrule(
        "train", "houses.csv", "--target", "price", "--set", "max_iter=200", "--time-limit", "60", "--holdout", "0.8"
    )
    assert "settings: time_limit=60.0\n" in chainrule("inspect", "houses.chainrule").out


def test_a_target_without_a_name_is_called_so(chainrule, houses):
    TableRegressor(max_iter=2, random_state=0).fit(houses[["x"]], np.asarray(houses["price"])).save("m.chainrule")
    assert "TableRegressor: regression of a target without a name\n" in chainrule("inspect", "m.chainrule").out
