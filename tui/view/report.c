#include "base/banned.h"
#include "tui/view/report.h"
#include "base/clock.h"
#include "tui/app.h"
#include "tui/view/sheet.h"

struct report_screen {
	struct view view;
	char *run;
	struct job *job;
	char *text; /* Markdown; NULL while it is being written */
	struct sheet sheet;
};

static void
write_line(struct sheet *t, const char *line)
{
	size_t marks = strspn(line, "#");

	if (marks > 0 && line[marks] == ' ')
		sheet_heading(t, line + marks + 1);
	else if (line[0] == '|')
		sheet_raw(t, ROLE_TEXT, 0, line);
	else if (line[0] == '\0')
		sheet_blank(t);
	else
		sheet_text(t, ROLE_TEXT, 0, line);
}

static void
write_sheet(struct sheet *t, void *arg)
{
	struct report_screen *r = arg;
	CLEANUP(util_free) char *copy = NULL;
	char *rest, *line;

	if (r->text == NULL) {
		sheet_fmt(t, ROLE_DIM, 0, "Writing the report of %s...", r->run);
		return;
	}
	copy = rest = util_strdup(r->text);
	while ((line = strsep(&rest, "\n")) != NULL)
		write_line(t, line);
}

static void
on_written(struct job *j, struct proc_exit end, void *arg)
{
	struct report_screen *r = arg;
	const char *said = str_text(job_output(j));

	r->job = NULL;
	r->text = util_strdup(said[0] != '\0' ? said : str_text(job_errors(j)));
	r->sheet.stale = true;
	app_dirty(r->view.app);
}

static void
draw(struct view *v, struct area a)
{
	sheet_draw(&((struct report_screen *)v)->sheet, a, v->app->over == NULL);
}

static unsigned
event(struct view *v, const struct event *ev)
{
	return sheet_event(&((struct report_screen *)v)->sheet, ev);
}

static unsigned
contexts(const struct view *v)
{
	return ((const struct report_screen *)v)->sheet.pager.typing ? CONTEXT_FORM | CONTEXT_FIELD
								     : CONTEXT_PAGER;
}

static const char *
title(const struct view *v)
{
	return "report";
}

static bool
work(struct view *v)
{
	return pager_work(&((struct report_screen *)v)->sheet.pager);
}

static void
close_view(struct view *v)
{
	struct report_screen *r = (struct report_screen *)v;

	job_cancel(r->job);
	sheet_done(&r->sheet);
	free(r->text);
	free(r->run);
	free(r);
}

static const struct view_ops ops = {.draw = draw,
	.event = event,
	.contexts = contexts,
	.title = title,
	.work = work,
	.close = close_view};

void
report_open(struct app *app, const char *run)
{
	static const struct job_ops job_ops = {.ended = on_written};
	struct report_screen *r = util_alloc(sizeof(*r));

	r->view = (struct view){.ops = &ops, .app = app};
	r->run = util_strdup(run);
	sheet_init(&r->sheet, write_sheet, r);
	app_push(app, &r->view);
	r->job = app_job(
		app, (const char *[]){"report", "--format", "md", run, NULL}, false, &job_ops, r);
}
