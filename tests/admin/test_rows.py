"""The rows of a list."""

from __future__ import annotations

from markupsafe import Markup

from admin.rows import each


def test_what_fills_a_row_is_words_and_neither_markup_nor_a_place() -> None:
    row = Markup('<td class="%(colour)s">%(name)s, %(mark)s</td>')
    cells = {"colour": '"', "name": "<b>%(mark)s {0}</b>", "mark": Markup("<i>waits</i>")}

    filled = each(row, [cells, {**cells, "name": 7}])

    assert filled == (
        '<td class="&#34;">&lt;b&gt;%(mark)s {0}&lt;/b&gt;, <i>waits</i></td>'
        '<td class="&#34;">7, <i>waits</i></td>'
    )
    assert isinstance(filled, Markup)
