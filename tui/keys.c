#include "base/banned.h"
#include "tui/keys.h"
#include "base/text.h"

static const struct {
	const char *name, *keys, *complete, *summary;
	unsigned contexts, flags;
} table[] = {{NULL, "", NULL, NULL, 0, 0},
#define ACTION(id, name, keys, contexts, flags, complete, summary) \
	{name, keys, complete, summary, contexts, flags},
	ACTIONS(ACTION)
#undef ACTION
};

static struct action_row rows[ACTION_COUNT];

static void
parse_keys(struct action_row *row, const char *keys)
{
	while (*keys != '\0') {
		size_t n = strcspn(keys, " ");

		if (row->nkeys == KEYS_MAX || !key_parse(keys, n, &row->keys[row->nkeys++]))
			BUG("the keys of \"%s\" are not right", row->name);
		keys += n + strspn(keys + n, " ");
	}
}

const struct action_row *
keys_row(enum action id)
{
	struct action_row *row = &rows[id];

	if (id == ACTION_NONE || id >= ACTION_COUNT)
		BUG("there is no action %d", (int)id);
	if (row->name == NULL) {
		*row = (struct action_row){.id = id,
			.name = table[id].name,
			.summary = table[id].summary,
			.complete = table[id].complete,
			.contexts = table[id].contexts,
			.flags = table[id].flags};
		parse_keys(row, table[id].keys);
	}
	return row;
}

const struct action_row *
keys_by_name(const char *name)
{
	for (enum action id = 1; id < ACTION_COUNT; id++)
		if (strcmp(table[id].name, name) == 0)
			return keys_row(id);
	return NULL;
}

enum action
keys_find(unsigned contexts, uint32_t key)
{
	for (enum action id = 1; id < ACTION_COUNT; id++) {
		const struct action_row *row = keys_row(id);

		if (!(row->contexts & contexts))
			continue;
		for (size_t i = 0; i < row->nkeys; i++)
			if (row->keys[i] == key)
				return id;
	}
	return ACTION_NONE;
}

void
keys_text(const struct action_row *row, struct str *out)
{
	char name[KEY_TEXT];

	for (size_t i = 0; i < row->nkeys; i++)
		str_fmt(out, "%s%s", i > 0 ? ", " : "", key_label(row->keys[i], name));
}

const char *
keys_place(const struct action_row *row)
{
	static const struct {
		unsigned contexts;
		const char *name;
	} places[] = {
		{CONTEXT_GLOBAL, "everywhere"},
		{CONTEXT_FIELD, "typing"},
		{CONTEXT_MOVE | CONTEXT_FORM, "anywhere"},
		{CONTEXT_MOVE, "anywhere"},
		{CONTEXT_SCROLL, "lists, text"},
		{CONTEXT_LIST | CONTEXT_TIMELINE, "lists, time"},
		{CONTEXT_PAGER | CONTEXT_TIMELINE, "text, time"},
		{CONTEXT_LIST, "lists"},
		{CONTEXT_PAGER, "text"},
		{CONTEXT_TIMELINE, "time"},
		{CONTEXT_FORM, "dialogs"},
		{CONTEXT_SET, "a set"},
		{CONTEXT_SET | CONTEXT_BACKUP, "set, backup"},
		{CONTEXT_BACKUP, "a backup"},
		{CONTEXT_BACKUPS, "backups"},
		{CONTEXT_RUNBOOK, "a runbook"},
		{CONTEXT_PLAN, "a plan"},
		{CONTEXT_RUN, "a run"},
		{CONTEXT_RUN | CONTEXT_HISTORY, "a run"},
		{CONTEXT_AUDIT, "audit log"},
	};

	for (size_t i = 0; i < ARRAY_LEN(places); i++)
		if (row->contexts == places[i].contexts)
			return places[i].name;
	return "";
}

void
keys_man(struct str *out)
{
	CLEANUP(str_done) struct str keys = STR_INIT(4 * KIB);

	for (enum action id = 1; id < ACTION_COUNT; id++) {
		const struct action_row *row = keys_row(id);

		str_cut(&keys, 0);
		keys_text(row, &keys);
		str_add(out, ".TP\n\\fB");
		text_roff(out, keys.len > 0 ? str_text(&keys) : ":");
		str_add(out, "\\fR (");
		text_roff(out, row->name);
		str_fmt(out, "; %s)\n", keys_place(row));
		text_roff(out, row->summary);
		str_addc(out, '\n');
	}
}
