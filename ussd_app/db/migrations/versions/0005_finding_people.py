"""Finding people: by words of their names, by the end of their numbers; notes, tags, filters.

The keys of a name are an index on a function of it, so that no way of writing a name can forget
them, and none outlives it.

Revision: 0005, after 0004
"""

import json
import unicodedata

import sqlalchemy as sa
from alembic import op
from anyascii import anyascii

revision = "0005"
down_revision = "0004"

LETTERS_FROM, LETTERS_TO = 0x80, 0x2000  # every alphabet and abjad; not Han, Kana and Hangul


def _plain_letters() -> str:
    """What every letter and mark that is not ASCII is written with, as JSON."""
    letters = map(chr, range(LETTERS_FROM, LETTERS_TO))
    plain = {
        letter: anyascii(letter).lower()
        for letter in letters
        if unicodedata.category(letter)[0] in "LM"
    }
    return json.dumps(plain, ensure_ascii=False, separators=(",", ":")).replace("'", "''")


SPELL = """
    CREATE FUNCTION name_spelled(p_name text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
    BEGIN
        RETURN (SELECT string_agg(coalesce('{}'::jsonb ->> letter, letter), '' ORDER BY place)
            FROM unnest(string_to_array(p_name, NULL)) WITH ORDINALITY AS l(letter, place));
    END $$
"""
FOLD = """
    CREATE FUNCTION name_fold(p_name text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
    BEGIN
        IF octet_length(p_name) > length(p_name) THEN
            p_name := public.name_spelled(translate(p_name, '’ʼ', ''));
        END IF;
        RETURN btrim(translate(lower(p_name COLLATE "C"), '-.''*`', '  '));
    END $$
"""

# Symmetric deletion: a typo apart means that one letter less of both is the same.
DELETIONS = """
    CREATE FUNCTION name_deletions(p_word text) RETURNS text[]
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
    DECLARE
        v_keys text[] := ARRAY['-' || p_word];
    BEGIN
        IF length(p_word) >= 4 THEN
            FOR n IN 1..length(p_word) LOOP
                v_keys := v_keys || ('-' || left(p_word, n - 1) || substr(p_word, n + 1));
            END LOOP;
        END IF;
        RETURN v_keys;
    END $$
"""
KEYS = """
    CREATE FUNCTION name_keys(p_name text) RETURNS text[]
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
    DECLARE
        v_keys text[] := '{}';
        v_word text;
    BEGIN
        FOREACH v_word IN ARRAY string_to_array(public.name_fold(p_name), ' ') LOOP
            CONTINUE WHEN v_word = '';
            v_keys := v_keys || public.name_deletions(v_word);
            FOR n IN 3..length(v_word) LOOP
                v_keys := v_keys || ('^' || left(v_word, n));
            END LOOP;
        END LOOP;
        RETURN v_keys;
    END $$
"""
WANTED = """
    CREATE FUNCTION name_wanted(p_word text) RETURNS text[]
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
        SELECT public.name_deletions(p_word) || ('^' || p_word)
    $$
"""


def upgrade() -> None:
    spell = SPELL.replace("{}", _plain_letters())
    for function in (spell, FOLD, DELETIONS, KEYS, WANTED):
        op.execute(function.replace(":", "\\:"))
    op.create_index(
        "ix_member_words",
        "member",
        [sa.text("name_keys(name)")],
        postgresql_using="gin",
        postgresql_with={"fastupdate": "off"},
    )
    op.create_index("ix_member_sorted", "member", [sa.text('name_fold(name COLLATE "C")'), "id"])
    op.create_index(
        "ix_member_joined",
        "member",
        [sa.text("COALESCE(joined_at, '-infinity'::timestamp with time zone)"), "id"],
    )
    op.create_index("ix_member_number", "member", [sa.text('reverse(phone COLLATE "C")')])
    op.create_index("ix_call_phone", "call", ["phone", "ended_at"])
    op.create_table(
        "note",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("member", sa.BigInteger(), nullable=False),
        sa.Column("author", sa.BigInteger(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_note")),
    )
    op.create_index("ix_note_member", "note", ["member", "id"])
    op.create_table(
        "tag",
        sa.Column("member", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("tag", sa.Text(), nullable=False),
        sa.Column("author", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("member", "tag", name=op.f("pk_tag")),
    )
    op.create_index("ix_tag_tag", "tag", ["tag", "member"])
    op.create_table(
        "saved_filter",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "name", name=op.f("pk_saved_filter")),
    )
