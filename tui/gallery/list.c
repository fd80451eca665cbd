/*
 * The list: made-up sets of backups in any number, with rows that come while one looks.
 */
#include "base/banned.h"
#include "tui/gallery/page.h"
#include "base/text.h"
#include "tui/draw/bar.h"
#include "tui/draw/list.h"
#include "tui/keys.h"

#define DAY 86400LL

struct page {
	struct list list;
	size_t n;
	uint32_t *order; /* sorted positions to rows; NULL: as they come, newest first */
};

enum { STATE, ASSET, SET, NEWEST, AGE, PROVEN, COPIES, SIZE, PLACE };

static const struct list_column columns[] = {
	[STATE] = {"STATE", 7, 0, 0, LIST_SORT},
	[ASSET] = {"ASSET", 11, 16, 0, LIST_SORT},
	[SET] = {"SET", 10, 12, 0, LIST_SORT},
	[NEWEST] = {"NEWEST GOOD", 11, 0, 2, 0},
	[AGE] = {"AGE / RPO", 27, 30, 1, LIST_SORT},
	[PROVEN] = {"PROVEN", 15, 0, 3, 0},
	[COPIES] = {"COPIES", 12, 0, 4, 0},
	[SIZE] = {"SIZE", 9, 0, 5, LIST_RIGHT | LIST_SORT},
	[PLACE] = {"PLACE", 20, 70, 6, LIST_TAIL},
};

static const struct {
	const char *text;
	unsigned role;
} states[] = {
	{"ok", ROLE_OK}, {"LATE", ROLE_LATE}, {"BREACH", ROLE_BREACH}, {"UNKNOWN", ROLE_UNKNOWN}};

static const char *const assets[] = {"aragora-db", "cache", "graph", "mlflow", "config", "events",
	"b\033[31mred\a", "\xe5\x82\x99\xe4\xbb\xbd", "x\xe2\x80\xaegnp.exe"};
static const char *const sets[] = {"daily-dump", "wal", "base", "rdb", "artifacts"};

/* Any number out of another, the same every time. */
static uint64_t
mix(uint64_t x, uint64_t salt)
{
	x = (x + salt) * 0x9e3779b97f4a7c15ULL;
	x ^= x >> 29;
	x *= 0xbf58476d1ce4e5b9ULL;
	return x ^ x >> 32;
}

/* Row 0 is the newest, so rows shift when one comes; the identity does not. */
static uint64_t
row_id(const struct page *p, size_t row)
{
	return p->n - (p->order != NULL ? p->order[row] : row);
}

static size_t
state_of(uint64_t id)
{
	uint64_t m = mix(id, 1) % 20;

	return m < 14 ? 0 : m < 17 ? 1 : m < 19 ? 2 : 3;
}

static int64_t
age_of(uint64_t id)
{
	static const int64_t base[] = {9, 23, 31, -1};
	int64_t hours = base[state_of(id)];

	return hours < 0 ? -1 : hours * 3600 + (int64_t)(mix(id, 2) % 3000);
}

static size_t
count(void *arg)
{
	const struct page *p = arg;

	return p->n;
}

static uint64_t
identity(void *arg, size_t row)
{
	return row_id(arg, row);
}

static unsigned
cell(void *arg, size_t row, size_t column, struct str *out)
{
	uint64_t id = row_id(arg, row), m = mix(id, 3);
	const char *asset = assets[id % 37 == 5 ? 6 + m % 3 : m % 6];

	switch (column) {
	case STATE: str_add(out, states[state_of(id)].text); return states[state_of(id)].role;
	case ASSET: str_add(out, asset); break;
	case SET: str_add(out, sets[m / 7 % ARRAY_LEN(sets)]); break;
	case NEWEST:
		str_fmt(out, "%02u:%02u:%02uZ", (unsigned)(m % 24), (unsigned)(m / 24 % 60),
			(unsigned)(m / 1440 % 60));
		break;
	case PROVEN:
		if (m % 3 == 0) {
			str_addc(out, '-');
			return ROLE_DIM;
		}
		str_fmt(out, "%s %02u:12Z", m % 3 == 1 ? "restored" : "intact", (unsigned)(m % 24));
		break;
	case COPIES: str_add(out, m % 11 == 0 ? "offsite LATE" : "offsite ok"); break;
	case SIZE: text_size(out, (int64_t)(m % 900000000)); break;
	default:
		str_fmt(out, "s3://backups/production/%s/%s_%06llu.dump", asset,
			sets[m / 7 % ARRAY_LEN(sets)], (unsigned long long)id);
		return ROLE_DIM;
	}
	return ROLE_TEXT;
}

static bool
draw_cell(void *arg, size_t row, size_t column, struct area a)
{
	uint64_t id = row_id(arg, row);

	if (column != AGE)
		return false;
	bar_draw_age(a, states[state_of(id)].role, age_of(id), DAY, "unknown");
	return true;
}

static bool
match(void *arg, size_t row, const char *text)
{
	CLEANUP(str_done) struct str asset = STR_INIT(200);

	cell(arg, row, ASSET, &asset);
	str_addc(&asset, ' ');
	cell(arg, row, SET, &asset);
	str_addc(&asset, ' ');
	cell(arg, row, STATE, &asset);
	return text_contains(str_text(&asset), text);
}

static const struct list_model model = {
	.columns = columns,
	.ncolumns = ARRAY_LEN(columns),
	.empty = "There are no backups.",
	.count = count,
	.id = identity,
	.cell = cell,
	.marks = true,
	.draw = draw_cell,
	.match = match,
};

static bool
open(const struct gallery_options *o, void **ret, struct err *err)
{
	struct page *p = util_alloc(sizeof(*p));

	p->n = (size_t)o->rows;
	list_init(&p->list, &model, p);
	*ret = p;
	return true;
}

static void
close_page(void *page)
{
	struct page *p = page;

	list_done(&p->list);
	free(p->order);
	free(p);
}

static void
draw(void *page, struct area a)
{
	struct page *p = page;

	list_draw(&p->list, a, true);
}

static int64_t
sort_key(const struct page *p, uint32_t row)
{
	uint64_t id = p->n - row, m = mix(id, 3);

	switch (p->list.sort) {
	case STATE: return (int64_t)state_of(id);
	case ASSET: return (int64_t)(m % 6);
	case SET: return (int64_t)(m / 7 % ARRAY_LEN(sets));
	case AGE: return age_of(id);
	default: return (int64_t)(m % 900000000);
	}
}

static int
compare(const void *a, const void *b, void *arg)
{
	const struct page *p = arg;
	uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
	int64_t x = sort_key(p, left), y = sort_key(p, right);
	int order = x != y ? (x < y ? -1 : 1) : (left > right) - (left < right);

	return p->list.descending ? -order : order;
}

static void
sort(struct page *p)
{
	free(p->order);
	p->order = NULL;
	if (p->list.sort < 0)
		return;
	p->order = util_realloc(NULL, p->n, sizeof(*p->order));
	for (size_t i = 0; i < p->n; i++)
		p->order[i] = (uint32_t)i;
	qsort_r(p->order, p->n, sizeof(*p->order), compare, p);
}

static unsigned
event(void *page, const struct event *ev)
{
	struct page *p = page;
	int sorted_by = p->list.sort;
	bool descending = p->list.descending;
	unsigned answer = list_event(&p->list, ev);

	if (sorted_by != p->list.sort || descending != p->list.descending) {
		sort(p);
		list_refresh(&p->list);
	}
	/* Another backup comes. */
	if (answer == ANSWER_IGNORED && ev->type == EVENT_KEY &&
		keys_find(CONTEXT_GLOBAL, ev->key) == ACTION_REFRESH) {
		p->n++;
		sort(p);
		list_refresh(&p->list);
		return ANSWER_HANDLED | ANSWER_REDRAW;
	}
	return answer;
}

static bool
work(void *page)
{
	struct page *p = page;

	return list_work(&p->list);
}

static bool
modal(void *page)
{
	struct page *p = page;

	return p->list.typing;
}

const struct gallery_page gallery_list = {
	.name = "list",
	.contexts = CONTEXT_LIST,
	.open = open,
	.draw = draw,
	.event = event,
	.work = work,
	.modal = modal,
	.close = close_page,
};
