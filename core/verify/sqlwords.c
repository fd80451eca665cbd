#include "base/banned.h"
#include "verify/sqlwords.h"

#include <strings.h>

static bool
is_bare(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '$' || c == '\\' || (c & 0x80) != 0;
}

/* From the opening quote on; returns what follows the closing one. */
static const char *
quoted(struct arena *a, const char *p, struct sqlword *ret)
{
	char quote = *p++, *text = arena_alloc(a, strlen(p) + 1), *to = text;

	for (; *p != '\0' && (*p != quote || p[1] == quote); p++) {
		p += *p == quote;
		*to++ = *p;
	}
	*ret = (struct sqlword){text, true};
	return *p == quote ? p + 1 : p;
}

size_t
sqlword_split(struct arena *a, const char *line, struct sqlword *w, size_t max)
{
	size_t n = 0;

	for (const char *p = line; n < max && *(p += strspn(p, " \t\r")) != '\0'; n++) {
		size_t len = 0;

		if (*p == '"' || *p == '\'') {
			p = quoted(a, p, &w[n]);
			continue;
		}
		while (is_bare(p[len]))
			len++;
		len = MAX(len, (size_t)1);
		w[n] = (struct sqlword){arena_strndup(a, p, len), false};
		p += len;
	}
	return n;
}

static bool
is_word(const struct sqlword *w, const char *word, size_t len)
{
	return !w->quoted && strlen(w->text) == len && strncasecmp(w->text, word, len) == 0;
}

bool
sqlword_is(const struct sqlword *w, size_t n, const char *words)
{
	for (size_t i = 0; *words != '\0'; i++) {
		size_t len = strcspn(words, " ");

		if (i >= n || !is_word(&w[i], words, len))
			return false;
		words += len + (words[len] == ' ');
	}
	return true;
}

bool
sqlword_interesting(const char *line)
{
	static const char *const begins[] = {
		"CREATE ", "ALTER ", "GRANT ", "REVOKE ", "SET ", "\\connect "};

	for (size_t i = 0; i < ARRAY_LEN(begins); i++)
		if (util_starts(line, begins[i]))
			return true;
	return false;
}

size_t
sqlword_name_length(const char *text)
{
	bool inside = false;
	size_t n = 0;

	for (; text[n] != '\0' && (inside || text[n] != ' '); n++)
		inside ^= text[n] == '"';
	return n;
}

/* Names that stand for somebody without being one, and the server's own. */
static bool
is_role(const struct sqlword *w)
{
	static const char *const others[] = {"PUBLIC", "CURRENT_USER", "CURRENT_ROLE",
		"SESSION_USER", "GROUP", "NONE", "DEFAULT"};

	if (!w->quoted)
		for (size_t i = 0; i < ARRAY_LEN(others); i++)
			if (strcasecmp(w->text, others[i]) == 0)
				return false;
	return w->text[0] != '\0' && (w->quoted || is_bare(w->text[0])) &&
	       !util_starts(w->text, "pg_");
}

/* The comma-separated names from word i on. */
static void
take_list(const struct sqlword *w, size_t n, size_t i, struct sqlword_roles *ret)
{
	for (; i < n && ret->n < SQLROLES_MAX; i += 2) {
		if (is_role(&w[i]))
			ret->names[ret->n++] = w[i].text;
		if (i + 1 >= n || !sqlword_is(w + i + 1, 1, ","))
			return;
	}
}

/* After every occurrence of the keywords, until one of `stop`. */
static void
take_after(const struct sqlword *w, size_t n, const char *keywords, const char *stop,
	struct sqlword_roles *ret)
{
	size_t len = 1;

	for (const char *p = keywords; (p = strchr(p, ' ')) != NULL; p++)
		len++;
	for (size_t i = 0; i + len < n; i++) {
		if (stop != NULL && sqlword_is(w + i, n - i, stop))
			return;
		if (sqlword_is(w + i, n - i, keywords))
			take_list(w, n, i + len, ret);
	}
}

void
sqlword_roles(const struct sqlword *w, size_t n, struct sqlword_roles *ret)
{
	*ret = (struct sqlword_roles){.n = 0};
	if (sqlword_is(w, n, "GRANT") || sqlword_is(w, n, "REVOKE")) {
		take_after(w, n, "TO", NULL, ret);
		take_after(w, n, "FROM", NULL, ret);
		take_after(w, n, "GRANTED BY", NULL, ret);
	} else if (sqlword_is(w, n, "ALTER DEFAULT PRIVILEGES")) {
		take_after(w, n, "FOR ROLE", NULL, ret);
		take_after(w, n, "FOR USER", NULL, ret);
		take_after(w, n, "TO", NULL, ret);
		take_after(w, n, "FROM", NULL, ret);
	} else if (sqlword_is(w, n, "ALTER ROLE") || sqlword_is(w, n, "ALTER USER MAPPING FOR")) {
		take_list(w, n, sqlword_is(w, n, "ALTER ROLE") ? 2 : 4, ret);
	} else if (sqlword_is(w, n, "ALTER")) {
		take_after(w, n, "OWNER TO", NULL, ret);
		ret->super = sqlword_is(w, n, "ALTER EVENT TRIGGER") ||
			     sqlword_is(w, n, "ALTER FOREIGN DATA WRAPPER") ||
			     sqlword_is(w, n, "ALTER SUBSCRIPTION");
	} else if (sqlword_is(w, n, "CREATE POLICY")) {
		take_after(w, n, "TO", "USING", ret);
	} else if (sqlword_is(w, n, "CREATE SCHEMA")) {
		take_after(w, n, "AUTHORIZATION", NULL, ret);
	} else if (sqlword_is(w, n, "CREATE USER MAPPING FOR")) {
		take_list(w, n, 4, ret);
	} else if (sqlword_is(w, n, "SET SESSION AUTHORIZATION")) {
		take_list(w, n, 3, ret);
	} else if (sqlword_is(w, n, "SET ROLE")) {
		take_list(w, n, 2, ret);
	}
}
