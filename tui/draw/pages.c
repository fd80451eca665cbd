#include "base/banned.h"
#include "tui/draw/pages.h"
#include "base/file.h"
#include "base/text.h"
#include "tui/draw/style.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#define WINDOW      (64 * KIB) /* bytes of the file that are kept */
#define BEHIND      (16 * KIB) /* ... of which before the place that was asked for */
#define LOOK_BEHIND (3 * PAGES_BREAK + 8)

struct pages {
	/* Memory */
	size_t (*count)(void *arg);
	pages_line_cb line;
	void *arg;
	/* File */
	int fd; /* -1: memory */
	int64_t size;
	char *window;
	int64_t window_at;
	size_t window_len;
	int read_errno;
	char message[120]; /* the text of a place that can't be read */
};

struct pages *
pages_of_memory(size_t (*count)(void *arg), pages_line_cb line, void *arg)
{
	struct pages *p = util_alloc(sizeof(*p));

	p->count = count;
	p->line = line;
	p->arg = arg;
	p->fd = -1;
	return p;
}

bool
pages_of_file(const char *path, struct pages **ret, struct err *err)
{
	/* O_NONBLOCK: opening a FIFO must not hang. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	struct pages *p;

	if (fd < 0)
		return err_sys(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, errno,
			"Cannot open %s", path);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		return err_set(err, ERR_IO, "%s is not a regular file.", path);
	}
	p = util_alloc(sizeof(*p));
	p->fd = fd;
	p->size = st.st_size;
	p->window = util_alloc(WINDOW);
	*ret = p;
	return true;
}

void
pages_free(struct pages *p)
{
	if (p == NULL)
		return;
	util_close(&p->fd);
	free(p->window);
	free(p);
}

bool
pages_refresh(struct pages *p)
{
	struct stat st;
	int64_t was = p->size;

	if (p->fd < 0) {
		p->size = (int64_t)p->count(p->arg);
		return p->size != was;
	}
	if (fstat(p->fd, &st) < 0 || st.st_size == was)
		return false;
	p->size = st.st_size;
	/* Shorter means other content; longer may have filled the window's end. */
	p->window_len = 0;
	return true;
}

int64_t
pages_end(const struct pages *p)
{
	return p->fd < 0 ? (int64_t)p->count(p->arg) : p->size;
}

/* Bytes [at, at + len) as far as the file has them; *ret_len says how many that are. */
static const char *
view(struct pages *p, int64_t at, size_t len, size_t *ret_len)
{
	ssize_t n;

	if (at >= p->size) {
		*ret_len = 0;
		return p->window;
	}
	len = (size_t)MIN((int64_t)len, p->size - at);
	if (at < p->window_at || at + (int64_t)len > p->window_at + (int64_t)p->window_len) {
		p->window_at = MAX(at - BEHIND, 0);
		n = file_pread(p->fd, p->window,
			(size_t)MIN((int64_t)WINDOW, p->size - p->window_at), p->window_at);
		p->read_errno = n < 0 ? errno : 0;
		p->window_len = n < 0 ? 0 : (size_t)n;
	}
	if (at >= p->window_at + (int64_t)p->window_len)
		*ret_len = 0;
	else
		*ret_len = MIN(len, (size_t)(p->window_at + (int64_t)p->window_len - at));
	return *ret_len > 0 ? p->window + (at - p->window_at) : p->window;
}

static bool
has_newline(struct pages *p, int64_t from, int64_t to)
{
	size_t n;
	const char *bytes = view(p, from, (size_t)(to - from), &n);

	return memchr(bytes, '\n', n) != NULL;
}

/*
 * Where a line is broken near the aligned offset b: behind the rest of a character that b cuts.
 * -1 when it is not: a newline in the block before, or right there.
 */
static int64_t
break_near(struct pages *p, int64_t b)
{
	size_t n, k = 0;
	const char *bytes;

	if (b <= 0 || b >= p->size || has_newline(p, b - PAGES_BREAK, b))
		return -1;
	bytes = view(p, b, 4, &n);
	while (k < n && k < 3 && ((unsigned char)bytes[k] & 0xc0) == 0x80)
		k++;
	return k < n && bytes[k] != '\n' ? b + (int64_t)k : -1;
}

int64_t
pages_align(struct pages *p, int64_t at)
{
	int64_t end = pages_end(p), from, start = -1;
	const char *bytes, *nl;
	size_t n;

	at = MAX(MIN(at, end - 1), 0);
	if (p->fd < 0 || at == 0)
		return at;
	from = MAX(at - LOOK_BEHIND, 0);
	bytes = view(p, from, (size_t)(at - from), &n);
	nl = memrchr(bytes, '\n', n);
	if (nl != NULL)
		start = from + (nl - bytes) + 1;
	else if (from == 0)
		start = 0;
	for (int64_t b = at - at % PAGES_BREAK; b > start && b > from; b -= PAGES_BREAK) {
		int64_t broken = break_near(p, b);

		if (broken >= 0 && broken <= at)
			return broken;
	}
	return MAX(start, 0);
}

int64_t
pages_next(struct pages *p, int64_t position)
{
	int64_t end = pages_end(p), stop, nl;
	const char *bytes, *found;
	size_t n;

	if (p->fd < 0)
		return MIN(position + 1, end);
	bytes = view(p, position, PAGES_LINE, &n);
	found = memchr(bytes, '\n', n);
	nl = found != NULL ? position + (found - bytes) : -1;
	stop = nl >= 0 ? nl : position + (int64_t)n;
	for (int64_t b = position - position % PAGES_BREAK + PAGES_BREAK; b <= stop;
		b += PAGES_BREAK) {
		int64_t broken = break_near(p, b);

		if (broken > position)
			return broken;
	}
	if (nl >= 0)
		return nl + 1;
	/* The last line has no newline; a place that can't be read ends the text. */
	return end;
}

int64_t
pages_previous(struct pages *p, int64_t position)
{
	return position <= 0 ? 0 : pages_align(p, position - 1);
}

bool
pages_continues(struct pages *p, int64_t position)
{
	const char *before;
	size_t n;

	if (p->fd < 0 || position <= 0)
		return false;
	before = view(p, position - 1, 1, &n);
	return n == 1 && *before != '\n';
}

void
pages_line(struct pages *p, int64_t position, struct pages_line *ret)
{
	int64_t next = pages_next(p, position);
	const char *bytes;
	size_t n;

	*ret = (struct pages_line){.text = "", .style = ROLE_TEXT};
	if (p->fd < 0) {
		p->line(p->arg, (size_t)position, ret);
		return;
	}
	bytes = view(p, position, (size_t)MIN(next - position, PAGES_LINE), &n);
	if (n == 0 && p->read_errno != 0) {
		snprintf(p->message, sizeof(p->message), "From here on it can't be read: %s.",
			strerror(p->read_errno));
		*ret = (struct pages_line){
			.text = p->message, .len = strlen(p->message), .style = ROLE_ERROR};
		return;
	}
	/* What ends with \r\n is a line like any other; another \r stays and becomes visible. */
	if (n > 0 && bytes[n - 1] == '\n')
		n--;
	if (n > 0 && bytes[n - 1] == '\r')
		n--;
	ret->text = bytes;
	ret->len = n;
}

/* The first (or last) place of the text in the bytes, ASCII case ignored; -1: none. */
static ssize_t
find_in(const char *bytes, size_t len, const char *text, size_t n, bool last)
{
	ssize_t found = -1;
	char lower = (char)tolower((unsigned char)text[0]);
	char upper = (char)toupper((unsigned char)text[0]);

	if (n == 0 || n > len)
		return -1;
	for (size_t i = 0; i <= len - n; i++) {
		if ((bytes[i] != lower && bytes[i] != upper) ||
			strncasecmp(bytes + i, text, n) != 0)
			continue;
		found = (ssize_t)i;
		if (!last)
			break;
	}
	return found;
}

static enum pages_found
search_memory(struct pages *p, int64_t from, bool backwards, const char *text, int64_t *budget,
	int64_t *ret_at)
{
	int64_t end = pages_end(p);

	while (backwards ? from > 0 : from < end) {
		int64_t at = backwards ? from - 1 : from;
		struct pages_line line;

		*ret_at = from;
		if (*budget <= 0)
			return PAGES_MORE;
		pages_line(p, at, &line);
		*ret_at = at;
		if (find_in(line.text, line.len, text, strlen(text), false) >= 0)
			return PAGES_FOUND;
		*budget -= (int64_t)line.len + 16;
		from = backwards ? at : at + 1;
	}
	return PAGES_NONE;
}

#define SEARCH_CHUNK (32 * KIB)

enum pages_found
pages_search(struct pages *p, int64_t from, bool backwards, const char *text, int64_t *budget,
	int64_t *ret_at)
{
	size_t len = strlen(text), n;
	ssize_t at;

	if (p->fd < 0)
		return search_memory(p, from, backwards, text, budget, ret_at);
	/* Chunks overlap by the text, or a match across their edge would be missed. */
	for (; backwards ? from > 0 : from < p->size; *budget -= SEARCH_CHUNK) {
		int64_t start = backwards ? MAX(from - SEARCH_CHUNK, 0) : from;
		size_t want = (size_t)(backwards ? from - start : SEARCH_CHUNK) + len - 1;
		const char *bytes = view(p, start, want, &n);

		*ret_at = from;
		if (*budget <= 0)
			return PAGES_MORE;
		at = find_in(bytes, n, text, len, backwards);
		if (at >= 0) {
			*ret_at = pages_align(p, start + at);
			return PAGES_FOUND;
		}
		from = backwards ? start : from + SEARCH_CHUNK;
	}
	return PAGES_NONE;
}
