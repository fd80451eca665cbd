/*
 * approval: consent of people other than the operator, to exactly what will run.
 *
 * The request is one text: what, where, why, by whom, until when. Whoever approves names its
 * digest, or signs it, so nobody consents to what he has not seen; and the consent is for this
 * very text: when what would run, or the target, is another by then, it is asked for again.
 */
#include "base/banned.h"
#include "run/engine.h"
#include "base/clock.h"
#include "base/ident.h"
#include "base/text.h"

#define WITHIN_S   3600
#define REASON_MAX 4000
#define SHOWN_MAX  (64 * KIB) /* of what runs; beyond that its digest speaks for the rest */
#define CHECK_MS   20000

static const char *const approve_choices[] = {"skip", "stop", NULL};

/* What the consent is for, whatever the request says beside it. */
static void
pin(const struct runner *r, char hex[DIGEST_HEX])
{
	struct digest *d = digest_new();
	const char *const parts[] = {r->step->id, r->plan->runbook->sha256, r->resolved.params,
		r->resolved.env, r->live != NULL ? r->live : ""};
	unsigned char sum[DIGEST_SIZE];

	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		digest_add(d, parts[i], strlen(parts[i]) + 1);
	digest_end(d, sum);
	digest_free(d);
	digest_hex(sum, DIGEST_SIZE, hex);
}

bool
approval_wanted(const struct runner *r, const struct step *s)
{
	char now[DIGEST_HEX];

	if (s->approve == NULL)
		return false;
	pin(r, now);
	return strcmp(now, r->approved) != 0;
}

static int64_t
needed(const struct step *s)
{
	return s->approve->count == FIELD_ABSENT ? 1 : s->approve->count;
}

static const struct texts *
allowed(const struct runner *r, const struct step *s)
{
	return s->approve->from.n > 0 ? &s->approve->from : &r->plan->approvers;
}

/* Fit for a terminal, so that who signs it and who reads it see the same bytes. */
static void
add_text(struct str *out, const char *label, const char *text)
{
	unsigned char sum[DIGEST_SIZE];
	char hex[DIGEST_HEX];
	size_t len = text != NULL ? strlen(text) : 0;

	if (len == 0)
		return;
	str_add(out, label);
	text_visible(out, text, MIN(len, SHOWN_MAX), TEXT_LINES);
	if (text[len - 1] != '\n')
		str_addc(out, '\n');
	if (len <= SHOWN_MAX)
		return;
	digest_of(text, len, sum);
	str_fmt(out, "[%zu bytes in all, SHA-256 %s]\n", len, digest_hex(sum, DIGEST_SIZE, hex));
}

static const char *
request_text(struct runner *r, const struct step *s, int64_t expires)
{
	CLEANUP(str_done) struct str out = STR_INIT(MIB);
	char at[CLOCK_TEXT];

	str_fmt(&out, "lifeboat approval request 1\nrun: %s\n", r->id);
	add_text(&out, "mode: ", plan_mode_names[r->plan->mode]);
	add_text(&out, "site: ", r->plan->site);
	str_fmt(&out, "runbook: %s %s\n", r->plan->runbook->id, r->plan->runbook->sha256);
	add_text(&out, "step: ", arena_fmt(&r->step_arena, "%s: %s", s->id, r->resolved.title));
	add_text(&out, "why: ", r->resolved.why != NULL ? r->resolved.why : r->plan->runbook->why);
	add_text(&out, "operator: ", r->state.operator);
	add_text(&out, "target: ", r->live);
	str_fmt(&out, "expires: %s\n", clock_format(expires, at));
	if (s->approve->on_leave > ON_LEAVE_CONTINUE)
		str_fmt(&out,
			"who consents stays: the step is %s when one of them leaves the run\n",
			s->approve->on_leave == ON_LEAVE_STOP ? "stopped" : "the last for now");
	add_text(&out, "runs:\n", r->resolved.describe);
	add_text(&out, "environment:\n", r->resolved.env);
	add_text(&out, "irreversible:\n", r->resolved.irreversible);
	return arena_strdup(&r->step_arena, str_text(&out));
}

static void
on_expired(struct loop *l, void *arg)
{
	struct runner *r = arg;

	r->approval_timer = NULL;
	if (!util_streq(r->state.ask.kind, "approve"))
		return;
	json_string(ledger_data(r->ledger), "why", "nobody approved in time");
	if (runner_note(r, r->step->id, "ask.closed", NULL))
		engine_kick(r);
}

static void
no_timer(struct runner *r)
{
	loop_remove(r->approval_timer);
	r->approval_timer = NULL;
}

void
approval_ask(struct runner *r, const struct step *s)
{
	int64_t within = s->approve->within_s == FIELD_ABSENT ? WITHIN_S : s->approve->within_s;
	int64_t expires = clock_now() + within;
	struct question q = {.kind = "approve",
		.text = arena_fmt(&r->step_arena, "%s: needs the consent of %lld other%s",
			r->resolved.title, (long long)needed(s), needed(s) == 1 ? "" : "s"),
		.show = r->resolved.describe,
		.choices = approve_choices,
		.request = request_text(r, s, expires),
		.needed = needed(s),
		.expires = expires,
		.from = allowed(r, s),
		.stay = s->approve->on_leave > ON_LEAVE_CONTINUE};

	no_timer(r);
	r->approval_timer = loop_timer(r->loop, within * 1000, false, on_expired, r);
	ask_open(r, s, &q);
}

static bool
is_listed(const struct texts *names, const char *name)
{
	for (size_t i = 0; i < names->n; i++)
		if (util_streq(names->v[i], name))
			return true;
	return names->n == 0;
}

/* "ops@bastion-1" or "ops@example.org": the part that a list of approvers names. */
static bool
may_approve(const struct ask *ask, const char *who)
{
	CLEANUP(util_free) char *user = util_strndup(who, strcspn(who, "@"));

	return is_listed(&ask->from, who) || is_listed(&ask->from, user);
}

static bool
check_request(struct runner *r, const struct consent *c, struct err *err)
{
	const struct ask *ask = &r->state.ask;

	if (ask->number == 0 || !util_streq(ask->kind, "approve") || ask->number != c->ask) {
		err_set(err, ERR_REFUSED, "No approval is asked for under that number.");
		return err_hint(err, "Look at the run again; the request may have expired.");
	}
	if (!util_streq(c->digest, ask->digest)) {
		err_set(err, ERR_REFUSED, "That is not the request that stands now.");
		return err_hint(err, "`lifeboat approve --show` prints it, with its digest.");
	}
	if (r->outcome != NULL || r->state.stopping)
		return err_set(err, ERR_REFUSED, "The run is ending.");
	if (r->asleep_until_ms > clock_mono_ms())
		return err_set(err, ERR_REFUSED, "In this drill the approver is asleep.");
	return c->reason == NULL || strlen(c->reason) <= REASON_MAX ||
	       err_set(err, ERR_LIMIT, "The reason is longer than %d bytes.", REASON_MAX);
}

/* The request is consented to by as many as it wants. */
static void
complete(struct runner *r)
{
	struct json *j = ledger_data(r->ledger);

	json_int(j, "ask", r->state.ask.number);
	json_string(j, "kind", "approve");
	json_string(j, "choice", "approved");
	pin(r, r->approved);
	no_timer(r);
	/* The target names itself once more: it may have taken long. */
	r->live = NULL;
	r->probed = 0;
	if (runner_end(r, r->step->id, "ask.answered", NULL))
		engine_kick(r);
}

/* "ops@bastion-1" and "ops@example.org" are one login to us: better one consent too few. */
static bool
same_login(const char *a, const char *b)
{
	size_t n = strcspn(a, "@");

	return strcspn(b, "@") == n && strncmp(a, b, n) == 0;
}

static bool
already(const struct ask *ask, const char *who, int64_t login)
{
	for (size_t i = 0; i < ask->given.n; i++)
		if (same_login(ask->given.v[i].by, who) ||
			(login >= 0 && ask->given.v[i].login_uid == login))
			return true;
	return false;
}

/* F52: whoever drives, or whose process the runner is, does not approve himself; nor does he
 * as another user that he became with su or sudo. */
static bool
is_operator(const struct runner *r, const struct consent *c)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	const int64_t theirs[] = {(int64_t)c->uid,
		c->login_uid != IDENT_NOBODY ? (int64_t)c->login_uid : -1},
		      ours[] = {r->state.operator_uid, r->state.operator_login_uid,
			      (int64_t)getuid()};

	for (size_t i = 0; i < ARRAY_LEN(ours); i++) {
		if (ours[i] < 0)
			continue;
		if (c->identity != NULL) {
			if (same_login(ident_user_name(&a, (uid_t)ours[i]), c->identity))
				return true;
		} else if (ours[i] == theirs[0] || ours[i] == theirs[1]) {
			return true;
		}
	}
	return false;
}

static bool
check_person(const struct runner *r, const struct consent *c, struct err *err)
{
	const char *who = c->identity != NULL ? c->identity : c->actor;
	int64_t login =
		c->identity == NULL && c->login_uid != IDENT_NOBODY ? (int64_t)c->login_uid : -1;

	if (is_operator(r, c)) {
		err_set(err, ERR_REFUSED, "The operator can't approve his own step.");
		return err_hint(
			err, "Somebody else must, as another user of this host or by signature.");
	}
	if (!may_approve(&r->state.ask, who)) {
		err_set(err, ERR_REFUSED, "%s is not among those who may approve this step.", who);
		return err_hint(err, "The step or the site file lists them.");
	}
	if (already(&r->state.ask, who, login))
		return err_set(err, ERR_REFUSED, "%s has approved this already.", who);
	return true;
}

static bool
accept(struct runner *r, const struct consent *c, struct err *err)
{
	const struct ask *ask = &r->state.ask;
	struct json *j;

	if (!check_request(r, c, err) || !check_person(r, c, err))
		return false;
	j = ledger_data(r->ledger);
	json_int(j, "ask", ask->number);
	json_string(j, "digest", ask->digest);
	json_string(j, "reason", c->reason);
	json_string(j, "origin", c->origin);
	if (c->identity != NULL) {
		json_string(j, "identity", c->identity);
		json_string(j, "signature", c->signature);
	} else if (c->login_uid != IDENT_NOBODY) {
		json_int(j, "login_uid", (int64_t)c->login_uid);
	}
	if (!runner_end(r, r->step->id, "approval.given", c->actor))
		return true;
	presence_stays(r, c->uid);
	if ((int64_t)r->state.ask.given.n >= r->state.ask.needed)
		complete(r);
	return true;
}

bool
approval_give(struct runner *r, const struct consent *c, struct err *err)
{
	struct consent kernel = *c;

	kernel.identity = kernel.signature = NULL;
	return accept(r, &kernel, err);
}

bool
approval_deny(struct runner *r, const struct consent *c, struct err *err)
{
	struct err refused = ERR_INIT;
	struct json *j;

	if (!check_request(r, c, err))
		return false;
	if (!may_approve(&r->state.ask, c->actor))
		return err_set(err, ERR_REFUSED, "%s has no say in this step.", c->actor);
	j = ledger_data(r->ledger);
	json_int(j, "ask", c->ask);
	json_string(j, "digest", c->digest);
	json_string(j, "reason", c->reason);
	if (!runner_end(r, r->step->id, "approval.denied", c->actor))
		return true;
	no_timer(r);
	ledger_data(r->ledger);
	if (!runner_note(r, r->step->id, "ask.closed", NULL))
		return true;
	err_set(&refused, ERR_REFUSED, "%s denied the approval%s%s", c->actor,
		c->reason != NULL && c->reason[0] != '\0' ? ": " : ".",
		c->reason != NULL ? c->reason : "");
	engine_fail_step(r, r->step, &refused);
	err_done(&refused);
	return true;
}

/* A signature is checked by ssh-keygen, in a process of its own. */
struct signed_one {
	struct runner *r;
	struct consent consent;
};

static void
on_checked(struct child *c, const struct child_end *end, void *arg)
{
	struct signed_one *one = arg;
	struct runner *r = one->r;
	CLEANUP(err_done) struct err err = ERR_INIT;
	const char *why = end->result != NULL ? json_get_text(end->result, "message") : NULL;
	struct json *j;

	engine_child_over(r);
	r->probing = false;
	if (end->result == NULL || !util_streq(json_get_text(end->result, "outcome"), "ok"))
		err_set(&err, ERR_REFUSED, "%s",
			why != NULL ? why : "The signature could not be checked.");
	else if (accept(r, &one->consent, &err))
		return;
	j = ledger_data(r->ledger);
	json_string(j, "identity", one->consent.identity);
	ledger_text(j, "message", err.msg, LEDGER_MESSAGE);
	runner_note(r, r->step->id, "approval.refused", one->consent.actor);
}

static struct signed_one *
keep(struct runner *r, const struct consent *c)
{
	struct signed_one *one = arena_alloc(&r->arena, sizeof(*one));

	*one = (struct signed_one){.r = r, .consent = *c};
	one->consent.digest = arena_strdup(&r->arena, c->digest);
	one->consent.reason = arena_strdup(&r->arena, c->reason);
	one->consent.identity = arena_strdup(&r->arena, c->identity);
	one->consent.signature = arena_strdup(&r->arena, c->signature);
	one->consent.actor = arena_strdup(&r->arena, c->actor);
	one->consent.origin = arena_strdup(&r->arena, c->origin);
	return one;
}

static bool
check_signed(struct runner *r, const struct consent *c, struct err *err)
{
	if (c->identity == NULL || c->signature == NULL || c->identity[0] == '\0' ||
		c->identity[0] == '-' || strlen(c->identity) > STEP_IDENTITY_MAX ||
		strpbrk(c->identity, " \t\r\n,*?!") != NULL)
		return err_set(err, ERR_USAGE, "A signature comes with the identity of its key.");
	if (r->step->approve->on_leave > ON_LEAVE_CONTINUE) {
		err_set(err, ERR_REFUSED,
			"Who approves this step stays at the run: a signature "
			"is nobody who could.");
		return err_hint(err, "lifeboat attach %s, and approve it there.", r->id);
	}
	if (r->plan->allowed_signers == NULL) {
		err_set(err, ERR_REFUSED, "The site file names no allowed signers.");
		return err_hint(err, "operators: {allowed_signers: /etc/lifeboat/allowed_signers}");
	}
	if (r->child != NULL)
		return err_set(err, ERR_REFUSED, "A signature is being checked; try again.");
	return true;
}

bool
approval_signed(struct runner *r, const struct consent *c, struct err *err)
{
	CLEANUP(str_done) struct str text = STR_INIT(2 * MIB);
	struct json j = json_new(&text);
	struct proc_env env;
	struct child_spec child = {
		.role = "approval", .mask = r->mask, .timeout_ms = CHECK_MS, .on_end = on_checked};

	if (!check_request(r, c, err) || !check_signed(r, c, err) || !check_person(r, c, err))
		return false;
	json_object(&j, NULL);
	json_string(&j, "request", r->state.ask.request);
	json_string(&j, "identity", c->identity);
	json_string(&j, "signature", c->signature);
	json_string(&j, "allowed_signers", r->plan->allowed_signers);
	json_object_end(&j);
	child.spec = str_text(&text);
	child.arg = keep(r, c);
	proc_env_init(&env, &r->step_arena);
	child.envp = proc_env_list(&env, &r->step_arena);
	r->probing = child_start(r->loop, &child, &r->child, err);
	return r->probing;
}
