/*
 * runbooks: texts of runbooks parsed, and what is wrong with them.
 */
#ifndef UNIT_RUNBOOKS_H
#define UNIT_RUNBOOKS_H

#include "unit/testing.h"

#include "runbook/runbook.h"

#define HEAD "schema: 1\nid: r\ntitle: t\n"
#define CMD  "{id: a, title: t, kind: command, run: [x]}"

static struct arena arena;
static struct problems problems;

static struct runbook *
parse(const char *text)
{
	arena_done(&arena);
	problems_init(&problems, &arena, "r.yaml");
	return runbook_parse(text, strlen(text), &problems);
}

static const char *
all_problems(void)
{
	static char text[64 * KIB];
	struct str out = STR_INIT(sizeof(text) - 1);

	problems_text(&problems, &out);
	snprintf(text, sizeof(text), "%s", str_text(&out));
	str_done(&out);
	return text;
}

/* Exactly one error, at this line and column, holding the text. */
static void
assert_fault(const char *text, int line, int col, const char *part, const char *hint)
{
	const struct problem *it;

	if (parse(text) != NULL)
		fail_msg("accepted: %s", text);
	if (problems.list.n != 1)
		fail_msg("%zu problems, wanted one with \"%s\":\n%s\n%s", problems.list.n, part,
			all_problems(), text);
	it = &problems.list.v[0];
	if (it->line != line || it->col != col || strstr(it->message, part) == NULL)
		fail_msg("wanted %d:%d \"%s\", got\n%s", line, col, part, all_problems());
	if (hint != NULL && (it->hint == NULL || strstr(it->hint, hint) == NULL))
		fail_msg("no hint with \"%s\":\n%s", hint, all_problems());
}

#endif
