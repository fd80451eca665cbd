#include "base/banned.h"
#include "wal/recovery.h"
#include "base/clock.h"
#include "base/str.h"
#include "wal/segment.h"

/*
 * What a target may be given by. Empty ones are written before the one that is meant: PostgreSQL
 * takes two that are not empty for an error, and the backup's own configuration may hold one.
 */
static const struct {
	const char *name;
	enum recovery_kind kind;
} settings[] = {
	{"recovery_target", RECOVERY_IMMEDIATE},
	{"recovery_target_name", RECOVERY_TO_NAME},
	{"recovery_target_time", RECOVERY_TO_TIME},
	{"recovery_target_xid", RECOVERY_TO_XID},
	{"recovery_target_lsn", RECOVERY_TO_LSN},
};

/*
 * A standby's configuration may hold an archive_cleanup_command; run by a sandbox it would
 * delete from the archive that everybody needs.
 */
static const char fixed[] = "recovery_target_action = 'pause'\n"
			    "hot_standby = on\n"
			    "archive_cleanup_command = ''\n"
			    "recovery_end_command = ''\n"
			    "recovery_min_apply_delay = 0\n"
			    "primary_conninfo = ''\n"
			    "primary_slot_name = ''\n";

const char *
recovery_time(int64_t us, char text[RECOVERY_TIME])
{
	char iso[CLOCK_TEXT];

	clock_format_us(us, iso);
	snprintf(text, RECOVERY_TIME, "%.10s %.15s+00", iso, iso + 11);
	return text;
}

/* The value without quotes; "" for RECOVERY_NONE. */
static void
target_value(struct str *out, const struct recovery_target *t)
{
	char text[RECOVERY_TIME];

	switch (t->kind) {
	case RECOVERY_NONE: break;
	case RECOVERY_IMMEDIATE: str_add(out, "immediate"); break;
	case RECOVERY_TO_TIME: str_add(out, recovery_time(t->at_us, text)); break;
	case RECOVERY_TO_XID: str_fmt(out, "%u", (unsigned)t->xid); break;
	case RECOVERY_TO_LSN: str_add(out, lsn_format(t->lsn, text)); break;
	case RECOVERY_TO_NAME: str_add(out, t->name); break;
	}
}

static const char *
target_name(enum recovery_kind kind)
{
	for (size_t i = 0; i < ARRAY_LEN(settings); i++)
		if (settings[i].kind == kind)
			return settings[i].name;
	return NULL;
}

/* Inclusive or not says nothing about the ends of WAL and backup, nor about a restore point. */
static bool
has_inclusive(const struct recovery_target *t)
{
	return t->kind == RECOVERY_TO_TIME || t->kind == RECOVERY_TO_XID ||
	       t->kind == RECOVERY_TO_LSN;
}

/* In the quotes of postgresql.conf a quote is doubled and a backslash escapes. */
static void
add_setting(struct str *out, const char *name, const char *value)
{
	str_fmt(out, "%s = '", name);
	for (; *value != '\0'; value++) {
		if (*value == '\'' || *value == '\\')
			str_addc(out, *value);
		str_addc(out, *value);
	}
	str_add(out, "'\n");
}

bool
recovery_settings(const struct recovery_target *t, const char *restore_command, struct str *out,
	struct err *err)
{
	CLEANUP(str_done) struct str value = STR_INIT(4 * KIB);

	if (t->kind == RECOVERY_TO_NAME &&
		(t->name == NULL || t->name[0] == '\0' || strlen(t->name) > 63))
		return err_set(err, ERR_USAGE, "A restore point's name has 1 to 63 bytes.");
	if (restore_command[0] == '\0' || strpbrk(restore_command, "\r\n") != NULL ||
		(t->name != NULL && strpbrk(t->name, "\r\n") != NULL))
		return err_set(
			err, ERR_USAGE, "A setting of a recovery is empty or has two lines.");
	target_value(&value, t);
	add_setting(out, "restore_command", restore_command);
	for (size_t i = 0; i < ARRAY_LEN(settings); i++)
		if (settings[i].kind != t->kind)
			add_setting(out, settings[i].name, "");
	if (t->kind != RECOVERY_NONE)
		add_setting(out, target_name(t->kind), str_text(&value));
	str_fmt(out, "recovery_target_inclusive = %s\n",
		t->inclusive || !has_inclusive(t) ? "on" : "off");
	str_fmt(out, "recovery_target_timeline = '%u'\n", (unsigned)t->tli);
	str_add(out, fixed);
	if (!t->archives)
		str_add(out, "archive_mode = off\n");
	return true;
}

void
recovery_json(struct json *j, const char *key, const struct recovery_target *t)
{
	CLEANUP(str_done) struct str value = STR_INIT(4 * KIB);

	target_value(&value, t);
	json_object(j, key);
	if (t->kind != RECOVERY_NONE)
		json_string(j, target_name(t->kind), str_text(&value));
	if (has_inclusive(t))
		json_bool(j, "recovery_target_inclusive", t->inclusive);
	json_fmt(j, "recovery_target_timeline", "%u", (unsigned)t->tli);
	json_object_end(j);
}

void
recovery_text(struct str *out, const struct recovery_target *t)
{
	CLEANUP(str_done) struct str value = STR_INIT(4 * KIB);

	target_value(&value, t);
	if (t->kind == RECOVERY_NONE)
		str_add(out, "no target: the end of the WAL");
	else
		str_fmt(out, "%s = '%s'", target_name(t->kind), str_text(&value));
	if (has_inclusive(t) && !t->inclusive)
		str_add(out, ", recovery_target_inclusive = off");
	str_fmt(out, ", recovery_target_timeline = '%u'", (unsigned)t->tli);
}
