#include "base/banned.h"
#include "tui/view/run_sheet.h"
#include "base/clock.h"
#include "base/text.h"
#include "tui/view/run_head.h"

#define EVENTS_MAX 20000

static unsigned
style_of(enum happened_tone tone)
{
	static const unsigned styles[] = {[HAPPENED_PLAIN] = ROLE_TEXT,
		[HAPPENED_GOOD] = ROLE_OK,
		[HAPPENED_BAD] = ROLE_ERROR,
		[HAPPENED_ASIDE] = ROLE_DIM};

	return styles[tone];
}

static void
write_events(struct sheet *t, void *arg)
{
	const struct run_sheet *s = arg;
	const struct happened *it;

	if (s->list.n >= EVENTS_MAX)
		sheet_text(t, ROLE_LATE, 0, "The beginning; the rest is in its journal.");
	vec_each (&s->list, it) {
		char at[CLOCK_TEXT] = "                    ";
		CLEANUP(str_done) struct str line = STR_INIT(8 * KIB);

		if (it->at_ms >= 0)
			clock_format(it->at_ms / 1000, at);
		if (it->step != NULL)
			str_fmt(&line, "%s ", it->step);
		str_add(&line, it->text);
		if (it->tone != HAPPENED_ASIDE)
			str_fmt(&line, "  (%s)", it->who);
		sheet_fact(t, at + 11, style_of(it->tone), str_text(&line));
	}
}

static void
write_time(struct sheet *t, const char *name, int64_t ms)
{
	char at[CLOCK_TEXT];

	if (ms >= 0)
		sheet_fact(t, name, ROLE_TEXT, clock_format(ms / 1000, at));
}

static void
write_result(struct sheet *t, const struct step_state *st)
{
	CLEANUP(str_done) struct str text = STR_INIT(4 * KIB);

	if (st->seconds >= 0) {
		run_seconds(&text, st->seconds);
		if (st->budget_s >= 0) {
			str_add(&text, ", planned ");
			text_duration(&text, st->budget_s);
		}
		sheet_fact(t, "took", ROLE_TEXT, str_text(&text));
	}
	sheet_fact(t, "problem", ROLE_ERROR, st->message);
	sheet_fact(t, "", ROLE_TEXT, st->hint);
	sheet_fact(t, "value", ROLE_TEXT, st->value);
	for (size_t i = 0; i < st->set_names.n && i < st->set_values.n; i++)
		sheet_fact(t, st->set_names.v[i], ROLE_TEXT, st->set_values.v[i]);
	sheet_fact(t, "by", ROLE_TEXT, st->by);
	sheet_fact(t, "reason", ROLE_TEXT, st->reason);
	if (st->output_bytes > 0) {
		str_cut(&text, 0);
		text_size(&text, st->output_bytes);
		str_fmt(&text, ", SHA-256 %s",
			st->output_sha256 != NULL ? st->output_sha256 : "not known");
		sheet_fact(t, "printed", ROLE_TEXT, str_text(&text));
	}
}

/* The other steps of its parallel group. */
static void
write_group(struct sheet *t, const struct run_state *s, const struct step_state *st)
{
	CLEANUP(str_done) struct str text = STR_INIT(4 * KIB);

	if (st->group == NULL)
		return;
	for (size_t i = 0; i < s->nsteps; i++)
		if (&s->steps[i] != st && util_streq(s->steps[i].group, st->group))
			str_fmt(&text, "%s%s", text.len > 0 ? ", " : "", s->steps[i].id);
	str_fmt(&text, "%s(group %s)", text.len > 0 ? " " : "", st->group);
	sheet_fact(t, "at once with", ROLE_TEXT, str_text(&text));
}

const struct run_row *
run_sheet_nested(const struct run_sheet *s, const struct step_state *st)
{
	return util_streq(st->kind, "runbook") ? runs_nested(s->runs, s->state->id, st->id) : NULL;
}

static void
write_nested(struct sheet *t, const struct run_row *row)
{
	CLEANUP(str_done) struct str text = STR_INIT(KIB);

	if (row == NULL)
		return;
	str_fmt(&text, "%s: %s", row->id, runs_status_text(row->status));
	if (row->status == RUNS_RUNNING)
		str_fmt(&text, " %s", row->step);
	str_add(&text, ". Enter opens it.");
	sheet_fact(t, "its run", ROLE_TITLE, str_text(&text));
}

static void
write_step(struct sheet *t, void *arg)
{
	const struct run_sheet *s = arg;
	const struct step_state *st = s->shown;
	CLEANUP(str_done) struct str text = STR_INIT(200);

	if (st == NULL)
		return;
	sheet_text(t, ROLE_TITLE, 0, st->title);
	str_fmt(&text, "%s: %s, effect: %s", st->id, st->kind, st->effect);
	sheet_text(
		t, util_streq(st->effect, "destroy") ? ROLE_DANGER : ROLE_DIM, 0, str_text(&text));
	sheet_fact(t, "state", ROLE_TEXT, step_status_name(st->status));
	if (st->attempt > 1) {
		str_cut(&text, 0);
		str_fmt(&text, "%lld", (long long)st->attempt);
		sheet_fact(t, "tries", ROLE_TEXT, str_text(&text));
	}
	write_nested(t, run_sheet_nested(s, st));
	write_group(t, s->state, st);
	sheet_fact(t, "ran", ROLE_ACCENT, st->describe);
	sheet_fact(t, "on", ROLE_TEXT, st->live);
	write_time(t, "began", st->started_ms);
	write_time(t, "ended", st->ended_ms);
	write_result(t, st);
}

void
run_sheet_init(struct run_sheet *s, const struct runs *runs)
{
	*s = (struct run_sheet){.runs = runs};
	sheet_init(&s->events, write_events, s);
	sheet_init(&s->step, write_step, s);
	s->events.pager.follow = true;
}

void
run_sheet_done(struct run_sheet *s)
{
	sheet_done(&s->events);
	sheet_done(&s->step);
	arena_done(&s->arena);
}

void
run_sheet_follow(struct run_sheet *s, const struct run_state *state)
{
	arena_done(&s->arena);
	s->list.v = NULL;
	s->list.n = s->list.cap = 0;
	s->state = state;
	s->shown = NULL;
	s->events.stale = s->step.stale = true;
}

void
run_sheet_take(struct run_sheet *s, const char *line, size_t len)
{
	struct happened it;

	if (s->list.n < EVENTS_MAX && happened_read(&s->arena, line, len, &it))
		*vec_push(&s->arena, &s->list) = it;
	s->events.stale = s->step.stale = true;
}

void
run_sheet_step(struct run_sheet *s, const struct step_state *st)
{
	if (s->shown != st)
		s->step.stale = true;
	s->shown = st;
}
