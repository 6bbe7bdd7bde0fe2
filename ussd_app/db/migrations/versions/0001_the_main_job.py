"""The main job: members, their PINs, the books, transfers, SMS and errands.

Revision: 0001, after nothing
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None

TABLES_FIRST = ("CREATE SEQUENCE member_id AS bigint",)

# The books. Only these functions write them; they run as the owner of the tables.
BOOKS = (
    """
    CREATE FUNCTION books_are_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
    END $$
    """,
    *(
        f"""
        CREATE TRIGGER append_only_{when} BEFORE {event} ON {table}
        FOR EACH {level} EXECUTE FUNCTION books_are_append_only()
        """
        for table in ("posting", "entry", "audit")
        for when, event, level in (
            ("rows", "UPDATE OR DELETE", "ROW"),
            ("table", "TRUNCATE", "STATEMENT"),
        )
    ),
    # When its transaction commits, a posting has two legs or more, numbered from 1, each of which
    # moves something, and sums to zero in each token. Most are two opposite legs, and two looks are
    # enough to see it; any leg beyond them asks anew, and then for the whole. (As CHECKs of `entry`
    # the first two rules would be read and planned again for every posting.)
    """
    CREATE FUNCTION posting_balances() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        v_posting bigint;
        v_token bigint;
        v_amount bigint;
        v_other_token bigint;
        v_other_amount bigint;
        v_legs bigint;
        v_legs_are_sound boolean;
    BEGIN
        IF TG_TABLE_NAME = 'posting' THEN
            v_posting := NEW.id;
            SELECT token, amount INTO v_token, v_amount
                FROM public.entry WHERE posting = v_posting AND leg = 1;
            SELECT token, amount INTO v_other_token, v_other_amount
                FROM public.entry WHERE posting = v_posting AND leg = 2;
            IF v_token = v_other_token AND v_amount = -v_other_amount AND v_amount <> 0 THEN
                RETURN NULL;
            END IF;
        ELSE
            v_posting := NEW.posting;
        END IF;
        SELECT count(*), min(leg) = 1 AND max(leg) = count(*) AND bool_and(amount <> 0)
            INTO v_legs, v_legs_are_sound FROM public.entry WHERE posting = v_posting;
        IF v_legs < 2 OR NOT v_legs_are_sound OR EXISTS (
            SELECT FROM public.entry WHERE posting = v_posting
            GROUP BY token HAVING sum(amount) <> 0
        ) THEN
            RAISE EXCEPTION 'posting % does not balance', v_posting
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN NULL;
    END $$
    """,
    """
    CREATE CONSTRAINT TRIGGER posting_balances AFTER INSERT ON posting
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION posting_balances()
    """,
    """
    CREATE CONSTRAINT TRIGGER posting_balances AFTER INSERT ON entry
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.leg NOT IN (1, 2))
    EXECUTE FUNCTION posting_balances()
    """,
    # Whoever owns an account has a balance stored in it, and the house has none. This is settled
    # when an account is opened; in the CHECK it would be read and planned again for every leg.
    """
    CREATE FUNCTION account_is_owned() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'a balance is stored for an owner, and for an owner alone'
            USING ERRCODE = 'check_violation';
    END $$
    """,
    """
    CREATE TRIGGER account_is_owned BEFORE INSERT ON account FOR EACH ROW
    WHEN ((NEW.owner IS NULL) <> (NEW.balance IS NULL)) EXECUTE FUNCTION account_is_owned()
    """,
    # Two legs, the common case: returns the posting, and what is in the one account and in the
    # other after it. Accounts are locked in the order of their ids. Tables are named in full, so
    # that no search_path has to be set, and set back, at each call: a caller who may not create
    # schemas cannot put anything else in place of an operator. (An array, because a record costs
    # a seventh of the whole posting.)
    """
    CREATE FUNCTION ledger_move(
        p_kind text, p_at timestamptz, p_from bigint, p_to bigint, p_amount bigint,
        p_reverses bigint DEFAULT NULL
    ) RETURNS bigint[] LANGUAGE plpgsql SECURITY DEFINER AS $$
    DECLARE
        v_posting bigint;
        v_from_token bigint;
        v_from_balance bigint;
        v_to_token bigint;
        v_to_balance bigint;
    BEGIN
        IF p_amount <= 0 OR p_from = p_to THEN
            RAISE EXCEPTION 'a movement takes a positive amount from one account to another'
                USING ERRCODE = 'invalid_parameter_value';
        END IF;
        IF p_from < p_to THEN
            UPDATE public.account SET balance = balance - p_amount
                WHERE id = p_from AND balance IS NOT NULL
                RETURNING balance, token INTO v_from_balance, v_from_token;
            UPDATE public.account SET balance = balance + p_amount
                WHERE id = p_to AND balance IS NOT NULL
                RETURNING balance, token INTO v_to_balance, v_to_token;
        ELSE
            UPDATE public.account SET balance = balance + p_amount
                WHERE id = p_to AND balance IS NOT NULL
                RETURNING balance, token INTO v_to_balance, v_to_token;
            UPDATE public.account SET balance = balance - p_amount
                WHERE id = p_from AND balance IS NOT NULL
                RETURNING balance, token INTO v_from_balance, v_from_token;
        END IF;
        IF v_from_token IS NULL THEN
            SELECT token INTO STRICT v_from_token FROM public.account WHERE id = p_from;
        END IF;
        IF v_to_token IS NULL THEN
            SELECT token INTO STRICT v_to_token FROM public.account WHERE id = p_to;
        END IF;
        INSERT INTO public.posting (kind, at, reverses) VALUES (p_kind, p_at, p_reverses)
            RETURNING id INTO v_posting;
        INSERT INTO public.entry (posting, leg, account, token, amount, balance) VALUES
            (v_posting, 1, p_from, v_from_token, -p_amount, v_from_balance),
            (v_posting, 2, p_to, v_to_token, p_amount, v_to_balance);
        RETURN ARRAY[v_posting, v_from_balance, v_to_balance];
    END $$
    """,
    # Any number of legs.
    """
    CREATE FUNCTION ledger_post(
        p_kind text, p_at timestamptz, p_accounts bigint[], p_amounts bigint[],
        p_reverses bigint DEFAULT NULL
    ) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    DECLARE
        v_posting bigint;
        v_leg record;
        v_balance bigint;
        v_token bigint;
    BEGIN
        IF cardinality(p_accounts) NOT BETWEEN 2 AND 100
            OR cardinality(p_accounts) <> cardinality(p_amounts)
            OR (SELECT count(DISTINCT a) FROM unnest(p_accounts) a) < cardinality(p_accounts)
        THEN
            RAISE EXCEPTION 'a posting has 2 to 100 legs, each of an account of its own'
                USING ERRCODE = 'invalid_parameter_value';
        END IF;
        -- A posting that had to wait is numbered after what it waited for.
        PERFORM FROM account WHERE id = ANY (p_accounts) AND balance IS NOT NULL
            ORDER BY id FOR NO KEY UPDATE;
        INSERT INTO posting (kind, at, reverses) VALUES (p_kind, p_at, p_reverses)
            RETURNING id INTO v_posting;
        FOR v_leg IN
            SELECT account, amount, leg
            FROM unnest(p_accounts, p_amounts) WITH ORDINALITY AS legs(account, amount, leg)
            ORDER BY account
        LOOP
            v_balance := NULL;
            UPDATE account SET balance = balance + v_leg.amount
                WHERE id = v_leg.account AND balance IS NOT NULL
                RETURNING balance, token INTO v_balance, v_token;
            IF NOT FOUND THEN
                SELECT token INTO STRICT v_token FROM account WHERE id = v_leg.account;
            END IF;
            INSERT INTO entry (posting, leg, account, token, amount, balance)
                VALUES (v_posting, v_leg.leg, v_leg.account, v_token, v_leg.amount, v_balance);
        END LOOP;
        RETURN v_posting;
    END $$
    """,
    # The opposite of a posting, once.
    """
    CREATE FUNCTION ledger_reverse(p_posting bigint, p_at timestamptz) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    DECLARE
        v_accounts bigint[];
        v_amounts bigint[];
    BEGIN
        SELECT array_agg(account ORDER BY leg), array_agg(-amount ORDER BY leg)
            INTO v_accounts, v_amounts FROM entry WHERE posting = p_posting;
        IF v_accounts IS NULL THEN
            RAISE EXCEPTION 'there is no posting %', p_posting USING ERRCODE = 'no_data_found';
        END IF;
        RETURN ledger_post('reversal', p_at, v_accounts, v_amounts, p_posting);
    END $$
    """,
    """
    CREATE FUNCTION ledger_open(
        p_token bigint, p_kind text, p_owner bigint, p_at timestamptz
    ) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    DECLARE
        v_id bigint;
    BEGIN
        INSERT INTO account (token, kind, owner, balance, opened_at)
            VALUES (p_token, p_kind, p_owner, CASE WHEN p_owner IS NOT NULL THEN 0 END, p_at)
            ON CONFLICT DO NOTHING RETURNING id INTO v_id;
        IF v_id IS NULL THEN
            SELECT id INTO STRICT v_id FROM account
                WHERE token = p_token AND owner IS NOT DISTINCT FROM p_owner
                    AND (p_owner IS NOT NULL OR kind = p_kind);
        END IF;
        RETURN v_id;
    END $$
    """,
    # Reserve, then post or void. The same key gives the same hold.
    """
    CREATE FUNCTION ledger_hold(
        p_key text, p_account bigint, p_amount bigint, p_at timestamptz
    ) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    DECLARE
        v_id bigint;
    BEGIN
        INSERT INTO hold (key, account, amount, made_at)
            VALUES (p_key, p_account, p_amount, p_at)
            ON CONFLICT (key) DO NOTHING RETURNING id INTO v_id;
        IF v_id IS NULL THEN
            SELECT id INTO v_id FROM hold
                WHERE key = p_key AND account = p_account AND amount = p_amount;
            IF v_id IS NULL THEN
                RAISE EXCEPTION 'that hold is for something else'
                    USING ERRCODE = 'unique_violation';
            END IF;
            RETURN v_id;
        END IF;
        UPDATE account SET held = held + p_amount WHERE id = p_account AND balance IS NOT NULL;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'no account to hold in' USING ERRCODE = 'no_data_found';
        END IF;
        RETURN v_id;
    END $$
    """,
    """
    CREATE FUNCTION ledger_end_hold(
        p_hold bigint, p_at timestamptz, p_kind text DEFAULT NULL, p_to bigint DEFAULT NULL
    ) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    DECLARE
        v_hold hold%ROWTYPE;
        v_posting bigint;
    BEGIN
        SELECT * INTO STRICT v_hold FROM hold WHERE id = p_hold FOR UPDATE;
        IF v_hold.state <> 'held' THEN
            IF (v_hold.state = 'posted') = (p_to IS NOT NULL) THEN
                RETURN v_hold.posting;
            END IF;
            RAISE EXCEPTION 'hold % has ended otherwise', p_hold
                USING ERRCODE = 'object_not_in_prerequisite_state';
        END IF;
        -- Both rows in the order of their ids, before either is changed.
        PERFORM FROM account WHERE id IN (v_hold.account, p_to) ORDER BY id FOR NO KEY UPDATE;
        UPDATE account SET held = held - v_hold.amount WHERE id = v_hold.account;
        IF p_to IS NOT NULL THEN
            v_posting := (ledger_move(p_kind, p_at, v_hold.account, p_to, v_hold.amount))[1];
        END IF;
        UPDATE hold SET posting = v_posting, ended_at = p_at,
            state = CASE WHEN p_to IS NULL THEN 'voided' ELSE 'posted' END
            WHERE id = p_hold;
        RETURN v_posting;
    END $$
    """,
    """
    REVOKE ALL ON FUNCTION ledger_move, ledger_post, ledger_reverse, ledger_open, ledger_hold,
        ledger_end_hold FROM PUBLIC
    """,
)

# A transfer is one statement, and so one round trip and a transaction by itself.
TRANSFERS = (
    # Reads all that decides a transfer, says what stands in its way, and makes it if nothing does
    # and it is no dry run. The advisory lock makes one payer's transfers wait for each other, so
    # that limits are summed over what has committed: each statement of a function sees what
    # committed before it. Both accounts are locked in ledger_move, and no longer than that.
    # Returns texts: the refusal, the rule behind it, the room that limits leave, when a payment like
    # it was made; or, of a payment that was made, its posting, the payer's balance, the payee.
    # A key that was used before is looked for where something stands in the way, and where nothing
    # does it fails as unique_violation: the first use of a key, nearly every one, has no need to.
    """
    CREATE FUNCTION transfer_send(
        p_key text, p_payer bigint, p_payee bigint, p_token bigint, p_whole bigint,
        p_amount bigint, p_repeat boolean, p_now timestamptz, p_day timestamptz, p_dry boolean
    ) RETURNS text[] LANGUAGE plpgsql AS $$
    DECLARE
        v_payer_account bigint;
        v_payer_tier smallint;
        v_payer_status text;
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
        IF pg_advisory_xact_lock(p_payer) IS NULL THEN  -- as an expression: half of a PERFORM
        END IF;
        SELECT pa.id, pa.balance - pa.held, p.tier, p.status,
                qa.id, qa.balance, q.tier, q.status, q.name
            INTO v_payer_account, v_available, v_payer_tier, v_payer_status,
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
                    OR r.tier = CASE r.direction WHEN 'out' THEN v_payer_tier ELSE v_payee_tier END)
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
                        = CASE r.direction WHEN 'out' THEN v_payer_tier ELSE v_payee_tier END)
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
    """,
)

# Whole tokens, by KYC tier, until the organisation sets its own.
LIMITS = """
    INSERT INTO limit_rule (code, tier, direction, measure, span, value, active_from)
    SELECT 'T' || tier || '-' || span, tier, direction, measure, span, value, '2000-01-01Z'::timestamptz
    FROM (VALUES
        (0, 'out', 'amount', 'transfer', 50), (0, 'out', 'amount', 'day', 50),
        (0, 'out', 'amount', '7d', 50), (0, 'out', 'amount', '30d', 100),
        (1, 'out', 'amount', 'transfer', 50), (1, 'out', 'amount', 'day', 50),
        (1, 'out', 'amount', '7d', 50), (1, 'out', 'amount', '30d', 200),
        (2, 'out', 'amount', 'transfer', 500), (2, 'out', 'amount', 'day', 500),
        (2, 'out', 'amount', '7d', 500), (2, 'out', 'amount', '30d', 1000),
        (3, 'out', 'amount', 'transfer', 5000), (3, 'out', 'amount', 'day', 5000),
        (3, 'out', 'amount', '7d', 5000), (3, 'out', 'amount', '30d', 10000)
    ) AS amounts(tier, direction, measure, span, value)
    UNION ALL
    SELECT 'T' || tier || '-balance', tier, 'in', 'balance_after', 'transfer', value, '2000-01-01Z'::timestamptz
    FROM (VALUES (0, 200), (1, 400), (2, 2000), (3, 20000)) AS balances(tier, value)
"""


def upgrade() -> None:
    for statement in TABLES_FIRST:
        op.execute(statement)
    op.create_table(
        "account",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("token", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("owner", sa.BigInteger(), nullable=True),
        sa.Column("balance", sa.BigInteger(), nullable=True),
        sa.Column("held", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "held BETWEEN 0 AND balance",
            name=op.f("ck_account_covered"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        postgresql_with={"fillfactor": "70"},
    )
    op.create_index(
        "uq_account_house",
        "account",
        ["token", "kind"],
        unique=True,
        postgresql_where=sa.text("owner IS NULL"),
    )
    op.create_index(
        "uq_account_owner",
        "account",
        ["owner", "token"],
        unique=True,
        postgresql_where=sa.text("owner IS NOT NULL"),
    )
    op.create_table(
        "audit",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_kind", sa.Text(), nullable=False),
        sa.Column("actor", sa.BigInteger(), nullable=True),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject_kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.BigInteger(), nullable=True),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("details", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    op.create_index("ix_audit_subject", "audit", ["subject_kind", "subject", "id"], unique=False)
    op.create_table(
        "call",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("session", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=False),
        sa.Column("service_code", sa.Text(), nullable=False),
        sa.Column("network", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("hops", sa.BigInteger(), nullable=False),
        sa.Column("milliseconds", sa.BigInteger(), nullable=False),
        sa.Column("cost", sa.BigInteger(), nullable=False),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call")),
        sa.UniqueConstraint("session", name=op.f("uq_call_session")),
    )
    op.create_index("ix_call_ended_at", "call", ["ended_at"], unique=False)
    op.create_table(
        "complaint",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("member", sa.BigInteger(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="open", nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_complaint")),
        sa.UniqueConstraint("key", name=op.f("uq_complaint_key")),
    )
    op.create_table(
        "delivery_report",
        sa.Column("provider_id", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=False),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("provider_id", "status", name=op.f("pk_delivery_report")),
    )
    op.create_index(
        "ix_delivery_report_received_at", "delivery_report", ["received_at"], unique=False
    )
    op.create_index(
        "ix_delivery_report_phone", "delivery_report", ["phone", "received_at"], unique=False
    )
    op.create_table(
        "entry",
        sa.Column("posting", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("leg", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("account", sa.BigInteger(), nullable=False),
        sa.Column("token", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("balance", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("posting", "leg", name=op.f("pk_entry")),
    )
    op.create_index("ix_entry_account", "entry", ["account", "posting"], unique=False)
    op.create_table(
        "errand",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), server_default="due", nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fence", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("attempts", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_errand")),
        postgresql_with={"fillfactor": "70"},
    )
    op.create_index(
        "ix_errand_due",
        "errand",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("state <> 'dead'"),
    )
    op.create_table(
        "hold",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("account", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), server_default="held", nullable=False),
        sa.Column("posting", sa.BigInteger(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(posting IS NOT NULL) = (state = 'posted')", name=op.f("ck_hold_posting")
        ),
        sa.CheckConstraint("state IN ('held', 'posted', 'voided')", name=op.f("ck_hold_state")),
        sa.CheckConstraint("amount > 0", name=op.f("ck_hold_amount")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hold")),
        sa.UniqueConstraint("key", name=op.f("uq_hold_key")),
    )
    op.create_index(
        "ix_hold_open",
        "hold",
        ["account"],
        unique=False,
        postgresql_where=sa.text("state = 'held'"),
    )
    op.create_table(
        "inbound_message",
        sa.Column("provider_id", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("provider_id", name=op.f("pk_inbound_message")),
    )
    op.create_table(
        "limit_rule",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("tier", sa.SmallInteger(), nullable=True),
        sa.Column("token", sa.BigInteger(), nullable=True),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("span", sa.Text(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.Column("active_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("active_to", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("direction IN ('out', 'in')", name=op.f("ck_limit_rule_direction")),
        sa.CheckConstraint(
            "measure IN ('amount', 'balance_after')", name=op.f("ck_limit_rule_measure")
        ),
        sa.CheckConstraint(
            "span IN ('transfer', 'day', '7d', '30d')", name=op.f("ck_limit_rule_span")
        ),
        sa.CheckConstraint("value BETWEEN 0 AND 9999999", name=op.f("ck_limit_rule_value")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_limit_rule")),
        sa.UniqueConstraint("code", name=op.f("uq_limit_rule_code")),
    )
    op.create_table(
        "lookup",
        sa.Column("member", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("member", "day", name=op.f("pk_lookup")),
    )
    op.create_table(
        "member",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("tier", sa.SmallInteger(), nullable=False),
        sa.Column("terms_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("joined_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("phone ~ '^\\+[1-9][0-9]{6,14}$'", name=op.f("ck_member_phone")),
        sa.CheckConstraint(
            "status IN ('INVITED', 'ACTIVE', 'BLOCKED', 'EXPIRED', 'DELETED')",
            name=op.f("ck_member_status"),
        ),
        sa.CheckConstraint("tier BETWEEN 0 AND 3", name=op.f("ck_member_tier")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_member")),
        sa.UniqueConstraint("phone", name=op.f("uq_member_phone")),
    )
    op.create_table(
        "message",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("dedupe", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("member", sa.BigInteger(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("copies", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("tried_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("provider_id", sa.Text(), nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message")),
        sa.UniqueConstraint("dedupe", name=op.f("uq_message_dedupe")),
        sa.UniqueConstraint("provider_id", name=op.f("uq_message_provider_id")),
        postgresql_with={"fillfactor": "80"},
    )
    op.create_index("ix_message_member", "message", ["member", "id"], unique=False)
    op.create_index(
        "ix_message_unclear",
        "message",
        ["phone"],
        unique=False,
        postgresql_where=sa.text("state IN ('sending', 'unclear')"),
    )
    op.create_table(
        "opt_out",
        sa.Column("phone", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("phone", name=op.f("pk_opt_out")),
    )
    op.create_table(
        "past_pin",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("member", sa.BigInteger(), nullable=False),
        sa.Column("pepper", sa.Text(), nullable=False),
        sa.Column("verifier", sa.Text(), nullable=False),
        sa.Column("replaced_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_past_pin")),
    )
    op.create_index("ix_past_pin_member", "past_pin", ["member", "replaced_at"], unique=False)
    op.create_table(
        "pin",
        sa.Column("member", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("pepper", sa.Text(), nullable=False),
        sa.Column("verifier", sa.Text(), nullable=False),
        sa.Column("failures", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("series", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("tried_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("locked_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("told", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("member", name=op.f("pk_pin")),
        postgresql_with={"fillfactor": "70"},
    )
    op.create_index(
        "ix_pin_untold", "pin", ["tried_at"], unique=False, postgresql_where=sa.text("NOT told")
    )
    op.create_table(
        "posting",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reverses", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_posting")),
    )
    op.create_index(
        "uq_posting_reverses",
        "posting",
        ["reverses"],
        unique=True,
        postgresql_where=sa.text("reverses IS NOT NULL"),
    )
    op.create_table(
        "registration",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("terms_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("touched_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registration")),
        sa.UniqueConstraint("phone", name=op.f("uq_registration_phone")),
    )
    op.create_table(
        "sms_spend",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("cost", sa.BigInteger(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_sms_spend")),
    )
    op.create_table(
        "token",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("decimals", sa.SmallInteger(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("code ~ '^[A-Z][A-Z0-9]{1,11}$'", name=op.f("ck_token_code")),
        sa.CheckConstraint("decimals BETWEEN 0 AND 2", name=op.f("ck_token_decimals")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_token")),
        sa.UniqueConstraint("code", name=op.f("uq_token_code")),
    )
    op.create_table(
        "transfer",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("payer", sa.BigInteger(), nullable=False),
        sa.Column("payee", sa.BigInteger(), nullable=False),
        sa.Column("token", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("posting", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("amount > 0 OR posting IS NULL", name=op.f("ck_transfer_amount")),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_transfer")),
        sa.UniqueConstraint("posting", name=op.f("uq_transfer_posting")),
    )
    op.create_index(
        "ix_transfer_payer",
        "transfer",
        ["payer", "at"],
        unique=False,
        postgresql_include=["payee", "token", "amount"],
    )
    for statement in (*BOOKS, *TRANSFERS, LIMITS):
        op.execute(statement)
