"""Stories for the seeded people to act out on the telephones of `ussd-app run`; data for its page."""

from __future__ import annotations

from typing import Any

from ussd_app.seeding import DEMO_PEOPLE

Move = dict[str, Any]
Step = dict[str, Any]

AMINA, BARAKA, CHEBET = DEMO_PEOPLE[:3]
NEW_PINS = ("4916", "8305", "2794", "6183", "9527")  # more than are remembered as used
OWN_PIN, NEW_PIN = "{pin}", "{new}"  # the one on the telephone's card; the one that is chosen
ANYTHING = "…"
STOP = "It was not me: stop it"
SWAHILI = {"cut_off": "Simu ilikatika", "menu": "Menyu kuu"}


def stories(*, cooling_minutes: int) -> list[dict[str, Any]]:
    """What may be told, where choosing a new PIN takes so long after the last word needed."""
    return [_lost_pin(cooling_minutes), _thief()]


def _lost_pin(cooling_minutes: int) -> dict[str, Any]:
    minutes = "1 minute" if cooling_minutes == 1 else f"{cooling_minutes} minutes"
    then = f"and after a cooling time, {minutes} here," if cooling_minutes else "and"
    return {
        "title": "Lost PIN",
        "about": "Amina forgot her PIN. Two people she trusts vouch for her, "
        f"{then} she chooses a new one. Nobody else ever learns it.",
        "steps": [
            _on(
                AMINA,
                "Amina asks for a new PIN",
                "She chose Baraka and Chebet to vouch for her, long ago. Nothing is locked or"
                " changed yet, and she gets an SMS: were it not her who asks, she would know.",
                *_asking(),
                _read("you asked for a new PIN"),
            ),
            _on(
                BARAKA,
                "Baraka vouches for her",
                "An SMS tells him to call her first. He knows her voice; then he says so with his"
                " own PIN. (His telephone speaks Swahili.)",
                _read("Amina W … anaomba umdhamini"),
                *_dialled("Amina W … amepoteza PIN", **SWAHILI),
                _choose("Ni yeye kweli", "PIN yako"),
                _press(OWN_PIN, "Umemdhamini Amina W: 1 kati ya 2"),
            ),
            _on(
                CHEBET,
                "Chebet vouches for her",
                "One friend may err or be deceived: it takes two, each on their own telephone.",
                _read("Amina W … asks you to vouch"),
                *_dialled("Amina W … lost the PIN"),
                _choose("It is really them", "Your PIN:"),
                _press(OWN_PIN, "You vouched for Amina W: 2 of 2"),
            ),
            *(_cooling(minutes, cooling_minutes * 60) if cooling_minutes else ()),
            _on(
                AMINA,
                "Amina chooses a new PIN",
                "Typed twice, it holds at once. She and both guarantors are told by SMS.",
                _read("you may choose your new PIN"),
                *_dialled("You may choose a new PIN"),
                _choose("Choose a new PIN", "New PIN:"),
                _press(NEW_PIN, "once more"),
                _press(NEW_PIN, "Your new PIN works"),
                _read("you have a new PIN"),
            )
            | {"pins": NEW_PINS},
            _on(
                AMINA,
                "Amina sends 1 to Baraka",
                "With the new PIN she can pay again, a little.",
                *_sending("1", "Baraka O"),
                _choose("Yes, once more", "Your PIN:") | {"when": "Send it once more?"},
                _press(OWN_PIN, "Sent 1 … to Baraka O"),
            ),
            _on(
                AMINA,
                "Amina tries to send 50",
                "For 24 hours only 20 may leave: had a thief deceived two of her friends, this is"
                " all they could take before she wonders.",
                *_sending("50", "above your limit"),
            ),
        ],
    }


def _thief() -> dict[str, Any]:
    return {
        "title": "A thief tries",
        "about": "Somebody with Amina's telephone asks for a new PIN. She hears of it and stops it.",
        "steps": [
            _on(
                AMINA,
                "A thief with Amina's telephone asks for a new PIN",
                "The thief does not know her PIN, but anybody may ask. Nothing is changed by it.",
                *_asking(),
                _read("you asked for a new PIN"),
            ),
            _on(
                BARAKA,
                "Baraka calls Amina, and says no",
                "She tells him that it was not her. He is asked for his own PIN, so that no thief"
                " answers in his place. (His telephone speaks Swahili.)",
                _read("Amina W … anaomba umdhamini"),
                *_dialled("Amina W … amepoteza PIN", **SWAHILI),
                _choose("Si yeye", "PIN yako"),
                _press(OWN_PIN, "Hukumdhamini Amina W"),
            ),
            _on(
                AMINA,
                "Amina stops it with the PIN she has",
                "Her telephone is back with her. It takes her PIN, so the thief could not have"
                " stopped hers either.",
                _read("did not vouch for your new PIN"),
                *_dialled("Too few can say yes now"),
                _choose(STOP, "type the PIN you have"),
                _press(OWN_PIN, "Stopped. Your PIN is as it was"),
                _read("no new PIN was given"),
            ),
        ],
    }


def _asking() -> list[Move]:
    """Ask for a new PIN; what an earlier story or hand has left open is stopped first."""
    return [
        *_dialled(ANYTHING),
        _choose(STOP, ANYTHING) | {"when": STOP},
        _press(OWN_PIN, ANYTHING) | {"when": "type the PIN you have"},
        {"do": "dial", "sees": "Hello Amina!", "when": "Stopped"},
        _choose("Help", "Help: call"),
        _choose("I forgot my PIN", "We ask your guarantors"),
        _choose("Ask them", "We asked them by SMS"),
    ]


def _sending(tokens: str, sees: str) -> list[Move]:
    return [
        *_dialled("Hello Amina!"),
        _choose("Send", "Send to which number?"),
        _press(BARAKA.phone.replace("+254", "0"), "How much for Baraka O?"),
        _press(tokens, sees),
    ]


def _cooling(minutes: str, seconds: int) -> list[Step]:
    return [
        _on(
            AMINA,
            "Amina looks how it stands",
            "All who are needed have vouched, and still she waits: until then whoever knows the old"
            " PIN can stop it.",
            *_dialled("2 of 2 have vouched … to go"),
        ),
        {
            "phone": AMINA.phone,
            "text": "The cooling time runs",
            "why": f"Here it is {minutes}; elsewhere an hour, unless RECOVERY_COOLING_MINUTES differs.",
            "seconds": seconds,
        },
    ]


def _on(person: Any, text: str, why: str, *moves: Move) -> Step:
    return {"phone": person.phone, "text": text, "why": why, "moves": list(moves)}


def _dialled(
    sees: str, *, cut_off: str = "You were cut off", menu: str = "Main menu"
) -> list[Move]:
    """Dial; whoever hung up in the middle of a call before is first asked whether to go on there."""
    return [{"do": "dial", "sees": "0."}, {**_choose(menu, sees), "when": cut_off}]


def _choose(label: str, sees: str) -> Move:
    return {"do": "choose", "what": label, "sees": sees}


def _press(keys: str, sees: str) -> Move:
    return {"do": "press", "what": keys, "sees": sees}


def _read(sees: str) -> Move:
    return {"do": "read", "sees": sees}
