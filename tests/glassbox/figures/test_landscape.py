import numpy as np
import pytest

from chainrule.errors import ParameterError
from chainrule.glassbox import landscape, landscape_of


def error(run, weights):
    source = run.source
    return run.network.error(weights, source.numbers, source.target, source.weight)


def test_two_weights_have_one_plane_so_the_ground_is_known(line):
    """The network has two weights: the plane of the path is all there is, and rotates it at most."""
    found = landscape_of(line, n_points=7)
    end = line.weights_before(line.kept_step)
    path = np.array([line.weights_before(step) - end for step in found.steps])
    rotation, *_ = np.linalg.lstsq(found.path, path, rcond=None)
    assert rotation @ rotation.T == pytest.approx(np.eye(2), abs=1e-9)
    for i, y in enumerate(found.y):
        for j, x in enumerate(found.x):
            assert found.error[i, j] == pytest.approx(error(line, end + np.array([x, y]) @ rotation))
    assert sum(found.explained) == pytest.approx(1.0)
    assert list(found.path_error) == pytest.approx([error(line, line.weights_before(step)) for step in found.steps])


def test_the_grid_reaches_a_quarter_beyond_the_path(line):
    found = landscape_of(line)
    for places, axis in ((found.path[:, 0], found.x), (found.path[:, 1], found.y)):
        room = 0.25 * np.ptp(places)
        assert (axis[0], axis[-1]) == pytest.approx((places.min() - room, places.max() + room))


def test_the_plane_of_the_path_is_the_nearest(run):
    """No other plane through the end explains more: by the eigenvalues of the path's scatter."""
    found = landscape_of(run, n_points=2)
    end = run.weights_before(run.kept_step)
    path = np.array([run.weights_before(step) - end for step in found.steps])
    eigenvalues = np.linalg.eigvalsh(path @ path.T)[::-1]
    assert found.explained == pytest.approx(eigenvalues[:2] / eigenvalues.sum())
    assert np.linalg.norm(found.path, axis=0) ** 2 == pytest.approx(eigenvalues[:2])


def test_random_directions_are_normalised_neuron_by_neuron(run):
    found = landscape_of(run, plane="random", n_points=3, seed=4)
    end = run.weights_before(run.kept_step)
    assert found.error[1, 1] == pytest.approx(error(run, end))
    drawn = [np.random.default_rng([4, k]).normal(size=len(end)) for k in range(2)]
    for direction in drawn:
        for own, views in zip(run.network.layout.views(end), run.network.layout.views(direction), strict=True):
            if views:
                views[0][:-1] *= np.linalg.norm(own[0][:-1], axis=0) / np.linalg.norm(views[0][:-1], axis=0)
                views[0][-1] = 0.0
    assert found.error[0, 2] == pytest.approx(error(run, end + drawn[0] - drawn[1]))
    assert found.steps == []


def test_the_figure_draws_the_ground_the_path_and_its_ends(line, traces):
    found, figure = landscape_of(line), landscape(line)
    ground = next(trace for trace in figure.data if trace.type == "contour")
    assert np.array_equal(ground.customdata, found.error)
    assert np.array_equal(ground.z, np.log10(found.error))
    path = traces(figure)["path of the descent"]
    assert np.array_equal(path.x, found.path[:, 0])
    assert list(path.customdata[:, 0]) == found.steps
    start = traces(figure)["start"]
    assert (start.x[0], start.y[0]) == tuple(found.path[0])
    kept = traces(figure)["weights kept"]
    assert (kept.x[0], kept.y[0]) == (0.0, 0.0)
    assert figure.layout.xaxis.title.text.startswith("principal direction 1 (")


def test_the_bar_names_errors_and_not_their_logarithms(line):
    bar = next(trace for trace in landscape(line).data if trace.type == "contour").colorbar
    assert [float(text) for text in bar.ticktext] == pytest.approx(10.0 ** np.array(bar.tickvals))
    assert bar.title.text == "E"


def test_on_a_random_plane_only_the_end_is_marked(run, traces):
    figure = landscape(run, plane="random", n_points=5)
    assert list(traces(figure)) == ["weights kept"]
    assert figure.layout.xaxis.title.text == "random direction 1"


def test_errors_of_one_magnitude_are_drawn_as_they_are(run):
    figure = landscape(run, n_points=4)
    ground = next(trace for trace in figure.data if trace.type == "contour")
    assert np.array_equal(ground.z, ground.customdata)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"plane": "loss"}, "plane must be 'path' or 'random', got 'loss'"),
        ({"n_points": 1}, "n_points must be an int of at least 2, got 1"),
        ({"n_points": 2.5}, "n_points must be an int of at least 2, got 2.5"),
    ],
)
def test_what_breaks_a_rule_is_refused(line, options, message):
    with pytest.raises(ParameterError, match=message):
        landscape(line, **options)
