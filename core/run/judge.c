#include "base/banned.h"
#include "run/judge.h"
#include "base/text.h"
#include "conf/expect.h"

/* In the record, escapes included; together less than what is put aside for a result. */
#define VALUE_MAX  (128 * KIB)
#define CHECKS_MAX (64 * KIB)

const char *
judge_masked(struct runner *r, const char *text)
{
	CLEANUP(str_done) struct str shown = STR_INIT(STEP_SPEC_MAX);

	if (text == NULL || mask_empty(r->mask))
		return arena_strdup(&r->step_arena, text);
	mask_text(r->mask, text, strlen(text), &shown);
	return arena_strdup(&r->step_arena, str_text(&shown));
}

static void
failed(struct judgement *j, const char *code, const char *message)
{
	j->outcome = OUTCOME_FAILED;
	j->code = code;
	j->message = message;
}

/* What is expected of the step is not expected of its target when that is asked for its name. */
static const struct step_expect *
expected(const struct runner *r)
{
	return r->probing ? NULL : r->step->expect;
}

static void
judge_exit(struct runner *r, const struct child_end *end, struct judgement *j)
{
	CLEANUP(str_done) struct str text = STR_INIT(KIB);
	const struct step_expect *e = expected(r);
	int64_t wanted = e != NULL && e->exit != FIELD_ABSENT ? e->exit : 0;

	if (end->exit.exited && end->exit.status == wanted)
		return;
	proc_exit_text(&text, end->exit);
	if (wanted != 0)
		str_fmt(&text, ", expected %lld", (long long)wanted);
	failed(j, "check-failed",
		arena_fmt(&r->step_arena, "%s %s %s.", r->step->kind->name,
			end->exit.exited ? "ended with" : "was", str_text(&text)));
}

struct search {
	const char *id;
	bool found;
};

static void
on_root(const char *root, void *arg)
{
	struct search *search = arg;

	search->found = search->found || strcmp(root, search->id) == 0;
}

/* Whether a later step or the scorecard speaks of it: only then is a value kept that nobody
 * captures. */
static bool
is_referred_to(const struct runner *r, const char *id)
{
	struct search search = {id, util_streq(r->plan->runbook->newest_data, id)};

	for (size_t i = 0; i < r->plan->steps.n && !search.found; i++)
		step_roots(item_at(&r->plan->steps, struct step, i), on_root, &search);
	return search.found;
}

/* Why the bytes can't be a value; NULL when they can. A value is text, whole, and recorded. */
static const char *
unfit(const char *bytes, size_t len, bool whole)
{
	CLEANUP(str_done) struct str quoted = STR_INIT(VALUE_MAX);

	if (!whole)
		return "it is longer than 64 KiB";
	if (memchr(bytes, '\0', len) != NULL || !text_valid(bytes, len))
		return "it is not text (UTF-8)";
	json_quote(&quoted, bytes, len);
	return quoted.full ? "it is longer than 128 KiB in a record" : NULL;
}

/*
 * Takes the value, masked. One that is cut short or not text would be compared, handed on and
 * resumed as something else, so where somebody needs it the step fails.
 */
static void
take_value(struct runner *r, struct judgement *j, const char *bytes, size_t len, bool whole)
{
	CLEANUP(str_done) struct str shown = STR_INIT(STEP_VALUE_MAX * 2);
	const struct step *s = r->step;
	bool compared = s->expect != NULL && s->expect->output != NULL;
	const char *why;

	mask_text(r->mask, bytes, len, &shown);
	why = unfit(str_text(&shown), shown.len, whole);
	if (why == NULL) {
		j->value = arena_strdup(&r->step_arena, shown.buf);
		return;
	}
	j->value_lost = true;
	if (s->capture == NULL && !compared && !is_referred_to(r, s->id))
		return;
	failed(j, "limit",
		arena_fmt(&r->step_arena, "What it gave can't be %s: %s.",
			s->capture != NULL ? "captured"
			: compared         ? "compared"
					   : "handed on",
			why));
	j->hint = "Let it print less: only what is needed.";
}

/* What a command printed, without the newlines at its end. */
static void
take_output(struct runner *r, const struct child_end *end, struct judgement *j)
{
	const struct step *s = r->step;
	size_t len = end->out.len;

	/* It is in its file as a whole; in the record only where somebody needs it. */
	if (s->capture == NULL && (s->expect == NULL || s->expect->output == NULL) &&
		!is_referred_to(r, s->id))
		return;
	while (len > 0 && (end->out.buf[len - 1] == '\n' || end->out.buf[len - 1] == '\r'))
		len--;
	take_value(r, j, len > 0 ? end->out.buf : "", len, !end->out.full);
}

static void
judge_result(struct runner *r, const struct child_end *end, struct judgement *j)
{
	const char *outcome = json_get_text(end->result, "outcome"),
		   *value = json_get_text(end->result, "value");

	if (util_streq(outcome, "ok")) {
		if (value != NULL)
			take_value(r, j, value, strlen(value), true);
		return;
	}
	j->outcome = util_streq(outcome, "unknown") ? OUTCOME_UNKNOWN : OUTCOME_FAILED;
	j->message = judge_masked(r, json_get_text(end->result, "message"));
	j->hint = judge_masked(r, json_get_text(end->result, "hint"));
	j->code = arena_strdup(&r->step_arena, json_get_text(end->result, "code"));
}

static void
judge_expect(struct runner *r, const struct child_end *end, struct judgement *j)
{
	const struct step_expect *e = expected(r);
	int64_t rows = end->result != NULL ? json_get_int(end->result, "rows", -1) : -1;
	const char *value = j->value != NULL ? j->value : "";
	const struct {
		const char *what, *wanted, *got;
	} all[] = {{"value", r->resolved.expect_value, value},
		{"output", r->resolved.expect_output, value},
		{"number of rows", e != NULL ? e->rows : NULL,
			rows < 0 ? "" : arena_fmt(&r->step_arena, "%lld", (long long)rows)}};

	for (size_t i = 0; e != NULL && i < ARRAY_LEN(all); i++)
		if (all[i].wanted != NULL && !expect_met(all[i].wanted, all[i].got))
			failed(j, "check-failed",
				arena_fmt(&r->step_arena, "The %s is \"%.200s\", expected %s.",
					all[i].what, all[i].got, all[i].wanted));
}

static bool
judge_force(struct runner *r, const struct child_end *end, struct judgement *j)
{
	CLEANUP(str_done) struct str limit = STR_INIT(64);

	if (end->timed_out) {
		text_duration(&limit, r->step->timeout_s);
		failed(j, "timeout",
			arena_fmt(&r->step_arena,
				"It did not end within %s and was ended by force.",
				str_text(&limit)));
	} else if (end->stopped) {
		failed(j, "stopped", "It was interrupted.");
	}
	return end->timed_out || end->stopped;
}

void
judge(struct runner *r, const struct child_end *end, struct judgement *j)
{
	*j = (struct judgement){.outcome = OUTCOME_OK};
	if (judge_force(r, end, j))
		return;
	if (end->result != NULL) {
		judge_result(r, end, j);
	} else {
		judge_exit(r, end, j);
		if (j->outcome == OUTCOME_OK && r->step->kind->output)
			take_output(r, end, j);
	}
	if (j->outcome == OUTCOME_OK)
		judge_expect(r, end, j);
}

static void
write_sets(struct runner *r, struct json *j)
{
	const struct start_answer *s;

	if (r->sets.n == 0)
		return;
	json_array(j, "set_names");
	vec_each (&r->sets, s)
		json_string(j, NULL, s->step);
	json_array_end(j);
	json_array(j, "set_values");
	vec_each (&r->sets, s)
		json_string(j, NULL, s->text);
	json_array_end(j);
}

/* The checks of a verify step, one line of JSON, where they fit. */
static void
write_checks(struct runner *r, const struct child_end *end, struct json *j)
{
	CLEANUP(str_done) struct str text = STR_INIT(CHECKS_MAX), shown = STR_INIT(CHECKS_MAX);
	const cJSON *checks = end->result != NULL ? json_get(end->result, "checks") : NULL;
	CLEANUP(json_free) cJSON *again = NULL;
	CLEANUP(err_done) struct err err = ERR_INIT;

	if (checks == NULL)
		return;
	json_print(&text, checks);
	mask_text(r->mask, str_text(&text), text.len, &shown);
	/* A mask that cut more than a text out of it would break the record. */
	again = json_parse(str_text(&shown), shown.len, &err);
	if (text.full || shown.full || again == NULL)
		json_bool(j, "checks_lost", true);
	else
		json_raw(j, "checks", shown.buf);
}

void
judge_write(struct runner *r, const struct child_end *end, const struct judgement *g)
{
	struct json *j = ledger_data(r->ledger);

	json_int(j, "attempt", run_state_step(&r->state, r->step->id)->attempt);
	json_string(j, "outcome", outcome_names[g->outcome]);
	if (end->exit.exited)
		json_int(j, "exit", end->exit.status);
	else
		json_int(j, "signal", end->exit.signal);
	json_double(j, "seconds", end->seconds);
	if (g->message != NULL) {
		ledger_text(j, "message", g->message, LEDGER_MESSAGE);
		ledger_text(j, "hint", g->hint, LEDGER_MESSAGE);
		json_string(j, "code", g->code);
	}
	if (g->outcome == OUTCOME_OK && r->step->again != NULL)
		json_string(j, "again", r->step->again);
	if (g->value != NULL)
		json_string(j, "value", g->value);
	if (g->value_lost)
		json_bool(j, "value_lost", true);
	json_int(j, "output_bytes", end->output_bytes);
	json_string(j, "output_sha256", end->output_sha256);
	if (end->output_lost)
		json_bool(j, "output_lost", true);
	if (end->strays > 0)
		json_int(j, "strays_killed", (int64_t)end->strays);
	write_checks(r, end, j);
	write_sets(r, j);
}
