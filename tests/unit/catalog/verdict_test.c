#include "unit/testing.h"

#include "catalog/verdict.h"

/* Everything happens at noon of 20 November 2026; ages are in minutes before that. */
#define NOW          1795176000LL
#define AGE(minutes) (NOW - (minutes)*60LL)
#define HOUR         60
#define NONE         (-999999)

struct row {
	const char *what;
	/* the site file */
	int64_t rpo_m;
	const char *schedule, *zone;
	int level;       /* proof wanted; -1 */
	int64_t every_m; /* 0: absent */
	/* what was seen: ages in minutes, NONE for not at all */
	int64_t seen_m, good_m, newest_m;
	const char *why; /* newest is not good */
	const char *error;
	/* a proof of the newest */
	int proof_level; /* -1: none */
	enum proof_result result;
	int64_t proof_m;
	/* the verdict, and what the first reason says */
	enum verdict verdict;
	const char *reason;
	int64_t due_m; /* minutes until it is due; NONE */
	int64_t missed;
};

#define PLAIN .schedule = NULL, .level = -1, .proof_level = -1, .due_m = NONE

static const struct row rows[] = {
	{"fresh", 24 * HOUR, PLAIN, .seen_m = 1, .good_m = 60, .newest_m = 60,
		.verdict = VERDICT_OK, .reason = "60m old, within the RPO of 24h"},
	{"exactly the RPO", 24 * HOUR, PLAIN, .good_m = 24 * HOUR, .newest_m = 24 * HOUR,
		.verdict = VERDICT_OK},
	{"older than the RPO", 24 * HOUR, PLAIN, .good_m = 24 * HOUR + 1, .newest_m = 24 * HOUR + 1,
		.verdict = VERDICT_BREACH, .reason = "24h01 old, more than the RPO of 24h"},
	{"a short RPO", 5, PLAIN, .good_m = 20, .newest_m = 20, .verdict = VERDICT_BREACH,
		.reason = "20m old, more than the RPO of 5m"},
	{"never collected", 24 * HOUR, PLAIN, .seen_m = NONE, .good_m = NONE, .newest_m = NONE,
		.verdict = VERDICT_UNKNOWN, .reason = "Nothing was collected"},
	{"empty", 24 * HOUR, PLAIN, .good_m = NONE, .newest_m = NONE, .verdict = VERDICT_BREACH,
		.reason = "no backup at all"},
	{"none good", 24 * HOUR, PLAIN, .good_m = NONE, .newest_m = 5, .why = "It is empty.",
		.verdict = VERDICT_BREACH, .reason = "no good backup"},
	{"the newest is bad", 24 * HOUR, PLAIN, .good_m = 100, .newest_m = 5, .why = "It is empty.",
		.verdict = VERDICT_LATE, .reason = "is not good. It is empty."},
	{"the newest is bad and the last good one too old", 24 * HOUR, PLAIN, .good_m = 30 * HOUR,
		.newest_m = 5, .why = "It is empty.", .verdict = VERDICT_BREACH,
		.reason = "more than the RPO"},
	{"from the future", 24 * HOUR, PLAIN, .good_m = 100, .newest_m = -60, .why = "Tomorrow.",
		.verdict = VERDICT_UNKNOWN, .reason = "can't be judged. Tomorrow."},
	{"unreachable", 24 * HOUR, PLAIN, .seen_m = 90, .good_m = 100, .newest_m = 100,
		.error = "No route to host.", .verdict = VERDICT_UNKNOWN,
		.reason = "No route to host."},
	{"unreachable, and what is known is too old", HOUR, PLAIN, .seen_m = 90, .good_m = 100,
		.newest_m = 100, .error = "No route.", .verdict = VERDICT_UNKNOWN},
	{"unreachable from the first", HOUR, PLAIN, .seen_m = NONE, .good_m = NONE,
		.newest_m = NONE, .error = "No route.", .verdict = VERDICT_UNKNOWN,
		.reason = "No route."},
	{"stale", 24 * HOUR, PLAIN, .seen_m = 16, .good_m = 60, .newest_m = 60,
		.verdict = VERDICT_UNKNOWN, .reason = "nothing refreshes the catalog"},
	{"not yet stale", 24 * HOUR, PLAIN, .seen_m = 15, .good_m = 60, .newest_m = 60,
		.verdict = VERDICT_OK},
	{"the clock was set back", 24 * HOUR, PLAIN, .seen_m = -30, .good_m = 60, .newest_m = 60,
		.verdict = VERDICT_UNKNOWN, .reason = "the clock was set back"},
	/* schedules: 02:00 today is 600 minutes ago */
	{"due later", 26 * HOUR, .schedule = "0 2 * * *", .level = -1, .proof_level = -1,
		.good_m = 596, .newest_m = 596, .verdict = VERDICT_OK, .due_m = 14 * HOUR},
	{"one run missed", 48 * HOUR, .schedule = "0 2 * * *", .level = -1, .proof_level = -1,
		.good_m = 34 * HOUR - 4, .newest_m = 34 * HOUR - 4, .verdict = VERDICT_LATE,
		.reason = "due at 02:00:00Z, 10h ago, has left no good", .due_m = -600,
		.missed = 1},
	{"three runs missed", 200 * HOUR, .schedule = "0 2 * * *", .level = -1, .proof_level = -1,
		.good_m = 82 * HOUR - 4, .newest_m = 82 * HOUR - 4, .verdict = VERDICT_LATE,
		.reason = "3 runs have left no good backup, the first due at 11-18 02:00Z",
		.due_m = -600 - 2880, .missed = 3},
	{"missed and breached", 24 * HOUR, .schedule = "0 2 * * *", .level = -1, .proof_level = -1,
		.good_m = 34 * HOUR - 4, .newest_m = 34 * HOUR - 4, .verdict = VERDICT_BREACH,
		.reason = "more than the RPO", .due_m = -600, .missed = 1},
	{"due a moment ago, still within its grace", 26 * HOUR, .schedule = "45 11 * * *",
		.level = -1, .proof_level = -1, .good_m = 24 * HOUR + 13,
		.newest_m = 24 * HOUR + 13, .verdict = VERDICT_OK, .due_m = -15},
	{"due, the grace over", 26 * HOUR, .schedule = "15 11 * * *", .level = -1,
		.proof_level = -1, .good_m = 24 * HOUR + 43, .newest_m = 24 * HOUR + 43,
		.verdict = VERDICT_LATE, .due_m = -45, .missed = 1},
	{"every five minutes", 30, .schedule = "*/5 * * * *", .level = -1, .proof_level = -1,
		.good_m = 17, .newest_m = 17, .verdict = VERDICT_LATE, .due_m = -15, .missed = 3},
	{"another zone", 26 * HOUR, .schedule = "0 2 * * *", .zone = "America/New_York",
		.level = -1, .proof_level = -1, .good_m = 5 * HOUR - 4, .newest_m = 5 * HOUR - 4,
		.verdict = VERDICT_OK, .due_m = 19 * HOUR},
	{"nothing yet, due tonight", 24 * HOUR, .schedule = "0 2 * * *", .level = -1,
		.proof_level = -1, .good_m = NONE, .newest_m = NONE, .verdict = VERDICT_BREACH,
		.due_m = 14 * HOUR},
	{"a schedule that never comes", 24 * HOUR, .schedule = "0 0 30 2 *", .level = -1,
		.proof_level = -1, .good_m = 60, .newest_m = 60, .verdict = VERDICT_OK,
		.due_m = NONE},
	/* proofs */
	{"never proven", 24 * HOUR, .level = LEVEL_RESTORED, .proof_level = -1, .good_m = 60,
		.newest_m = 60, .verdict = VERDICT_LATE, .reason = "ever proven to be restored",
		.due_m = NONE},
	{"proven less far than wanted", 24 * HOUR, .level = LEVEL_RESTORED,
		.proof_level = LEVEL_INTACT, .proof_m = 5, .good_m = 60, .newest_m = 60,
		.verdict = VERDICT_LATE, .due_m = NONE},
	{"proven", 24 * HOUR, .level = LEVEL_INTACT, .every_m = 24 * HOUR,
		.proof_level = LEVEL_RESTORED, .proof_m = 60, .good_m = 60, .newest_m = 60,
		.verdict = VERDICT_OK, .due_m = NONE},
	{"proven too long ago", 24 * HOUR, .level = LEVEL_INTACT, .every_m = 24 * HOUR,
		.proof_level = LEVEL_INTACT, .proof_m = 25 * HOUR, .good_m = 60, .newest_m = 60,
		.verdict = VERDICT_LATE, .reason = "is 25h old; one is wanted every 24h",
		.due_m = NONE},
	{"proven once is enough without every", 24 * HOUR, .level = LEVEL_INTACT,
		.proof_level = LEVEL_INTACT, .proof_m = 9000 * HOUR, .good_m = 60, .newest_m = 60,
		.verdict = VERDICT_OK, .due_m = NONE},
	{"failed its proof", 24 * HOUR, .level = -1, .proof_level = LEVEL_INTACT,
		.result = PROOF_FAIL, .proof_m = 30, .good_m = 100, .newest_m = 60,
		.why = "Its verification failed.", .verdict = VERDICT_BREACH,
		.reason = "failed its verification (intact) 30m ago", .due_m = NONE},
	{"a proof that could not be made", 24 * HOUR, .level = -1, .proof_level = LEVEL_INTACT,
		.result = PROOF_UNKNOWN, .proof_m = 30, .good_m = 60, .newest_m = 60,
		.verdict = VERDICT_OK, .due_m = NONE},
};

static struct backup
backup(const char *name, int64_t age_m)
{
	return (struct backup){.name = name,
		.path = name,
		.etag = "",
		.note = "",
		.detail = "",
		.finished_at = AGE(age_m),
		.mtime = AGE(age_m),
		.size = 1000};
}

static void
judge(struct arena *a, const struct row *r, struct set_verdict *v)
{
	struct backup newest = backup("new", r->newest_m), good = backup("good", r->good_m);
	struct set_facts f = {.asset = "db",
		.set = "dump",
		.rpo_s = r->rpo_m * 60,
		.rto_s = FIELD_ABSENT,
		.minimum_size = FIELD_ABSENT,
		.schedule = r->schedule,
		.time_zone = r->zone,
		.prove_level = r->level,
		.prove_every_s = r->every_m > 0 ? r->every_m * 60 : FIELD_ABSENT,
		.place = {.location = "local", .source = "", .tried_at = NOW, .error = r->error}};
	struct verdict_in in = {.facts = &f, .newest_why = r->why, .now = NOW, .stale_s = 900};
	struct proofs proofs;

	proofs_init(&proofs, a, "db", "dump");
	if (r->newest_m == r->good_m)
		newest = good;
	f.place.seen = (struct observation){.at = r->seen_m == NONE ? CLOCK_NONE : AGE(r->seen_m),
		.base = "",
		.count = r->newest_m != NONE,
		.head = &newest,
		.nhead = r->newest_m != NONE};
	in.newest = r->newest_m != NONE ? &newest : NULL;
	in.good = r->good_m != NONE ? &good : NULL;
	if (r->proof_level >= 0) {
		struct proof p = proof_of(arena_fmt(a, "db/dump/%s", newest.name), &newest);

		p.level = (enum level)r->proof_level;
		p.result = r->result;
		p.at = AGE(r->proof_m);
		*vec_push(a, &proofs.list) = p;
	}
	proofs_sort(&proofs);
	in.proofs = &proofs;
	verdict_judge(a, &in, v);
}

static void
table(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct row *r = &rows[i];
		struct arena a = ARENA_INIT;
		struct set_verdict v;
		int64_t due;

		judge(&a, r, &v);
		if (v.verdict != r->verdict)
			fail_msg("%s: %s, not %s (%s)", r->what, verdict_names[v.verdict],
				verdict_names[r->verdict], v.reasons.v[0]);
		assert_true(v.reasons.n > 0);
		if (r->reason != NULL && strstr(v.reasons.v[0], r->reason) == NULL)
			fail_msg("%s: \"%s\"", r->what, v.reasons.v[0]);
		due = v.next_due_at == CLOCK_NONE ? NONE : (v.next_due_at - NOW) / 60;
		if (due != r->due_m || v.missed != r->missed)
			fail_msg("%s: due in %lld, missed %lld", r->what, (long long)due,
				(long long)v.missed);
		if (r->good_m != NONE)
			assert_int_equal(v.age_s, r->good_m * 60);
		else
			assert_true(v.age_s < 0);
		arena_done(&a);
	}
}

/* The newest first, then those before it. */
static const struct {
	const char *what;
	int64_t sizes[13];
	const char *says; /* NULL: nothing odd */
} sizes[] = {
	{"alike", {1000, 1000, 1000, 1000, 1000, 1000, 1000}, NULL},
	{"a little off those that are all alike", {900, 1000, 1000, 1000, 1000, 1000}, NULL},
	{"far off those that are all alike", {700, 1000, 1000, 1000, 1000, 1000},
		"unusually small"},
	{"half", {500, 1010, 990, 1005, 1000, 995, 1000}, "unusually small"},
	{"double", {2000, 1010, 990, 1005, 1000, 995, 1000}, "unusually large"},
	{"within what varies anyway", {500, 300, 900, 500, 700, 400, 1000}, NULL},
	{"one odd one among the ten hides nothing",
		{100, 1000, 1000, 5, 1000, 1000, 1000, 1000, 1000, 1000, 1000}, "unusually small"},
	{"too few to compare with", {1, 1000, 1000, 1000, 1000}, NULL},
	{"growing steadily", {2000, 1900, 1800, 1700, 1600, 1500, 1400, 1300, 1200, 1100, 1000},
		NULL},
};

static void
anomalies(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		struct arena a = ARENA_INIT;
		struct backup head[13];
		struct set_facts f = {.rpo_s = 86400,
			.prove_level = -1,
			.minimum_size = FIELD_ABSENT,
			.place = {.seen = {.at = NOW, .head = head, .base = ""}}};
		struct verdict_in in = {
			.facts = &f, .now = NOW, .stale_s = 900, .newest = head, .good = head};
		struct proofs proofs;
		struct set_verdict v;
		size_t n = 0;

		proofs_init(&proofs, &a, "db", "dump");
		proofs_sort(&proofs);
		in.proofs = &proofs;
		for (; n < ARRAY_LEN(head) && sizes[i].sizes[n] > 0; n++) {
			head[n] = backup("x", (int64_t)n * 10);
			head[n].size = sizes[i].sizes[n];
		}
		f.place.seen.nhead = n;
		f.place.seen.count = (int64_t)n;
		verdict_judge(&a, &in, &v);
		if (v.verdict != (sizes[i].says != NULL ? VERDICT_LATE : VERDICT_OK))
			fail_msg("%s: %s", sizes[i].what, v.reasons.v[0]);
		if (sizes[i].says != NULL)
			assert_holds(v.reasons.v[0], sizes[i].says);
		arena_done(&a);
	}
}

/* A later look of a lower level hides no restore, and an older backup's says nothing of it. */
static void
highest_proof(void **state)
{
	struct arena a = ARENA_INIT;
	struct backup old = backup("old", 1500), head = backup("new", 60);
	struct set_facts f = {.rpo_s = 86400,
		.prove_level = -1,
		.minimum_size = FIELD_ABSENT,
		.place = {.seen = {.at = NOW, .head = &head, .nhead = 1, .count = 2, .base = ""}}};
	struct verdict_in in = {
		.facts = &f, .now = NOW, .stale_s = 900, .newest = &head, .good = &head};
	const struct backup *of[] = {&head, &head, &old};
	const enum level levels[] = {LEVEL_INTACT, LEVEL_RESTORED, LEVEL_RESTORED};
	struct proofs proofs;

	for (size_t first = 0; first < 2; first++) {
		struct set_verdict v;

		proofs_init(&proofs, &a, "db", "dump");
		for (size_t i = first; i < ARRAY_LEN(of); i += 1 + first) {
			struct proof p = proof_of(arena_fmt(&a, "db/dump/%s", of[i]->name), of[i]);

			p.level = first == 0 ? levels[i] : LEVEL_INTACT;
			p.result = PROOF_PASS;
			p.at = AGE((int64_t)i * 10);
			*vec_push(&a, &proofs.list) = p;
		}
		proofs_sort(&proofs);
		in.proofs = &proofs;
		verdict_judge(&a, &in, &v);
		assert_non_null(v.proven);
		assert_int_equal(v.proven->level, first == 0 ? LEVEL_RESTORED : LEVEL_INTACT);
		assert_string_equal(v.proven->backup, "db/dump/new");
	}
	arena_done(&a);
}

/* F60: a copy that nobody could look at, or not lately, is none that is there. */
static void
copies_not_known(void **state)
{
	static const struct {
		const char *error;
		int64_t seen_m;
		bool compared;
		enum verdict verdict;
		const char *says;
	} cases[] = {{NULL, 1, true, VERDICT_OK, NULL},
		{"No route.", 1, true, VERDICT_UNKNOWN, "could not be read"},
		{NULL, NONE, true, VERDICT_UNKNOWN, "was not compared yet"},
		{NULL, 1, false, VERDICT_UNKNOWN, "was not compared yet"},
		{NULL, 16, true, VERDICT_UNKNOWN, "last looked at 16m ago"},
		{NULL, -30, true, VERDICT_UNKNOWN, "the clock was set back"}};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct arena a = ARENA_INIT;
		struct backup head = backup("new", 60);
		struct copy_facts copy = {
			.place = {.location = "off",
				.error = cases[i].error,
				.tried_at = NOW,
				.seen = {.at = cases[i].seen_m == NONE ? CLOCK_NONE
								       : AGE(cases[i].seen_m),
					.base = ""}},
			.within_s = FIELD_ABSENT,
			.match = {.done = cases[i].compared,
				.present = 1,
				.newest_at = head.finished_at,
				.waiting_since = CLOCK_NONE}};
		struct set_facts f = {.rpo_s = 86400,
			.prove_level = -1,
			.minimum_size = FIELD_ABSENT,
			.copies = &copy,
			.ncopies = 1,
			.place = {.seen = {.at = NOW,
					  .head = &head,
					  .nhead = 1,
					  .count = 1,
					  .base = ""}}};
		struct verdict_in in = {
			.facts = &f, .now = NOW, .stale_s = 900, .newest = &head, .good = &head};
		struct proofs proofs;
		struct set_verdict v;

		proofs_init(&proofs, &a, "db", "dump");
		proofs_sort(&proofs);
		in.proofs = &proofs;
		verdict_judge(&a, &in, &v);
		assert_int_equal(v.verdict, cases[i].verdict);
		assert_int_equal(v.copies[0].verdict, cases[i].verdict);
		if (cases[i].says != NULL)
			assert_holds(v.copies[0].reason, cases[i].says);
		arena_done(&a);
	}
}

static void
statuses(void **state)
{
	assert_true(VERDICT_OK < VERDICT_LATE && VERDICT_LATE < VERDICT_UNKNOWN &&
		    VERDICT_UNKNOWN < VERDICT_BREACH);
	assert_int_equal(verdict_status(VERDICT_OK), 0);
	assert_int_equal(verdict_status(VERDICT_LATE), 1);
	assert_int_equal(verdict_status(VERDICT_BREACH), 1);
	assert_int_equal(verdict_status(VERDICT_UNKNOWN), 2);
	assert_int_equal(verdict_nagios(VERDICT_OK), 0);
	assert_int_equal(verdict_nagios(VERDICT_LATE), 1);
	assert_int_equal(verdict_nagios(VERDICT_BREACH), 2);
	assert_int_equal(verdict_nagios(VERDICT_UNKNOWN), 3);
}

TESTS(T(table), T(anomalies), T(highest_proof), T(copies_not_known), T(statuses))
