"""The drawing of a menu tree shows every way there is, and no other."""

from __future__ import annotations

from typing import Any, Literal

from tests.dialog.shop import Buy, Pin, Shop
from ussd_app.dialog import End, Flow, _, do
from ussd_app.dialog.graph import edges, mermaid


def test_every_edge_of_every_flow_is_known() -> None:
    found = edges(Shop)

    assert {
        ("Shop", "top", "Buy", "buy"),
        ("Shop", "top", "0", "bye"),
        ("Buy", "who", "name", "how_much"),
        ("Buy", "who", "0", "left"),
        ("Buy", "pin", "confirmed", "sell"),
        ("Buy", "weigh", "much", "how_much"),
        ("Pin", "check", "right", "after"),
        ("Pin", "check", "wrong", "enter"),
        ("Call", "kinds", "kind", "rung"),
        ("Shop", "resume", "none", "top"),
    } <= found
    assert {flow for flow, _state, _label, _target in found} == {"Shop", "Buy", "Call", "Pin"}


def test_two_outcomes_that_lead_to_one_place_are_two_edges() -> None:
    class Both(Flow):
        @do(early="bye", late="bye")
        def look(self, app: Any) -> Literal["early", "late"]:
            return "early" if app else "late"

        bye = End(_("Goodbye!"))

    assert edges(Both) == {("Both", "look", "early", "bye"), ("Both", "look", "late", "bye")}


def test_a_drawing_has_one_box_for_each_flow_and_one_node_for_each_state() -> None:
    drawn = mermaid(Shop)

    assert drawn.startswith("flowchart TD\n")
    assert drawn.count("subgraph") == drawn.count("\n  end") == 4
    for flow in (Shop, Buy, Pin):
        for state in flow.states:
            assert f"\n    {flow.__name__}_{state}" in drawn


def test_a_drawing_has_one_arrow_for_each_edge() -> None:
    drawn = mermaid(Shop)

    assert '    Shop_top -->|"Buy"| Shop_buy\n' in drawn
    assert '    Buy_sure -->|"Yes"| Buy_pin\n' in drawn
    assert '    Pin_enter -->|"****"| Pin_check\n' in drawn
    assert '    Buy_how_much -->|"0"| Buy_who\n' in drawn


def test_a_drawing_shows_where_a_secret_is_asked_and_what_is_used() -> None:
    drawn = mermaid(Shop)

    assert 'Pin_enter["enter (secret)"]' in drawn
    assert 'Buy_pin{{"pin: Pin"}}' in drawn
    assert 'Shop_bye(["bye"])' in drawn
    assert 'Buy_left(("left"))' in drawn
