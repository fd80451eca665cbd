#include "base/banned.h"
#include "tui/frame.h"
#include "base/clock.h"
#include "base/text.h"
#include "tui/draw/line.h"

#define TABS_HEIGHT 20 /* rows of a screen that has room for the tabs */

static const char *const tabs[SCREENS] = {
	"Board", "Backups", "Timeline", "Runbooks", "Run", "History", "Audit"};

/* "catalog 12s old", and what is done about it. */
static void
catalog_text(const struct app *app, struct str *out)
{
	int64_t age = shelf_age(&app->shelf, app->now);

	if (app->shelf.catalog == NULL)
		return;
	if (age < 0) {
		str_add(out, "no catalog yet");
	} else {
		str_add(out, "catalog ");
		text_duration(out, age);
		str_add(out, " old");
	}
	if (app->collecting != NULL)
		str_add(out, ", looking");
}

static unsigned
catalog_style(const struct app *app)
{
	int64_t age = shelf_age(&app->shelf, app->now);
	bool stale = app->shelf.catalog != NULL &&
		     age > MAX(catalog_summary(app->shelf.catalog)->stale_s, 1);

	return ROLE_HEADER | (stale || age < 0 ? STYLE_BOLD : 0);
}

/* "Board > aragora-db/daily-dump", when a screen is on a deeper view. */
static void
add_titles(const struct view *v, struct str *out)
{
	if (v == NULL)
		return;
	add_titles(v->below, out);
	if (v->ops->title != NULL && v->ops->title(v) != NULL)
		str_fmt(out, " > %s", v->ops->title(v));
}

static void
runs_text(const struct app *app, struct str *out)
{
	const struct runs *h = &app->runs;

	if (h->waiting > 0)
		str_fmt(out, "%zu run%s wait%s (5)", h->waiting, h->waiting == 1 ? "" : "s",
			h->waiting == 1 ? "s" : "");
	else if (h->going > 0)
		str_fmt(out, "%zu run%s on (5)", h->going, h->going == 1 ? "" : "s");
}

/* A drill is to be seen on every screen; beside a live run that has to be told apart. */
static const char *
drill_text(const struct app *app)
{
	const struct runs *h = &app->runs;

	return h->drills == 0 ? NULL : h->drills < h->going ? " DRILL and LIVE " : " DRILL ";
}

static void
draw_header(const struct app *app, struct area a)
{
	CLEANUP(str_done)
	struct str catalog = STR_INIT(100), path = STR_INIT(4 * KIB), runs = STR_INIT(100);
	const char *mode = app->options.kiosk       ? "KIOSK"
			   : app->options.read_only ? "READ-ONLY"
						    : NULL;
	char now[CLOCK_TEXT];

	str_add(&path, tabs[app->at]);
	add_titles(app->stacks[app->at], &path);
	catalog_text(app, &catalog);
	runs_text(app, &runs);
	line_draw(a, ROLE_HEADER,
		(const struct line_part[]){
			{"lifeboat", ROLE_HEADER | STYLE_BOLD, 3, false},
			{app->shelf.board.site, ROLE_HEADER | STYLE_BOLD, 0, false},
			{str_text(&path), ROLE_HEADER, 1, false},
			{drill_text(app), ROLE_DRILL | STYLE_REVERSE, 0, true},
			{mode, ROLE_HEADER | STYLE_BOLD, 0, true},
			{str_text(&runs), ROLE_HEADER | STYLE_BOLD, 0, true},
			{str_text(&catalog), catalog_style(app), 2, true},
			{app->options.no_clock ? NULL : clock_format(app->now, now) + 11,
				ROLE_HEADER, 1, true},
			{app->who, ROLE_HEADER, 4, true},
		},
		9);
}

static void
draw_tabs(const struct app *app, struct area a)
{
	int x = 1;

	for (enum screen s = 0; s < SCREENS; s++) {
		bool here = s == app->at;
		int from = x;

		x += draw_fmt(
			a, x, 0, here ? ROLE_TITLE : ROLE_KEY, here ? " %d" : "%d", (int)s + 1);
		x += 1 + draw_text(a, x + 1, 0, here ? ROLE_TITLE : ROLE_KEYBAR, tabs[s]);
		if (here)
			draw_restyle(area_cut(a, from, 0, ++x - from, 1), ROLE_SELECTED);
		x += 2;
	}
}

struct area
frame_draw(struct app *app, struct area whole, const struct keybar *bar)
{
	struct area a = whole, last;

	draw_header(app, area_top(&a, a.h > 3));
	if (whole.h >= TABS_HEIGHT && !app->options.kiosk)
		draw_tabs(app, area_top(&a, 1));
	last = area_bottom(&a, whole.h > 3 && !app->options.kiosk);
	if (app->notice.len > 0)
		draw_text(last, 1, 0, app->notice_style, str_text(&app->notice));
	else
		keybar_draw(last, bar);
	return a;
}
