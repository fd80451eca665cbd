#include "base/banned.h"
#include "wal/recovery_log.h"

/* The first row whose text stands in the log decides: causes before their consequences. */
static const struct {
	const char *text;
	const char *code, *what, *way_out;
} faults[] = {
	{"using recovery command file \"recovery.conf\" is not supported", "recovery-conf",
		"A recovery.conf lies in the data directory; PostgreSQL 12 and later refuse it.",
		"Remove it: its settings belong into postgresql.auto.conf, beside an empty "
		"recovery.signal."},
	{"multiple recovery targets specified", "several-targets",
		"More than one recovery target is set.",
		"Keep one recovery_target setting and set the others to ''; the backup's own "
		"configuration may bring one along."},
	{"invalid value for parameter \"recovery_target_time\"", "bad-time",
		"The target time is not in a form that PostgreSQL takes; a Z at its end is not.",
		"Write the zone as an offset: 2026-11-20 14:32:07+00."},
	{"must specify \"restore_command\" when standby mode is not enabled", "no-restore-command",
		"recovery.signal is there, but nothing says how to fetch WAL from the archive.",
		"Set restore_command."},
	{"must specify restore_command when standby mode is not enabled", "no-restore-command",
		"recovery.signal is there, but nothing says how to fetch WAL from the archive.",
		"Set restore_command."},
	{"recovery target timeline", "no-timeline", "The target's timeline is not in the archive.",
		"`lifeboat window` lists the timelines; its .history file must be in the archive."},
	{"is not a child of this server's history", "wrong-timeline",
		"The timeline forked off before the backup was taken.",
		"Choose an older backup, or a timeline that the backup lies on."},
	{"does not contain minimum recovery point", "wrong-timeline",
		"The timeline forked off before the backup was complete.",
		"Choose an older backup, or a timeline that the backup lies on."},
	{"requested recovery stop point is before consistent recovery point", "target-too-early",
		"The target lies before the end of the backup.",
		"Choose an older backup, or a later target."},
	{"WAL file is from different database system", "foreign-wal",
		"The archive holds WAL of another system.",
		"Point restore_command at the archive of the system that the backup is of."},
	{"has wrong size", "short-wal", "A segment in the archive is cut short.",
		"Fetch it from another copy of the archive; `lifeboat window` names damaged ones."},
	{"could not find redo location referenced by checkpoint record", "no-start-wal",
		"The first WAL that the backup needs is not in the archive.",
		"`lifeboat window` says which backup's own WAL is whole."},
	{"could not locate required checkpoint record", "no-start-wal",
		"The first WAL that the backup needs is not in the archive.",
		"`lifeboat window` says which backup's own WAL is whole."},
	{"could not locate a valid checkpoint record", "no-start-wal",
		"No checkpoint to start from was found: backup_label is missing, or the WAL is.",
		"Restore the backup anew, backup_label included, with a working restore_command."},
	{"WAL ends before end of online backup", "no-backup-end",
		"The WAL ends before the end of the backup.",
		"`lifeboat window` says which backup's own WAL is whole."},
	{"WAL ends before consistent recovery point", "no-backup-end",
		"The WAL ends before the data are consistent.",
		"`lifeboat window` says which backup's own WAL is whole."},
	{"WAL was generated with wal_level=minimal", "wal-level",
		"The server ran with wal_level=minimal for a while; WAL from then can't be used.",
		"Only a backup taken after that reaches later moments."},
	{"insufficient parameter settings", "settings-too-small",
		"A setting is smaller than it was on the server that wrote the WAL.",
		"Raise what the log names (max_connections, max_worker_processes, ...) to the old "
		"value."},
	{"database files are incompatible with server", "wrong-version",
		"The backup is of another major version of PostgreSQL.",
		"Use the server programs of the backup's version: its PG_VERSION says which."},
	{"is not compatible with this version", "wrong-version",
		"The backup is of another major version of PostgreSQL.",
		"Use the server programs of the backup's version: its PG_VERSION says which."},
	{"has invalid permissions", "permissions", "The data directory can be entered by others.",
		"chmod 0700 the data directory."},
	{"recovery ended before configured recovery target was reached", "target-not-reached",
		"The WAL ended before the target: nothing was committed after it, or WAL is "
		"missing.",
		"`lifeboat window --at` tells the two apart and names the nearest moments. A time "
		"behind the last commit is reached with an LSN or without a target."},
	{"could not restore file", "restore-command-failed",
		"restore_command failed in a way that is not \"no such file\" (exit status above "
		"125).",
		"Run it by hand for the file that the log names."},
};

static const struct recovery_fault no_signal = {"no-signal",
	"The server started without a recovery: recovery.signal is missing, the target was "
	"ignored, "
	"and it takes writes.",
	"Stop it at once. Restore the backup anew, with an empty recovery.signal in the data "
	"directory.",
	""};
static const struct recovery_fault no_label = {"no-label",
	"The server did not start from a backup: backup_label is missing, and the data may be "
	"corrupt whatever it says. (No fault when this was not the first start.)",
	"Throw it away and restore the backup anew, backup_label included.", ""};

/* What a recovery says when it starts, whichever way. */
static const char *const began[] = {
	"starting point-in-time recovery", "starting archive recovery", "entering standby mode"};
static const char ready[] = "database system is ready to accept connections";

static bool
holds(const char *log, size_t len, const char *text)
{
	return memmem(log, len, text, strlen(text)) != NULL;
}

static const char *
line_at(struct arena *a, const char *log, size_t len, const char *at)
{
	const char *start = memrchr(log, '\n', (size_t)(at - log));
	const char *end = memchr(at, '\n', len - (size_t)(at - log));

	start = start != NULL ? start + 1 : log;
	return arena_strndup(a, start, (size_t)((end != NULL ? end : log + len) - start));
}

static bool
began_recovery(const char *log, size_t len)
{
	for (size_t i = 0; i < ARRAY_LEN(began); i++)
		if (holds(log, len, began[i]))
			return true;
	return false;
}

static int
major_at(const char *p, const char *end)
{
	int n = 0;

	for (; p < end && *p >= '0' && *p <= '9' && n < 1000; p++)
		n = n * 10 + (*p - '0');
	return n;
}

/*
 * Since version 15 a start from a backup says so. Without its label the server takes the data for
 * a crashed server's and replays from wherever the control file points.
 */
static bool
started_without_label(const char *log, size_t len)
{
	static const char version[] = "starting PostgreSQL ";
	const char *p = memmem(log, len, version, strlen(version));

	return p != NULL && major_at(p + strlen(version), log + len) >= 15 &&
	       (holds(log, len, began[0]) || holds(log, len, began[1])) &&
	       !holds(log, len, "starting backup recovery") &&
	       !holds(log, len, "restarting backup recovery");
}

bool
recovery_explain(struct arena *a, const char *log, size_t len, struct recovery_fault *ret)
{
	for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
		const char *at = memmem(log, len, faults[i].text, strlen(faults[i].text));

		if (at == NULL)
			continue;
		*ret = (struct recovery_fault){faults[i].code, faults[i].what, faults[i].way_out,
			line_at(a, log, len, at)};
		/* The archive was not even asked. */
		if (strcmp(ret->code, "no-start-wal") == 0 && !began_recovery(log, len)) {
			ret->code = no_signal.code;
			ret->what = "recovery.signal is missing, so no WAL was fetched from the "
				    "archive.";
			ret->way_out = no_signal.way_out;
		}
		return true;
	}
	if (!began_recovery(log, len) && holds(log, len, ready)) {
		*ret = no_signal;
		return true;
	}
	if (started_without_label(log, len)) {
		*ret = no_label;
		return true;
	}
	return false;
}
