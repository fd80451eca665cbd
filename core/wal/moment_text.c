#include "base/banned.h"
#include "wal/moment_text.h"
#include "wal/aim.h"
#include "base/clock.h"
#include "base/text.h"

#define ACTIONS_MAX 12 /* of one transaction; JSON has them all */

static const char *const kind_words[] = {"DROP", "TRUNCATE", "DELETE from", "DROP DATABASE"};

static const char *
moment_of(struct arena *a, int64_t us)
{
	char text[CLOCK_TEXT];

	if (us == INT64_MIN)
		return "?";
	clock_format_us(us, text);
	text[10] = ' ';
	return arena_strdup(a, text);
}

static void
add_relation(struct str *out, const struct moment *m, const struct damage_action *a)
{
	const char *database = names_database(m->names, a->database);

	if (a->kind == DAMAGE_DROP_DATABASE) {
		str_fmt(out, " %s", a->name != NULL ? text_safe(m->arena, a->name) : "");
		str_fmt(out, "(oid %u)", (unsigned)a->database);
		return;
	}
	str_addc(out, ' ');
	if (a->schema != NULL)
		str_fmt(out, "%s.", text_safe(m->arena, a->schema));
	if (a->name != NULL)
		str_add(out, text_safe(m->arena, a->name));
	else if (a->oid != 0)
		str_fmt(out, "relation with oid %u", (unsigned)a->oid);
	else
		str_fmt(out, "relation in file %u",
			(unsigned)(a->file != 0    ? a->file
				   : a->nfiles > 0 ? a->files[0]
						   : 0));
	if (database != NULL)
		str_fmt(out, " in %s", text_safe(m->arena, database));
	else
		str_fmt(out, " in database %u", (unsigned)a->database);
}

static void
add_counts(struct str *out, const struct damage_action *a)
{
	bool estimated = a->rows_are == DAMAGE_ESTIMATED;

	if (a->rows < 0 && a->bytes < 0)
		return;
	str_add(out, " (");
	if (a->rows >= 0)
		str_fmt(out, "%s%.0f rows",
			estimated                        ? "about "
			: a->rows_are == DAMAGE_AT_LEAST ? "at least "
							 : "",
			a->rows);
	if (a->bytes >= 0) {
		str_add(out, a->rows >= 0 ? ", " : "");
		str_add(out, !estimated && a->bytes_are == DAMAGE_ESTIMATED ? "about " : "");
		text_size(out, a->bytes);
	}
	str_add(out, estimated ? " when last analyzed)" : ")");
}

void
moment_action_text(const struct moment *m, const struct damage_action *a, struct str *out)
{
	str_add(out, kind_words[a->kind]);
	add_relation(out, m, a);
	add_counts(out, a);
}

/* Others committed between its lock and its commit: the operator's choice. */
static void
add_between(struct str *out, const struct moment *m, const struct damage_transaction *t)
{
	struct recovery_target target = moment_target(m, t, RECOVERY_TO_XID);

	str_fmt(out, "\n  %llu transactions committed between that and its commit.",
		(unsigned long long)t->between);
	if (t->gone_early)
		return;
	str_add(out, " They are kept by\n  ");
	recovery_text(out, &target);
	str_add(out, ",\n  but its tables can't be read then until the server is promoted.");
}

static void
add_transaction(struct str *out, const struct moment *m, const struct damage_transaction *t)
{
	const struct window *w = moment_window(m, t);
	struct recovery_target target = moment_proposal(m, t);
	char lsn[LSN_TEXT];
	size_t shown = 0;

	str_fmt(out, "\n%s  xid %u  commit at %s\n", moment_of(m->arena, t->at_us),
		(unsigned)t->xid, lsn_format(t->lsn, lsn));
	for (size_t i = 0; i < t->n; i++) {
		if (t->actions[i].toast || shown++ >= ACTIONS_MAX)
			continue;
		str_add(out, "  ");
		moment_action_text(m, &t->actions[i], out);
		str_addc(out, '\n');
	}
	if (shown > ACTIONS_MAX)
		str_fmt(out, "  ... and %zu more\n", shown - ACTIONS_MAX);
	if (t->partial)
		str_add(out,
			"  It may have begun before the WAL that was read; --within tells more.\n");
	str_add(out, "  just before it: ");
	recovery_text(out, &target);
	if (t->between > 0)
		add_between(out, m, t);
	if (w != NULL) {
		str_fmt(out, "\n  from base backup %s", text_safe(m->arena, w->backup->base.name));
		str_add(out, "\n  lifeboat run postgres/restore-pitr --set moment=");
		aim_text(&target, out);
		if (m->windows.set->continuity.timelines.n > 1)
			str_fmt(out, " --set timeline=%u", (unsigned)m->way->tli);
	}
	str_addc(out, '\n');
}

void
moment_text(const struct moment *m, const struct moment_options *o, struct str *out)
{
	char name[SEGMENT_NAME], other[SEGMENT_NAME];
	const struct continuity_gap *g;

	str_fmt(out, "Commits from %s\n", moment_of(m->arena, o->from_us));
	str_fmt(out, "          to %s on timeline %u\n", moment_of(m->arena, o->to_us),
		(unsigned)m->way->tli);
	str_fmt(out, "%llu records in %llu segments read, transactions from %s\n",
		(unsigned long long)m->records, (unsigned long long)m->segments,
		moment_of(m->arena, m->first_us));
	str_fmt(out, "          to %s\n", moment_of(m->arena, m->last_us));
	vec_each (&m->gaps, g) {
		uint32_t bytes = m->windows.set->archive->header.bytes;

		str_fmt(out, "MISSING, so not searched: %s to %s\n",
			segment_name(g->tli, g->first, bytes, name),
			segment_name(g->tli, g->last, bytes, other));
	}
	if (m->broken.file != NULL)
		str_fmt(out, "DAMAGED, and not searched behind it: %s: %s\n",
			text_safe(m->arena, m->broken.file), text_safe(m->arena, m->broken.why));
	for (size_t i = 0; i < m->list.n; i++)
		add_transaction(out, m, m->list.v[i]);
	if (m->list.n == 0)
		str_fmt(out, "\nNothing was dropped, truncated or deleted in bulk%s%s.\n",
			o->filter.table != NULL ? " from " : "",
			o->filter.table != NULL ? text_safe(m->arena, o->filter.table) : "");
}
