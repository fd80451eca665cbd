/*
 * audit: the newest records of the audit log, and how far it can be believed.
 */
#include "base/banned.h"
#include "audit/audit.h"
#include "base/clock.h"
#include "base/text.h"
#include "tui/app.h"
#include "tui/model/happened.h"
#include "tui/model/trail.h"
#include "tui/view/list_screen.h"
#include "tui/view/screens.h"
#include "tui/view/verdicts.h"

#define ANCHORS_SHOWN 4

struct audit_screen {
	struct list_screen base;
	struct trail trail;
	/* The record that was read last: its cells are asked for one after the other. */
	struct arena arena;
	size_t row;
	bool has_row;
	cJSON *record;
	struct happened words;
	bool told; /* words holds */
	/* Verifying */
	struct job *job;
	cJSON *said;   /* what `audit verify` said last; NULL */
	char *problem; /* why it said nothing; NULL */
};

enum { TIME, EVENT, WHAT, WHO, RUN, SEQ };

static const struct list_column columns[] = {
	[TIME] = {"TIME", 20, 0, 0, 0},
	[EVENT] = {"EVENT", 13, 18, 0, 0},
	[WHAT] = {"WHAT", 30, 110, 0, 0},
	[WHO] = {"WHO", 16, 24, 1, 0},
	[RUN] = {"RUN", 20, 0, 2, 0},
	[SEQ] = {"NUMBER", 8, 0, 3, LIST_RIGHT},
};

static void
forget_row(struct audit_screen *s)
{
	cJSON_Delete(s->record);
	s->record = NULL;
	arena_done(&s->arena);
	s->has_row = s->told = false;
}

static void
read_row(struct audit_screen *s, size_t row)
{
	CLEANUP(err_done) struct err err = ERR_INIT;
	const char *line;
	size_t len;

	if (s->has_row && s->row == row)
		return;
	forget_row(s);
	line = trail_line(&s->trail, row, &len);
	s->record = json_parse(line, len, &err);
	s->told = s->record != NULL && happened_of(&s->arena, s->record, &s->words);
	s->row = row;
	s->has_row = true;
}

static size_t
count(void *arg)
{
	const struct audit_screen *s = arg;

	return s->trail.n;
}

static uint64_t
identity(void *arg, size_t row)
{
	const struct audit_screen *s = arg;

	return trail_seq(&s->trail, row);
}

static void
add_text(const struct audit_screen *s, const char *key, struct str *out)
{
	const char *text = json_get_text(s->record, key);

	str_add(out, text != NULL ? text : "-");
}

/* What the log says of itself: seals, anchors, and what befell them. */
static unsigned
event_style(const cJSON *record)
{
	static const struct {
		const char *event;
		unsigned style;
	} styles[] = {{"audit.sealed", ROLE_ACCENT}, {"audit.key", ROLE_ACCENT},
		{"anchor.failed", ROLE_LATE}, {"anchor.recovered", ROLE_OK},
		{"chain.recovered", ROLE_LATE}, {"ledger.diverged", ROLE_ERROR}};
	const char *event = json_get_text(record, "event");

	for (size_t i = 0; event != NULL && i < ARRAY_LEN(styles); i++)
		if (strcmp(styles[i].event, event) == 0)
			return styles[i].style;
	return ROLE_TEXT;
}

static unsigned
cell(void *arg, size_t row, size_t column, struct str *out)
{
	struct audit_screen *s = arg;

	read_row(s, row);
	if (s->record == NULL) {
		str_add(out, column == WHAT ? "(not a record)" : "?");
		return ROLE_BREACH;
	}
	switch (column) {
	case TIME: verdict_time_long(out, json_get_time(s->record, "at")); return ROLE_TEXT;
	case EVENT: add_text(s, "event", out); return event_style(s->record);
	case WHAT:
		if (s->told && s->words.step != NULL)
			str_fmt(out, "%s ", s->words.step);
		str_add(out, s->told ? s->words.text : "");
		return s->told && s->words.tone == HAPPENED_BAD ? ROLE_ERROR : ROLE_TEXT;
	case WHO: add_text(s, "actor", out); return ROLE_TEXT;
	case RUN: add_text(s, "run", out); return ROLE_DIM;
	default: str_fmt(out, "%llu", (unsigned long long)identity(s, row)); return ROLE_DIM;
	}
}

static const struct list_model model = {
	.columns = columns,
	.ncolumns = ARRAY_LEN(columns),
	.empty = "The audit log is empty: nothing was done here yet.",
	.count = count,
	.id = identity,
	.cell = cell,
};

static void
open_row(struct list_screen *list, size_t row)
{
	size_t len;
	const char *line = trail_line(&((struct audit_screen *)list)->trail, row, &len);

	app_push(list->view.app, record_view(list->view.app, line, len));
}

/* Verifying: a process of its own reads the whole chain. */

static const struct verdict_look {
	const char *verdict, *shown;
	unsigned style;
} looks[] = {
	{"OK-TO-ANCHOR", "OK-TO-ANCHOR", ROLE_OK | STYLE_BOLD},
	{"INTACT-UNANCHORED", "INTACT-UNANCHORED", ROLE_ACCENT | STYLE_BOLD},
	{"UNSUPPORTED", "UNSUPPORTED", ROLE_UNKNOWN | STYLE_BOLD},
	/* Not damaged: gone, though an anchor or a seal says that there was one. */
	{"MISSING", " MISSING ", ROLE_BREACH | STYLE_REVERSE},
};

static void
forget_verdict(struct audit_screen *s)
{
	cJSON_Delete(s->said);
	s->said = NULL;
	free(s->problem);
	s->problem = NULL;
}

static void
on_verified(struct job *j, struct proc_exit end, void *arg)
{
	CLEANUP(err_done) struct err err = ERR_INIT;
	struct audit_screen *s = arg;

	s->job = NULL;
	s->said = json_parse(str_text(job_output(j)), job_output(j)->len, &err);
	if (json_get_text(s->said, "verdict") == NULL) {
		forget_verdict(s);
		s->problem = util_strdup(str_text(job_errors(j)));
	}
	app_dirty(s->base.view.app);
}

static bool
has_anchors(const struct site *site)
{
	return site != NULL && site->audit != NULL && site->audit->anchors.n > 0;
}

static void
verify(struct audit_screen *s)
{
	static const char *const args[] = {"audit", "verify", "--format", "json", NULL};
	static const struct job_ops job_ops = {.ended = on_verified};

	if (s->job != NULL)
		return;
	/* Without a log an anchor may still tell that there was one. */
	if (s->trail.err.code == ERR_NOT_FOUND && !has_anchors(s->base.view.app->options.site)) {
		app_say(s->base.view.app, ROLE_DIM, "There is nothing to verify yet.");
		return;
	}
	forget_verdict(s);
	s->job = app_job(s->base.view.app, args, false, &job_ops, s);
}

/* At most `most` rows of it, off the top of *a. */
static void
draw_text_block(struct area *a, int most, unsigned style, const char *text)
{
	int w = a->w - 2, rows = MIN(most, draw_wrapped_rows(w, text, false));
	struct area block = area_top(a, rows);

	draw_wrapped(area_cut(block, 1, 0, w, rows), 0, style, text);
}

/* What an anchor of the site has of this log: the word first, then what it means. */
static void
draw_anchor(struct area *a, const cJSON *anchor)
{
	CLEANUP(str_done) struct str text = STR_INIT(4 * KIB);
	int64_t newest = json_get_int(anchor, "newest_seq", -1);
	unsigned style = ROLE_OK;

	str_fmt(&text, "anchor %s (%s) ", json_get_text(anchor, "name"),
		json_get_text(anchor, "kind"));
	if (!json_get_bool(anchor, "readable", false)) {
		style = ROLE_UNKNOWN;
		str_fmt(&text, "NOT READ: %s", json_get_text(anchor, "message"));
	} else if (newest < 0) {
		style = ROLE_LATE;
		str_add(&text, "EMPTY: has nothing of this log");
	} else {
		str_add(&text, "HOLDS the log up to record ");
		list_count_text(&text, (size_t)newest);
	}
	draw_text_block(a, 1, style, str_text(&text));
}

static bool
is_missing(const struct audit_screen *s)
{
	return util_streq(json_get_text(s->said, "verdict"), "MISSING");
}

static void
draw_said(const struct audit_screen *s, struct area *a)
{
	const char *verdict = json_get_text(s->said, "verdict");
	struct verdict_look look = {verdict, verdict, ROLE_BREACH | STYLE_BOLD};
	CLEANUP(str_done) struct str why = STR_INIT(4 * KIB);
	const cJSON *it;
	int anchors = 0;

	for (size_t i = 0; i < ARRAY_LEN(looks); i++)
		if (strcmp(looks[i].verdict, verdict) == 0)
			look = looks[i];
	draw_text(area_top(a, 1), 1, 0, look.style, look.shown);
	str_fmt(&why, "%s  (", json_get_text(s->said, "why"));
	list_count_text(&why, (size_t)MAX(json_get_int(s->said, "records", 0), 0));
	str_fmt(&why, " records, head %s)", json_get_text(s->said, "head"));
	draw_text_block(a, 3, ROLE_TEXT, str_text(&why));
	cJSON_ArrayForEach(it, json_get(s->said, "anchors")) if (anchors++ < ANCHORS_SHOWN)
		draw_anchor(a, it);
	if (anchors > ANCHORS_SHOWN)
		draw_fmt(area_top(a, 1), 1, 0, ROLE_DIM, "and %d more: `lifeboat audit verify`",
			anchors - ANCHORS_SHOWN);
}

static void
draw_verdict(const struct audit_screen *s, struct area *a)
{
	if (s->job != NULL)
		draw_fmt(area_top(a, 1), 1, 0, ROLE_ACCENT, "Reading the whole log... %llds",
			(long long)((clock_mono_ms() - job_started_ms(s->job)) / 1000));
	if (s->said != NULL)
		draw_said(s, a);
	if (s->problem != NULL) {
		draw_text(area_top(a, 1), 1, 0, ROLE_UNKNOWN | STYLE_BOLD,
			"It could not be verified");
		draw_text_block(a, 3, ROLE_TEXT, s->problem);
	}
}

static void
draw(struct view *v, struct area a)
{
	struct audit_screen *s = (struct audit_screen *)v;

	draw_verdict(s, &a);
	if (s->trail.err.code != ERR_NONE) {
		draw_wrapped(area_cut(a, 1, 1, a.w - 2, a.h), 0, ROLE_DIM,
			s->trail.err.code == ERR_NOT_FOUND
				? is_missing(s)
					  ? "There is no audit log any more."
					  : "There is no audit log yet: nothing was done here."
				: s->trail.err.msg);
		return;
	}
	if (s->trail.cut && a.h > 6)
		draw_text(area_bottom(&a, 1), 1, 0, ROLE_DIM,
			"The newest records; `lifeboat audit tail --lines N` prints older ones.");
	list_screen_draw(v, a);
}

static bool
act(struct view *v, enum action action)
{
	if (action != ACTION_VERIFY_LOG)
		return false;
	verify((struct audit_screen *)v);
	return true;
}

static void
changed(struct view *v, unsigned what)
{
	struct audit_screen *s = (struct audit_screen *)v;

	if (!app_is_shown(v->app, v) || !trail_poll(&s->trail))
		return;
	forget_row(s);
	list_screen_refresh(&s->base);
}

static void
close_view(struct view *v)
{
	struct audit_screen *s = (struct audit_screen *)v;

	job_cancel(s->job);
	forget_row(s);
	trail_done(&s->trail);
	forget_verdict(s);
	list_screen_close(v);
}

static const struct view_ops ops = {.draw = draw,
	.event = list_screen_event,
	.act = act,
	.contexts = list_screen_contexts,
	.offers = list_screen_offers,
	.work = list_screen_work,
	.changed = changed,
	.close = close_view};

static const struct list_screen_ops list_ops = {.contexts = CONTEXT_AUDIT, .open = open_row};

struct view *
audit_view(struct app *app)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	struct audit_screen *s = util_alloc(sizeof(*s));

	trail_init(&s->trail, audit_path(&a, app->options.state));
	list_screen_init(&s->base, app, &ops, &list_ops, &model);
	return &s->base.view;
}
