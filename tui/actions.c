#include "base/banned.h"
#include "tui/actions.h"
#include "base/clock.h"
#include "tui/draw/dialog.h"
#include "tui/view/assist.h"
#include "tui/view/confirm.h"

static bool
allowed(void *arg, const struct action_row *row)
{
	const struct app *app = arg;
	const struct view *v = app->over != NULL ? app->over : app_top(app);

	return app_allows(app, row->id) && (v->ops->offers == NULL || v->ops->offers(v, row->id));
}

struct keybar
actions_bar(struct app *app)
{
	const struct view *v = app_top(app);

	return (struct keybar){.contexts = app->over != NULL ? app->over->ops->contexts(app->over)
							     : v->ops->contexts(v) | CONTEXT_GLOBAL,
		.allowed = allowed,
		.arg = app};
}

/* Leaving */

static void
on_leave(struct confirm *c, bool accepted)
{
	if (accepted)
		app_leave(c->view.app, 0);
}

/* Runs go on without us; that is said before, and by the command afterwards. */
static void
ask_leave(struct app *app)
{
	size_t n = app->runs.going;
	struct confirm *c;

	if (n == 0 && app->options.leave_text == NULL) {
		app_leave(app, 0);
		return;
	}
	c = confirm_new(app, on_leave, NULL);
	c->spec.title = "Leave the console";
	c->spec.text =
		app->options.leave_text != NULL
			? app->options.leave_text
			: arena_fmt(&c->arena,
				  "%zu run%s on without it%s. `lifeboat attach` shows %s again.", n,
				  n == 1 ? " goes" : "s go",
				  app->runs.waiting > 0
					  ? ", and what waits for a person keeps waiting"
					  : "",
				  n == 1 ? "it" : "them");
	c->spec.action = "Leave";
	confirm_open(c);
}

static void
go_back(struct app *app)
{
	struct view *v = app_top(app);

	if (v->below != NULL) {
		app_close(app, v);
		app_show(app, app->at);
	} else if (app->at != app->home) {
		app_show(app, app->home);
	} else {
		ask_leave(app);
	}
}

static void
change_theme(struct app *app, const char *name)
{
	struct err err = ERR_INIT;
	struct theme theme;

	if (theme_load(&app->arena, name, &theme, &err))
		term_set_theme(stage_term(app->stage), &theme);
	else
		app_fail(app, &err);
}

static void
suspend(struct app *app)
{
	if (app->options.kiosk || app->runs.going > 0)
		app_say(app, ROLE_LATE,
			"Not while a run goes on: a console that sleeps sees nothing. q leaves "
			"it.");
	else
		term_suspend(stage_term(app->stage));
}

/* What no view takes is done by the console. */

static void
act_global(struct app *app, enum action action, const char *argument)
{
	struct keybar bar = actions_bar(app);

	if (action >= ACTION_SHOW_BOARD && action <= ACTION_SHOW_AUDIT) {
		app_show(app, (enum screen)(action - ACTION_SHOW_BOARD));
		return;
	}
	switch (action) {
	case ACTION_BACK: go_back(app); break;
	case ACTION_QUIT: ask_leave(app); break;
	case ACTION_REFRESH: app_collect(app); break;
	case ACTION_HELP: assist_help(app, &bar); break;
	case ACTION_PALETTE: assist_palette(app, &bar, actions_do); break;
	case ACTION_THEME: change_theme(app, argument); break;
	case ACTION_SUSPEND: suspend(app); break;
	case ACTION_REPAINT:
		if (app->stage != NULL)
			term_repaint(stage_term(app->stage));
		break;
	case ACTION_INTERRUPT:
		app_say(app, ROLE_DIM, "q goes back, Q leaves. Runs go on without the console.");
		break;
	default: break;
	}
}

void
actions_do(struct app *app, enum action action, const char *argument)
{
	const struct action_row *row = keys_row(action);
	struct view *v = app_top(app);
	struct event key = {.type = EVENT_KEY, .key = row->keys[0], .at_ms = clock_mono_ms()};

	if (!app_allows(app, action)) {
		if (!app->options.kiosk)
			app_say(app, ROLE_LATE,
				"Not here: this console is read-only, it starts and changes "
				"nothing.");
		return;
	}
	/* What was typed ahead for a dialog that has just gone is not meant for what lies below. */
	if (row->flags & KEYS_UNSAFE && clock_mono_ms() - app->closed_ms < DIALOG_DEAF_MS) {
		app_say(app, ROLE_DIM, "That came too fast after the question: press it again.");
		return;
	}
	if (v->ops->act != NULL && v->ops->act(v, action))
		return;
	if (row->contexts & CONTEXT_GLOBAL)
		act_global(app, action, argument);
	else if (row->nkeys > 0) /* of a widget: as if its key were pressed */
		v->ops->event(v, &key);
}
