/*
 * view: one screen, or something that stands over a screen and has all keys to itself. One view
 * is one file below tui/view.
 *
 * A view draws what the models say, in `draw` and nowhere else. Its struct begins with struct
 * view; `close` frees it, and is never called while another of its functions runs.
 */
#ifndef TUI_VIEW_H
#define TUI_VIEW_H

#include "tui/draw/canvas.h"
#include "tui/draw/event.h"
#include "tui/keys.h"

struct app;
struct view;

/* What has changed, for view_ops.changed. */
enum change {
	CHANGE_SECOND = 1 << 0, /* the clock went on */
	CHANGE_CATALOG =
		1 << 1,       /* a newer catalog was opened: pointers into the old one are void */
	CHANGE_RUNS = 1 << 2, /* runs began, ended or wait */
	CHANGE_LIBRARY = 1 << 3, /* more is known of the runbooks */
	CHANGE_SHOWN = 1 << 4,   /* the view came to the top */
};

struct view_ops {
	void (*draw)(struct view *v, struct area a);
	/* For its widgets. What they ignore goes to `act` as an action, then to the console. */
	unsigned (*event)(struct view *v, const struct event *ev);
	/* An action that holds in its contexts; false: not one of its own. May be NULL. */
	bool (*act)(struct view *v, enum action action);
	/* Where keys are looked up now. */
	unsigned (*contexts)(const struct view *v);
	/* Whether an action of its contexts makes sense now, for the key bar. NULL: all do. */
	bool (*offers)(const struct view *v, enum action action);
	/* Its part of the path in the header; NULL: none. */
	const char *(*title)(const struct view *v);
	/* A slice of background work, about 10 ms; true while there is more. May be NULL. */
	bool (*work)(struct view *v);
	void (*changed)(struct view *v, unsigned what); /* may be NULL */
	void (*close)(struct view *v);
};

struct view {
	const struct view_ops *ops;
	struct app *app;
	struct view *below; /* of the console's own use */
	int64_t opened_ms;
};

#endif
