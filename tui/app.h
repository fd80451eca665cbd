/*
 * app: the console: seven screens, each a stack of views, what stands over them, the header, the
 * tabs and the key bar around them. It never blocks and executes nothing: what takes time is a
 * job (job.h), what runs is a run's own process (run/client.h).
 */
#ifndef TUI_APP_H
#define TUI_APP_H

#include "base/ident.h"
#include "conf/site.h"
#include "tui/checks.h"
#include "tui/model/runs.h"
#include "tui/model/library.h"
#include "tui/model/shelf.h"
#include "tui/stage.h"
#include "tui/view.h"

enum screen {
	SCREEN_BOARD,
	SCREEN_BACKUPS,
	SCREEN_TIMELINE,
	SCREEN_RUNBOOKS,
	SCREEN_RUN,
	SCREEN_HISTORY,
	SCREEN_AUDIT,
	SCREENS,
};

struct app_options {
	const struct site *site;  /* NULL: none that can be used */
	const char *site_file;    /* given to jobs; NULL: none */
	const char *site_problem; /* why there is no site, and the way out, in sentences */
	const char *state;        /* the state directory */
	bool read_only, kiosk;
	bool no_clock;
	const char
		*leave_text; /* asked before leaving, whatever runs; NULL: only when runs go on */
};

/* Views may read all of it. */
struct app {
	struct arena arena; /* lives as long as the console */
	struct app_options options;
	struct ident self;
	const char *who; /* ops@bastion-1 */
	int64_t now;     /* seconds; of this frame */
	struct shelf shelf;
	struct library library;
	struct runs runs;
	struct checks checks;
	const char **themes;

	/* Of the console's own use */
	struct stage *stage; /* NULL in tests of views */
	struct jobs *jobs;
	enum screen at, home;
	struct view *stacks[SCREENS];
	struct view *over;   /* what has all keys; NULL */
	struct view *buried; /* closed, freed when nothing of them runs any more */
	struct job *collecting;
	int64_t collect_at_ms; /* not before: the next try of our own */
	const char *collect_problem;
	struct str notice;
	unsigned notice_style;
	int64_t notice_until_ms;
	int64_t keyed_ms;   /* when the last key came */
	int64_t closed_ms;  /* when something that stood over everything was closed */
	struct str message; /* for standard error, behind the terminal's end */
	int exit;
};

void app_init(struct app *app, const struct app_options *o);
void app_done(struct app *app);
/* Opens the terminal and runs until the person leaves or the terminal goes. */
MUST_CHECK bool app_run(
	struct app *app, const struct theme *theme, enum stage_end *ret, struct err *err);

/* Draws one frame; an event, as it comes from the stage. For app_run and for tests. */
void app_draw(struct app *app, struct area whole);
void app_event(struct app *app, const struct event *ev);
/* All views hear of it; the models are polled for CHANGE_SECOND. */
void app_tick(struct app *app, int64_t now);
void app_changed(struct app *app, unsigned what);

/* Puts a view over the one of this screen; q comes back to that. */
void app_push(struct app *app, struct view *v);
/* Shows a screen, on the view where it was left. */
void app_show(struct app *app, enum screen screen);
/* Puts a view over everything: it has all keys until it closes. What was typed ahead is gone. */
void app_over(struct app *app, struct view *v);
/* Closes it wherever it stands; it is freed once nothing of it runs. NULL is a no-op. */
void app_close(struct app *app, struct view *v);
struct view *app_top(const struct app *app); /* of this screen, below what stands over it */
bool app_is_shown(const struct app *app, const struct view *v);

void app_dirty(struct app *app);
void app_work(struct app *app); /* a view has work to do */
/* A line at the bottom, for some seconds. */
void app_say(struct app *app, unsigned style, const char *fmt, ...) PRINTF(3, 4);
/* The message and the way out in a dialog; empties the err. */
void app_fail(struct app *app, struct err *err);
/* Whether this may be done here: not when it starts or changes something and we are read-only. */
bool app_allows(const struct app *app, enum action action);

/* job_start with --site; `args` end with NULL. A failure is shown. */
struct job *app_job(
	struct app *app, const char *const *args, bool input, const struct job_ops *ops, void *arg);
/* Looks at the backup locations now, unless somebody does already. */
void app_collect(struct app *app);
void app_leave(struct app *app, int status);

#endif
