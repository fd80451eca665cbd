/*
 * pg_quote: names and values where PostgreSQL takes no bound parameter.
 */
#include "base/banned.h"
#include "net/pg.h"

/* value between two quotes, with `escape` before every one of `special` */
static const char *
quoted(struct arena *a, const char *value, char quote, char escape, const char *special)
{
	char *out = arena_alloc(a, 2 * strlen(value) + 3), *p = out;

	*p++ = quote;
	for (; *value != '\0'; value++) {
		if (strchr(special, *value) != NULL)
			*p++ = escape;
		*p++ = *value;
	}
	*p++ = quote;
	return out;
}

const char *
pg_quote(struct arena *a, const char *identifier)
{
	return quoted(a, identifier, '"', '"', "\"");
}

/* PostgreSQL's manual, 34.1.1.1 "Keyword/Value Connection Strings" */
const char *
pg_conninfo_value(struct arena *a, const char *value)
{
	if (*value != '\0' && strpbrk(value, " \t\n'\\=") == NULL)
		return arena_strdup(a, value);
	return quoted(a, value, '\'', '\\', "'\\");
}
