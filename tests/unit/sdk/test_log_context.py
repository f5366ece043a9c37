"""Fields that every record of a stretch of work carries."""

from __future__ import annotations

import threading

import pytest

from hpro_sdk.log_context import log_context, log_fields


def test_an_inner_context_adds_and_both_end() -> None:
    with log_context(run_id="1", crm="main"):
        with log_context(run_id="2", stream="Lead"):
            assert dict(log_fields()) == {"run_id": "2", "crm": "main", "stream": "Lead"}
        assert dict(log_fields()) == {"run_id": "1", "crm": "main"}
    assert dict(log_fields()) == {}


def test_it_ends_with_an_error_too() -> None:
    with pytest.raises(KeyError), log_context(run_id="1"):
        raise KeyError
    assert dict(log_fields()) == {}


def test_each_thread_has_its_own() -> None:
    seen: dict[str, dict[str, object]] = {}
    both_inside = threading.Barrier(2, timeout=30)

    def work(name: str) -> None:
        before = dict(log_fields())
        with log_context(run_id=name):
            both_inside.wait()
            seen[name] = {**before, **log_fields()}
            both_inside.wait()

    with log_context(run_id="of the main thread"):
        threads = [threading.Thread(target=work, args=(name,)) for name in ("a", "b")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert dict(log_fields()) == {"run_id": "of the main thread"}
    assert seen == {"a": {"run_id": "a"}, "b": {"run_id": "b"}}


@pytest.mark.parametrize("name", ["name", "message", "asctime", "args", "exc_info"])
def test_a_name_of_records_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=name), log_context(**{name: 1}):
        pass
    assert dict(log_fields()) == {}
