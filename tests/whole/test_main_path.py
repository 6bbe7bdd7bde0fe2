"""The main path: join, send, look, on the telephones of a running system."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest

from tests.db.crowd import crowd, given
from tests.whole.system import System, ask
from tests.whole.telephone import (
    ACCOUNT,
    BALANCE,
    CHANGE_PIN,
    CONTINUE,
    ENGLISH,
    HELP,
    LANGUAGE,
    LAST_PAYMENT,
    SEND,
    SENT,
    SMS_RECEIVED,
    SMS_SENT,
    STATEMENT,
    SWAHILI,
    Phone,
    eventually,
    new_number,
)

FORM = "application/x-www-form-urlencoded"
COPIES = 50
STILL_WORKED_ON = "END Your last step is still being worked on. Dial again in a minute."


@pytest.fixture
def juma(system: System) -> Phone:
    return system.member(name="Juma Otieno")


def test_r_a01_a_stranger_joins_in_swahili_and_is_greeted_with_tokens_and_an_sms(
    system: System,
) -> None:
    neema = system.phone()

    joined = neema.join("Neema Wambui", SWAHILI)

    assert joined.ends
    assert "Karibu Neema Wambui! Umepata zawadi ya 50 UMOJA" in joined.text
    assert "Karibu Umoja, Neema W! Umepewa 50 UMOJA" in neema.sms_like("Karibu Umoja")
    assert neema.balance() == "50"


def test_r_a07_a_payment_tells_both_phones_the_same_reference(system: System, juma: Phone) -> None:
    neema = system.member(name="Neema Wambui", language=SWAHILI)

    told = neema.send(juma, "20")

    sent = SENT.search(told.text)
    assert sent, told
    assert sent["amount"] == "20"
    assert told.text.startswith("Umetuma 20 UMOJA kwa Juma O")
    paid, got = neema.sms_like(SMS_SENT), juma.sms_like(SMS_RECEIVED)
    assert paid.startswith(f"{sent['ref']}: umetuma 20 UMOJA kwa Juma O {juma.national}")
    assert paid.endswith("Salio 30 UMOJA.")
    assert got.startswith(f"{sent['ref']}: you got 20 UMOJA from Neema W {neema.national}")
    assert got.endswith("Balance 70 UMOJA.")
    assert len(neema.sms()) == len(juma.sms()) == 2
    assert (neema.balance(), juma.balance()) == ("30", "70")
    assert system.reconciled() == []


def test_r_a06_the_statement_lists_what_came_and_went(system: System, juma: Phone) -> None:
    neema = system.member(name="Neema Wambui")
    told = neema.send(juma, "12.50")

    juma.home()
    juma.choose(STATEMENT)
    listed = juma.say(juma.pin)
    line = next(words for words in listed.text.split("\n") if "Neema W" in words)
    opened = juma.say(line.partition(".")[0])

    sent = SENT.search(told.text)
    assert sent
    assert "+12.50 Neema W" in line
    assert "+50 Welcome gift" in listed.text
    assert f"12.50 UMOJA from Neema W. Ref {sent['ref']}. Then you had 62.50" in opened.text


def test_delivery_reports_bring_every_sms_to_delivered(system: System, juma: Phone) -> None:
    neema = system.member(name="Neema Wambui")
    neema.send(juma, "3")

    def states() -> list[str]:
        rows = system.rows(
            "SELECT state FROM message WHERE phone IN (%s, %s)", neema.number, juma.number
        )
        return [state for (state,) in rows]

    eventually(lambda: states() == ["delivered"] * 4, "delivery of four SMS")


def test_the_end_of_a_call_is_kept_without_what_was_typed(system: System, juma: Phone) -> None:
    neema = system.member(name="Neema Wambui")
    neema.send(juma, "4.75")
    ended = neema.screen.call

    def told() -> list[str]:
        return [
            text
            for (text,) in system.rows(
                """
                SELECT (to_jsonb(call) - 'ended_at' - 'began_at')::text FROM call WHERE phone = %s
                    AND path LIKE '%%Transfer.sent' AND status = 'Success'
                """,
                neema.number,
            )
        ]

    (kept,) = eventually(told, "the event")
    books = system.desk.books("events", neema.number)
    theirs = next(each["fields"] for each in books if each["fields"]["sessionId"] == ended)
    assert neema.pin in theirs["input"].split("*"), "the company tells the PIN"
    assert '"hops": 5' in kept
    for typed in (theirs["input"], f"*{neema.pin}", "4.75", juma.national, ended):
        assert typed not in kept


def test_r_a03_wrong_pins_lock_and_the_owner_is_told(system: System, juma: Phone) -> None:
    juma.home()
    juma.choose(BALANCE)

    first, second, third = (juma.say("8642") for _try in range(3))

    assert "Tries left: 2" in first.text
    assert "Tries left: 1" in second.text
    assert "I forgot my PIN" in third.text
    assert "locked until" in third.text
    assert "PIN is locked until" in juma.sms_like("locked")
    juma.home()
    assert "locked until" in juma.choose(BALANCE).text, "the right PIN is not even asked for"


def test_r_a15_a_cut_call_goes_on_where_it_was(system: System, juma: Phone) -> None:
    neema = system.member(name="Neema Wambui")
    neema.home()
    neema.choose(SEND)
    neema.say(juma.national)

    neema.hang_up()
    neema.dial()
    assert "You were cut off" in neema.screen.text
    resumed = neema.choose(CONTINUE)

    assert "How much for Juma O?" in resumed.text
    sent = neema.say("2", neema.pin)
    assert sent.text.startswith("Sent 2 UMOJA to Juma O.")


def test_r_a15_help_tells_of_the_last_payment(system: System, juma: Phone) -> None:
    neema = system.member(name="Neema Wambui")
    assert "not paid anybody" in neema.last_payment()
    sent = SENT.search(neema.send(juma, "6").text)
    assert sent

    neema.home()
    neema.choose(HELP, LAST_PAYMENT)
    told = neema.say(neema.pin)

    assert f"6 UMOJA went to Juma O. Ref {sent['ref']}." in told.text


def test_r_a16_the_language_is_changed_in_the_middle_of_a_call(system: System, juma: Phone) -> None:
    juma.home()

    changed = juma.choose(ACCOUNT, LANGUAGE, SWAHILI)

    assert "Sasa tunatumia Kiswahili." in changed.text
    assert changed.offers(CHANGE_PIN)
    assert "Habari Juma!" in juma.home().text
    juma.choose(ACCOUNT, LANGUAGE, ENGLISH)
    assert "Hello Juma!" in juma.home().text


def test_a_hop_that_comes_twice_is_answered_byte_for_byte_and_done_once(
    system: System, juma: Phone
) -> None:
    neema = system.member(name="Neema Wambui")
    neema.to_pin(juma, "7")
    call = neema.screen.call
    text = neema.transcript(neema.pin)

    first = neema.say(neema.pin)
    again = [system.post(call, neema.number, text) for _copy in range(5)]

    assert again == [f"END {first.text}"] * 5
    assert neema.balance() == "43"


def test_two_copies_of_a_wrong_pin_at_once_cost_one_try(system: System, juma: Phone) -> None:
    juma.home()
    juma.choose(BALANCE)
    system.desk.spoil({"name": "ussd.duplicate", "phone": juma.number})

    told = juma.say("8642")

    assert "Tries left: 2" in told.text
    hops = system.desk.books("sessions", juma.number)[-1]["hops"][-2:]
    assert [hop["answer"] for hop in hops] == [f"CON {told.text}"] * 2
    tries = system.value("SELECT failures FROM pin WHERE member = %s", system.member_of(juma))
    assert tries == 1


def test_r_a07_fifty_copies_of_the_pin_hop_are_one_transfer_one_try_and_one_sms_each(
    system: System, juma: Phone
) -> None:
    neema = system.member(name="Neema Wambui")
    neema.to_pin(juma, "7")

    with tries_of(system, neema) as tries:
        answers = fifty_at_once(system, neema, neema.pin)
        tried = tries()

    again = system.post(neema.screen.call, neema.number, neema.transcript(neema.pin))
    sent = SENT.search(again)
    assert sent, again
    assert answers == {again}
    assert tried == [1, 0], "charged once, and cleared once"
    made = system.rows(
        "SELECT amount, posting IS NOT NULL FROM transfer WHERE payer = %s",
        system.member_of(neema),
    )
    assert made == [(700, True)]
    system.settle()
    told = [[text for text in phone.sms() if sent["ref"] in text] for phone in (neema, juma)]
    assert [len(texts) for texts in told] == [1, 1]
    assert (neema.balance(), juma.balance()) == ("43", "57")
    assert system.reconciled() == []


def test_r_a03_fifty_copies_of_a_wrong_pin_are_one_try(system: System, juma: Phone) -> None:
    juma.home()
    juma.choose(BALANCE)

    with tries_of(system, juma) as tries:
        answers = fifty_at_once(system, juma, "8642")
        tried = tries()

    again = system.post(juma.screen.call, juma.number, juma.transcript("8642"))
    assert "Tries left: 2" in again
    assert answers == {again}
    assert tried == [1]


def fifty_at_once(system: System, phone: Phone, answer: str) -> set[str]:
    """The gateway delivers one answer fifty times at the same moment: every screen it got.

    A copy may also be told, truly, that the step is still worked on.
    """
    text = phone.transcript(answer)
    call = phone.screen.call
    answers = given(crowd(COPIES, lambda _: system.deliver(call, phone.number, text)))
    assert [answer.status_code for answer in answers] == [200] * COPIES
    return {answer.text for answer in answers if not answer.text.startswith(STILL_WORKED_ON)}


@contextmanager
def tries_of(system: System, phone: Phone) -> Iterator[Callable[[], list[int]]]:
    """How many tries stood charged against this PIN after each time that its row was written."""
    system.run(
        f"""
        CREATE TABLE whole_tries (id bigint GENERATED ALWAYS AS IDENTITY, failures int);
        CREATE FUNCTION whole_tries() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
        SET search_path = public, pg_temp AS $$
        BEGIN
            INSERT INTO whole_tries (failures) VALUES (NEW.failures);
            RETURN NULL;
        END $$;
        CREATE TRIGGER whole_tries AFTER UPDATE ON pin FOR EACH ROW
        WHEN (NEW.member = {system.member_of(phone)}) EXECUTE FUNCTION whole_tries();
        """
    )
    try:
        yield lambda: [n for (n,) in system.rows("SELECT failures FROM whole_tries ORDER BY id")]
    finally:
        system.run("DROP FUNCTION whole_tries CASCADE; DROP TABLE whole_tries")


def test_metrics_count_hops_by_screen_and_name_no_number(system: System, juma: Phone) -> None:
    neema = system.member(name="Neema Wambui")
    neema.send(juma, "1")

    told = system.metrics()

    assert 'ussd_hops_total{screen="Transfer.sent"}' in told
    assert 'callbacks_total{kind="delivery"}' in told
    for phone in (juma, neema):
        assert phone.number.removeprefix("+254") not in told


@pytest.mark.parametrize("name", ["web", "worker", "clock"])
def test_each_process_says_in_its_log_that_it_is_ready(system: System, name: str) -> None:
    said = Path(system.state["logs"][name]).read_text()

    assert f'"event": "{name}.ready"' in said


@pytest.mark.parametrize("verb", ["GET", "POST"])
@pytest.mark.parametrize("path", ["", "ussd/wrong", "metrics", "callbacks/wrong/events"])
def test_what_knows_no_secret_is_a_404_like_any(system: System, verb: str, path: str) -> None:
    answer = ask(system.urls["web"] + path, verb)

    assert (answer.status_code, answer.text) == (404, "404 Not Found\n")


def test_a_secret_is_known_by_its_letters_and_not_by_how_they_are_escaped(system: System) -> None:
    address = urlsplit(system.state["callbacks"]["ussd"])
    folder, _slash, secret = address.path.rpartition("/")
    form = {"sessionId": "escaped", "phoneNumber": new_number(), "serviceCode": "*384*96#"}

    def post(path: str) -> tuple[int, bytes]:
        with closing(HTTPConnection(address.netloc, timeout=10)) as http:
            http.request("POST", path, urlencode(form), {"Content-Type": FORM})
            answer = http.getresponse()
            return answer.status, answer.read()[:11]

    escaped = "".join(f"%{ord(letter):02X}" for letter in secret)
    assert post(f"{folder}/{escaped}") == (200, b"CON Karibu ")
    assert post(f"{folder}/{escaped}".replace("%", "%25")) == (404, b"404 Not Fou")
