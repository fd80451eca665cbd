#include "base/banned.h"
#include "verify/sqlscan.h"
#include "verify/sqlwords.h"

#define COPY_END " FROM stdin;"

enum lex {
	LEX_PLAIN,
	LEX_QUOTE,
	LEX_ESCAPES,
	LEX_NAME,
	LEX_COMMENT,
	LEX_BLOCK,
	LEX_TAG,
	LEX_DOLLAR
};

void
sqlscan_init(struct sqlscan *s, struct arena *a, const struct sqlscan_events *events)
{
	*s = (struct sqlscan){.arena = a,
		.events = events,
		.current = "",
		.line = STR_INIT(SQLSCAN_LINE),
		.statement = true};
}

void
sqlscan_done(struct sqlscan *s)
{
	str_done(&s->line);
}

static bool
in_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || (c & 0x80) != 0;
}

static void
lex_plain(struct sqlscan *s, char c)
{
	switch (c) {
	case '\'': s->state = s->before == 'E' || s->before == 'e' ? LEX_ESCAPES : LEX_QUOTE; break;
	case '"': s->state = LEX_NAME; break;
	case '-':
		if (s->before == '-')
			s->state = LEX_COMMENT;
		break;
	case '*':
		if (s->before == '/') {
			s->state = LEX_BLOCK;
			s->depth = 1;
			c = 0; /* the star does not end what it began */
		}
		break;
	case '$':
		if (!in_name(s->before)) {
			s->state = LEX_TAG;
			s->tag[0] = '$';
			s->tag_len = 1;
		}
		break;
	}
	s->before = c;
}

static void
lex_block(struct sqlscan *s, char c)
{
	if (s->before == '*' && c == '/') {
		s->depth--;
		c = 0;
	} else if (s->before == '/' && c == '*') {
		s->depth++;
		c = 0;
	}
	if (s->depth == 0)
		s->state = LEX_PLAIN;
	s->before = c;
}

/* Between the dollars of an opening tag; a parameter like $1 is none. */
static void
lex_tag(struct sqlscan *s, char c)
{
	if (c == '$') {
		s->tag[s->tag_len++] = '$';
		s->state = LEX_DOLLAR;
		s->matched = 0;
	} else if (in_name(c) && s->tag_len < sizeof(s->tag) - 2 &&
		   !(s->tag_len == 1 && c >= '0' && c <= '9')) {
		s->tag[s->tag_len++] = c;
	} else {
		s->state = LEX_PLAIN;
		s->before = '$';
		lex_plain(s, c);
	}
}

static void
lex(struct sqlscan *s, const char *p, size_t len)
{
	for (const char *end = p + len; p < end; p++) {
		switch ((enum lex)s->state) {
		case LEX_PLAIN: lex_plain(s, *p); break;
		case LEX_COMMENT: p = end - 1; break;
		case LEX_BLOCK: lex_block(s, *p); break;
		case LEX_TAG: lex_tag(s, *p); break;
		/* Two quotes in a row close and open again, which comes to the same. */
		case LEX_QUOTE:
		case LEX_NAME:
			if (*p == (s->state == LEX_NAME ? '"' : '\'')) {
				s->state = LEX_PLAIN;
				s->before = 0;
			}
			break;
		case LEX_ESCAPES:
			if (*p == '\'' && s->before != '\\')
				s->state = LEX_PLAIN;
			/* A second backslash is a character, not an escape of the next. */
			s->before = *p == '\\' && s->before == '\\' ? 0 : *p;
			break;
		case LEX_DOLLAR:
			if (*p == s->tag[s->matched])
				s->matched++;
			else
				s->matched = *p == '$';
			if (s->matched == s->tag_len) {
				s->state = LEX_PLAIN;
				s->before = 0;
			}
			break;
		}
	}
}

static void
remember_tail(struct sqlscan *s, const char *p, size_t len)
{
	size_t room = sizeof(s->tail) - 1, keep = strlen(s->tail);

	if (len >= room) {
		memcpy(s->tail, p + len - room, room);
		s->tail[room] = '\0';
		return;
	}
	if (keep + len > room) {
		memmove(s->tail, s->tail + keep + len - room, room - len);
		keep = room - len;
	}
	memcpy(s->tail + keep, p, len);
	s->tail[keep + len] = '\0';
}

static void
copy_text(char *to, size_t size, const char *from, size_t len)
{
	len = MIN(len, size - 1);
	memcpy(to, from, len);
	to[len] = '\0';
}

static void
comment(struct sqlscan *s, const char *line)
{
	static const char version[] = "-- Dumped from database version ";

	if (util_streq(line, "-- PostgreSQL database dump complete") ||
		util_streq(line, "-- PostgreSQL database cluster dump complete"))
		s->complete = true;
	else if (util_streq(line, "-- PostgreSQL database cluster dump"))
		s->cluster = s->databases = true;
	else if (util_starts(line, version) && s->server[0] == '\0')
		copy_text(s->server, sizeof(s->server), line + sizeof(version) - 1,
			strcspn(line + sizeof(version) - 1, " "));
}

/* \connect name, or \connect -reuse-previous=on "dbname='odd name'" */
static bool
connect_to(struct sqlscan *s, const struct sqlword *w, size_t n, struct err *err)
{
	const char *name = n > 0 ? w[n - 1].text : NULL;

	if (name == NULL)
		return true;
	if (w[n - 1].quoted && util_starts(name, "dbname='")) {
		char *value = arena_strdup(s->arena, name + 8), *to = value;

		for (const char *p = value; *p != '\0' && *p != '\''; p++)
			*to++ = *p == '\\' && p[1] != '\0' ? *++p : *p;
		*to = '\0';
		name = value;
	}
	s->current = arena_strdup(s->arena, name);
	s->databases = true;
	return s->events->database == NULL || s->events->database(s->events->arg, s->current, err);
}

static bool
copy_begins(struct sqlscan *s, struct err *err)
{
	const char *line = str_text(&s->line), *name = line + 5;
	size_t len = sqlword_name_length(name);

	s->in_copy = true;
	if (s->tables.n == SQLSCAN_TABLES)
		return err_set(
			err, ERR_LIMIT, "The dump loads more than %d tables.", SQLSCAN_TABLES);
	*vec_push(s->arena, &s->tables) = (struct sqlscan_table){
		.database = s->current, .name = arena_strndup(s->arena, name, len)};
	return true;
}

static bool
roles(struct sqlscan *s, const struct sqlword *w, size_t n, struct err *err)
{
	struct sqlword_roles found;

	sqlword_roles(w, n, &found);
	for (size_t i = 0; i < found.n; i++)
		if (s->events->role != NULL &&
			!s->events->role(s->events->arg, found.names[i], found.super, err))
			return false;
	return true;
}

static bool
statement(struct sqlscan *s, const char *line, struct err *err)
{
	struct sqlword w[SQLWORDS_MAX];
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	size_t n;

	s->defines |= util_starts(line, "CREATE ");
	if (util_starts(line, "COPY ") && util_ends(s->tail, COPY_END))
		return copy_begins(s, err);
	if (!sqlword_interesting(line))
		return true;
	n = sqlword_split(&a, line, w, SQLWORDS_MAX);
	if (n == 0)
		return true;
	if (util_streq(w[0].text, "\\connect"))
		return connect_to(s, w, n, err);
	if (sqlword_is(w, n, "SET client_encoding =") && n > 3)
		copy_text(s->encoding, sizeof(s->encoding), w[3].text, strlen(w[3].text));
	if (sqlword_is(w, n, "CREATE DATABASE") || sqlword_is(w, n, "ALTER DATABASE") ||
		sqlword_is(w, n, "CREATE TABLESPACE"))
		s->databases = true;
	if (sqlword_is(w, n, "CREATE ROLE") && n > 2)
		return s->events->made_role == NULL ||
		       s->events->made_role(s->events->arg, w[2].text, err);
	if (sqlword_is(w, n, "CREATE EXTENSION") && n > 2) {
		size_t at = sqlword_is(w, n, "CREATE EXTENSION IF NOT EXISTS") ? 5 : 2;

		return n <= at || s->events->extension == NULL ||
		       s->events->extension(s->events->arg, w[at].text, err);
	}
	return roles(s, w, n, err);
}

static bool
line_ends(struct sqlscan *s, struct err *err)
{
	const char *line = str_text(&s->line);
	bool good = true;

	if (s->line.len > 0 && s->line.buf[s->line.len - 1] == '\r')
		str_cut(&s->line, s->line.len - 1);
	if (s->in_copy) {
		if (s->length <= 3 && util_streq(line, "\\.")) {
			s->in_copy = false;
		} else {
			s->tables.v[s->tables.n - 1].rows++;
			s->rows++;
		}
	} else if (s->statement) {
		if (util_starts(line, "--")) {
			comment(s, line);
		} else if (line[strspn(line, " \t\r")] != '\0' &&
			   !util_starts(line, "\\unrestrict ")) {
			s->complete = false;
			good = statement(s, line, err);
		}
	} else {
		s->complete = false;
	}
	if (s->state == LEX_COMMENT || s->state == LEX_TAG)
		s->state = LEX_PLAIN;
	s->before = 0;
	s->matched = 0;
	s->statement = s->state == LEX_PLAIN;
	s->length = 0;
	s->tail[0] = '\0';
	str_cut(&s->line, 0);
	return good;
}

bool
sqlscan_feed(struct sqlscan *s, const void *bytes, size_t len, struct err *err)
{
	const char *p = bytes, *end = p + len;

	while (p < end) {
		const char *newline = memchr(p, '\n', (size_t)(end - p));
		size_t n = (size_t)((newline != NULL ? newline : end) - p);

		if (s->in_copy) {
			/* Of a row only so much as tells it from the end of the data. */
			str_addn(&s->line, p, s->line.len < 4 ? MIN(n, 4 - s->line.len) : 0);
		} else {
			str_addn(&s->line, p, n);
			remember_tail(s, p, n);
			lex(s, p, n);
		}
		s->length += n;
		if (newline == NULL)
			return true;
		if (!line_ends(s, err))
			return false;
		p = newline + 1;
	}
	return true;
}

bool
sqlscan_end(struct sqlscan *s, struct err *err)
{
	return s->length == 0 || line_ends(s, err);
}
