#include "base/banned.h"
#include "tui/view/run_pane.h"
#include "run/dir.h"

void
run_pane_init(struct run_pane *p, const struct runs *runs)
{
	*p = (struct run_pane){.kind = PANE_OUTPUT};
	run_sheet_init(&p->sheets, runs);
}

static void
close_output(struct run_pane *p)
{
	if (p->has_output)
		pager_done(&p->output);
	p->has_output = false;
	p->output_step = NULL;
}

void
run_pane_done(struct run_pane *p)
{
	close_output(p);
	run_sheet_done(&p->sheets);
}

void
run_pane_follow(struct run_pane *p, const char *dir, const struct run_state *s)
{
	close_output(p);
	run_sheet_follow(&p->sheets, s);
	p->dir = dir;
	p->step = NULL;
}

void
run_pane_take(struct run_pane *p, const char *line, size_t len)
{
	run_sheet_take(&p->sheets, line, len);
}

void
run_pane_select(struct run_pane *p, const struct step_state *st)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	CLEANUP(err_done) struct err err = ERR_INIT;
	struct pages *pages;

	p->step = st;
	run_sheet_step(&p->sheets, st);
	if (st == NULL ||
		(p->has_output && p->output_step == st->id && p->output_attempt == st->attempt))
		return;
	close_output(p);
	if (st->attempt == 0 ||
		!pages_of_file(run_dir_output(&a, p->dir, st->id, st->attempt), &pages, &err))
		return;
	pager_init(&p->output, pages);
	p->has_output = true;
	p->output_step = st->id;
	p->output_attempt = st->attempt;
	/* What runs is watched; what is over is read from its end, where the reason stands. */
	p->output.follow = true;
}

const struct run_row *
run_pane_nested(const struct run_pane *p)
{
	return p->step != NULL ? run_sheet_nested(&p->sheets, p->step) : NULL;
}

void
run_pane_turn(struct run_pane *p, enum run_pane_kind kind)
{
	p->kind = p->kind == kind ? PANE_OUTPUT : kind;
	run_pane_stale(p);
}

void
run_pane_stale(struct run_pane *p)
{
	p->sheets.step.stale = true;
}

static void
draw_title(const struct run_pane *p, struct area a, bool reading)
{
	CLEANUP(str_done) struct str text = STR_INIT(200);
	const struct step_state *st = p->step;
	size_t running = run_state_running(p->sheets.state, NULL);

	draw_hline(a, 0, ROLE_BORDER);
	if (p->kind == PANE_EVENTS)
		str_add(&text, " what happened ");
	else if (p->kind == PANE_STEP && st != NULL)
		str_fmt(&text, " step %s in detail ", st->id);
	else if (st != NULL) {
		str_fmt(&text, " what %s printed%s ", st->id, st->attempt > 1 ? ", last try" : "");
		if (st->status == STEP_RUNNING && running > 1)
			str_fmt(&text, "(%zu more run%s) ", running - 1, running == 2 ? "s" : "");
	}
	draw_text(a, 2, 0, reading ? ROLE_TITLE : ROLE_DIM, str_text(&text));
}

static const char *
nothing_text(const struct step_state *st)
{
	return st == NULL || st->status == STEP_PENDING || st->status == STEP_WAITING
		       ? "It has not run yet."
	       : st->attempt == 0           ? "Nothing: no program ran for it."
	       : st->status == STEP_RUNNING ? "Nothing yet."
					    : "It printed nothing.";
}

void
run_pane_draw(struct run_pane *p, struct area a, bool reading, bool focus)
{
	draw_title(p, area_top(&a, 1), reading);
	/* What was written while nobody was told is there as well, also the first of it. */
	if (p->has_output)
		pages_refresh(p->output.pages);
	if (p->kind == PANE_EVENTS)
		sheet_draw(&p->sheets.events, a, focus);
	else if (p->kind == PANE_STEP)
		sheet_draw(&p->sheets.step, a, focus);
	else if (p->has_output && pages_end(p->output.pages) > 0)
		pager_draw(&p->output, a, focus);
	else
		draw_text(area_cut(a, 1, 0, a.w - 2, a.h), 0, 0, ROLE_DIM, nothing_text(p->step));
}

unsigned
run_pane_event(struct run_pane *p, const struct event *ev)
{
	if (p->kind == PANE_EVENTS)
		return sheet_event(&p->sheets.events, ev);
	if (p->kind == PANE_STEP)
		return sheet_event(&p->sheets.step, ev);
	return p->has_output ? pager_event(&p->output, ev) : ANSWER_IGNORED;
}

bool
run_pane_typing(const struct run_pane *p)
{
	return (p->has_output && p->output.typing) || p->sheets.events.pager.typing ||
	       p->sheets.step.pager.typing;
}

bool
run_pane_work(struct run_pane *p)
{
	return (p->has_output && pager_work(&p->output)) || pager_work(&p->sheets.events.pager) ||
	       pager_work(&p->sheets.step.pager);
}
