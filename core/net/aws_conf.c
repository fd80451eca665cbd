#include "base/banned.h"
#include "net/aws_conf.h"
#include "base/file.h"
#include "base/path.h"
#include "base/str.h"

#include <strings.h>

#define FILE_LIMIT (1 * MIB)

/* The settings, as "name\0value\0" one after the other; those of the credentials file first. */
struct aws_conf {
	struct str settings;
	bool exists;
};

static size_t
trim(const char **p, size_t len)
{
	while (len > 0 && strchr(" \t\r", (*p)[0]) != NULL) {
		(*p)++;
		len--;
	}
	while (len > 0 && strchr(" \t\r", (*p)[len - 1]) != NULL)
		len--;
	return len;
}

/* "[default]", "[profile NAME]" (in config) or "[NAME]" (in credentials) */
static bool
is_section(const char *line, size_t len, const char *profile, bool config)
{
	const char *p = line + 1;

	if (len < 2 || line[len - 1] != ']')
		return false;
	len = trim(&p, len - 2);
	if (config && len > 8 && strncmp(p, "profile", 7) == 0 && strchr(" \t", p[7]) != NULL) {
		p += 7;
		len -= 7;
		len = trim(&p, len);
	} else if (config && strcmp(profile, "default") != 0) {
		return false;
	}
	return len == strlen(profile) && memcmp(p, profile, len) == 0;
}

static void
add_setting(struct aws_conf *c, const char *line, size_t len)
{
	const char *equals = memchr(line, '=', len), *value;
	size_t name_len, value_len;

	if (equals == NULL)
		return;
	name_len = trim(&line, (size_t)(equals - line));
	value = equals + 1;
	value_len = trim(&value, len - (size_t)(value - line));
	str_addn(&c->settings, line, name_len);
	str_addc(&c->settings, '\0');
	str_addn(&c->settings, value, value_len);
	str_addc(&c->settings, '\0');
}

static void
parse(struct aws_conf *c, const char *text, const char *profile, bool config)
{
	bool inside = false;

	for (const char *end; *text != '\0'; text = *end == '\0' ? end : end + 1) {
		size_t len;

		end = text + strcspn(text, "\n");
		len = (size_t)(end - text);
		while (len > 0 && strchr(" \t\r", text[len - 1]) != NULL)
			len--;
		/* Indented lines are settings of a setting ("s3 =\n  max_... ="): not ours. */
		if (len == 0 || strchr("#; \t", text[0]) != NULL)
			continue;
		if (text[0] == '[')
			inside = is_section(text, len, profile, config);
		else if (inside)
			add_setting(c, text, len);
		c->exists = c->exists || inside;
	}
}

static bool
read_file(struct aws_conf *c, const char *path, const char *profile, bool config, struct err *err)
{
	CLEANUP(str_wipe) struct str text = STR_INIT(FILE_LIMIT + 1);

	if (!file_read(path, FILE_LIMIT, &text, err))
		return false;
	parse(c, str_text(&text), profile, config);
	return true;
}

static bool
load(struct aws_conf *c, const char *variable, const char *usual, const char *profile, bool config,
	struct err *err)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	CLEANUP(err_done) struct err why = ERR_INIT;
	const char *path = getenv(variable);

	path = path_expand(&a, path != NULL && path[0] != '\0' ? path : usual);
	return read_file(c, path, profile, config, &why) || why.code == ERR_NOT_FOUND ||
	       err_move(err, &why);
}

static struct aws_conf *
empty(void)
{
	struct aws_conf *c = util_alloc(sizeof(*c));

	c->settings = (struct str)STR_INIT(4 * FILE_LIMIT);
	return c;
}

bool
aws_conf_load(const char *profile, struct aws_conf **ret, struct err *err)
{
	struct aws_conf *c = empty();

	if (!load(c, "AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials", profile, false, err) ||
		!load(c, "AWS_CONFIG_FILE", "~/.aws/config", profile, true, err)) {
		aws_conf_free(c);
		return false;
	}
	*ret = c;
	return true;
}

bool
aws_conf_load_file(const char *path, struct aws_conf **ret, struct err *err)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	struct aws_conf *c = empty();

	if (!read_file(c, path_expand(&a, path), "default", false, err)) {
		aws_conf_free(c);
		return false;
	}
	*ret = c;
	return true;
}

bool
aws_conf_exists(const struct aws_conf *c)
{
	return c->exists;
}

const char *
aws_conf_get(const struct aws_conf *c, const char *name)
{
	const char *p = c->settings.buf, *end = p + c->settings.len;

	while (p != NULL && p < end) {
		const char *value = p + strlen(p) + 1;

		if (strcasecmp(p, name) == 0 && value[0] != '\0')
			return value;
		p = value + strlen(value) + 1;
	}
	return NULL;
}

void
aws_conf_free(struct aws_conf *c)
{
	if (c == NULL)
		return;
	str_wipe(&c->settings);
	free(c);
}
