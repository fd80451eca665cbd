/*
 * restored_base: a base backup, extracted into a throw-away server of its own major version,
 * recovered to its end with the WAL that it brings (or --wal has), and looked into.
 */
#include "base/banned.h"
#include "verify/basebackup.h"
#include "verify/checks.h"
#include "verify/restored.h"
#include "verify/sandbox.h"
#include "base/clock.h"

#define RECOVER_MS (12 * 3600 * 1000LL)

static bool
populate(const char *data, void *arg, struct err *err)
{
	return basebackup_extract(arg, data, err);
}

static const char *
conninfo(struct proving *p, const struct sandbox *s, const char *database)
{
	return arena_fmt(p->arena, "host=%s port=5432 user=%s dbname=%s sslmode=disable",
		pg_conninfo_value(p->arena, s->socket_dir),
		pg_conninfo_value(p->arena, s->superuser), pg_conninfo_value(p->arena, database));
}

/* A cluster holds many databases: the one that was asked for, else the largest. */
static bool
choose_database(struct proving *p, const struct sandbox *s, const char **ret, struct err *err)
{
	struct pg_options o = {.conninfo = conninfo(p, s, "template1")};
	struct pg *pg;
	bool good;

	*ret = p->options->database;
	if (*ret != NULL)
		return true;
	if (!pg_connect(&o, &pg, err))
		return false;
	good = pg_text(pg, p->arena,
		"SELECT datname FROM pg_database WHERE datallowconn AND NOT datistemplate "
		"ORDER BY pg_database_size(oid) DESC, datname LIMIT 1",
		NULL, 0, ret, err);
	pg_free(pg);
	return good && (*ret != NULL || err_set(err, ERR_CHECK_FAILED,
						"There is no database in the cluster."));
}

static bool
look_into(struct proving *p, const struct sandbox *s, struct err *err)
{
	struct checks_place place = {.site = p->options->site, .throw_away = true};
	struct pg_options o = {.read_only = true};
	const char *database;
	bool good;

	if (!choose_database(p, s, &database, err))
		return report_err(p->report, "checks", err) || true;
	p->report->conninfo = o.conninfo = conninfo(p, s, database);
	if (!pg_connect(&o, &place.pg, err))
		return report_err(p->report, "checks", err) || true;
	report_add(p->report, PROOF_PASS, "database", "%s is looked into.", database);
	good = checks_run(&place, p->options->checks, p->report, err);
	pg_free(place.pg);
	return good;
}

/* Recovery's own complaints are about the backup; anything else about this machine. */
static void
judge_start(struct err *err)
{
	static const char *const blames[] = {"could not locate a valid checkpoint record",
		"invalid checkpoint record", "WAL ends before end of online backup",
		"WAL ends before consistent recovery point", "could not locate required checkpoint",
		"invalid page in block", "could not read", "database files are incompatible",
		"is not a database", "incorrect checksum in control file", "invalid data in file"};

	for (size_t i = 0; err->code == ERR_UNREACHABLE && i < ARRAY_LEN(blames); i++)
		if (strstr(err->msg, blames[i]) != NULL)
			err->code = ERR_CHECK_FAILED;
}

bool
restored_base(struct proving *p, const char *state, struct err *err)
{
	const struct verify_options *o = p->options;
	struct sandbox_spec spec = {.state = state,
		.kind = SANDBOX_POSTGRESQL,
		.run = o->run,
		.keep_s = o->keep_sandbox ? VERIFY_KEEP_S : 0,
		.superuser = p->found.superuser[0] != '\0' ? p->found.superuser : NULL,
		.populate = populate,
		.populate_arg = p,
		.timeout_ms = RECOVER_MS};
	int64_t begin = clock_mono_ms();
	struct sandbox s;
	uint64_t major;
	bool good;

	if (!util_parse_u64(p->found.version, &major) || major > INT32_MAX) {
		report_add(p->report, PROOF_UNKNOWN, "sandbox",
			"PostgreSQL \"%s\" is no version that a sandbox can be made for.",
			p->found.version);
		return true;
	}
	if (p->found.incremental) {
		report_add(p->report, PROOF_UNKNOWN, "restored",
			"It is incremental: only together with the backups before it, by "
			"pg_combinebackup, does it become one that can be restored. Prove what "
			"that "
			"makes.");
		return true;
	}
	spec.major = (int)major;
	if (!sandbox_start(&spec, p->arena, &s, err)) {
		if (err->code == ERR_STOPPED)
			return false;
		judge_start(err);
		report_err(p->report, "recovery", err);
		return true;
	}
	p->report->restore_seconds = (double)(clock_mono_ms() - begin) / 1000;
	report_add(p->report, PROOF_PASS, "recovery",
		"PostgreSQL %d recovered it and answers, after %.1f s.", s.major,
		p->report->restore_seconds);
	good = look_into(p, &s, err);
	if (o->keep_sandbox) {
		p->report->sandbox = s.id;
		return good;
	}
	p->report->conninfo = NULL;
	if (!sandbox_stop(state, s.id, err))
		report_err(p->report, "sandbox", err);
	return good;
}
