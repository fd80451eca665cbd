/*
 * The timeline with made-up recovery windows, and charts and bars below it.
 */
#include "base/banned.h"
#include "tui/gallery/page.h"
#include "base/text.h"
#include "tui/draw/bar.h"
#include "tui/draw/chart.h"
#include "tui/draw/timeline.h"
#include "tui/keys.h"

#define DAY  86400LL
#define NOON 1795176000LL /* 2026-11-20T12:00:00Z */

static const struct timeline_span bases[] = {
	{NOON - 12 * DAY, NOON - 12 * DAY + 1500, 'B', ROLE_ACCENT},
	{NOON - 5 * DAY, NOON - 5 * DAY + 1400, 'B', ROLE_ACCENT},
};
static const struct timeline_span wal[] = {
	{NOON - 12 * DAY, NOON + 9000, '=', ROLE_OK},
	{NOON - 7 * DAY, NOON - 7 * DAY + 5400, 'x', ROLE_BREACH},
};
static const struct timeline_span windows[] = {
	{NOON - 12 * DAY + 1500, NOON - 7 * DAY, '=', ROLE_OK},
	{NOON - 5 * DAY + 1400, NOON + 9000, '=', ROLE_OK},
};
static const struct timeline_lane lanes[] = {
	{"base", bases, ARRAY_LEN(bases)},
	{"wal", wal, ARRAY_LEN(wal)},
	{"reachable", windows, ARRAY_LEN(windows)},
};

struct page {
	struct timeline timeline;
};

static bool
open(const struct gallery_options *o, void **ret, struct err *err)
{
	struct page *p = util_alloc(sizeof(*p));

	timeline_init(&p->timeline, lanes, ARRAY_LEN(lanes), 0, 0);
	*ret = p;
	return true;
}

static int64_t
size_value(void *arg, size_t i)
{
	if (i == 17)
		return -1;
	return i == 29 ? 90 * MIB : (int64_t)(900 + i * 13 + i * i % 37) * MIB;
}

static unsigned
size_style(void *arg, size_t i)
{
	return i == 29 ? ROLE_BREACH : ROLE_ACCENT;
}

static void
draw(void *page, struct area a)
{
	static const struct chart chart = {
		.n = 40, .value = size_value, .style = size_style, .label = text_size};
	struct page *p = page;

	area_top(&a, a.h > 12);
	timeline_draw(&p->timeline, area_top(&a, ARRAY_LEN(lanes) + 3), true);
	area_top(&a, 1);
	draw_text(area_top(&a, 1), 1, 0, ROLE_TITLE, "SIZE OF EACH BACKUP");
	chart_draw(area_cut(area_top(&a, MIN(MAX(a.h - 4, 1), 8)), 1, 0, a.w - 2, 8), &chart);
	area_top(&a, 1);
	bar_draw_age(area_cut(area_top(&a, 1), 1, 0, 30, 1), ROLE_OK, DAY / 2, DAY, "unknown");
	bar_draw_age(area_cut(area_top(&a, 1), 1, 0, 30, 1), ROLE_BREACH, 1200, 300, "unknown");
	bar_draw_age(area_cut(area_top(&a, 1), 1, 0, 30, 1), ROLE_UNKNOWN, -1, DAY / 4, "unknown");
}

static unsigned
event(void *page, const struct event *ev)
{
	struct page *p = page;

	return timeline_event(&p->timeline, ev);
}

const struct gallery_page gallery_time = {
	.name = "time",
	.contexts = CONTEXT_TIMELINE,
	.open = open,
	.draw = draw,
	.event = event,
	.close = free,
};
