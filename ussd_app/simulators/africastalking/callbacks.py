"""Handing over what the application is owed: again and again, with growing pauses, but not for ever."""

from collections.abc import Callable
from functools import partial

from ussd_app.simulators.africastalking.office import Office
from ussd_app.simulators.africastalking.records import Attempt, Callback, now

_OK = 200
_LONGEST_PAUSE = 600.0
_AS_JSON = frozenset({"sim_swap"})


def hand_over(
    office: Office,
    callback: Callback,
    *,
    tries: int,
    seconds: float = 0.0,
    then: Callable[[], None] | None = None,
) -> None:
    """Post the callback until it gets HTTP 200, at most so many times; `then` follows the first try."""
    office.post.after(seconds, partial(_try, office, callback, tries=tries, then=then))


def hand_over_once_more(office: Office, callback: Callback) -> None:
    """Post the callback one more time, whatever the answer."""

    def attempt() -> None:
        _attempt(office, callback)

    office.post.after(0, attempt)


def _try(
    office: Office, callback: Callback, *, tries: int, then: Callable[[], None] | None
) -> None:
    acknowledged = _attempt(office, callback)
    if not acknowledged and callback.state == "waiting":
        made = len(callback.attempts)
        if tries <= 1:
            callback.state = "given up"
        else:
            pause = office.config.callback_pause_seconds * 2 ** (made - 1)
            hand_over(office, callback, tries=tries - 1, seconds=min(pause, _LONGEST_PAUSE))
    office.books.touch()
    if then:
        then()


def _attempt(office: Office, callback: Callback) -> bool:
    address = getattr(office.config.callbacks, callback.kind)
    if not address:
        callback.state = "no address"
        return False
    at = now()
    answer = office.courier.post(
        address,
        callback.fields,
        timeout_seconds=office.config.gateway_timeout_seconds,
        as_json=callback.kind in _AS_JSON,
    )
    with office.books.lock:
        callback.attempts.append(
            Attempt(
                at=at,
                took_ms=answer.took_ms,
                http_status=answer.http_status,
                error=answer.error,
            )
        )
        if answer.http_status == _OK:
            callback.state = "acknowledged"
    return callback.state == "acknowledged"
