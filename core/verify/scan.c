#include "base/banned.h"
#include "verify/scan.h"

struct scan
scan_new(pull_fn pull, void *arg)
{
	return (struct scan){.pull = pull, .arg = arg};
}

struct scan
scan_memory(const void *p, size_t len)
{
	return (struct scan){.p = p, .len = len};
}

ssize_t
scan_view(struct scan *s, const unsigned char **ret, struct err *err)
{
	if (s->len == 0) {
		ssize_t n = s->end || s->pull == NULL ? 0 : s->pull(s->arg, &s->p, err);

		s->end |= n <= 0;
		if (n <= 0)
			return n;
		s->len = (size_t)n;
	}
	*ret = s->p;
	return (ssize_t)s->len;
}

void
scan_take(struct scan *s, size_t len)
{
	s->p += len;
	s->len -= len;
	s->offset += len;
}

bool
scan_read(struct scan *s, void *buf, uint64_t len, struct err *err)
{
	unsigned char *to = buf;

	while (len > 0) {
		const unsigned char *p;
		ssize_t n = scan_view(s, &p, err);

		if (n < 0)
			return false;
		if (n == 0)
			return err_set(err, ERR_DAMAGED,
				"It ends after %llu bytes, in the middle of something.",
				(unsigned long long)s->offset);
		if ((uint64_t)n > len)
			n = (ssize_t)len;
		if (to != NULL) {
			memcpy(to, p, (size_t)n);
			to += n;
		}
		scan_take(s, (size_t)n);
		len -= (uint64_t)n;
	}
	return true;
}

bool
scan_byte(struct scan *s, unsigned char *ret, struct err *err)
{
	if (s->len == 0)
		return scan_read(s, ret, 1, err);
	*ret = *s->p;
	scan_take(s, 1);
	return true;
}

ssize_t
scan_pull(void *scan, const unsigned char **ret, struct err *err)
{
	ssize_t n = scan_view(scan, ret, err);

	if (n > 0)
		scan_take(scan, (size_t)n);
	return n;
}

bool
scan_drain(struct scan *s, struct err *err)
{
	const unsigned char *p;
	ssize_t n;

	while ((n = scan_view(s, &p, err)) > 0)
		scan_take(s, (size_t)n);
	return n == 0;
}

bool
scan_at_end(struct scan *s, struct err *err)
{
	const unsigned char *p;
	ssize_t n = scan_view(s, &p, err);

	if (n > 0)
		err_set(err, ERR_DAMAGED, "Something stands behind its end (from byte %llu).",
			(unsigned long long)s->offset);
	return n == 0;
}
