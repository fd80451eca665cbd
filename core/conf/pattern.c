#include "base/banned.h"
#include "conf/pattern.h"
#include "base/clock.h"

#define TIME_OPEN "{time:"

const char *const pattern_companions[] = {".sha256", ".sha512", ".sha1", ".md5", ".json", ".asc",
	".sig", ".log", "-globals.sql", "-globals.sql.gz", "-globals.sql.sha256", NULL};

static const char *const sidecars[] = {".sha256", ".sha512", ".sha1", ".md5", ".json", ".partial",
	".part", ".tmp", ".asc", ".sig", ".log", "-globals.sql", "-globals.sql.gz"};

/* The ending that makes it a companion; NULL for none. */
static const char *
sidecar_of(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(sidecars); i++)
		if (util_ends(name, sidecars[i]))
			return sidecars[i];
	return NULL;
}

bool
pattern_is_sidecar(const char *name)
{
	return name[0] == '.' || sidecar_of(name) != NULL;
}

/* A time format must be one that clock_match can follow, and name a day at least. */
static bool
check_time(const char *format, size_t len, struct pattern *p, struct err *err)
{
	bool year = false, day = false;

	for (size_t i = 0; i < len; i++) {
		if (format[i] != '%')
			continue;
		if (++i == len || strchr("YmdHMSsjyb%", format[i]) == NULL) {
			err_set(err, ERR_CONFIG, "%%%c is not known in a {time:...}.",
				i < len ? format[i] : ' ');
			return err_hint(err, "Known: %%Y %%m %%d %%H %%M %%S %%s %%j %%y %%b.");
		}
		year = year || strchr("Yys", format[i]) != NULL;
		day = day || strchr("djs", format[i]) != NULL;
		p->has_hour = p->has_hour || strchr("Hs", format[i]) != NULL;
		p->is_epoch = p->is_epoch || format[i] == 's';
	}
	if (!year || !day)
		return err_set(err, ERR_CONFIG,
			"\"%.*s\" must hold a year and a day, or seconds (%%s).", (int)len, format);
	return true;
}

bool
pattern_parse(struct arena *a, const char *path, struct pattern *ret, struct err *err)
{
	const char *slash, *open, *close;

	*ret = (struct pattern){.directory = "", .name = ""};
	if (path == NULL)
		return true;
	path += strspn(path, "/");
	slash = strrchr(path, '/');
	ret->name = slash != NULL ? slash + 1 : path;
	ret->directory = arena_strndup(a, path, (size_t)(ret->name - path));
	if (strpbrk(ret->directory, "{*") != NULL)
		return err_set(err, ERR_CONFIG,
			"In \"%s\", {time:...} and * may stand in the last part only.", path);
	open = strstr(ret->name, TIME_OPEN);
	if (open == NULL) {
		/* A path without a pattern names a directory, with or without its slash. */
		if (ret->name[0] != '\0' && strchr(ret->name, '*') == NULL) {
			ret->directory = arena_fmt(a, "%s/", path);
			ret->name = "";
		}
		return true;
	}
	ret->has_time = true;
	open += strlen(TIME_OPEN);
	close = strchr(open, '}');
	if (close == NULL)
		return err_set(err, ERR_CONFIG, "\"%s\" has a { without its }.", path);
	if (strstr(close, TIME_OPEN) != NULL)
		return err_set(err, ERR_CONFIG, "\"%s\" holds more than one time.", path);
	return check_time(open, (size_t)(close - open), ret, err);
}

/* `tries` bounds the work that many * could cause on a long name. */
static bool
match(const char *pattern, const char *name, int64_t *ret_time, int *tries)
{
	for (;; pattern++, name++) {
		if (*pattern == '*') {
			for (;; name++) {
				if (--*tries < 0)
					return false;
				if (match(pattern + 1, name, ret_time, tries))
					return true;
				if (*name == '\0')
					return false;
			}
		}
		if (util_starts(pattern, TIME_OPEN)) {
			const char *format = pattern + strlen(TIME_OPEN);
			size_t n = strcspn(format, "}"), used;

			if (!clock_match(name, format, n, ret_time, &used))
				return false;
			pattern = format + n;
			name += used - 1;
			continue;
		}
		if (*pattern != *name)
			return false;
		if (*pattern == '\0')
			return true;
	}
}

bool
pattern_match(const struct pattern *p, const char *name, int64_t *ret_time)
{
	const char *sidecar;
	int tries = 100000;

	*ret_time = CLOCK_NONE;
	if (p->name[0] == '\0')
		return !pattern_is_sidecar(name);
	if (!match(p->name, name, ret_time, &tries) || (name[0] == '.' && p->name[0] != '.'))
		return false;
	/* "config_{time:...}.json" means its .json; "dump*" does not mean a dump's .sha256. */
	sidecar = sidecar_of(name);
	return sidecar == NULL || util_ends(p->name, sidecar);
}

static const char *
format_time(struct arena *a, const char *format, size_t len, int64_t at)
{
	time_t seconds = (time_t)at;
	char text[256];
	struct tm tm;

	if (gmtime_r(&seconds, &tm) == NULL)
		return "";
		/* The fields were checked when the pattern was parsed. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	if (strftime(text, sizeof(text), arena_strndup(a, format, len), &tm) == 0)
		return "";
#pragma GCC diagnostic pop
	return arena_strdup(a, text);
}

const char *
pattern_name_at(struct arena *a, const struct pattern *p, int64_t at, const char *stem)
{
	static const char usual[] = "%Y%m%d_%H%M%S";
	const char *name = p->name, *text = "";

	if (name[0] == '\0')
		return arena_fmt(a, "%s_%s", stem, format_time(a, usual, sizeof(usual) - 1, at));
	while (*name != '\0') {
		size_t n = strcspn(name, "*{");

		text = arena_fmt(a, "%s%.*s", text, (int)n, name);
		name += n;
		if (*name == '*') {
			text = arena_fmt(a, "%s%s", text, stem);
			name++;
		} else if (util_starts(name, "{time:")) {
			n = strcspn(name, "}");
			text = arena_fmt(a, "%s%s", text, format_time(a, name + 6, n - 6, at));
			name += n + (name[n] == '}');
		}
	}
	return text;
}

const char *
pattern_copy_path(struct arena *a, const char *set_path, const char *copy_path)
{
	CLEANUP(err_done) struct err err = ERR_INIT;
	struct pattern set, copy;

	if (copy_path == NULL || set_path == NULL)
		return copy_path != NULL ? copy_path : set_path;
	if (!pattern_parse(a, set_path, &set, &err) || !pattern_parse(a, copy_path, &copy, &err) ||
		copy.name[0] != '\0')
		return copy_path;
	return arena_fmt(a, "%s%s", copy.directory, set.name);
}
