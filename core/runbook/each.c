/*
 * each: a step with `each` becomes one step for each item, when the plan is made.
 *
 * Their ids stay what they are whatever the order: copy[daily] where all items are names, else
 * copy[0], copy[1], .... {{item}} is a variable of each of them, so what an item holds is never
 * expanded a second time.
 */
#include "base/banned.h"
#include "runbook/plan.h"

#define ITEM_BYTES (4 * KIB)
#define ITEMS_TEXT (64 * KIB)
#define NAME_BYTES 40 /* of an item that names its step; variable names are bounded */

struct loop_items {
	VEC(const char *) list;
	struct arena *arena;
};

static bool
wrong(const struct step *s, struct err *err)
{
	return err_prefix(err, "Step \"%s\", each", s->id);
}

static bool
add_item(struct loop_items *items, const char *text, size_t len, const struct step *s,
	struct err *err)
{
	if (len > ITEM_BYTES)
		return err_set(err, ERR_LIMIT,
			"Step \"%s\": an item of \"each\" is longer than "
			"4 KiB.",
			s->id);
	if (items->list.n == EACH_MAX)
		return err_set(err, ERR_LIMIT, "Step \"%s\": \"each\" has more than %d items.",
			s->id, EACH_MAX);
	*vec_push(items->arena, &items->list) = arena_strndup(items->arena, text, len);
	return true;
}

/* "a, b" of one text: at commas and ends of lines; spaces around an item are not part of it. */
static bool
split(struct loop_items *items, const char *text, const struct step *s, struct err *err)
{
	while (*text != '\0') {
		size_t whole = strcspn(text, ",\n"), n = whole, skip = strspn(text, " \t\r");

		skip = MIN(skip, n);
		while (n > skip && strchr(" \t\r", text[n - 1]) != NULL)
			n--;
		if (n > skip && !add_item(items, text + skip, n - skip, s, err))
			return false;
		text += whole + (text[whole] != '\0');
	}
	return true;
}

static bool
read_items(struct plan *p, const struct step *s, struct loop_items *items, struct err *err)
{
	const struct node *it;

	items->arena = p->arena;
	for (it = s->each->type == NODE_LIST ? s->each->first : s->each; it != NULL;
		it = s->each->type == NODE_LIST ? it->next : NULL) {
		CLEANUP(str_done) struct str text = STR_INIT(ITEMS_TEXT);

		if (!vars_expand(&p->scope, it->text, 0, &text, err))
			return wrong(s, err);
		if (s->each->type == NODE_LIST ? !add_item(items, str_text(&text), text.len, s, err)
					       : !split(items, str_text(&text), s, err))
			return false;
	}
	if (items->list.n > 0)
		return true;
	err_set(err, ERR_USAGE, "Step \"%s\": \"each\" has no items.", s->id);
	return err_hint(err, "A step that does nothing would look like one that did its work.");
}

/* Whether the items can name the steps: each once, and nothing that a {{variable}} can't hold. */
static bool
are_names(const struct loop_items *items)
{
	for (size_t i = 0; i < items->list.n; i++) {
		const char *name = items->list.v[i];

		if (!schema_is_id(name) || strchr(name, '.') != NULL || strlen(name) > NAME_BYTES)
			return false;
		for (size_t k = 0; k < i; k++)
			if (strcmp(name, items->list.v[k]) == 0)
				return false;
	}
	return true;
}

/* The text with {{item}} as {{STEP.item}}. */
static const char *
rename_item(struct arena *a, const char *text, const char *id)
{
	CLEANUP(str_done) struct str out = STR_INIT(YAML_SIZE_MAX);
	const char *open;

	while ((open = strstr(text, "{{")) != NULL) {
		const char *name = open + 2 + strspn(open + 2, " ");
		const char *close = strstr(open, "}}");
		size_t n = strcspn(name, " }");

		if (close == NULL)
			break;
		str_addn(&out, text, (size_t)(open - text));
		if (n == strlen("item") && strncmp(name, "item", n) == 0)
			str_fmt(&out, "{{%s.item}}", id);
		else
			str_addn(&out, open, (size_t)(close + 2 - open));
		text = close + 2;
	}
	str_add(&out, text);
	return arena_strdup(a, str_text(&out));
}

static struct node *
copy_node(struct arena *a, const struct node *from, struct node *parent, const char *id)
{
	struct node *n = arena_alloc(a, sizeof(*n));
	const struct node *it;

	*n = *from;
	n->parent = parent;
	n->first = n->last = n->next = NULL;
	/* Shell text is never expanded. */
	if (n->type == NODE_SCALAR) {
		if (!util_streq(n->key, "sh"))
			n->text = rename_item(a, n->text, id);
		return n;
	}
	node_each (from, it) {
		struct node *child = copy_node(a, it, n, id);

		if (n->last != NULL)
			n->last->next = child;
		else
			n->first = child;
		n->last = child;
	}
	return n;
}

static bool
expand_one(struct plan *p, const struct step *s, const char *id, const char *item, struct err *err)
{
	struct problems problems;
	struct step *new;

	if (p->steps.n >= RUNBOOK_STEPS_MAX)
		return err_set(err, ERR_LIMIT, "With \"each\", the runbook has more than %d steps.",
			RUNBOOK_STEPS_MAX);
	problems_init(&problems, p->arena, p->runbook->file);
	new = runbook_step_parse(copy_node(p->arena, s->at, NULL, id), &problems);
	if (new == NULL || problems.errors > 0)
		return problems_err(&problems, err);
	new->id = id;
	new->each_of = s->id;
	scope_set(&p->scope, arena_fmt(p->arena, "%s.item", id), VAR_TEXT, item);
	p->steps.v[p->steps.n++] = new;
	return true;
}

bool
plan_expand_each(struct plan *p, const struct step *s, struct err *err)
{
	struct loop_items items = {.list = {0}};
	bool names;

	if (!read_items(p, s, &items, err))
		return false;
	names = are_names(&items);
	for (size_t i = 0; i < items.list.n; i++) {
		const char *id = names ? arena_fmt(p->arena, "%s[%s]", s->id, items.list.v[i])
				       : arena_fmt(p->arena, "%s[%zu]", s->id, i);

		if (!expand_one(p, s, id, items.list.v[i], err))
			return false;
	}
	return true;
}
