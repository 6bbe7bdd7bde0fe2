"""Settings, books, the shelf of phones, and what must never be shown."""

import json
import re
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from tests.simulators.desk import AMINA, API_KEY, BARAKA, Desk
from tests.simulators.stub import StubApplication, eventually
from ussd_app import simulators as simulators_package
from ussd_app.simulators import Config, serving
from ussd_app.simulators.africastalking import books as books_module
from ussd_app.simulators.africastalking.books import Books
from ussd_app.simulators.africastalking.records import Session, Sms, now
from ussd_app.simulators.telephone import page

STATIC = Path(page.__file__).parent / "static"


def test_it_says_it_is_well(desk: Desk) -> None:
    assert desk.http.get("/healthz").status_code == 200


def test_settings_change_while_open(desk: Desk) -> None:
    desk.configure(service_code="*483*7#", network_code="63903")
    desk.dial(code="*483*7*2#")

    [form] = desk.app.asked("ussd")
    assert (form["serviceCode"], form["networkCode"], form["text"]) == ("*483*7#", "63903", "2")


def test_a_gateway_waits_ten_seconds_and_a_session_lasts_three_minutes_unless_set() -> None:
    with serving(Config()) as address:
        config = httpx.get(f"{address}/control/config", trust_env=False).json()

    assert (config["gateway_timeout_seconds"], config["session_seconds"]) == (10, 180)


def test_one_callback_is_set_and_the_others_stay(desk: Desk) -> None:
    desk.configure(callbacks={"inbound": ""})

    callbacks = desk.http.get("/control/config").json()["callbacks"]
    assert callbacks == {
        "ussd": True,
        "events": True,
        "delivery": True,
        "inbound": False,
        "optout": True,
        "sim_swap": True,
    }


@pytest.mark.parametrize(
    "wishes",
    [
        {"service_code": "384"},
        {"session_seconds": -1},
        {"callback_attempts": "many"},
        {"people": [{"phone": "nobody", "name": "x"}]},
        {"people": [{"name": "x"}]},
        {"callbacks": {"ussd": "ftp://x"}},
        {"callbacks": {"other": "http://x"}},
        {"colour": "red"},
        [],
    ],
)
def test_settings_that_make_no_sense_are_refused(desk: Desk, wishes: object) -> None:
    answer = desk.http.put("/control/config", json=wishes)

    assert answer.status_code == 400
    assert answer.json()["error"]


def test_every_fault_of_the_settings_is_named_at_once(desk: Desk) -> None:
    answer = desk.http.put("/control/config", json={"seed": -1, "short_code": "x"})

    assert "seed" in answer.json()["error"]
    assert "short_code" in answer.json()["error"]


def test_no_secret_is_ever_shown(desk: Desk) -> None:
    desk.app.statuses["delivery"] = [500]
    desk.app.statuses["inbound"] = [404]
    desk.dial()
    desk.send()
    desk.write_sms("Hello")
    desk.configure(callbacks={"events": "http://127.0.0.1:1/s3cret/events"})
    desk.hang_up()
    eventually(lambda: desk.books("events")[0]["state"] == "given up")

    for path in ("/control/books", "/control/config", "/phones", f"/phones/{AMINA}"):
        shown = desk.http.get(path).text
        assert "s3cret" not in shown
        assert API_KEY not in shown


def test_it_knows_nothing_of_the_application() -> None:
    package = Path(simulators_package.__file__).parent
    sources = [each.read_text() for each in package.rglob("*.py")]
    ours = {name for source in sources for name in re.findall(r"ussd_app\.(\w+)", source)}

    assert ours == {"simulators"}


def test_no_secret_is_in_the_settings_printed(config: Config) -> None:
    assert "s3cret" not in repr(config)
    assert API_KEY not in repr(config)


def test_the_books_tell_the_story_of_one_phone(desk: Desk) -> None:
    desk.dial(AMINA)
    desk.reply("1", AMINA)
    desk.hang_up(AMINA)
    desk.dial(BARAKA)
    desk.send(BARAKA)
    desk.told("events")

    [session] = desk.books("sessions", phone=AMINA)
    assert (session["status"], session["inputs"]) == ("Incomplete", ["1"])
    assert [(hop["text"], hop["answer"], hop["label"]) for hop in session["hops"]] == [
        ("", "CON You typed nothing", "step0"),
        ("1", "CON You typed 1", "step0"),
    ]
    assert desk.books("sms", phone=AMINA) == []
    assert len(desk.books("events", phone=AMINA)) == 1
    assert len(desk.books("sessions")) == 2


def test_reset_forgets_everything_but_the_settings(desk: Desk) -> None:
    desk.dial()
    desk.send()
    desk.write_sms("STOP")
    desk.fault({"name": "ussd.cut"})
    desk.http.post("/phones", json={"phone": "0712000009", "name": "Zawadi"})

    desk.http.post("/control/reset").raise_for_status()

    books = desk.http.get("/control/books").json()
    assert all(records == [] for records in books.values())
    assert desk.http.get("/control/faults").json()["faults"] == []
    assert [each["phone"] for each in desk.http.get("/phones").json()["phones"]] == [AMINA, BARAKA]
    assert desk.dial()["ends"] is False


def test_the_books_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(books_module, "MAX_SESSIONS", 3)
    monkeypatch.setattr(books_module, "MAX_SMS", 3)
    books = Books()
    for number in range(5):
        phone = f"+25471200000{number}"
        books.open_session(_session(phone))
        sms = _sms(phone)
        books.accept(sms)
        books.deliver(sms)

    assert [each.phone[-1] for each in books.sessions.values()] == ["2", "3", "4"]
    assert [each.to[-1] for each in books.sms] == ["2", "3", "4"]
    assert books.latest_session("+254712000000") is None
    assert books.inbox("+254712000000") == []


def test_a_phone_is_added_as_a_person_writes_it_and_removed(desk: Desk) -> None:
    added = desk.http.post("/phones", json={"phone": "0712 000-009", "name": "Zawadi"})

    assert (added.status_code, added.json()["phone"]) == (201, "+254712000009")
    again = desk.http.post("/phones", json={"phone": "+254712000009"})
    assert (again.status_code, again.json()["error"]) == (409, "that phone is here already")
    assert desk.http.delete("/phones/+254712000009").status_code == 204
    assert desk.http.delete("/phones/+254712000009").status_code == 404


def test_the_shelf_is_sent_again_only_when_something_changed(desk: Desk) -> None:
    revision = desk.http.get("/phones").json()["revision"]

    assert desk.http.get("/phones", params={"since": revision}).status_code == 204
    desk.dial()
    assert desk.http.get("/phones", params={"since": revision}).status_code == 200


def test_another_site_presses_no_keys(desk: Desk) -> None:
    path, headers = f"/phones/{AMINA}/dial", {"Sec-Fetch-Site": "cross-site"}
    answer = desk.http.post(path, json={"code": "*384*96#"}, headers=headers)

    assert answer.status_code == 403
    assert desk.app.requests == []


@pytest.mark.parametrize("path", ["/", "/phones", "/static/page.css", "/nowhere"])
def test_every_answer_allows_nothing_from_elsewhere(desk: Desk, path: str) -> None:
    policy = desk.http.get(path).headers["content-security-policy"]

    assert policy.startswith("default-src 'self';")
    assert "unsafe" not in policy


def test_the_page_is_small_and_all_its_own(desk: Desk) -> None:
    sources = {each.name: each.read_text() for each in STATIC.iterdir()}
    served = {name: desk.http.get(f"/static/{name}").text for name in sources}

    assert served == sources
    assert sum(map(len, sources.values())) < 75_000
    assert [name for name, source in sources.items() if "//" in _without_comments(source)] == []
    assert "style=" not in sources["page.html"]


def test_it_is_started_from_the_command_line(application: StubApplication, free_port: int) -> None:
    config = json.dumps({"callbacks": application.callbacks})
    command = [sys.executable, "-m", "ussd_app.simulators", "--port", str(free_port)]
    with subprocess.Popen(
        [*command, "--config", config], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            address = f"http://127.0.0.1:{free_port}"
            eventually(lambda: _is_well(address), seconds=30)
            shown = httpx.post(f"{address}/phones/{AMINA}/dial", json={"code": "*384*96#"}).json()
        finally:
            process.terminate()
            said, _ = process.communicate(timeout=20)

    assert shown["screen"] == "You typed nothing"
    assert f"http://127.0.0.1:{free_port}/" in said
    assert "s3cret" not in said


def test_a_bad_configuration_does_not_start() -> None:
    command = [sys.executable, "-m", "ussd_app.simulators", "--config", '{"seed": "x"}']
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)

    assert done.returncode == 2
    assert "seed" in done.stderr


def _without_comments(source: str) -> str:
    return re.sub(r"^\s*//.*| // .*|http://www.w3.org/2000/svg", "", source, flags=re.MULTILINE)


def _is_well(address: str) -> bool:
    try:
        return httpx.get(f"{address}/healthz").status_code == 200
    except httpx.TransportError:
        time.sleep(0.05)
        return False


def _session(phone: str) -> Session:
    return Session(
        id=f"ATUid_{phone}",
        phone=phone,
        service_code="*384*96#",
        network_code="63902",
        dialled="*384*96#",
        inputs=[],
        started_at=now(),
        seconds=180,
    )


def _sms(phone: str) -> Sms:
    return Sms(
        id=f"ATPid_{phone}",
        to=phone,
        sender="X",
        text="Hello",
        parts=1,
        cost="KES 0.8000",
        accepted_at=now(),
    )
