#include "base/banned.h"
#include "tui/model/harm.h"
#include "base/clock.h"
#include "conf/json_read.h"

#define SECOND 1000000LL

static void
add_action(struct str *out, const cJSON *a)
{
	const char *schema = json_get_text(a, "schema"), *table = json_get_text(a, "table");
	const char *action = json_get_text(a, "action"), *are = json_get_text(a, "rows_are");
	int64_t rows = json_get_int(a, "rows", -1);

	str_fmt(out, "%s%s ", out->len > 0 ? "; " : "", action != NULL ? action : "?");
	if (table != NULL)
		str_fmt(out, "%s%s%s", schema != NULL ? schema : "", schema != NULL ? "." : "",
			table);
	else if (json_get_int(a, "oid", -1) >= 0)
		str_fmt(out, "table with OID %lld", (long long)json_get_int(a, "oid", -1));
	else if (json_get_text(a, "database") != NULL)
		str_add(out, json_get_text(a, "database"));
	if (rows >= 0)
		str_fmt(out, ", %lld rows%s%s%s", (long long)rows, are != NULL ? " (" : "",
			are != NULL ? are : "", are != NULL ? ")" : "");
}

static void
read_transaction(struct harm *h, const cJSON *it)
{
	CLEANUP(str_done) struct str what = STR_INIT(16 * KIB);
	const char *at = json_get_text(it, "committed_at");
	struct harm_transaction t = {.xid = json_get_int(it, "xid", 0), .at_us = INT64_MIN};
	const cJSON *a;

	if (at != NULL && !clock_parse_us(at, &t.at_us))
		t.at_us = INT64_MIN;
	cJSON_ArrayForEach(a, json_get(it, "actions")) add_action(&what, a);
	t.what = arena_strdup(&h->arena, str_text(&what));
	t.moment = arena_strdup(&h->arena, json_get_text(it, "moment"));
	*vec_push(&h->arena, &h->transactions) = t;
}

bool
harm_read(struct harm *ret, const char *json, size_t len, struct err *err)
{
	CLEANUP(json_free) cJSON *j = json_parse(json, len, err);
	struct harm h = {.transactions = {0}};
	const cJSON *list, *it;

	if (j == NULL)
		return false;
	list = json_get(j, "transactions");
	if (!cJSON_IsArray(list))
		return err_set(err, ERR_SYNTAX, "This is not what `lifeboat moment` prints.");
	cJSON_ArrayForEach(it, list) read_transaction(&h, it);
	*ret = h;
	return true;
}

void
harm_done(struct harm *h)
{
	struct arena arena = h->arena;

	*h = (struct harm){.transactions = {0}};
	arena_done(&arena);
}

void
harm_none(const struct moments *m, int64_t around, int64_t within_s, struct str *out)
{
	int64_t from, to;
	char at[CLOCK_TEXT];

	str_fmt(out, "None within %lld min of %s.", (long long)within_s / 60,
		clock_format(around, at));
	if (!moments_reach(m, &from, &to))
		return;
	if (from / SECOND > around - within_s)
		str_fmt(out, " What can be reached begins at %s.", clock_format(from / SECOND, at));
	str_fmt(out, " The archive reaches to %s", clock_format(to / SECOND, at));
	str_add(out, to / SECOND < around + within_s
			     ? ": what was committed later is not in it yet."
			     : ".");
}

const struct harm_transaction *
harm_at(const struct harm *h, int64_t second)
{
	const struct harm_transaction *t;

	vec_each (&h->transactions, t)
		if (t->at_us != INT64_MIN && t->at_us / SECOND == second)
			return t;
	return NULL;
}
