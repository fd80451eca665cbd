/*
 * orders: what clients ask of a runner. Everybody may write notes and take part in an approval;
 * the rest is for who drives.
 */
#include "base/banned.h"
#include "run/engine.h"
#include "run/server.h"

#define NOTE_MAX 4000

static bool
take_secret(struct client *c, const cJSON *frame, struct err *err)
{
	const char *name = json_get_text(frame, "name"), *value = json_get_text(frame, "value");
	struct runner *r = c->runner;
	struct var *v = name != NULL ? (struct var *)scope_get(&r->plan->scope, name) : NULL;

	if (v == NULL || v->kind != VAR_SECRET || value == NULL)
		return err_set(
			err, ERR_USAGE, "There is no secret \"%s\".", name != NULL ? name : "");
	runner_secret(r, v, value, strlen(value));
	runner_warn_unmasked(r);
	return true;
}

static bool
take_note(struct client *c, const cJSON *frame, struct err *err)
{
	const char *text = json_get_text(frame, "text");
	struct json *j;

	if (text == NULL || text[0] == '\0' || strlen(text) > NOTE_MAX)
		return err_set(err, ERR_USAGE, "A note has 1 to %d bytes.", NOTE_MAX);
	j = ledger_data(c->runner->ledger);
	json_string(j, "text", text);
	runner_note(c->runner, NULL, "run.note", c->actor);
	return true;
}

static bool
take_answer(struct client *c, const cJSON *frame, struct err *err)
{
	return ask_answer(c->runner, json_get_int(frame, "ask", 0), json_get_text(frame, "choice"),
		json_get_text(frame, "text"), c->actor, err);
}

static bool
take_stop(struct client *c, const cJSON *frame, struct err *err)
{
	engine_stop(c->runner, c->actor);
	return true;
}

static bool
take_interrupt(struct client *c, const cJSON *frame, struct err *err)
{
	engine_interrupt(c->runner, c->actor);
	return true;
}

static bool
pause_or_go(struct client *c, bool pause)
{
	ledger_data(c->runner->ledger);
	if (c->runner->state.paused != pause)
		runner_note(c->runner, NULL, pause ? "run.paused" : "run.continued", c->actor);
	engine_kick(c->runner);
	return true;
}

static bool
take_pause(struct client *c, const cJSON *frame, struct err *err)
{
	return pause_or_go(c, true);
}

static bool
take_continue(struct client *c, const cJSON *frame, struct err *err)
{
	return pause_or_go(c, false);
}

static struct consent
consent_of(struct client *c, const cJSON *frame)
{
	return (struct consent){.ask = json_get_int(frame, "ask", 0),
		.digest = json_get_text(frame, "digest"),
		.reason = json_get_text(frame, "reason"),
		.identity = json_get_text(frame, "identity"),
		.signature = json_get_text(frame, "signature"),
		.uid = c->uid,
		.login_uid = c->login_uid,
		.actor = c->actor,
		.origin = c->origin};
}

static bool
take_approve(struct client *c, const cJSON *frame, struct err *err)
{
	struct consent consent = consent_of(c, frame);

	return approval_give(c->runner, &consent, err);
}

static bool
take_signed(struct client *c, const cJSON *frame, struct err *err)
{
	struct consent consent = consent_of(c, frame);

	return approval_signed(c->runner, &consent, err);
}

static bool
take_deny(struct client *c, const cJSON *frame, struct err *err)
{
	struct consent consent = consent_of(c, frame);

	return approval_deny(c->runner, &consent, err);
}

static bool
take_handover(struct client *c, const cJSON *frame, struct err *err)
{
	return wheel_offer(c->runner, c->actor, json_get_text(frame, "to"), err);
}

static bool
take_withdraw(struct client *c, const cJSON *frame, struct err *err)
{
	return wheel_withdraw(c->runner, c->actor, err);
}

static bool
take_wheel(struct client *c, const cJSON *frame, struct err *err)
{
	bool wanted = c->wants;

	c->wants = true;
	if (wheel_take(c->runner, c->uid, c->login_uid, c->actor, err))
		return true;
	c->wants = wanted;
	return false;
}

static bool
take_inject(struct client *c, const cJSON *frame, struct err *err)
{
	return drill_inject(c->runner, c->actor, frame, err);
}

static bool
take_clock(struct client *c, const cJSON *frame, struct err *err)
{
	return drill_clock(c->runner, c->actor, json_get_bool(frame, "running", true), err);
}

static const struct {
	const char *op;
	bool driver; /* only who drives may */
	bool (*take)(struct client *c, const cJSON *frame, struct err *err);
} orders[] = {
	{"note", false, take_note},
	{"approve", false, take_approve},
	{"approve-signed", false, take_signed},
	{"deny", false, take_deny},
	{"take", false, take_wheel},
	{"inject", false, take_inject},
	{"clock", false, take_clock},
	{"answer", true, take_answer},
	{"stop", true, take_stop},
	{"interrupt", true, take_interrupt},
	{"pause", true, take_pause},
	{"continue", true, take_continue},
	{"secret", true, take_secret},
	{"handover", true, take_handover},
	{"withdraw", true, take_withdraw},
};

bool
orders_take(struct client *c, const char *op, const cJSON *frame, struct err *err)
{
	const char *who = c->runner->state.operator;

	for (size_t i = 0; i < ARRAY_LEN(orders); i++) {
		if (strcmp(orders[i].op, op) != 0)
			continue;
		if (!orders[i].driver || c->drives)
			return orders[i].take(c, frame, err);
		err_set(err, ERR_READ_ONLY, "You watch this run; %s drives it.", who);
		return err_hint(err, "Only %s can do that.", who);
	}
	return err_set(err, ERR_USAGE, "There is no operation \"%s\".", op);
}
