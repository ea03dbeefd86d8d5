import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.cli.assignments import parse_kinds, parse_settings, with_labels
from chainrule.errors import ParameterError

KNOWN = {"max_iter": 200, "hidden_layer_sizes": (256, 256), "random_state": None}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5", 5),
        ("1e-3", 0.001),
        ("true", True),
        ("True", True),
        ("False", False),
        ("null", None),
        ("None", None),
        ("relu", "relu"),
        ('"relu"', "relu"),
        ("256,128", (256, 128)),
        ("(256, 128)", (256, 128)),
        ("256,", (256,)),
        ("[64]", (64,)),
        ("[]", ()),
        ('{"yes": 2}', {"yes": 2}),
        ("a,b", "a,b"),
        ("x=y", "x=y"),
        ("[" * 100_000, "[" * 100_000),
    ],
)
def test_values_are_read_as_json_or_python_or_text(text, value):
    read = parse_settings([f"max_iter={text}"], KNOWN, owner="T")["max_iter"]
    assert (read, type(read)) == (value, type(value))


@settings(deadline=None, max_examples=200)
@given(st.text(min_size=1).filter(str.strip))
def test_any_text_is_a_value(text):
    assert parse_settings([f"max_iter={text}"], KNOWN, owner="T").keys() == {"max_iter"}


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (
            ["max_itr=3"],
            r"--set max_itr: T has no such parameter\. Did you mean 'max_iter'\? Known are max_iter, hidden",
        ),
        (["max_iter"], r"--set must look like NAME=VALUE\. Got 'max_iter'\."),
        (["=3"], "--set must look like"),
        (["max_iter="], "--set must look like"),
        (["max_iter=1", "max_iter=2"], "--set max_iter is given twice"),
        (["random_state=1"], "--set random_state has an option of its own; use --seed"),
        (["n_threads=1"], "use --threads"),
        (["time_limit=1"], "use --time-limit"),
        (["columns=1"], "use --columns"),
        (["verbose=1"], "progress is always shown"),
    ],
)
def test_wrong_settings(texts, message):
    with pytest.raises(ParameterError, match=message):
        parse_settings(texts, KNOWN, owner="T")


def test_kinds_are_split_at_the_last_equals_sign():
    assert parse_kinds(["a=number", "b = c=date"]) == {"a": "number", "b = c": "date"}


@pytest.mark.parametrize(
    ("texts", "message"),
    [(["a"], r"--columns must look like NAME=KIND\. Got 'a'"), (["a=date", "a=number"], "--columns a is given twice")],
)
def test_wrong_kinds(texts, message):
    with pytest.raises(ParameterError, match=message):
        parse_kinds(texts)


@pytest.mark.parametrize(
    ("labels", "keys"), [([0, 1], ["0", "1"]), ([False, True], ["false", "True"]), (["no", "0"], ["no", "0"])]
)
def test_class_weights_are_given_to_labels_not_to_their_texts(labels, keys):
    weights = with_labels(dict(zip(keys, [1, 3], strict=True)), labels)
    assert list(weights.items()) == list(zip(labels, [1, 3], strict=True))
    assert [type(key) for key in weights] == [type(label) for label in labels]


def test_a_class_weight_of_no_class_is_left_to_the_estimator():
    assert with_labels({"2": 5}, [0, 1]) == {"2": 5}
