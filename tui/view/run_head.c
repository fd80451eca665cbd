#include "base/banned.h"
#include "tui/view/run_head.h"
#include "base/clock.h"
#include "base/text.h"
#include "tui/draw/bar.h"
#include "tui/draw/line.h"

#define BAR_WIDTH 16

enum { MARK, STEP, STATE, TIME, TITLE };

const struct list_column run_step_columns[RUN_STEP_COLUMNS] = {
	[MARK] = {"", 3, 0, 0, 0},
	[STEP] = {"STEP", 14, 22, 0, 0},
	[STATE] = {"STATE", 12, 0, 0, 0},
	[TIME] = {"TIME", 16, 0, 0, 0},
	[TITLE] = {"WHAT IT DOES", 20, 80, 1, 0},
};

static const struct {
	const char *mark, *word;
	unsigned style;
} looks[] = {
	[STEP_PENDING] = {"[ ]", "", ROLE_DIM},
	[STEP_WAITING] = {"[?]", "WAITS", ROLE_LATE},
	[STEP_RUNNING] = {"[>]", "running", ROLE_ACCENT},
	[STEP_RETRYING] = {"[r]", "retrying", ROLE_LATE},
	[STEP_OK] = {"[x]", "ok", ROLE_OK},
	[STEP_FAILED] = {"[!]", "FAILED", ROLE_BREACH},
	[STEP_IGNORED] = {"[!]", "failed, so be", ROLE_LATE},
	[STEP_UNKNOWN] = {"[?]", "UNKNOWN", ROLE_UNKNOWN},
	[STEP_SKIPPED] = {"[-]", "skipped", ROLE_LATE},
	[STEP_BY_HAND] = {"[h]", "done by hand", ROLE_OK},
	[STEP_SIMULATED] = {"[~]", "only told", ROLE_ACCENT},
	[STEP_UNDONE] = {"[u]", "taken back", ROLE_LATE},
};

void
run_seconds(struct str *out, double seconds)
{
	int64_t s = (int64_t)seconds;

	if (seconds < 10)
		str_fmt(out, "%.1fs", seconds);
	else if (s < 3600)
		str_fmt(out, "%02lld:%02lld", (long long)s / 60, (long long)s % 60);
	else
		text_clock(out, s);
}

/* How long it took, or takes, against what was planned. */
static unsigned
time_cell(const struct step_state *st, bool alive, struct str *out)
{
	double seconds = st->seconds;

	if (st->status == STEP_RUNNING && alive)
		seconds = (double)MAX(clock_now_ms() - st->started_ms, 0) / 1000;
	if (seconds < 0 || (st->status == STEP_PENDING && st->attempt == 0)) {
		if (st->budget_s >= 0) {
			str_add(out, "planned ");
			text_duration(out, st->budget_s);
		}
		return ROLE_DIM;
	}
	if (st->status == STEP_RUNNING)
		seconds = (double)(int64_t)seconds;
	run_seconds(out, seconds);
	if (st->budget_s >= 0) {
		str_add(out, " of ");
		text_duration(out, st->budget_s);
	}
	return st->budget_s >= 0 && seconds > (double)st->budget_s ? ROLE_LATE : ROLE_TEXT;
}

unsigned
run_step_cell(const struct run_client *c, size_t row, size_t column, struct str *out)
{
	const struct run_state *s = run_client_state(c);
	const struct step_state *st = &s->steps[row];
	bool alive = run_client_alive(c), asked = util_streq(s->ask.step, st->id);
	bool lost = st->status == STEP_RUNNING && !alive;

	switch (column) {
	case MARK:
		str_add(out, lost ? "[?]" : looks[st->status].mark);
		return lost ? ROLE_UNKNOWN : looks[st->status].style;
	case STEP:
		/* A bar beside those that run at once */
		if (run_state_at_once(s, row) ||
			(row + 1 < s->nsteps && run_state_at_once(s, row + 1)))
			str_add(out, "| ");
		str_add(out, st->id);
		return util_streq(st->effect, "destroy") ? ROLE_DANGER : ROLE_TEXT;
	case STATE:
		if (asked && (st->status == STEP_PENDING || st->status == STEP_WAITING)) {
			str_add(out, "WAITS");
			return ROLE_LATE;
		}
		str_add(out, lost ? "UNKNOWN" : looks[st->status].word);
		return lost ? ROLE_UNKNOWN : looks[st->status].style;
	case TIME: return time_cell(st, alive, out);
	default: str_add(out, st->title); return ROLE_TEXT;
	}
}

/* The target as its connection named itself last; as it is configured before that. */
static void
target_text(const struct run_state *s, struct str *out)
{
	const struct plan_target *t;
	const char *live = s->ask.live;

	for (size_t i = s->nsteps; live == NULL && i > 0; i--)
		live = s->steps[i - 1].live;
	vec_each (&s->targets, t)
		str_fmt(out, "%s%s", out->len > 0 ? ", " : "", t->name);
	if (live != NULL)
		str_fmt(out, " = %s", live);
	else if (s->targets.n == 1 && s->targets.v[0].conninfo != NULL)
		str_fmt(out, " (%s, not connected yet)", s->targets.v[0].conninfo);
}

bool
run_head_production(const struct run_state *s)
{
	const struct plan_target *t;

	vec_each (&s->targets, t)
		if (util_streq(t->environment, "production"))
			return true;
	return false;
}

struct status {
	const char *word;
	unsigned style;
};

static struct status
status_of(const struct run_client *c)
{
	const struct run_state *s = run_client_state(c);

	if (s->phase == RUN_FINISHED) {
		if (util_streq(s->outcome, "done"))
			return (struct status){s->exit == 0 ? "DONE" : "DONE, BUT",
				s->exit == 0 ? ROLE_OK : ROLE_LATE};
		return (struct status){util_streq(s->outcome, "stopped")   ? "STOPPED"
				       : util_streq(s->outcome, "refused") ? "REFUSED"
				       : util_streq(s->outcome, "failed")  ? "FAILED"
									   : "UNKNOWN",
			ROLE_BREACH};
	}
	if (!run_client_alive(c))
		return (struct status){"INTERRUPTED", ROLE_BREACH};
	if (s->phase == RUN_CLEANING)
		return (struct status){"cleaning up", ROLE_ACCENT};
	if (s->ask.number != 0)
		return (struct status){"WAITS", ROLE_LATE};
	if (s->stopping)
		return (struct status){"stopping", ROLE_LATE};
	if (s->paused)
		return (struct status){"PAUSED", ROLE_LATE};
	return (struct status){"running", ROLE_ACCENT};
}

static void
draw_first(struct area a, const struct run_client *c)
{
	CLEANUP(str_done) struct str target = STR_INIT(2 * KIB), part = STR_INIT(KIB);
	const struct run_state *s = run_client_state(c);
	struct status status = status_of(c);
	bool drill = s->mode == PLAN_DRILL;

	target_text(s, &target);
	if (s->parent_run != NULL)
		str_fmt(&part, "step %s of %s", s->parent_step != NULL ? s->parent_step : "?",
			s->parent_run);
	line_draw(a, ROLE_TEXT,
		(const struct line_part[]){
			{s->runbook, ROLE_TITLE, 0, false},
			{drill ? " DRILL " : "LIVE",
				drill ? ROLE_DRILL | STYLE_REVERSE : ROLE_TITLE, 0, false},
			{run_head_production(s) ? " PRODUCTION " : NULL,
				ROLE_PRODUCTION | STYLE_REVERSE, 0, false},
			{str_text(&target), ROLE_TEXT, 0, false},
			{part.len > 0 ? str_text(&part) : NULL, ROLE_DIM, 1, false},
			{status.word, status.style | STYLE_BOLD, 0, true},
		},
		6);
}

static void
watching_text(const struct run_state *s, bool wide, struct str *out)
{
	if (s->clients.n == 0)
		return;
	if (!wide) {
		str_fmt(out, "%zu attached", s->clients.n);
		return;
	}
	str_add(out, "attached: ");
	for (size_t i = 0; i < s->clients.n; i++)
		str_fmt(out, "%s%s", i > 0 ? ", " : "", s->clients.v[i]);
}

/* What the steps that stand before the recovery are planned to take; negative: nobody planned. */
static int64_t
rest_s(const struct run_state *s, int64_t now_ms)
{
	int64_t rest = 0, longest = 0; /* of the steps that run at once */
	bool any = false;

	if (run_rest_s(s, now_ms) >= 0)
		return run_rest_s(s, now_ms);
	for (size_t i = 0; i < s->nsteps; i++) {
		const struct step_state *st = &s->steps[i];
		int64_t left = st->budget_s;

		if (!run_state_at_once(s, i)) {
			rest += longest;
			longest = 0;
		}
		if (st->budget_s < 0 || step_status_final(st->status))
			continue;
		any = true;
		if (st->status == STEP_RUNNING)
			left -= (now_ms - st->started_ms) / 1000;
		longest = MAX(longest, left);
	}
	return any ? rest + longest : -1;
}

/* When it will have taken, as things stand; its style warns before the objective is lost. */
static unsigned
forecast_text(const struct run_state *s, int64_t now_ms, struct str *out)
{
	int64_t elapsed = run_elapsed_s(s, now_ms), rest = rest_s(s, now_ms);

	if (s->phase == RUN_FINISHED || s->recovered_ms >= 0 || rest < 0)
		return ROLE_DIM;
	if (s->rto_s >= 0 && elapsed <= s->rto_s && elapsed + rest > s->rto_s) {
		str_add(out, "RTO AT RISK: ");
		text_clock(out, elapsed + rest);
		str_add(out, " forecast");
		return ROLE_LATE | STYLE_BOLD;
	}
	str_add(out, "forecast ");
	text_clock(out, elapsed + rest);
	return ROLE_DIM;
}

static size_t
steps_over(const struct run_state *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->nsteps; i++)
		n += step_status_final(s->steps[i].status);
	return n;
}

static void
draw_second(struct area a, const struct run_client *c)
{
	CLEANUP(str_done)
	struct str time = STR_INIT(100), steps = STR_INIT(100), by = STR_INIT(200),
		   watching = STR_INIT(KIB), forecast = STR_INIT(100);
	const struct run_state *s = run_client_state(c);
	int64_t now = run_client_alive(c) ? clock_now_ms() : s->last_ms;
	int64_t elapsed = run_elapsed_s(s, now);
	unsigned style = s->rto_s >= 0 && elapsed > s->rto_s ? ROLE_BREACH : ROLE_TEXT;
	unsigned forecast_style = forecast_text(s, now, &forecast);
	bool risk = forecast_style != ROLE_DIM, halted = s->halted_since_ms >= 0;
	int x = 1;

	text_clock(&time, elapsed);
	if (s->rto_s >= 0) {
		str_add(&time, " of ");
		text_clock(&time, s->rto_s);
		str_add(&time, " RTO");
	}
	x += draw_text(a, x, 0, style, str_text(&time)) + 2;
	if (halted)
		x += draw_text(a, x, 0, ROLE_DRILL | STYLE_REVERSE, " CLOCK STOPPED ") + 2;
	if (s->rto_s >= 0 && a.w >= (halted || risk ? 120 : 60)) {
		bar_draw(a, x, 0, BAR_WIDTH,
			elapsed > s->rto_s           ? ROLE_BREACH
			: elapsed * 4 > s->rto_s * 3 ? ROLE_LATE
						     : ROLE_OK,
			elapsed, s->rto_s);
		x += BAR_WIDTH + 1;
	}
	str_fmt(&steps, "%zu of %zu steps", steps_over(s), s->nsteps);
	str_fmt(&by, "by %s", s->operator);
	watching_text(s, a.w >= 110, &watching);
	line_draw(area_cut(a, x, 0, a.w - x, 1), ROLE_TEXT,
		(const struct line_part[]){
			{str_text(&forecast), forecast_style, risk ? 0 : 3, false},
			{str_text(&steps), ROLE_TEXT, 1, false},
			{str_text(&by), ROLE_DIM, 2, false},
			{str_text(&watching), ROLE_DIM, 2, true},
		},
		4);
}

/* On whom the run waits, when it waits for consent. */
static void
consent_news(const struct run_state *s, const struct question_party *self, struct str *out)
{
	const struct ask *ask = &s->ask;
	int64_t missing = MAX(ask->needed - (int64_t)ask->given.n, 1);
	char at[CLOCK_TEXT];

	str_fmt(out, "%s waits for the consent of %lld", ask->step, (long long)missing);
	for (size_t i = 0; i < ask->from.n; i++)
		str_fmt(out, "%s%s", i == 0 ? " of: " : ", ", ask->from.v[i]);
	if (ask->from.n == 0)
		str_fmt(out, " other%s", missing == 1 ? "" : "s");
	if (ask->expires_ms >= 0)
		str_fmt(out, ", until %s", clock_format(ask->expires_ms / 1000, at) + 11);
	for (size_t i = 0; i < ask->given.n; i++)
		str_fmt(out, "%s%s", i == 0 ? "; given by " : ", ", ask->given.v[i].by);
	str_add(out, question_consents(s, self) ? ". a shows what you are asked."
		     : self->drives             ? ". a skips or stops."
						: ".");
}

/* One line about what the run needs, or what came of it. */
static unsigned
news(const struct run_client *c, const struct company *company, struct str *out)
{
	struct question_party self = company_self(company);
	const struct run_state *s = run_client_state(c);
	const struct run_progress *p = run_client_progress(c);
	CLEANUP(str_done) struct str ids = STR_INIT(KIB);

	if (s->phase == RUN_FINISHED) {
		if (run_client_message(c) != NULL)
			str_add(out, run_client_message(c));
		if (run_client_hint(c) != NULL)
			str_fmt(out, " %s", run_client_hint(c));
		return s->exit == 0 ? ROLE_OK : ROLE_LATE;
	}
	if (!run_client_alive(c)) {
		str_add(out, "Its runner is gone: nothing is done any more. r takes it up again.");
		return ROLE_BREACH;
	}
	if (company_offered(company)) {
		str_fmt(out, "%s offers you the wheel: H takes it.", s->operator);
		return ROLE_LATE;
	}
	if (s->ask.number != 0 && util_streq(s->ask.kind, "approve")) {
		consent_news(s, &self, out);
		return ROLE_LATE;
	}
	if (s->wheel_offer != NULL) {
		str_fmt(out, "The wheel is offered to %s; %s drives until it is taken.",
			strcmp(s->wheel_offer, "*") == 0 ? "anybody who is attached"
							 : s->wheel_offer,
			self.drives ? "whoever holds it" : s->operator);
		return ROLE_ACCENT;
	}
	if (s->ask.number != 0) {
		str_fmt(out, "%s waits for %s%s", s->ask.step,
			run_client_operator(c) ? "you: a opens the question" : s->operator,
			run_client_operator(c) ? "." : " to answer.");
		return ROLE_LATE;
	}
	if (s->paused) {
		str_add(out, "No further step starts until p is pressed again.");
		return ROLE_LATE;
	}
	if (run_state_running(s, &ids) > 1)
		str_fmt(out, "%zu steps run at once: %s. ", run_state_running(s, NULL),
			str_text(&ids));
	if (p->step != NULL && p->total > 0) {
		str_fmt(out, "%s: ", p->step);
		text_size(out, p->done);
		str_add(out, " of ");
		text_size(out, p->total);
		str_fmt(out, ", %d%%", (int)(p->done * 100 / p->total));
		if (p->text != NULL && p->text[0] != '\0')
			str_fmt(out, ", %s", p->text);
	}
	return ROLE_TEXT;
}

/* What a run came to, and the way out, is worth more than a line where it is long. */
#define NEWS_ROWS 4
#define NEWS_REST 12 /* rows that the steps and their output keep */

static void
draw_news(struct area *a, const struct run_state *s, unsigned style, struct str *text)
{
	struct area line;
	int rows = 1;

	if (s->phase == RUN_FINISHED)
		rows = draw_wrapped_rows(a->w - 2, str_text(text), a->c->ascii);
	rows = MAX(1, MIN(MIN(rows, NEWS_ROWS), a->h - NEWS_REST));
	line = area_top(a, rows);
	if (rows > 1)
		draw_wrapped(area_cut(line, 1, 0, line.w - 2, rows), 0, style, str_text(text));
	else
		draw_field(line, 1, 0, -1, style, str_text(text), text->len, 0);
}

void
run_head_draw(struct area *a, const struct run_client *c, const struct company *company)
{
	CLEANUP(str_done) struct str text = STR_INIT(4 * KIB);
	unsigned style = news(c, company, &text);

	draw_first(area_top(a, 1), c);
	if (a->h > 6)
		draw_second(area_top(a, 1), c);
	if (text.len > 0 && a->h > 4)
		draw_news(a, run_client_state(c), style, &text);
}
