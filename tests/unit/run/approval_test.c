#include "unit/run/crew.h"

#include "base/ident.h"

#define BOOK(approve)                                                           \
	"schema: 1\nid: b\ntitle: B\nwhy: It burns.\nsteps:\n"                  \
	"  - {id: a, title: Alpha, kind: command, effect: write, run: [rm, x]," \
	" env: {E: v}, irreversible: It goes., approve: " approve "}\n"         \
	"  - {id: b, title: Beta, kind: command, run: [\"true\"]}\n"

static void
ask(const char *approve)
{
	crew_begin(approve, PLAN_LIVE);
	crew.live = "app@here";
	approval_ask(&crew, crew_step("a"));
	assert_string_equal(crew.state.ask.kind, "approve");
}

static struct consent
by(uid_t uid, const char *actor)
{
	return (struct consent){.ask = crew.state.ask.number,
		.digest = crew.state.ask.digest,
		.reason = "looks right",
		.uid = uid,
		.login_uid = IDENT_NOBODY,
		.actor = actor};
}

static void
refused(struct consent c, const char *text)
{
	struct err err = ERR_INIT;

	assert_false(approval_give(&crew, &c, &err));
	assert_err(&err, ERR_REFUSED, text);
}

static void
give(struct consent c)
{
	struct err err = ERR_INIT;

	if (!approval_give(&crew, &c, &err))
		fail_msg("%s", err.msg);
}

static void
test_request(void **state)
{
	unsigned char sum[DIGEST_SIZE];
	char hex[DIGEST_HEX];
	const struct ask *a = &crew.state.ask;

	ask(BOOK("{count: 1}"));
	assert_holds(a->request, "lifeboat approval request 1\n");
	assert_holds(a->request, crew.id);
	assert_holds(a->request, "\nstep: a: Alpha\n");
	assert_holds(a->request, "\nwhy: It burns.\n");
	assert_holds(a->request, "\noperator: ops@here\n");
	assert_holds(a->request, "\ntarget: app@here\n");
	assert_holds(a->request, "\nruns:\nrm x\n");
	assert_holds(a->request, "E=v");
	assert_holds(a->request, "\nirreversible:\nIt goes.\n");
	assert_holds(a->request, crew.plan->runbook->sha256);
	assert_holds(a->request, "\nexpires: 20");
	digest_of(a->request, strlen(a->request), sum);
	assert_string_equal(a->digest, digest_hex(sum, DIGEST_SIZE, hex));
	assert_int_equal(a->needed, 1);
	assert_true(a->expires_ms > a->since_ms);
	crew_end();
}

static void
test_one(void **state)
{
	const struct step *s;

	ask(BOOK("{count: 1}"));
	s = crew.step;
	assert_true(approval_wanted(&crew, s));
	give(by(ALICE_UID, "alice@here"));
	assert_int_equal(crew.state.ask.number, 0);
	/* What is consented to is this, with the target as it named itself then. */
	crew.live = "app@here";
	assert_false(approval_wanted(&crew, s));
	crew.live = "app@elsewhere";
	assert_true(approval_wanted(&crew, s));
	crew.live = "app@here";
	crew.resolved.params = "{\"run\":[\"rm\",\"y\"]}";
	assert_true(approval_wanted(&crew, s));
	assert_int_equal(crew_count("approval.given"), 1);
	crew_end();
}

static void
test_f52_operator(void **state)
{
	struct consent c;

	ask(BOOK("{count: 1}"));
	refused(by(OPERATOR_UID, "ops@here"), "The operator can't approve");
	refused(by(getuid(), "me@here"), "The operator can't approve");
	/* As another user, out of the operator's own login. */
	c = by(ALICE_UID, "alice@here");
	c.login_uid = OPERATOR_UID;
	refused(c, "The operator can't approve");
	assert_int_equal(crew_count("approval.given"), 0);
	crew_end();
}

static void
test_two(void **state)
{
	struct consent c;

	ask(BOOK("{count: 2}"));
	c = by(ALICE_UID, "alice@here");
	c.login_uid = ALICE_UID;
	give(c);
	assert_int_equal(crew.state.ask.given.n, 1);
	assert_string_equal(crew.state.ask.given.v[0].by, "alice@here");
	assert_string_equal(crew.state.ask.given.v[0].reason, "looks right");
	refused(by(ALICE_UID, "alice@here"), "has approved this already");
	/* The same login, as another user and by another way. */
	c = by(BOB_UID, "bob@here");
	c.login_uid = ALICE_UID;
	refused(c, "has approved this already");
	assert_int_not_equal(crew.state.ask.number, 0);
	give(by(BOB_UID, "bob@here"));
	assert_int_equal(crew.state.ask.number, 0);
	crew_end();
}

static void
test_from(void **state)
{
	ask(BOOK("{count: 1, from: [dba, bob]}"));
	refused(by(ALICE_UID, "alice@here"), "is not among those who may approve");
	refused(by(ALICE_UID, "bobby@here"), "is not among those who may approve");
	give(by(BOB_UID, "bob@here"));
	assert_int_equal(crew.state.ask.number, 0);
	crew_end();
}

static void
test_site_approvers(void **state)
{
	const char *names[] = {"dba"};

	crew_begin(BOOK("{count: 1}"), PLAN_LIVE);
	crew.plan->approvers = (struct texts){names, 1};
	approval_ask(&crew, crew_step("a"));
	refused(by(ALICE_UID, "alice@here"), "is not among those who may approve");
	give(by(BOB_UID, "dba@here"));
	assert_int_equal(crew.state.ask.number, 0);
	crew_end();
}

static void
test_pinned(void **state)
{
	struct consent c;

	ask(BOOK("{count: 1}"));
	c = by(ALICE_UID, "alice@here");
	c.digest = CHAIN_ZERO;
	refused(c, "not the request that stands now");
	c = by(ALICE_UID, "alice@here");
	c.digest = NULL;
	refused(c, "not the request that stands now");
	c = by(ALICE_UID, "alice@here");
	c.ask++;
	refused(c, "under that number");
	crew.state.stopping = true;
	refused(by(ALICE_UID, "alice@here"), "The run is ending");
	crew.state.stopping = false;
	crew_end();
}

static void
test_deny(void **state)
{
	struct err err = ERR_INIT;
	struct consent c;
	const struct step_state *st;

	ask(BOOK("{count: 2}"));
	give(by(BOB_UID, "bob@here"));
	c = by(ALICE_UID, "alice@here");
	c.reason = "not today";
	assert_true(approval_deny(&crew, &c, &err));
	assert_int_equal(crew.state.ask.number, 0);
	st = run_state_step(&crew.state, "a");
	assert_int_equal(st->status, STEP_FAILED);
	assert_holds(st->message, "alice@here denied the approval: not today");
	assert_string_equal(st->code, "refused");
	crew_end();
}

static void
test_expires(void **state)
{
	ask(BOOK("{count: 1, within: 1s}"));
	while (crew.state.ask.number != 0)
		loop_once(crew.loop, 5000);
	assert_int_equal(crew_count("ask.closed"), 1);
	assert_int_equal(run_state_step(&crew.state, "a")->status, STEP_PENDING);
	crew_end();
}

static void
test_signed_refused_early(void **state)
{
	struct err err = ERR_INIT;
	struct consent c;

	ask(BOOK("{count: 1}"));
	c = by(ALICE_UID, "alice@here");
	c.signature = "x";
	assert_false(approval_signed(&crew, &c, &err));
	assert_err(&err, ERR_USAGE, "identity");
	c.identity = "dba@example.org";
	assert_false(approval_signed(&crew, &c, &err));
	assert_err(&err, ERR_REFUSED, "no allowed signers");
	c.identity = "-Oinject";
	assert_false(approval_signed(&crew, &c, &err));
	assert_err(&err, ERR_USAGE, "identity");
	crew_end();
}

/* Whoever leaves takes his consent with him; another one's stands. */
static void
test_f52_who_stays(void **state)
{
	struct err err = ERR_INIT;
	struct consent c;

	ask(BOOK("{count: 3, on_leave: stop}"));
	assert_true(crew.state.ask.stay);
	assert_holds(crew.state.ask.request, "\nwho consents stays: the step is stopped when one");
	give(by(ALICE_UID, "alice@here"));
	give(by(BOB_UID, "bob@here"));
	presence_left(&crew, ALICE_UID, "alice@here");
	presence_left(&crew, ALICE_UID, "alice@here");
	assert_int_equal(crew_count("approval.withdrawn"), 1);
	assert_int_equal(crew.state.ask.given.n, 1);
	assert_string_equal(crew.state.ask.given.v[0].by, "bob@here");
	give(by(ALICE_UID, "alice@here"));
	assert_int_equal(crew.state.ask.given.n, 2);
	/* A signature is at no terminal. */
	crew.plan->allowed_signers = "/nonexistent";
	c = by(ALICE_UID, "alice@here");
	c.signature = "x";
	c.identity = "dba@example.org";
	assert_false(approval_signed(&crew, &c, &err));
	assert_err(&err, ERR_REFUSED, "a signature is nobody who could");
	crew_end();
	/* Where nothing is said, consent outlives a connection. */
	ask(BOOK("{count: 2}"));
	assert_false(crew.state.ask.stay);
	give(by(ALICE_UID, "alice@here"));
	presence_left(&crew, ALICE_UID, "alice@here");
	assert_int_equal(crew.state.ask.given.n, 1);
	crew_end();
}

/* While it runs: interrupted, or nothing follows it. */
static void
test_f52_who_leaves_while_it_runs(void **state)
{
	ask(BOOK("{count: 1, on_leave: pause}"));
	give(by(ALICE_UID, "alice@here"));
	assert_string_not_equal(crew.approved, "");
	json_int(ledger_data(crew.ledger), "attempt", 1);
	assert_true(runner_end(&crew, "a", "step.intent", NULL));
	presence_left(&crew, BOB_UID, "bob@here");
	assert_false(crew.state.paused);
	presence_left(&crew, ALICE_UID, "alice@here");
	assert_true(crew.state.paused);
	assert_string_equal(crew.approved, "");
	crew_end();
}

static void
test_signature_of_the_operator(void **state)
{
	struct err err = ERR_INIT;
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	struct consent c;

	ask(BOOK("{count: 1}"));
	crew.plan->allowed_signers = "/nonexistent";
	c = by(ALICE_UID, "alice@here");
	c.signature = "x";
	c.identity = arena_fmt(&a, "%s@example.org", ident_user_name(&a, getuid()));
	assert_false(approval_signed(&crew, &c, &err));
	assert_err(&err, ERR_REFUSED, "The operator can't approve");
	crew_end();
}

TESTS(T(test_request), T(test_one), T(test_f52_operator), T(test_two), T(test_from),
	T(test_site_approvers), T(test_pinned), T(test_deny), T(test_expires),
	T(test_signed_refused_early), T(test_f52_who_stays), T(test_f52_who_leaves_while_it_runs),
	T(test_signature_of_the_operator))
