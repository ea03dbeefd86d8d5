import signal
import threading

import pytest

from chainrule.training.interrupt import Interrupt


@pytest.fixture(autouse=True)
def keep_handler():
    """Whatever a test does to SIGINT, pytest's own Ctrl-C comes back."""
    before = signal.getsignal(signal.SIGINT)
    yield
    signal.signal(signal.SIGINT, before)


def test_the_first_ctrl_c_asks_and_the_second_is_handled_as_before():
    told = []
    signal.signal(signal.SIGINT, handler := lambda *_: told.append("second"))
    with Interrupt() as interrupt:
        assert not interrupt.requested
        signal.raise_signal(signal.SIGINT)
        assert (interrupt.requested, told) == (True, [])
        signal.raise_signal(signal.SIGINT)
        assert told == ["second"]
    assert signal.getsignal(signal.SIGINT) is handler


def test_a_second_ctrl_c_waits_for_the_end_of_a_block_that_is_held():
    told = []
    signal.signal(signal.SIGINT, handler := lambda *_: told.append("second"))
    with Interrupt() as interrupt:
        with interrupt.held():
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)
            assert (interrupt.requested, told) == (True, [])
        assert told == ["second"]
        assert signal.getsignal(signal.SIGINT) is handler
    assert signal.getsignal(signal.SIGINT) is handler


def test_a_first_ctrl_c_in_a_block_that_is_held_is_the_first():
    with Interrupt() as interrupt:
        with interrupt.held():
            signal.raise_signal(signal.SIGINT)
        assert interrupt.requested
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_the_handler_comes_back_when_none_came_and_when_the_block_raises():
    before = signal.getsignal(signal.SIGINT)

    def fails_inside():
        with Interrupt():
            assert signal.getsignal(signal.SIGINT) != before
            raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        fails_inside()
    assert signal.getsignal(signal.SIGINT) is before


def test_an_ignored_ctrl_c_stays_ignored():
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with Interrupt() as interrupt:
        assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN
        signal.raise_signal(signal.SIGINT)
        assert not interrupt.requested
    assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN


def test_a_handler_outside_of_python_is_left_alone(monkeypatch):
    changes = []
    with monkeypatch.context() as patch:
        patch.setattr(signal, "getsignal", lambda _: None)  # what Python answers for a handler it did not install
        patch.setattr(signal, "signal", lambda *change: changes.append(change))
        with Interrupt():
            pass
    assert changes == []


def test_the_default_action_is_replaced_and_comes_back():
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    with Interrupt() as interrupt:
        signal.raise_signal(signal.SIGINT)
        assert interrupt.requested
    assert signal.getsignal(signal.SIGINT) == signal.SIG_DFL


def test_nothing_happens_in_another_thread():
    seen = []
    before = signal.getsignal(signal.SIGINT)

    def enter():
        with Interrupt() as interrupt:
            seen.append((signal.getsignal(signal.SIGINT), interrupt.requested))

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    assert seen == [(before, False)]
