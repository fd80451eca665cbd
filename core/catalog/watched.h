/*
 * watched: a source that tells somebody whenever it has something new, so that whoever waits for
 * a long listing knows that it goes on.
 */
#ifndef CATALOG_WATCHED_H
#define CATALOG_WATCHED_H

#include "net/source.h"

/* Takes over `inner`. `tell` is called for every object listed and every piece read. */
struct source *watched_new(struct source *inner, void (*tell)(void *arg), void *arg);

#endif
