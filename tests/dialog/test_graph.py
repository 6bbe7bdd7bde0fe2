"""The drawing of a menu tree shows every way there is, and no other."""

from __future__ import annotations

from tests.dialog.shop import Buy, Pin, Shop
from ussd_app.dialog.graph import edges, mermaid


def test_every_edge_of_every_flow_is_known() -> None:
    found = edges(Shop)

    assert {
        ("Shop", "top", "buy"),
        ("Shop", "top", "bye"),
        ("Buy", "who", "how_much"),
        ("Buy", "who", "left"),
        ("Buy", "pin", "sell"),
        ("Buy", "weigh", "how_much"),
        ("Pin", "check", "after"),
        ("Pin", "check", "enter"),
        ("Call", "kinds", "rung"),
        ("Shop", "resume", "top"),
    } <= found
    assert {flow for flow, _state, _target in found} == {"Shop", "Buy", "Call", "Pin"}


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
