/*
 * gallery: `lifeboat __widgets`: every widget on made-up data, for developers and for tests.
 */
#include "base/banned.h"
#include "cli/cli.h"
#include "base/clock.h"
#include "tui/draw/keybar.h"
#include "tui/draw/line.h"
#include "tui/gallery/page.h"
#include "tui/help.h"
#include "tui/palette.h"
#include "tui/stage.h"

#define ROWS_MAX 10000000

static const struct gallery_page *const pages[] = {
	&gallery_list, &gallery_text, &gallery_ask, &gallery_time};

enum overlay { OVERLAY_NONE, OVERLAY_HELP, OVERLAY_PALETTE };

struct gallery {
	struct arena *arena;
	struct stage *stage;
	struct gallery_options options;
	void *opened[ARRAY_LEN(pages)];
	size_t at;
	enum overlay overlay;
	struct help help;
	struct palette palette;
	struct keybar bar;
	bool clock;
	const char **themes;
	const char *notice;
};

static void
draw_header(const struct gallery *g, struct area a)
{
	char now[CLOCK_TEXT];
	const struct line_part parts[] = {
		{"lifeboat", ROLE_HEADER | STYLE_BOLD, 0, false},
		{pages[g->at]->name, ROLE_HEADER, 0, false},
		{"widgets with sample data", ROLE_HEADER, 2, false},
		{g->notice, ROLE_HEADER | STYLE_BOLD, 1, false},
		{g->clock ? clock_format(clock_now(), now) + 11 : NULL, ROLE_HEADER, 1, true},
		{"ops@bastion-1", ROLE_HEADER, 3, true},
	};

	line_draw(a, ROLE_HEADER, parts, ARRAY_LEN(parts));
}

static bool
has_all_keys(const struct gallery *g)
{
	return pages[g->at]->modal != NULL && pages[g->at]->modal(g->opened[g->at]);
}

static void
draw(void *arg, struct area a)
{
	struct gallery *g = arg;
	struct area top = area_top(&a, a.h > 3), bottom = area_bottom(&a, a.h > 3);
	struct keybar modal = {.contexts = CONTEXT_FORM};

	draw_header(g, top);
	pages[g->at]->draw(g->opened[g->at], a);
	keybar_draw(bottom, g->overlay != OVERLAY_NONE || has_all_keys(g) ? &modal : &g->bar);
	if (g->overlay == OVERLAY_HELP)
		help_draw(&g->help, a);
	else if (g->overlay == OVERLAY_PALETTE)
		palette_draw(&g->palette, a);
}

static void
turn_to(struct gallery *g, size_t page)
{
	g->at = page % ARRAY_LEN(pages);
	g->bar.contexts = CONTEXT_GLOBAL | pages[g->at]->contexts;
}

static const char *const *
complete(void *arg, const char *what)
{
	struct gallery *g = arg;

	return strcmp(what, "theme") == 0 ? g->themes : NULL;
}

static void
change_theme(struct gallery *g, const char *name)
{
	struct err err = ERR_INIT;
	struct theme theme;

	if (theme_load(g->arena, name, &theme, &err)) {
		term_set_theme(stage_term(g->stage), &theme);
		g->notice = NULL;
	} else {
		g->notice = arena_strdup(g->arena, err.msg);
		err_done(&err);
	}
}

/* What holds everywhere; false when the action is not one of ours. */
static bool
act(struct gallery *g, enum action action, const char *argument)
{
	switch (action) {
	case ACTION_BACK:
	case ACTION_INTERRUPT: stage_leave(g->stage); return true;
	case ACTION_NEXT_PANE: turn_to(g, g->at + 1); return true;
	case ACTION_PREVIOUS_PANE: turn_to(g, g->at + ARRAY_LEN(pages) - 1); return true;
	case ACTION_REPAINT: term_repaint(stage_term(g->stage)); return true;
	case ACTION_SUSPEND: term_suspend(stage_term(g->stage)); return true;
	case ACTION_THEME: change_theme(g, argument); return true;
	case ACTION_HELP:
		help_open(&g->help, &g->bar);
		g->overlay = OVERLAY_HELP;
		return true;
	case ACTION_PALETTE:
		palette_open(&g->palette, &g->bar, complete, g);
		g->overlay = OVERLAY_PALETTE;
		return true;
	default: return false;
	}
}

static void
close_overlay(struct gallery *g)
{
	if (g->overlay == OVERLAY_HELP)
		help_done(&g->help);
	else if (g->overlay == OVERLAY_PALETTE)
		palette_done(&g->palette);
	g->overlay = OVERLAY_NONE;
}

static void
overlay_event(struct gallery *g, const struct event *ev)
{
	struct event key = {.type = EVENT_KEY, .at_ms = ev->at_ms};
	const char *word, *argument;
	enum action action;
	unsigned answer;

	if (g->overlay == OVERLAY_HELP) {
		if (help_event(&g->help, ev) & ANSWER_CANCELLED)
			close_overlay(g);
		return;
	}
	answer = palette_event(&g->palette, ev);
	if (!(answer & (ANSWER_ACCEPTED | ANSWER_CANCELLED)))
		return;
	action = answer & ANSWER_ACCEPTED ? palette_choice(&g->palette, &word) : ACTION_NONE;
	argument = action != ACTION_NONE ? arena_strdup(g->arena, word) : "";
	close_overlay(g);
	if (action == ACTION_NONE || act(g, action, argument))
		return;
	/* An action of the page: as if its key were pressed. */
	key.key = keys_row(action)->keys[0];
	pages[g->at]->event(g->opened[g->at], &key);
}

static void
event(void *arg, const struct event *ev)
{
	struct gallery *g = arg;
	const struct gallery_page *page = pages[g->at];

	if (ev->type == EVENT_RESIZE)
		return;
	if (ev->type == EVENT_KEY && keys_find(CONTEXT_GLOBAL, ev->key) == ACTION_REPAINT) {
		act(g, ACTION_REPAINT, "");
		return;
	}
	if (g->overlay != OVERLAY_NONE) {
		overlay_event(g, ev);
		return;
	}
	if (page->event(g->opened[g->at], ev) == ANSWER_IGNORED && ev->type == EVENT_KEY &&
		!has_all_keys(g))
		act(g, keys_find(CONTEXT_GLOBAL, ev->key), "");
	stage_work(g->stage);
}

static bool
work(void *arg)
{
	struct gallery *g = arg;
	const struct gallery_page *page = pages[g->at];
	bool more = page->work != NULL && page->work(g->opened[g->at]);

	if (more || page->work != NULL)
		stage_dirty(g->stage);
	return more;
}

static void
flush(void *arg)
{
	struct gallery *g = arg;

	term_flush_input(stage_term(g->stage));
}

static void
on_second(struct loop *l, void *arg)
{
	struct gallery *g = arg;
	const struct gallery_page *page = pages[g->at];

	if (g->clock || (page->tick != NULL && page->tick(g->opened[g->at])))
		stage_dirty(g->stage);
}

static const struct stage_ops ops = {.draw = draw, .event = event, .work = work};

static bool
set_up(struct gallery *g, struct cli *cli, struct err *err)
{
	const char *rows = cli_value(cli, "rows"), *name = cli_value(cli, "page");
	const char *theme_name = cli_value(cli, "theme");
	struct theme theme;

	g->options = (struct gallery_options){
		.rows = 10000, .file = cli_value(cli, "file"), .flush = flush, .arg = g};
	if (rows != NULL && (!util_parse_i64(rows, &g->options.rows) || g->options.rows < 0 ||
				    g->options.rows > ROWS_MAX))
		return err_set(err, ERR_USAGE, "\"%s\" is no number of rows.", rows);
	turn_to(g, 0);
	for (size_t i = 0; name != NULL && i < ARRAY_LEN(pages); i++)
		if (strcmp(pages[i]->name, name) == 0)
			turn_to(g, i);
	if (name != NULL && strcmp(pages[g->at]->name, name) != 0)
		return err_set(err, ERR_USAGE, "There is no page \"%s\".", name);
	g->clock = !cli_flag(cli, "no-clock");
	g->themes = theme_names(cli->arena);
	if (!theme_load(cli->arena, theme_name != NULL ? theme_name : "default", &theme, err))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(pages); i++)
		if (!pages[i]->open(&g->options, &g->opened[i], err))
			return false;
	return stage_open(&theme, &ops, g, &g->stage, err);
}

static int
run(struct cli *cli)
{
	struct gallery g = {.arena = cli->arena};
	struct err err = ERR_INIT;
	enum stage_end end = STAGE_LEFT;
	bool good = set_up(&g, cli, &err);

	if (good) {
		loop_timer(stage_loop(g.stage), 1000, true, on_second, &g);
		end = stage_run(g.stage);
	}
	close_overlay(&g);
	stage_close(g.stage);
	for (size_t i = 0; i < ARRAY_LEN(pages); i++)
		if (g.opened[i] != NULL)
			pages[i]->close(g.opened[i]);
	if (!good)
		return cli_fail(cli, &err);
	return end == STAGE_LEFT ? 0 : err_exit_status(ERR_STOPPED);
}

static const struct cli_option options[] = {
	{"page", 'p', "NAME", "the page to begin with", "list text ask time"},
	{"rows", 'n', "N", "rows of the list", NULL},
	{"file", 'f', "FILE", "the text of the pager", "file"},
	{"theme", 't', "NAME", "the colours", NULL},
	{"no-clock", 0, NULL, "no clock in the header", NULL},
	{NULL, 0, NULL, NULL, NULL},
};

const struct cli_command cli_cmd_widgets = {
	.name = "__widgets",
	.args = "",
	.summary = "every widget of the console on sample data, for developers",
	.options = options,
	.run = run,
	.hidden = true,
};
