/*
 * ask: questions to the people at a run, and what counts as an answer.
 */
#include "base/banned.h"
#include "run/runner.h"
#include "base/text.h"

#define ANSWER_MAX 4000

const char *
ask_given(const struct runner *r, const char *step)
{
	const struct start_answer *a;

	vec_each (&r->answers, a)
		if (util_streq(a->step, step))
			return a->text;
	return NULL;
}

void
ask_used(struct runner *r, const char *step)
{
	struct start_answer *a;

	vec_each (&r->answers, a)
		if (util_streq(a->step, step))
			a->step = "";
}

static const struct plan_target *
shown_target(const struct runner *r)
{
	return r->resolved.ntargets > 0 ? plan_target(r->plan, r->resolved.targets[0]) : NULL;
}

static void
write_request(struct json *j, const struct question *q)
{
	unsigned char sum[DIGEST_SIZE];
	char hex[DIGEST_HEX];

	digest_of(q->request, strlen(q->request), sum);
	json_string(j, "request", q->request);
	json_string(j, "digest", digest_hex(sum, DIGEST_SIZE, hex));
	json_int(j, "needed", q->needed);
	json_time(j, "expires", q->expires);
	if (q->stay)
		json_bool(j, "stay", true);
	json_array(j, "from");
	for (size_t i = 0; i < q->from->n; i++)
		json_string(j, NULL, q->from->v[i]);
	json_array_end(j);
}

void
ask_open(struct runner *r, const struct step *s, const struct question *q)
{
	const struct plan_target *t = shown_target(r);
	struct json *j = ledger_data(r->ledger);

	r->asked_of = s;
	r->group = NULL;
	json_int(j, "ask", (int64_t)r->state.seq + 1);
	json_string(j, "kind", q->kind);
	ledger_text(j, "text", q->text, LEDGER_SHOWN);
	json_array(j, "choices");
	for (size_t i = 0; q->choices[i] != NULL; i++)
		if (strcmp(q->choices[i], "skip") != 0 || s->skip != SKIP_FORBID)
			json_string(j, NULL, q->choices[i]);
	json_array_end(j);
	if (q->options != NULL) {
		json_array(j, "options");
		for (size_t i = 0; i < q->options->n; i++)
			json_string(j, NULL, q->options->v[i]);
		json_array_end(j);
	}
	if (q->show != NULL)
		ledger_text(j, "show", q->show, LEDGER_SHOWN);
	if (q->type != NULL)
		json_string(j, "type", q->type);
	if (r->live != NULL)
		json_string(j, "live", r->live);
	if (t != NULL)
		json_string(j, "environment", t->environment);
	if (r->resolved.step == s && r->resolved.irreversible != NULL)
		ledger_text(j, "irreversible", r->resolved.irreversible, LEDGER_SHOWN);
	if (q->request != NULL)
		write_request(j, q);
	runner_note(r, s->id, "ask.opened", NULL);
}

static bool
is_choice(const struct ask *ask, const char *choice)
{
	for (size_t i = 0; i < ask->choices.n; i++)
		if (util_streq(ask->choices.v[i], choice))
			return true;
	return false;
}

static bool
is_option(const struct ask *ask, const char *text)
{
	for (size_t i = 0; i < ask->options.n; i++)
		if (util_streq(ask->options.v[i], text))
			return true;
	return false;
}

/* A manual step that asks for something to be written down. */
static bool
wants_text(const struct runner *r, const char *step)
{
	const struct step *s = step != NULL ? plan_step(r->plan, step) : NULL;

	return s != NULL && node_get(s->at, "ask") != NULL;
}

/* What must stand beside the choice: the typed name, a reason, one of the options. */
static bool
check_text(struct runner *r, const struct ask *ask, const char *choice, const char *text,
	struct err *err)
{
	bool empty = text == NULL || text[strspn(text, " \t\r\n")] == '\0';

	if (text != NULL && strlen(text) > ANSWER_MAX)
		return err_set(err, ERR_LIMIT, "The text is longer than %d bytes.", ANSWER_MAX);
	if (strcmp(choice, "confirm") == 0 && ask->type != NULL && !util_streq(text, ask->type)) {
		err_set(err, ERR_REFUSED, "\"%s\" is not what must be typed for %s.",
			text != NULL ? text : "", ask->step);
		return err_hint(err, "Type exactly: %s", text_name(&r->step_arena, ask->type));
	}
	if (strcmp(choice, "choose") == 0 && !is_option(ask, text))
		return err_set(err, ERR_REFUSED, "\"%s\" is none of the options.",
			text != NULL ? text : "");
	if (strcmp(choice, "skip") == 0 && empty)
		return err_set(err, ERR_REFUSED, "Skipping a step needs a reason.");
	if (strcmp(choice, "by-hand") == 0 && empty)
		return err_set(err, ERR_REFUSED, "Say what was done by hand.");
	if (strcmp(choice, "done") == 0 && empty && wants_text(r, ask->step))
		return err_set(err, ERR_REFUSED, "Write down what the step asks for.");
	return true;
}

bool
ask_answer(struct runner *r, int64_t number, const char *choice, const char *text,
	const char *actor, struct err *err)
{
	const struct ask *ask = &r->state.ask;
	struct json *j;

	if (ask->number == 0 || ask->number != number) {
		err_set(err, ERR_REFUSED, "That question has been answered or is no longer open.");
		return err_hint(err, "Look at the run again; somebody was faster.");
	}
	if (r->outcome != NULL || r->state.stopping)
		return err_set(err, ERR_REFUSED, "The run is ending; nothing more is answered.");
	if (choice == NULL || !is_choice(ask, choice))
		return err_set(err, ERR_REFUSED, "\"%s\" is no answer to this question.",
			choice != NULL ? choice : "");
	if (!check_text(r, ask, choice, text, err))
		return false;
	/* The arguments may live in the frame that is being handled: copied before the fold. */
	choice = arena_strdup(&r->arena, choice);
	text = arena_strdup(&r->arena, text);
	j = ledger_data(r->ledger);
	json_int(j, "ask", number);
	json_string(j, "kind", ask->kind);
	json_string(j, "choice", choice);
	json_string(j, "text", text);
	if (!runner_end(r, arena_strdup(&r->arena, ask->step), "ask.answered", actor))
		return true;
	engine_answered(r, choice, text, actor);
	return true;
}
