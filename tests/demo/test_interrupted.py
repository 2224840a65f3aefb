"""Who interrupts the demo ends its server, too: what is being sent then is no fault."""

import threading

import pytest

from footfall.demo import INDUSTRIES, send_history
from footfall.errors import StoreUnavailable

NOBODY = "http://127.0.0.1:9"  # discard: nobody listens
KEYS = {industry.tenant_id: "ffa_x" for industry in INDUSTRIES}


def test_it_ends_without_a_word_when_it_was_told_to() -> None:
    stop = threading.Event()
    told = []

    def sent(accepted: int, total: int) -> None:
        told.append(accepted)
        # the signal comes while the first piece is on its way
        threading.Timer(0.2, stop.set).start()

    send_history(NOBODY, KEYS, 1, stop, sent)
    assert told == [0, 0]


def test_a_server_that_ends_by_itself_is_told() -> None:
    with pytest.raises(StoreUnavailable, match="does not answer"):
        send_history(NOBODY, KEYS, 1, threading.Event(), lambda *_: None)
