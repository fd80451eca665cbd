#include "base/banned.h"
#include "tui/draw/list.h"
#include "tui/draw/columns.h"
#include "tui/draw/list_rows.h"

#define FIND_NEAR 100000 /* rows either side of where a row was that it is looked for in */

void
list_init(struct list *l, const struct list_model *model, void *arg)
{
	if (model->ncolumns > LIST_COLUMNS)
		BUG("a list of %zu columns", model->ncolumns);
	*l = (struct list){.model = model, .arg = arg, .fresh = true, .page = 1, .sort = -1};
	entry_init(&l->filter, LIST_FILTER_MAX, false);
}

void
list_done(struct list *l)
{
	entry_done(&l->filter);
	marks_done(&l->marks);
	free(l->index);
	free(l->applied);
}

static void
select_at(struct list *l, size_t position)
{
	size_t n = list_rows_count(l);

	l->selected = n > 0;
	if (n == 0)
		return;
	l->fresh = false;
	l->at = MIN(position, n - 1);
	l->id = l->model->id(l->arg, list_rows_at(l, l->at));
}

/* The row is at this position now: keep it at the same height of the screen. */
static void
found_at(struct list *l, size_t position)
{
	size_t height = l->at - MIN(l->top, l->at);

	l->at = position;
	l->top = position - MIN(height, position);
	l->selected = true;
}

/* Where the selected identity is among all rows. */
static bool
find_row(const struct list *l, size_t *ret)
{
	size_t n = list_rows_count(l), at = MIN(l->at, n);

	/* Rows that come and go move the others by a few. */
	for (size_t d = 0; d < FIND_NEAR && (at + d < n || d <= at); d++) {
		if (at + d < n && l->model->id(l->arg, at + d) == l->id) {
			*ret = at + d;
			return true;
		}
		if (d <= at && at - d < n && l->model->id(l->arg, at - d) == l->id) {
			*ret = at - d;
			return true;
		}
	}
	return false;
}

/* Finds the selected identity again, or loses it. */
static void
reselect(struct list *l)
{
	size_t row;

	if (l->fresh || !l->selected)
		return;
	if (l->applied != NULL) {
		l->selected = false; /* list_work finds it */
		return;
	}
	if (find_row(l, &row))
		found_at(l, row);
	else
		l->selected = false;
}

static void
forget_lost_marks(struct list *l)
{
	struct marks kept = {0};
	size_t n = l->model->count(l->arg);

	/* In a list so long that looking at all of it would hold up a key, they stay. */
	if (marks_count(&l->marks) == 0 || n > FIND_NEAR)
		return;
	for (size_t row = 0; row < n; row++) {
		uint64_t id = l->model->id(l->arg, row);

		if (marks_has(&l->marks, id))
			marks_add(&kept, id);
	}
	marks_done(&l->marks);
	l->marks = kept;
}

void
list_refresh(struct list *l)
{
	forget_lost_marks(l);
	list_rows_restart(l);
	reselect(l);
}

bool
list_work(struct list *l)
{
	bool found = false, more;
	size_t position = 0;

	if (!list_rows_scanning(l))
		return false;
	more = list_rows_work(l, &found, &position);
	if (found && !l->fresh)
		found_at(l, position);
	return more;
}

/* The filter changed by hand: the first match, unless the selected row passes too. */
static unsigned
refilter(struct list *l)
{
	bool unfiltered;

	if (!list_rows_filter(l))
		return ANSWER_HANDLED | ANSWER_REDRAW;
	unfiltered = l->applied == NULL;
	if (!unfiltered) {
		l->selected = false;
		l->fresh = true;
		l->at = l->top = 0;
	} else if (!l->fresh) {
		l->selected = true;
		reselect(l);
	}
	/* A short list is filtered before anybody sees it half done. */
	list_work(l);
	return ANSWER_HANDLED | ANSWER_REDRAW | ANSWER_CHANGED;
}

static unsigned
move(struct list *l, enum action action)
{
	size_t n = list_rows_count(l), page = (size_t)MAX(l->page, 1), step = 1, was = l->at;
	bool was_selected = l->selected;

	if (action == ACTION_PAGE_DOWN || action == ACTION_PAGE_UP)
		step = page;
	else if (action == ACTION_HALF_DOWN || action == ACTION_HALF_UP)
		step = MAX(page / 2, 1);
	else if (action == ACTION_TOP || action == ACTION_BOTTOM)
		step = n;
	if (n == 0)
		return ANSWER_HANDLED;
	if (!was_selected) /* the first move takes up what is there */
		step = action == ACTION_TOP || action == ACTION_BOTTOM ? n : 0;
	if (action == ACTION_UP || action == ACTION_PAGE_UP || action == ACTION_HALF_UP ||
		action == ACTION_TOP)
		select_at(l, l->at - MIN(step, l->at));
	else
		select_at(l, step >= n ? n - 1 : l->at + step);
	return ANSWER_HANDLED | (l->at != was || !was_selected ? ANSWER_REDRAW | ANSWER_MOVED : 0);
}

static unsigned
mark(struct list *l)
{
	if (!l->selected)
		return ANSWER_HANDLED;
	if (marks_has(&l->marks, l->id))
		marks_remove(&l->marks, l->id);
	else
		marks_add(&l->marks, l->id);
	return move(l, ACTION_DOWN) | ANSWER_REDRAW | ANSWER_CHANGED;
}

static bool
can_sort(const struct list *l)
{
	for (size_t i = 0; i < l->model->ncolumns; i++)
		if (l->model->columns[i].flags & LIST_SORT)
			return true;
	return false;
}

bool
list_offers(const struct list *l, enum action action)
{
	if (action == ACTION_SORT || action == ACTION_REVERSE)
		return can_sort(l);
	return action != ACTION_MARK || l->model->marks;
}

static unsigned
sort_next(struct list *l)
{
	for (size_t i = 1; i <= l->model->ncolumns; i++) {
		int c = (int)((size_t)(l->sort + (int)i) % l->model->ncolumns);

		if (l->model->columns[c].flags & LIST_SORT) {
			l->sort = c;
			return ANSWER_HANDLED | ANSWER_REDRAW | ANSWER_CHANGED;
		}
	}
	return ANSWER_HANDLED;
}

static unsigned
typing_event(struct list *l, const struct event *ev)
{
	unsigned answer;

	if (ev->type == EVENT_KEY && keys_find(CONTEXT_FORM, ev->key) == ACTION_SUBMIT) {
		l->typing = false;
		return ANSWER_HANDLED | ANSWER_REDRAW;
	}
	answer = entry_event(&l->filter, ev);
	return answer & ANSWER_CHANGED ? refilter(l) : answer;
}

static unsigned
end_filter(struct list *l)
{
	if (!l->typing && l->applied == NULL)
		return ANSWER_IGNORED;
	l->typing = false;
	entry_set(&l->filter, "");
	return refilter(l);
}

unsigned
list_event(struct list *l, const struct event *ev)
{
	enum action action;

	if (ev->type == EVENT_KEY && keys_find(CONTEXT_FORM, ev->key) == ACTION_CANCEL)
		return end_filter(l);
	if (l->typing) {
		unsigned answer = typing_event(l, ev);

		if (answer != ANSWER_IGNORED)
			return answer;
	}
	if (ev->type != EVENT_KEY)
		return ANSWER_IGNORED;
	action = keys_find(CONTEXT_LIST, ev->key);
	switch (action) {
	case ACTION_UP:
	case ACTION_DOWN:
	case ACTION_PAGE_UP:
	case ACTION_PAGE_DOWN:
	case ACTION_HALF_UP:
	case ACTION_HALF_DOWN:
	case ACTION_TOP:
	case ACTION_BOTTOM: return move(l, action);
	case ACTION_OPEN: return ANSWER_HANDLED | (l->selected ? ANSWER_CHOSEN : 0);
	case ACTION_MARK: return l->model->marks ? mark(l) : ANSWER_IGNORED;
	case ACTION_SORT: return sort_next(l);
	case ACTION_REVERSE:
		if (!can_sort(l))
			return ANSWER_IGNORED;
		l->descending = !l->descending;
		return ANSWER_HANDLED | ANSWER_REDRAW | ANSWER_CHANGED;
	case ACTION_FILTER: l->typing = true; return ANSWER_HANDLED | ANSWER_REDRAW;
	default: return ANSWER_IGNORED;
	}
}

bool
list_row(const struct list *l, size_t *ret)
{
	if (!l->selected || l->at >= list_rows_count(l))
		return false;
	*ret = list_rows_at(l, l->at);
	return true;
}

bool
list_select(struct list *l, uint64_t id)
{
	size_t n = list_rows_count(l);

	for (size_t i = 0; i < n; i++) {
		if (l->model->id(l->arg, list_rows_at(l, i)) == id) {
			select_at(l, i);
			return true;
		}
	}
	return false;
}

void
list_count_text(struct str *out, size_t n)
{
	char digits[24];
	int len = snprintf(digits, sizeof(digits), "%zu", n);

	for (int i = 0; i < len; i++) {
		str_addc(out, digits[i]);
		if ((len - i - 1) % 3 == 0 && i + 1 < len)
			str_addc(out, ',');
	}
}

void
list_position(const struct list *l, struct str *out)
{
	size_t n = list_rows_count(l);

	if (n > 0 && l->selected)
		list_count_text(out, l->at + 1);
	else
		str_addc(out, n > 0 ? '-' : '0');
	str_add(out, " of ");
	list_count_text(out, n);
	if (list_rows_scanning(l))
		str_fmt(out, ", %d%% looked at", (int)(l->scanned * 100 / l->to_scan));
}

static void
draw_titles(const struct list *l, struct area a, const int *widths)
{
	int x = 1;

	for (size_t c = 0; c < l->model->ncolumns; c++) {
		CLEANUP(str_done) struct str title = STR_INIT(200);

		if (widths[c] == 0)
			continue;
		str_add(&title, l->model->columns[c].title);
		if ((int)c == l->sort)
			str_add(&title, l->descending ? " v" : " ^");
		draw_field(a, x, 0, widths[c], ROLE_TITLE, str_text(&title), title.len,
			l->model->columns[c].flags & LIST_RIGHT ? DRAW_RIGHT : 0);
		x += widths[c] + COLUMNS_GAP;
	}
}

static void
draw_row(const struct list *l, struct area a, size_t position, const int *widths, bool focus)
{
	CLEANUP(str_done) struct str text = STR_INIT(4 * KIB);
	size_t row = list_rows_at(l, position);
	bool here = l->selected && position == l->at;
	int x = 1;

	if (marks_has(&l->marks, l->model->id(l->arg, row)))
		draw_glyph(a, 0, 0, ROLE_MARKED, '*');
	for (size_t c = 0; c < l->model->ncolumns; c++) {
		unsigned flags = l->model->columns[c].flags, style;

		if (widths[c] == 0)
			continue;
		if (l->model->draw == NULL ||
			!l->model->draw(l->arg, row, c, area_cut(a, x, 0, widths[c], 1))) {
			str_cut(&text, 0);
			style = l->model->cell(l->arg, row, c, &text);
			draw_field(a, x, 0, widths[c], style, str_text(&text), text.len,
				(flags & LIST_RIGHT ? DRAW_RIGHT : 0) |
					(flags & LIST_TAIL ? DRAW_TAIL : 0));
		}
		x += widths[c] + COLUMNS_GAP;
	}
	if (here)
		draw_restyle(a, focus ? ROLE_SELECTED : ROLE_INACTIVE);
}

/* The last line: the filter or the marks on the left, the position on the right. */
static void
draw_status(struct list *l, struct area a, bool focus)
{
	CLEANUP(str_done) struct str text = STR_INIT(200);
	struct area right;

	list_position(l, &text);
	right = area_right(&a, (int)text.len + 1);
	draw_text(right, MAX(right.w - (int)text.len - 1, 0), 0, ROLE_DIM, str_text(&text));
	if (l->typing) {
		draw_text(a, 1, 0, ROLE_KEY, "/");
		entry_draw(&l->filter, area_cut(a, 3, 0, a.w - 5, 1), focus);
	} else if (l->applied != NULL) {
		int x = 1 + draw_text(a, 1, 0, ROLE_DIM, "only rows with ");

		x += draw_text(a, x, 0, ROLE_ACCENT, l->applied);
		draw_text(a, x, 0, ROLE_DIM, "   Esc shows all");
	} else if (marks_count(&l->marks) > 0) {
		str_cut(&text, 0);
		list_count_text(&text, marks_count(&l->marks));
		str_add(&text, " marked");
		draw_text(a, 1, 0, ROLE_MARKED, str_text(&text));
	}
}

static void
scroll(struct list *l, size_t n)
{
	size_t page = (size_t)MAX(l->page, 1);

	if (l->at < l->top)
		l->top = l->at;
	if (l->at >= l->top + page)
		l->top = l->at - page + 1;
	l->top = MIN(l->top, n - MIN(n, page));
}

void
list_draw(struct list *l, struct area a, bool focus)
{
	struct area titles = area_top(&a, 1), status = area_bottom(&a, a.h > 2 ? 1 : 0);
	int widths[LIST_COLUMNS];
	size_t n = list_rows_count(l);

	columns_layout(l->model->columns, l->model->ncolumns, a.w - 1, widths);
	if (l->fresh || (l->selected && l->at >= n))
		select_at(l, l->fresh ? 0 : l->at);
	l->page = a.h;
	scroll(l, n);
	draw_titles(l, titles, widths);
	draw_status(l, status, focus);
	for (int y = 0; y < a.h && l->top + (size_t)y < n; y++)
		draw_row(l, area_cut(a, 0, y, a.w, 1), l->top + (size_t)y, widths, focus);
	if (n == 0 && !list_rows_scanning(l))
		draw_text(area_cut(a, 1, 1, a.w - 2, 1), 0, 0, ROLE_DIM,
			l->applied != NULL ? "No row holds this text." : l->model->empty);
}
