"""People one trusts: guarantors and recoveries, invitations, one-time codes, organisations.

Revision: 0002, after 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

# As in 0001, and for a payer who got their PIN back a moment ago the rules of tier -1 besides.
TRANSFERS = """
    CREATE OR REPLACE FUNCTION transfer_send(
        p_key text, p_payer bigint, p_payee bigint, p_token bigint, p_whole bigint,
        p_amount bigint, p_repeat boolean, p_now timestamptz, p_day timestamptz, p_dry boolean
    ) RETURNS text[] LANGUAGE plpgsql AS $$
    DECLARE
        v_payer_account bigint;
        v_payer_tier smallint;
        v_payer_status text;
        v_payer_is_careful boolean;
        v_available bigint;
        v_payee_account bigint;
        v_payee_tier smallint;
        v_payee_status text;
        v_payee_balance bigint;
        v_payee_most bigint;
        v_payee_name text;
        v_day bigint;
        v_week bigint;
        v_month bigint;
        v_twin_at timestamptz;
        v_refusal text;
        v_rule text;
        v_room bigint;
        v_known record;
        v_moved bigint[];
    BEGIN
        -- As an expression: half of a PERFORM. Whoever changes the status of either takes both.
        IF pg_advisory_xact_lock(p_payer) IS NULL
            OR pg_advisory_xact_lock_shared(-p_payee) IS NULL THEN
        END IF;
        SELECT pa.id, pa.balance - pa.held, p.tier, p.status, p.careful_until > p_now,
                qa.id, qa.balance, q.tier, q.status, q.name
            INTO v_payer_account, v_available, v_payer_tier, v_payer_status, v_payer_is_careful,
                v_payee_account, v_payee_balance, v_payee_tier, v_payee_status, v_payee_name
            FROM member p JOIN account pa ON pa.owner = p.id AND pa.token = p_token,
                member q JOIN account qa ON qa.owner = q.id AND qa.token = p_token
            WHERE p.id = p_payer AND q.id = p_payee;
        SELECT coalesce(sum(t.amount) FILTER (WHERE t.at >= p_day), 0),
                coalesce(sum(t.amount) FILTER (WHERE t.at > p_now - interval '7 days'), 0),
                coalesce(sum(t.amount), 0),
                max(t.at) FILTER (WHERE t.payee = p_payee AND t.amount = p_amount
                    AND t.at > p_now - interval '2 minutes')
            INTO v_day, v_week, v_month, v_twin_at
            FROM transfer t
            WHERE t.payer = p_payer AND t.token = p_token AND t.at > p_now - interval '30 days';
        SELECT min(r.value * p_whole - CASE r.span
                    WHEN 'day' THEN v_day WHEN '7d' THEN v_week WHEN '30d' THEN v_month ELSE 0 END)
                    FILTER (WHERE r.direction = 'out' AND r.measure = 'amount'),
                min(r.value * p_whole)
                    FILTER (WHERE r.direction = 'in' AND r.measure = 'balance_after')
            INTO v_room, v_payee_most
            FROM limit_rule r
            WHERE (r.tier IS NULL
                    OR r.tier = CASE r.direction WHEN 'out' THEN v_payer_tier ELSE v_payee_tier END
                    OR (r.tier = -1 AND v_payer_is_careful))
                AND (r.token IS NULL OR r.token = p_token)
                AND r.active_from <= p_now AND (r.active_to IS NULL OR r.active_to > p_now);
        IF v_room < 0 THEN
            v_room := 0;
        END IF;
        v_payee_most := least(v_payee_most, 999999999);  -- what a screen can show, without a rule too
        IF v_payer_account IS NULL THEN
            v_refusal := 'account';
        ELSIF p_payer = p_payee OR v_payer_status <> 'ACTIVE' THEN
            v_refusal := 'payer';
        ELSIF v_payee_status <> 'ACTIVE' THEN
            v_refusal := 'payee';
        ELSIF p_amount > v_room THEN
            v_refusal := 'limit';
        ELSIF p_amount > v_payee_most - least(v_payee_balance, v_payee_most) THEN
            v_refusal := 'payee_limit';
            v_room := greatest(0, v_payee_most - v_payee_balance);
        ELSIF v_twin_at IS NOT NULL AND NOT p_repeat THEN
            v_refusal := 'twin';
        ELSIF p_amount > v_available THEN
            v_refusal := 'funds';
            v_room := v_available;
        END IF;
        IF v_refusal IN ('limit', 'payee_limit') THEN
            SELECT r.code INTO v_rule
                FROM limit_rule r
                WHERE r.direction = CASE v_refusal WHEN 'limit' THEN 'out' ELSE 'in' END
                    AND r.measure = CASE v_refusal WHEN 'limit' THEN 'amount'
                        ELSE 'balance_after' END
                    AND (r.tier IS NULL OR r.tier
                        = CASE r.direction WHEN 'out' THEN v_payer_tier ELSE v_payee_tier END
                        OR (r.tier = -1 AND v_payer_is_careful))
                    AND (r.token IS NULL OR r.token = p_token)
                    AND r.active_from <= p_now AND (r.active_to IS NULL OR r.active_to > p_now)
                ORDER BY r.value * p_whole - CASE r.direction || r.span WHEN 'outday' THEN v_day
                    WHEN 'out7d' THEN v_week WHEN 'out30d' THEN v_month ELSE 0 END, r.code LIMIT 1;
            v_rule := coalesce(v_rule, 'SCREEN');
        END IF;
        IF p_dry OR v_refusal IS NOT NULL THEN
            SELECT t.payer, t.payee, t.amount, t.posting INTO v_known
                FROM transfer t WHERE t.key = p_key;
            IF FOUND THEN
                v_refusal := CASE
                    WHEN v_known.posting IS NULL THEN 'abandoned'
                    WHEN (v_known.payer, v_known.payee, v_known.amount)
                        <> (p_payer, p_payee, p_amount) THEN 'another'
                    ELSE 'known'
                END;
            END IF;
            RETURN ARRAY[v_refusal, v_rule, v_room::text, to_json(v_twin_at) #>> '{}',
                NULL, NULL, NULL];
        END IF;
        v_moved := ledger_move('transfer', p_now, v_payer_account, v_payee_account, p_amount);
        IF v_moved[3] > v_payee_most THEN  -- somebody else was faster
            RAISE EXCEPTION 'the payee would have too much'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'payee_most';
        END IF;
        WITH sent AS (
            INSERT INTO transfer (key, payer, payee, token, amount, posting, at)
            VALUES (p_key, p_payer, p_payee, p_token, p_amount, v_moved[1], p_now)
        ), told AS (
            INSERT INTO errand (kind, subject, due_at) VALUES ('receipts', v_moved[1], p_now)
        )
        INSERT INTO audit (at, actor_kind, actor, action, subject_kind, subject, channel)
            VALUES (p_now, 'member', p_payer, 'transfer.sent', 'posting', v_moved[1], 'ussd');
        RETURN ARRAY[NULL, NULL, NULL, NULL, v_moved[1]::text, v_moved[2]::text, v_payee_name];
    END $$
"""

# Whole tokens that may be sent until `careful_until`, after a recovery.
LIMITS = """
    INSERT INTO limit_rule (code, tier, direction, measure, span, value, active_from) VALUES
        ('CAREFUL-transfer', -1, 'out', 'amount', 'transfer', 20, '2000-01-01Z'),
        ('CAREFUL-day', -1, 'out', 'amount', 'day', 20, '2000-01-01Z')
"""


# A member and whoever is on the way to become one are numbered by one sequence, always asked for
# by name: with numbers of its own, a row that forgot to ask would take somebody else's.
NUMBERED_BY_NAME = tuple(
    f"DROP SEQUENCE {table}_id_seq CASCADE" for table in ("member", "registration")
)


def upgrade() -> None:
    for statement in NUMBERED_BY_NAME:
        op.execute(statement)
    op.create_table(
        "approval",
        sa.Column("recovery", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("approver", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("recovery", "approver", name=op.f("pk_approval")),
    )
    op.create_table(
        "guarantor",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("ward", sa.BigInteger(), nullable=False),
        sa.Column("guarantor", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), server_default="asked", nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('asked', 'accepted', 'declined', 'lapsed', 'removed', 'left')",
            name=op.f("ck_guarantor_state"),
        ),
        sa.CheckConstraint("ward <> guarantor", name=op.f("ck_guarantor_another")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_guarantor")),
    )
    op.create_index(
        "ix_guarantor_guarantor",
        "guarantor",
        ["guarantor"],
        unique=False,
        postgresql_where=sa.text("state IN ('asked', 'accepted')"),
    )
    op.create_index(
        "uq_guarantor_ward",
        "guarantor",
        ["ward", "guarantor"],
        unique=True,
        postgresql_where=sa.text("state IN ('asked', 'accepted')"),
    )
    op.create_table(
        "invitation",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("member", sa.BigInteger(), nullable=False),
        sa.Column("tenant", sa.BigInteger(), nullable=False),
        sa.Column("inviter", sa.BigInteger(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="sent", nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("proven_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("asked_again_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('sent', 'proven', 'accepted', 'expired', 'withdrawn', 'declined')",
            name=op.f("ck_invitation_state"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitation")),
    )
    op.create_index(
        "ix_invitation_expiring",
        "invitation",
        ["expires_at"],
        unique=False,
        postgresql_where=sa.text("state = 'sent'"),
    )
    op.create_index("ix_invitation_inviter", "invitation", ["inviter", "id"], unique=False)
    op.create_index("ix_invitation_member", "invitation", ["member", "id"], unique=False)
    op.create_index(
        "uq_invitation_open",
        "invitation",
        ["member"],
        unique=True,
        postgresql_where=sa.text("state IN ('sent', 'proven')"),
    )
    op.create_table(
        "invitation_batch",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("actor_kind", sa.Text(), nullable=False),
        sa.Column("actor", sa.BigInteger(), nullable=True),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitation_batch")),
    )
    op.create_table(
        "invitation_row",
        sa.Column("batch", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("line", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("phone", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("why", sa.Text(), nullable=True),
        sa.Column("invitation", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "state IN ('waiting', 'invited', 'refused')", name=op.f("ck_invitation_row_state")
        ),
        sa.PrimaryKeyConstraint("batch", "line", name=op.f("pk_invitation_row")),
    )
    op.create_table(
        "membership",
        sa.Column("member", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("tenant", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("member", "tenant", name=op.f("pk_membership")),
    )
    op.create_index("ix_membership_tenant", "membership", ["tenant", "member"], unique=False)
    op.create_table(
        "one_time_code",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("phone", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("subject", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("asker", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.Text(), server_default="live", nullable=False),
        sa.Column("tries", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("right_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('live', 'right', 'used', 'burnt', 'replaced', 'withdrawn')",
            name=op.f("ck_one_time_code_state"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_one_time_code")),
    )
    op.create_index("ix_one_time_code_asker", "one_time_code", ["asker", "made_at"], unique=False)
    op.create_index("ix_one_time_code_phone", "one_time_code", ["phone", "made_at"], unique=False)
    op.create_index(
        "ix_one_time_code_subject",
        "one_time_code",
        ["subject"],
        unique=False,
        postgresql_where=sa.text("state IN ('live', 'right')"),
    )
    op.create_index(
        "uq_one_time_code_live",
        "one_time_code",
        ["phone", "purpose"],
        unique=True,
        postgresql_where=sa.text("state IN ('live', 'right')"),
    )
    op.create_table(
        "recovery",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("member", sa.BigInteger(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="open", nullable=False),
        sa.Column("quorum", sa.SmallInteger(), nullable=False),
        sa.Column("cooling_seconds", sa.BigInteger(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("old_pin_tries", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("told_ready", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("sim", sa.Text(), server_default="asked", nullable=False),
        sa.Column("sim_asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sim_known_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sim_bad_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sim_reference", sa.Text(), nullable=True),
        sa.CheckConstraint("path IN ('guarantors', 'people')", name=op.f("ck_recovery_path")),
        sa.CheckConstraint(
            "sim IN ('asked', 'clean', 'swapped', 'unknown')", name=op.f("ck_recovery_sim")
        ),
        sa.CheckConstraint(
            "state IN ('open', 'done', 'unlocked', 'vetoed', 'refused', 'expired')",
            name=op.f("ck_recovery_state"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recovery")),
        sa.UniqueConstraint("sim_reference", name=op.f("uq_recovery_sim_reference")),
    )
    op.create_index("ix_recovery_member", "recovery", ["member", "opened_at"], unique=False)
    op.create_index(
        "uq_recovery_open",
        "recovery",
        ["member"],
        unique=True,
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_table(
        "tenant",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("service_code", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "slug ~ '^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$'", name=op.f("ck_tenant_slug")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tenant")),
        sa.UniqueConstraint("slug", name=op.f("uq_tenant_slug")),
    )
    op.create_table(
        "vote",
        sa.Column("recovery", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("voter", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("guarantor", sa.BigInteger(), nullable=False),
        sa.Column("vouches", sa.Boolean(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("recovery", "voter", name=op.f("pk_vote")),
    )
    op.add_column(
        "member", sa.Column("kind", sa.Text(), server_default="individual", nullable=False)
    )
    op.add_column("member", sa.Column("careful_until", sa.DateTime(timezone=True), nullable=True))
    op.alter_column("member", "terms_at", existing_type=sa.DateTime(timezone=True), nullable=True)
    op.alter_column("member", "joined_at", existing_type=sa.DateTime(timezone=True), nullable=True)
    op.add_column("message", sa.Column("sealed", sa.LargeBinary(), nullable=True))
    op.create_check_constraint(
        op.f("ck_member_kind"),
        "member",
        "kind IN ('individual', 'group', 'borrower', 'originator_agent', 'token_agent')",
    )
    op.create_check_constraint(
        op.f("ck_member_joined"),
        "member",
        "status NOT IN ('ACTIVE', 'BLOCKED') OR (terms_at IS NOT NULL AND joined_at IS NOT NULL)",
    )
    op.drop_index("ix_errand_due", "errand")
    op.create_index(
        "ix_errand_due",
        "errand",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("state NOT IN ('dead', 'parked')"),
    )
    op.execute(TRANSFERS)
    op.execute(LIMITS)
