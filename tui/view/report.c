#include "base/banned.h"
#include "tui/view/report.h"
#include "base/clock.h"
#include "tui/app.h"
#include "tui/view/sheet_screen.h"

struct report_screen {
	struct sheet_screen base;
	char *run;
	struct job *job;
	char *text; /* Markdown; NULL while it is being written */
};

/* Without Markdown's escapes. */
static void
add_plain(struct str *out, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\\' && i + 1 < len &&
			strchr("\\`*_{}[]<>()#+-.!|", text[i + 1]) != NULL)
			i++;
		str_addc(out, text[i]);
	}
}

/* A row of a table as "name: value", or its cells side by side; rules and empty heads are left out.
 */
static void
write_row(struct sheet *t, const char *line)
{
	CLEANUP(str_done) struct str out = STR_INIT(64 * KIB);
	size_t cells = 0;

	if (strspn(line, "|- :") == strlen(line))
		return;
	while (*line == '|') {
		const char *cell = line + 1 + strspn(line + 1, " "), *end = cell;

		while (*end != '\0' && !(*end == '|' && end[-1] != '\\'))
			end++;
		line = end;
		while (end > cell && end[-1] == ' ')
			end--;
		if (end == cell && *line != '|')
			break;
		str_add(&out, cells == 0 ? "" : cells == 1 ? ": " : ", ");
		add_plain(&out, cell, (size_t)(end - cell));
		cells++;
	}
	sheet_text(t, ROLE_TEXT, 1, str_text(&out));
}

static void
write_line(struct sheet *t, const char *line, bool *code)
{
	CLEANUP(str_done) struct str out = STR_INIT(64 * KIB);
	size_t marks = strspn(line, "#");

	if (util_starts(line, "```")) {
		*code = !*code;
	} else if (*code) {
		sheet_raw(t, ROLE_DIM, 2, line);
	} else if (marks > 0 && line[marks] == ' ') {
		add_plain(&out, line + marks + 1, strlen(line + marks + 1));
		sheet_heading(t, str_text(&out));
	} else if (line[0] == '|') {
		write_row(t, line);
	} else if (line[0] != '\0') {
		add_plain(&out, line, strlen(line));
		sheet_text(t, ROLE_TEXT, 0, str_text(&out));
	}
}

static void
write_sheet(struct sheet *t, void *arg)
{
	struct report_screen *r = arg;
	CLEANUP(util_free) char *copy = NULL;
	bool code = false;
	char *rest, *line;

	if (r->text == NULL) {
		sheet_fmt(t, ROLE_DIM, 0, "Writing the report of %s...", r->run);
		return;
	}
	copy = rest = util_strdup(r->text);
	while ((line = strsep(&rest, "\n")) != NULL)
		write_line(t, line, &code);
}

static void
on_written(struct job *j, struct proc_exit end, void *arg)
{
	struct report_screen *r = arg;
	const char *said = str_text(job_output(j));

	r->job = NULL;
	r->text = util_strdup(said[0] != '\0' ? said : str_text(job_errors(j)));
	r->base.sheet.stale = true;
	app_dirty(r->base.view.app);
}

/* Command lines are not broken: they are cut at the edge, unless w wraps them. */
static bool
offers(const struct view *v, enum action action)
{
	return action == ACTION_WRAP || sheet_screen_offers(v, action);
}

static void
close_view(struct view *v)
{
	struct report_screen *r = (struct report_screen *)v;

	job_cancel(r->job);
	free(r->text);
	free(r->run);
	sheet_screen_close(v);
}

static const struct view_ops ops = {.draw = sheet_screen_draw,
	.event = sheet_screen_event,
	.contexts = sheet_screen_contexts,
	.offers = offers,
	.title = sheet_screen_title,
	.work = sheet_screen_work,
	.close = close_view};

void
report_open(struct app *app, const char *run)
{
	static const struct job_ops job_ops = {.ended = on_written};
	struct report_screen *r = util_alloc(sizeof(*r));

	sheet_screen_init(&r->base, app, &ops, write_sheet);
	r->base.title = "report";
	r->run = util_strdup(run);
	app_push(app, &r->base.view);
	r->job = app_job(
		app, (const char *[]){"report", "--format", "md", run, NULL}, false, &job_ops, r);
}
