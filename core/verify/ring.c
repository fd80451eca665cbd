#include "base/banned.h"
#include "verify/ring.h"

#include <pthread.h>

/* Enough for both sides to be busy while neither waits; small enough to stay in a cache. */
#define SLOTS 4

struct ring {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	unsigned char *slots[SLOTS];
	size_t lengths[SLOTS];
	unsigned head, count; /* the oldest filled slot, and how many are filled */
	bool finished, abandoned;
	struct err err;
};

struct ring *
ring_new(void)
{
	struct ring *r = util_alloc(sizeof(*r));

	pthread_mutex_init(&r->lock, NULL);
	pthread_cond_init(&r->changed, NULL);
	return r;
}

void
ring_free(struct ring *r)
{
	if (r == NULL)
		return;
	for (size_t i = 0; i < SLOTS; i++)
		free(r->slots[i]);
	err_done(&r->err);
	pthread_cond_destroy(&r->changed);
	pthread_mutex_destroy(&r->lock);
	free(r);
}

void *
ring_reserve(struct ring *r)
{
	unsigned char **slot;

	pthread_mutex_lock(&r->lock);
	while (r->count == SLOTS && !r->abandoned)
		pthread_cond_wait(&r->changed, &r->lock);
	slot = r->abandoned ? NULL : &r->slots[(r->head + r->count) % SLOTS];
	pthread_mutex_unlock(&r->lock);
	if (slot == NULL)
		return NULL;
	/* Made when first needed: a small object never touches more than one. Only this side
	 * looks at a slot that is not filled, so no lock. */
	if (*slot == NULL)
		*slot = util_realloc(NULL, 1, RING_CHUNK);
	return *slot;
}

void
ring_commit(struct ring *r, size_t len)
{
	pthread_mutex_lock(&r->lock);
	r->lengths[(r->head + r->count) % SLOTS] = len;
	r->count++;
	pthread_cond_signal(&r->changed);
	pthread_mutex_unlock(&r->lock);
}

void
ring_finish(struct ring *r, struct err *err)
{
	pthread_mutex_lock(&r->lock);
	r->finished = true;
	if (err != NULL)
		err_move(&r->err, err);
	pthread_cond_signal(&r->changed);
	pthread_mutex_unlock(&r->lock);
}

ssize_t
ring_take(struct ring *r, unsigned char **ret, struct err *err)
{
	ssize_t n = 0;

	pthread_mutex_lock(&r->lock);
	while (r->count == 0 && !r->finished)
		pthread_cond_wait(&r->changed, &r->lock);
	if (r->count > 0) {
		*ret = r->slots[r->head];
		n = (ssize_t)r->lengths[r->head];
	} else if (r->err.code != ERR_NONE) {
		err_move(err, &r->err);
		n = -1;
	}
	pthread_mutex_unlock(&r->lock);
	return n;
}

void
ring_release(struct ring *r)
{
	pthread_mutex_lock(&r->lock);
	r->head = (r->head + 1) % SLOTS;
	r->count--;
	pthread_cond_signal(&r->changed);
	pthread_mutex_unlock(&r->lock);
}

void
ring_abandon(struct ring *r)
{
	pthread_mutex_lock(&r->lock);
	r->abandoned = true;
	pthread_cond_signal(&r->changed);
	pthread_mutex_unlock(&r->lock);
}
