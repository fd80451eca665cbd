#include "base/banned.h"
#include "step/sandbox_moment.h"
#include "base/path.h"
#include "conf/problems.h"
#include "step/child.h"
#include "verify/flow.h"
#include "verify/sandbox_recover.h"
#include "wal/holdings.h"

struct progress {
	struct flow_meter meter;
	struct step_child *child;
};

static void
tick(struct flow_meter *m)
{
	struct progress *p = (struct progress *)m;

	step_progress(p->child, m->done, m->total, "extracting the base backup");
}

static void
say(void *arg, const char *line)
{
	step_say(arg, "%s", line);
}

static bool
is_given(const char *text)
{
	return text != NULL && text[0] != '\0';
}

/* A copy that wrote into the archive of what it is a copy of would spoil it. */
static bool
archives(const struct sandbox_step *s)
{
	return is_given(s->into) && s->environment != NULL &&
	       strcmp(s->environment, environment_names[ENV_PRODUCTION]) == 0;
}

void
sandbox_moment_describe(struct str *out, const struct sandbox_step *s)
{
	if (is_given(s->use)) {
		str_fmt(out, "Use the sandbox %s, wherever it stands", s->use);
		return;
	}
	if (is_given(s->into))
		str_fmt(out, "Restore into the data directory %s, with a recovery", s->into);
	else if (is_given(s->move))
		str_fmt(out, "Take the sandbox %s", s->move);
	else
		str_add(out, "Start a throw-away PostgreSQL server from a base backup, recovering");
	str_fmt(out, " to %s with the WAL of %s", s->to, s->wal);
	if (is_given(s->backup))
		str_fmt(out, ", from %s", s->backup);
	else
		str_add(out, ", from the newest base backup that gets there");
	str_add(out, "; it pauses at its target");
	if (is_given(s->into) && is_given(s->aside))
		str_fmt(out, ". A cluster that is there is kept as %s", s->aside);
	if (!is_given(s->into))
		str_add(out, ". On a private Unix socket, with archive_mode off, removed when the "
			     "run ends");
	else if (archives(s))
		str_add(out, ". No server is started; production archives again from its "
			     "promotion on");
	else
		str_add(out, ". No server is started; archive_mode is off");
}

/* "asset/set/name", as the catalog has it, or without the asset. */
static const char *
backup_of(const struct sandbox_step *s)
{
	size_t n = strcspn(s->wal, "/") + 1;

	if (!is_given(s->backup))
		return NULL;
	return strncmp(s->backup, s->wal, n) == 0 && strchr(s->backup + n, '/') != NULL
		       ? s->backup + n
		       : s->backup;
}

static bool
open_holdings(struct step_child *c, const char *wal, struct holdings *ret, struct err *err)
{
	const struct site *site;
	const struct set *set;
	struct problems p;

	if (c->site_file == NULL)
		return err_set(err, ERR_CONFIG, "There is no site file to find %s in.", wal);
	problems_init(&p, c->arena, c->site_file);
	site = site_load(c->site_file, &p);
	if (site == NULL)
		return problems_err(&p, err);
	set = site_set(site, wal);
	if (set == NULL || set->type != SET_WAL)
		return err_set(err, ERR_CONFIG, "The site file has no set %s of type wal.", wal);
	return holdings_of_asset(c->arena, site, set->asset, ret, err);
}

static const char *
lsn_text(struct arena *a, uint64_t lsn)
{
	return arena_fmt(a, "%X/%X", (unsigned)(lsn >> 32), (unsigned)lsn);
}

static void
tell(struct step_child *c, const struct sandbox_step *s, const struct recovered *r)
{
	step_set(c, "backup", r->backup);
	step_set(c, "target", r->target);
	step_set(c, "timeline", arena_fmt(c->arena, "%u", (unsigned)r->tli));
	step_set(c, "replay_from", lsn_text(c->arena, r->replay_from));
	step_set(c, "replay_to", lsn_text(c->arena, r->replay_to));
	step_set(c, "data", r->data);
	step_set(c, "aside", r->aside != NULL ? r->aside : "");
	if (r->log != NULL) {
		step_set(c, "log", r->log);
		step_keep(c, r->sandbox.pid);
		sandbox_step_tell(c, s, &r->sandbox);
		return;
	}
	step_say(c, "The data directory is ready: %s", r->data);
	str_add(&c->value, r->data);
}

bool
sandbox_moment_run(struct step_child *c, const struct sandbox_step *s, struct err *err)
{
	CLEANUP(holdings_done) struct holdings h = {.arena = c->arena};
	struct progress progress = {{.tick = tick, .total = -1}, c};
	struct recover_spec spec = {.state = c->state,
		.run = c->run,
		.holdings = &h,
		.to = s->to,
		.backup = backup_of(s),
		.move = is_given(s->move) ? s->move : NULL,
		.directory = is_given(s->into) ? s->into : NULL,
		.aside = is_given(s->into) && is_given(s->aside) ? s->aside : NULL,
		.archives = archives(s),
		.timeout_ms = c->timeout_ms,
		.meter = &progress.meter,
		.say = say,
		.arg = c};
	struct recovered r;
	uint64_t tli = 0;

	if (is_given(s->timeline) &&
		(!util_parse_u64(s->timeline, &tli) || tli == 0 || tli > UINT32_MAX))
		return err_set(
			err, ERR_USAGE, "\"%s\" is no timeline: they count from 1.", s->timeline);
	spec.tli = (uint32_t)tli;
	if (!open_holdings(c, s->wal, &h, err) || !sandbox_recover(&spec, c->arena, &r, err))
		return false;
	tell(c, s, &r);
	return true;
}
