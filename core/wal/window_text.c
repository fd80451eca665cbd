#include "base/banned.h"
#include "wal/window_text.h"
#include "base/clock.h"
#include "base/path.h"
#include "base/text.h"

#define LIST_MAX 20 /* lines of a list; JSON has them all */

/* "2026-11-20 14:32:07.123Z": milliseconds are enough for people */
static const char *
moment(struct arena *a, int64_t us)
{
	char text[CLOCK_TEXT];

	if (us == INT64_MIN)
		return "unknown";
	clock_format_ms(us / 1000, text);
	text[10] = ' ';
	return arena_strdup(a, text);
}

static const char *
backup_name(const struct window_report *r, const struct basebackup *b)
{
	return b->set == NULL ? text_safe(r->arena, b->name)
			      : arena_fmt(r->arena, "%s/%s", b->set, text_safe(r->arena, b->name));
}

static void
add_head(struct str *out, const struct window_report *r, size_t i)
{
	const struct walset *w = r->sets.v[i].set;
	const struct archive *a = w->archive;

	str_fmt(out, "%s", text_safe(r->arena, source_uri(a->source, r->arena, a->prefix)));
	if (!w->has_wal) {
		str_add(out, "\n  no WAL segments\n");
		return;
	}
	str_fmt(out, "\n  %zu segments of ", a->n);
	text_size(out, a->header.bytes);
	str_fmt(out, ", system %llu", (unsigned long long)a->header.system_identifier);
	if (a->header.version != 0)
		str_fmt(out, ", PostgreSQL %d", a->header.version);
	str_addc(out, '\n');
}

static void
add_windows(struct str *out, const struct window_report *r, const struct windows *ws)
{
	const struct window *w;

	if (ws->list.n > 0)
		str_add(out, "\n  RECOVERY WINDOWS\n");
	vec_each (&ws->list, w) {
		str_fmt(out, "  timeline %u  %s  to  %s\n", (unsigned)w->way->tli,
			moment(r->arena, w->earliest_us), moment(r->arena, w->latest_us));
		str_fmt(out, "              from %s; ends with %s\n",
			backup_name(r, &w->backup->base),
			w->latest_is == WINDOW_LAST_COMMIT
				? arena_fmt(r->arena, "the last commit%s",
					  w->broken ? " before the break" : "")
				: "the WAL: no commit since the backup");
	}
}

static void
add_gap(struct str *out, const struct windows *ws, const struct continuity_gap *g)
{
	uint32_t bytes = ws->set->archive->header.bytes;
	uint64_t count = g->last - g->first + 1;
	char name[SEGMENT_NAME];

	str_fmt(out, "  %s", segment_name(g->tli, g->first, bytes, name));
	if (count > 1)
		str_fmt(out, " to %s, %llu segments", segment_name(g->tli, g->last, bytes, name),
			(unsigned long long)count);
}

static void
add_faults(struct str *out, const struct window_report *r, const struct windows *ws)
{
	const struct continuity *c = &ws->set->continuity;
	size_t gaps = 0, waiting = 0;

	for (size_t i = 0; i < c->gaps.n; i++) {
		const struct continuity_gap *g = &c->gaps.v[i];

		waiting += g->in_flight;
		if (g->in_flight || gaps++ >= LIST_MAX)
			continue;
		str_add(out, gaps == 1 ? "\n  MISSING\n" : "");
		add_gap(out, ws, g);
		str_addc(out, '\n');
	}
	if (gaps > LIST_MAX)
		str_fmt(out, "  ... and %zu more gaps\n", gaps - LIST_MAX);
	if (waiting > 0)
		str_fmt(out, "\n  %zu holes near the newest segment are still being filled.\n",
			waiting);
	for (size_t i = 0; i < MIN(c->damaged.n, LIST_MAX); i++)
		str_fmt(out, "%s  %s: %s\n", i == 0 ? "\n  DAMAGED\n" : "",
			text_safe(r->arena, c->damaged.v[i].file),
			text_safe(r->arena, c->damaged.v[i].why));
	if (c->damaged.n > LIST_MAX)
		str_fmt(out, "  ... and %zu more files\n", c->damaged.n - LIST_MAX);
	for (size_t i = 0; i < MIN(c->missing_history.n, LIST_MAX); i++)
		str_fmt(out, "%s  %s\n", i == 0 ? "\n  MISSING HISTORY\n" : "",
			c->missing_history.v[i]);
}

static void
add_unusable(struct str *out, const struct window_report *r, const struct windows *ws)
{
	const struct walset_backup *b;
	bool begun = false;

	vec_each (&ws->set->backups, b) {
		if (b->usable)
			continue;
		str_fmt(out, "%s  %s: %s\n", begun ? "" : "\n  BASE BACKUPS THAT ARE OF NO USE\n",
			backup_name(r, &b->base), text_safe(r->arena, b->why));
		begun = true;
	}
}

static void
add_notes(struct str *out, const struct window_report *r, size_t i)
{
	const struct walset *w = r->sets.v[i].set;
	const struct basebackups *backups = &r->holdings->list.v[i].backups;

	for (size_t k = 0; k < backups->notes.n; k++)
		str_fmt(out, "  note: %s\n", text_safe(r->arena, backups->notes.v[k]));
	if (w->archive->duplicate_count > 0)
		str_fmt(out, "  note: %zu segments are there twice.\n",
			w->archive->duplicate_count);
	if (w->archive->partials.n > 0)
		str_fmt(out,
			"  note: %zu partial segments; recovery reads one only when it is "
			"renamed.\n",
			w->archive->partials.n);
	if (w->inspected.skipped > 0)
		str_fmt(out,
			"  note: size and header of %llu older segments were not looked at "
			"(--deep).\n",
			(unsigned long long)w->inspected.skipped);
}

static void
add_end(struct str *out, const struct window_report *r, const char *what, const struct scan_end *e)
{
	char lsn[LSN_TEXT];

	if (e->lsn != 0)
		str_fmt(out, "  %-22s %s  xid %u  %s\n", what, moment(r->arena, e->at_us),
			(unsigned)e->xid, lsn_format(e->lsn, lsn));
}

static void
add_reached(struct str *out, const struct window_report *r)
{
	const struct window_answer *a = &r->answer;

	str_fmt(out, "can be reached, on timeline %u from %s.\n  %s\n",
		(unsigned)a->window->way->tli, backup_name(r, &a->window->backup->base), a->why);
	add_end(out, r, "last commit before it", &a->stop.before);
	add_end(out, r, "first end after it", &a->stop.at);
	str_add(out, "  to replay              ");
	text_size(out, (int64_t)window_report_replay(r));
	str_add(out, " of WAL, about ");
	text_duration(out, window_report_forecast(r));
	str_add(out, " at ");
	text_size(out, r->rate);
	str_fmt(out, "/s (%s)\n  target                 ", r->rate_given ? "given" : "assumed");
	recovery_text(out, &a->target);
	str_addc(out, '\n');
}

static void
add_answer(struct str *out, const struct window_report *r)
{
	const struct window_answer *a = &r->answer;

	str_fmt(out, "%s ", moment(r->arena, a->at_us));
	if (window_reached(a)) {
		add_reached(out, r);
		return;
	}
	str_fmt(out, "can not be reached.\n  %s\n", text_safe(r->arena, a->why));
	if (a->gap != NULL) {
		add_gap(out, &r->sets.v[r->answer_set], a->gap);
		str_add(out, " missing\n");
	}
	if (a->before != NULL)
		str_fmt(out, "  nearest before it: %s, from %s\n", moment(r->arena, a->before_us),
			backup_name(r, &a->before->backup->base));
	if (a->after != NULL)
		str_fmt(out, "  nearest after it:  %s, from %s\n", moment(r->arena, a->after_us),
			backup_name(r, &a->after->backup->base));
}

void
window_text(const struct window_report *r, struct str *out)
{
	for (size_t i = 0; i < r->sets.n; i++) {
		const struct windows *ws = &r->sets.v[i];

		str_add(out, i > 0 ? "\n" : "");
		add_head(out, r, i);
		add_windows(out, r, ws);
		add_faults(out, r, ws);
		add_unusable(out, r, ws);
		if (ws->list.n == 0 && r->holdings->list.v[i].base_wanted)
			str_add(out,
				"\n  No moment can be reached: there is no base backup whose own "
				"WAL is whole.\n");
		add_notes(out, r, i);
		str_addc(out, '\n');
	}
	if (r->asked)
		add_answer(out, r);
	else
		str_fmt(out, "%s\n", r->good ? "ok: nothing is missing" : "BREACH: see above");
}
