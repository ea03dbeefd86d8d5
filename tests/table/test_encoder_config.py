"""Configurations of an encoder are read without trust."""

import copy

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.errors import ParameterError, TableError
from chainrule.table import TableEncoder

TABLE = pl.DataFrame(
    {
        "n": [1.0, None, 3.0, 9.5],
        "c": ["a", "b", None, "c"],
        "t": [True, False, None, True],
        "d": ["2020-01-01", "2021-03-01", None, "2020-05-05"],
        "same": [1, 1, 1, 1],
    }
)
CONFIG = TableEncoder(columns={"t": "boolean"}, max_categories=2).fit(TABLE).to_config()
PLACES = {plan["name"]: place for place, plan in enumerate(CONFIG["plans"])}


def changed(column=None, **entries):
    config = copy.deepcopy(CONFIG)
    (config if column is None else config["plans"][PLACES[column]]).update(entries)
    return config


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (None, r"config must be a JSON object with just the entries max_categories, .*Got None"),
        ({}, "config must be a JSON object with just the entries"),
        (changed(extra=1), "config must be a JSON object with just the entries"),
        (changed(dtype="int8"), r"config\['dtype'\] must be one of float32, float64\. Got 'int8'"),
        (changed(max_categories=1e9), r"config\['max_categories'\] must be an int of 64 bits"),
        (changed(max_categories=0), r"max_categories must be an int of at least 1\. Got 0"),
        (changed(named="yes"), r"config\['named'\] must be true or false"),
        (changed(named=False), "called by the positions 0, 1, … in order"),
        (changed(sparse=True), r"must be numbers or dropped where config\['sparse'\] is true"),
        (changed(columns=[["t"]]), r"config\['columns'\]\[0\] must be a list of two"),
        (changed(columns=[["t", "odd"]]), r"config\['columns'\]\[0\] must be one of number, boolean"),
        (changed(plans=3), r"config\['plans'\] must be a list"),
        (changed(plans=[3]), r"config\['plans'\]\[0\] must be a JSON object\. Got 3"),
        (changed(plans=[{"kind": ["number"]}]), r"config\['plans'\]\[0\]\['kind'\] must be one of dropped, number"),
        (changed("n", name="c"), "called by distinct names"),
        (changed("n", name=0), "called by distinct names"),
        (changed("n", name=None), r"\['plans'\]\[0\]\['name'\] must be an int of 64 bits\. Got None"),
        (changed("n", name="n" * 500, scale=[0]), r"must be \[centre, spread\] with a spread above 0"),
        (changed("n", scale=[0.0, 0.0]), "a spread above 0"),
        (changed("n", scale=[float("inf"), 1.0]), r"\['scale'\]\[0\] must be a finite number"),
        (changed("n", gaps=1), r"\['gaps'\] must be true or false"),
        (changed("n", more=1), "just the entries name, scale, gaps, said"),
        (changed("c", categories="ab"), r"\['categories'\] must be a list"),
        (changed("c", categories=["a", 1]), r"\['categories'\]\[1\] must be a str"),
        (changed("c", categories=["a", "a"]), r"\['categories'\] must be a list of distinct names"),
        (changed("c", source="cloud"), r"\['source'\] must be one of number, boolean, time, text"),
        (changed("d", origin=2**63), r"\['origin'\] must be an int of 64 bits"),
        (changed("d", parts=[["century", [0, 1]]]), r"\['parts'\]\[0\] must be one of elapsed days"),
        (changed("d", parts=[["year", [0, 1]], ["year", [0, 1]]]), r"\['parts'\] must be a list of distinct parts"),
        (changed("same", reason=5), r"\['reason'\] must be a str"),
    ],
)
def test_each_entry_is_checked(config, message):
    with pytest.raises(ParameterError, match=message):
        TableEncoder.from_config(config)


def test_nothing_to_encode():
    with pytest.raises(TableError, match="nothing to learn from"):
        TableEncoder.from_config(changed(plans=[]))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


@given(st.data(), json_values)
@settings(deadline=None, max_examples=300)
def test_anything_in_any_place_is_read_or_refused(data, junk):
    """A configuration with one value replaced either encodes the table or raises one of our errors."""
    config = copy.deepcopy(CONFIG)
    place = config
    while True:
        key = data.draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
        if not isinstance(place[key], dict | list) or not place[key] or data.draw(st.booleans()):
            break
        place = place[key]
    place[key] = junk
    try:
        encoder = TableEncoder.from_config(config)
        encoded = encoder.transform(TABLE, extra="ignore")
    except (ParameterError, TableError):
        return
    assert encoded.shape == (4, len(encoder.encoded_names_))
