#include "base/banned.h"
#include "tui/draw/marks.h"

static size_t
home(const struct marks *m, uint64_t id)
{
	/* Fibonacci hashing: identities may be plain counters. */
	return (size_t)((id * 0x9e3779b97f4a7c15ULL) >> 32) & (m->cap - 1);
}

/* The slot that holds the identity, or the free one where it would go. */
static size_t
slot_of(const struct marks *m, uint64_t id)
{
	size_t i = home(m, id);

	while (m->slots[i] != 0 && m->slots[i] != id)
		i = (i + 1) & (m->cap - 1);
	return i;
}

bool
marks_has(const struct marks *m, uint64_t id)
{
	if (id == 0)
		return m->zero;
	return m->cap > 0 && m->slots[slot_of(m, id)] == id;
}

static void
grow(struct marks *m)
{
	struct marks wider = {.cap = m->cap > 0 ? m->cap * 2 : 16, .n = m->n, .zero = m->zero};

	wider.slots = util_alloc(wider.cap * sizeof(*wider.slots));
	for (size_t i = 0; i < m->cap; i++)
		if (m->slots[i] != 0)
			wider.slots[slot_of(&wider, m->slots[i])] = m->slots[i];
	free(m->slots);
	*m = wider;
}

void
marks_add(struct marks *m, uint64_t id)
{
	if (id == 0) {
		m->zero = true;
		return;
	}
	if (marks_has(m, id))
		return;
	if ((m->n + 1) * 4 > m->cap * 3)
		grow(m);
	m->slots[slot_of(m, id)] = id;
	m->n++;
}

void
marks_remove(struct marks *m, uint64_t id)
{
	size_t hole, i;

	if (id == 0)
		m->zero = false;
	if (id == 0 || !marks_has(m, id))
		return;
	hole = i = slot_of(m, id);
	/* Move up what was pushed past the hole. */
	for (;;) {
		i = (i + 1) & (m->cap - 1);
		if (m->slots[i] == 0)
			break;
		if (((i - home(m, m->slots[i])) & (m->cap - 1)) >= ((i - hole) & (m->cap - 1))) {
			m->slots[hole] = m->slots[i];
			hole = i;
		}
	}
	m->slots[hole] = 0;
	m->n--;
}

size_t
marks_count(const struct marks *m)
{
	return m->n + m->zero;
}

void
marks_done(struct marks *m)
{
	free(m->slots);
	*m = (struct marks){0};
}
