#include "base/banned.h"
#include "tui/app.h"
#include "base/clock.h"
#include "catalog/collect.h"
#include "tui/actions.h"
#include "tui/frame.h"
#include "tui/view/confirm.h"
#include "tui/view/screens.h"

#include <stdarg.h>

#define NOTICE_MS        8000
#define KIOSK_QUIET_MS   60000 /* nobody scrolls any more: back to the top of the board */
#define COLLECT_PAUSE_MS 5000

static struct view *(*const roots[SCREENS])(struct app *app) = {
	[SCREEN_BOARD] = board_view,
	[SCREEN_BACKUPS] = backups_view,
	[SCREEN_TIMELINE] = timeline_view,
	[SCREEN_RUNBOOKS] = runbooks_view,
	[SCREEN_RUN] = run_view,
	[SCREEN_HISTORY] = history_view,
	[SCREEN_AUDIT] = audit_view,
};

void
app_init(struct app *app, const struct app_options *o)
{
	*app = (struct app){.options = *o, .home = SCREEN_BOARD, .now = clock_now()};
	app->options.read_only = o->read_only || o->kiosk;
	app->notice = (struct str)STR_INIT(KIB);
	app->message = (struct str)STR_INIT(4 * KIB);
	ident_self(&app->arena, &app->self);
	app->who = arena_fmt(&app->arena, "%s@%s", app->self.user, app->self.host);
	shelf_init(&app->shelf, o->state, o->site);
	runs_init(&app->runs, o->state);
	shelf_open(&app->shelf, app->now);
	checks_init(&app->checks, app);
}

static void
free_views(struct view **list)
{
	while (*list != NULL) {
		struct view *v = *list;

		*list = v->below;
		v->ops->close(v);
	}
}

void
app_done(struct app *app)
{
	free_views(&app->over);
	for (size_t i = 0; i < SCREENS; i++)
		free_views(&app->stacks[i]);
	free_views(&app->buried);
	checks_done(&app->checks);
	shelf_done(&app->shelf);
	library_done(&app->library);
	runs_done(&app->runs);
	str_done(&app->notice);
	str_done(&app->message);
	arena_done(&app->arena);
}

void
app_dirty(struct app *app)
{
	if (app->stage != NULL)
		stage_dirty(app->stage);
}

void
app_work(struct app *app)
{
	if (app->stage != NULL)
		stage_work(app->stage);
}

struct view *
app_top(const struct app *app)
{
	return app->stacks[app->at];
}

bool
app_is_shown(const struct app *app, const struct view *v)
{
	return app->stacks[app->at] == v;
}

static void
changed(struct view *v, unsigned what)
{
	if (v->ops->changed != NULL)
		v->ops->changed(v, what);
}

static void
shown(struct app *app)
{
	changed(app_top(app), CHANGE_SHOWN);
	app_work(app);
	app_dirty(app);
}

void
app_push(struct app *app, struct view *v)
{
	v->app = app;
	v->opened_ms = clock_mono_ms();
	v->below = app->stacks[app->at];
	app->stacks[app->at] = v;
	shown(app);
}

void
app_show(struct app *app, enum screen screen)
{
	app->at = screen;
	if (app->stacks[screen] == NULL)
		app_push(app, roots[screen](app));
	else
		shown(app);
}

void
app_over(struct app *app, struct view *v)
{
	v->app = app;
	v->opened_ms = clock_mono_ms();
	v->below = app->over;
	app->over = v;
	if (app->stage != NULL)
		term_flush_input(stage_term(app->stage));
	app_work(app);
	app_dirty(app);
}

static bool
unlink_view(struct view **list, struct view *v)
{
	for (; *list != NULL; list = &(*list)->below) {
		if (*list == v) {
			*list = v->below;
			return true;
		}
	}
	return false;
}

void
app_close(struct app *app, struct view *v)
{
	bool found;

	if (v == NULL)
		return;
	found = unlink_view(&app->over, v);
	if (found)
		app->closed_ms = clock_mono_ms();
	for (size_t i = 0; !found && i < SCREENS; i++)
		found = unlink_view(&app->stacks[i], v);
	if (!found)
		return; /* it is buried already */
	v->below = app->buried;
	app->buried = v;
	app_dirty(app);
}

void
app_say(struct app *app, unsigned style, const char *fmt, ...)
{
	va_list ap;

	str_cut(&app->notice, 0);
	va_start(ap, fmt);
	str_vfmt(&app->notice, fmt, ap);
	va_end(ap);
	app->notice_style = style;
	app->notice_until_ms = clock_mono_ms() + NOTICE_MS;
	app_dirty(app);
}

void
app_fail(struct app *app, struct err *err)
{
	CLEANUP(str_done) struct str text = STR_INIT(64 * KIB);

	str_fmt(&text, "%s%s%s", err->msg, err->hint != NULL ? "\n\n" : "",
		err->hint != NULL ? err->hint : "");
	confirm_message(app, "It can't be done", str_text(&text));
	err_done(err);
}

bool
app_allows(const struct app *app, enum action action)
{
	const struct action_row *row = keys_row(action);

	if (app->options.kiosk)
		return row->flags & KEYS_KIOSK;
	return !app->options.read_only || !(row->flags & KEYS_UNSAFE);
}

void
app_draw(struct app *app, struct area whole)
{
	struct keybar bar = actions_bar(app);
	struct area a = frame_draw(app, whole, &bar);

	app_top(app)->ops->draw(app_top(app), a);
	/* From the lowest to the highest; there are two at most. */
	if (app->over != NULL && app->over->below != NULL)
		app->over->below->ops->draw(app->over->below, a);
	if (app->over != NULL)
		app->over->ops->draw(app->over, a);
}

void
app_leave(struct app *app, int status)
{
	app->exit = status;
	if (app->stage != NULL)
		stage_leave(app->stage);
}

/* A status board that nobody attends takes scrolling and nothing else. */
static bool
kiosk_takes(const struct app *app, const struct event *ev)
{
	const struct view *v = app_top(app);
	enum action action;

	if (ev->type != EVENT_KEY)
		return false;
	action = keys_find(v->ops->contexts(v) | CONTEXT_GLOBAL, ev->key);
	return action != ACTION_NONE && app_allows(app, action);
}

void
app_event(struct app *app, const struct event *ev)
{
	struct view *v = app->over != NULL ? app->over : app_top(app);
	enum action action;

	app->keyed_ms = ev->at_ms;
	if (ev->type == EVENT_RESIZE || (app->options.kiosk && !kiosk_takes(app, ev)))
		return;
	str_cut(&app->notice, 0);
	if (ev->type == EVENT_KEY && keys_find(CONTEXT_GLOBAL, ev->key) == ACTION_REPAINT)
		actions_do(app, ACTION_REPAINT, "");
	else if (v->ops->event(v, ev) == ANSWER_IGNORED && ev->type == EVENT_KEY &&
		 app->over == NULL) {
		action = keys_find(v->ops->contexts(v) | CONTEXT_GLOBAL, ev->key);
		if (action != ACTION_NONE)
			actions_do(app, action, "");
	}
	free_views(&app->buried);
	app_work(app);
}

void
app_changed(struct app *app, unsigned what)
{
	for (struct view *v = app->over; v != NULL; v = v->below)
		changed(v, what);
	for (size_t i = 0; i < SCREENS; i++)
		for (struct view *v = app->stacks[i]; v != NULL; v = v->below)
			changed(v, what);
	free_views(&app->buried);
	app_dirty(app);
}

/* Jobs */

struct job *
app_job(struct app *app, const char *const *args, bool input, const struct job_ops *ops, void *arg)
{
	const char *all[64];
	struct err err = ERR_INIT;
	struct job *j;
	size_t n = 0;

	/* The options behind the command's name: what follows "--" is no option. */
	all[n++] = *args++;
	if (app->options.site_file != NULL) {
		all[n++] = "--site";
		all[n++] = app->options.site_file;
	}
	while (*args != NULL && n < ARRAY_LEN(all) - 1)
		all[n++] = *args++;
	all[n] = NULL;
	if (app->jobs == NULL)
		return NULL;
	if (job_start(app->jobs, all, input, ops, arg, &j, &err))
		return j;
	app_fail(app, &err);
	return NULL;
}

static void
on_collected(struct job *j, struct proc_exit end, void *arg)
{
	struct app *app = arg;
	const char *said = str_text(job_errors(j));

	app->collecting = NULL;
	app->collect_at_ms = clock_mono_ms() + shelf_refresh_s(&app->shelf) * 1000;
	app->collect_problem = NULL;
	if (!end.exited || (end.status != 0 && said[0] != '\0'))
		app->collect_problem = arena_strndup(&app->arena, said, strcspn(said, "\n"));
	app_tick(app, clock_now());
}

void
app_collect(struct app *app)
{
	static const char *const args[] = {"collect", NULL};
	static const struct job_ops ops = {.ended = on_collected};

	if (app->collecting != NULL)
		return;
	if (app->options.site == NULL) {
		app_say(app, ROLE_LATE, "Without a site file nobody knows where to look.");
		return;
	}
	if (app->options.read_only) {
		app_say(app, ROLE_LATE,
			"A read-only console does not collect; `lifeboat collect --watch` does.");
		return;
	}
	app->collecting = app_job(app, args, false, &ops, app);
}

/* Somebody has to look now and then; when nobody does, we do. */
static void
collect_when_due(struct app *app)
{
	int64_t now = clock_mono_ms(), age = shelf_age(&app->shelf, app->now);

	if (app->options.read_only || app->options.site == NULL || app->collecting != NULL ||
		app->jobs == NULL || now < app->collect_at_ms ||
		(age >= 0 && age < shelf_refresh_s(&app->shelf)))
		return;
	app->collect_at_ms = now + COLLECT_PAUSE_MS;
	if (collect_running(app->options.state) == 0)
		app_collect(app);
}

/* Time */

void
app_tick(struct app *app, int64_t now)
{
	unsigned what = CHANGE_SECOND;
	int64_t mono = clock_mono_ms();

	app->now = now;
	if (shelf_poll(&app->shelf, now))
		what |= CHANGE_CATALOG;
	else
		shelf_make(&app->shelf, now);
	if (runs_poll(&app->runs))
		app_work(app);
	collect_when_due(app);
	if (app->notice.len > 0 && mono >= app->notice_until_ms)
		str_cut(&app->notice, 0);
	if (app->options.kiosk && app->keyed_ms > 0 && mono - app->keyed_ms > KIOSK_QUIET_MS) {
		app->keyed_ms = 0;
		what |= CHANGE_SHOWN;
	}
	app_changed(app, what);
}

static void
on_second(struct loop *l, void *arg)
{
	app_tick(arg, clock_now());
}

static bool
work(void *arg)
{
	struct app *app = arg;
	struct view *top = app->over != NULL ? app->over : app_top(app);
	bool more = top->ops->work != NULL && top->ops->work(top);

	/* One thing at a time: keys come in between. */
	if (!more && app->library.next < app->library.n) {
		more = true;
		if (!library_work(&app->library))
			app_changed(app, CHANGE_LIBRARY);
	} else if (!more && (more = runs_work(&app->runs))) {
		app_changed(app, CHANGE_RUNS);
	}
	app_dirty(app);
	return more;
}

static void
draw(void *arg, struct area whole)
{
	app_draw(arg, whole);
}

static void
on_event(void *arg, const struct event *ev)
{
	app_event(arg, ev);
}

/* What the first frame need not wait for. */
static void
on_started(struct loop *l, void *arg)
{
	struct app *app = arg;

	app->themes = theme_names(&app->arena);
	library_list(&app->library);
	app_tick(app, clock_now());
	app_work(app);
}

bool
app_run(struct app *app, const struct theme *theme, enum stage_end *ret, struct err *err)
{
	static const struct stage_ops ops = {.draw = draw, .event = on_event, .work = work};

	if (!stage_open(theme, &ops, app, &app->stage, err))
		return false;
	app->jobs = jobs_new(stage_loop(app->stage));
	loop_timer(stage_loop(app->stage), 1000, true, on_second, app);
	loop_timer(stage_loop(app->stage), 0, false, on_started, app);
	if (app_top(app) == NULL)
		app_show(app, app->home);
	*ret = stage_run(app->stage);
	/* The views first: they have jobs and descriptors in the loop. */
	free_views(&app->over);
	for (size_t i = 0; i < SCREENS; i++)
		free_views(&app->stacks[i]);
	free_views(&app->buried);
	checks_done(&app->checks);
	jobs_free(app->jobs);
	app->jobs = NULL;
	stage_close(app->stage);
	app->stage = NULL;
	return true;
}
