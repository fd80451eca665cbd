#include "base/banned.h"
#include "tui/stage.h"
#include "base/clock.h"

#include <signal.h>

#define FRAME_MS 33

struct stage {
	const struct stage_ops *ops;
	void *arg;
	struct loop *loop;
	struct terminal *term;
	struct canvas *canvas;
	struct watcher *room; /* waits for the terminal to take output; NULL otherwise */
	enum stage_end end;
	int64_t drawn_ms;
	bool dirty, urgent, working;
};

static void
on_input(struct loop *l, int fd, short revents, void *arg)
{
	struct stage *s = arg;

	if (!term_read(s->term))
		s->end = STAGE_GONE;
}

static void
on_room(struct loop *l, int fd, short revents, void *arg)
{
	struct stage *s = arg;

	loop_remove(s->room);
	s->room = NULL;
}

static void
on_signal(struct loop *l, int sig, void *arg)
{
	struct stage *s = arg;
	struct event ev = {.type = EVENT_RESIZE, .at_ms = clock_mono_ms()};

	switch (sig) {
	case SIGWINCH:
		if (!term_resize(s->term))
			return;
		canvas_resize(s->canvas, term_columns(s->term), term_rows(s->term));
		s->ops->event(s->arg, &ev);
		break;
	case SIGCONT: term_repaint(s->term); break;
	case SIGTSTP: term_suspend(s->term); break;
	default: s->end = STAGE_KILLED; return;
	}
	s->dirty = true;
}

bool
stage_open(const struct theme *theme, const struct stage_ops *ops, void *arg, struct stage **ret,
	struct err *err)
{
	static const int signals[] = {SIGWINCH, SIGCONT, SIGTSTP, SIGTERM, SIGINT, SIGQUIT, SIGHUP};
	struct terminal *term;
	struct stage *s;

	if (!term_open(theme, &term, err))
		return false;
	s = util_alloc(sizeof(*s));
	s->ops = ops;
	s->arg = arg;
	s->term = term;
	s->loop = loop_new();
	s->canvas = canvas_new(term_columns(term), term_rows(term), term_ascii(term));
	s->dirty = s->urgent = s->working = true;
	loop_fd(s->loop, term_fd(term), POLLIN, on_input, s);
	for (size_t i = 0; i < ARRAY_LEN(signals); i++)
		loop_signal(s->loop, signals[i], on_signal, s);
	/* The size may have changed before we listened. */
	if (term_resize(term))
		canvas_resize(s->canvas, term_columns(term), term_rows(term));
	*ret = s;
	return true;
}

void
stage_close(struct stage *s)
{
	if (s == NULL)
		return;
	term_close(s->term);
	loop_free(s->loop);
	canvas_free(s->canvas);
	free(s);
}

static void
deliver(struct stage *s)
{
	struct event ev;

	while (s->end == STAGE_ON && term_next(s->term, &ev)) {
		s->ops->event(s->arg, &ev);
		s->dirty = s->urgent = true;
	}
}

static void
draw(struct stage *s)
{
	canvas_clear(s->canvas);
	s->ops->draw(s->arg, canvas_area(s->canvas));
	if (!term_show(s->term, s->canvas)) {
		s->room = loop_fd(s->loop, term_output_fd(s->term), POLLOUT, on_room, s);
		return;
	}
	s->dirty = s->urgent = false;
	s->drawn_ms = clock_mono_ms();
}

/* How long the loop may sleep: up to the next frame, or to what a lone ESC turns into. */
static int64_t
patience(const struct stage *s)
{
	int64_t key = term_wait(s->term), frame = -1;

	if (s->working)
		return 0;
	if (s->dirty && s->room == NULL)
		frame = s->urgent ? 0 : MAX(s->drawn_ms + FRAME_MS - clock_mono_ms(), 0);
	if (key < 0 || frame < 0)
		return MAX(key, frame);
	return MIN(key, frame);
}

enum stage_end
stage_run(struct stage *s)
{
	s->end = STAGE_ON;
	while (s->end == STAGE_ON) {
		int64_t wait = patience(s);

		if (s->dirty && s->room == NULL &&
			(s->urgent || clock_mono_ms() - s->drawn_ms >= FRAME_MS)) {
			draw(s);
			wait = patience(s);
		}
		loop_once(s->loop, wait);
		deliver(s);
		if (s->working && s->end == STAGE_ON)
			s->working = s->ops->work != NULL && s->ops->work(s->arg);
	}
	return s->end;
}

void
stage_leave(struct stage *s)
{
	s->end = STAGE_LEFT;
}

void
stage_dirty(struct stage *s)
{
	s->dirty = true;
}

void
stage_work(struct stage *s)
{
	s->working = true;
}

struct loop *
stage_loop(struct stage *s)
{
	return s->loop;
}

struct terminal *
stage_term(struct stage *s)
{
	return s->term;
}
