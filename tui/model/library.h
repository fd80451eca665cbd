/*
 * library: the runbooks there are, with what a list shows of each and what it is good for. Read
 * one at a time, so that nothing waits for a directory full of them.
 */
#ifndef TUI_MODEL_LIBRARY_H
#define TUI_MODEL_LIBRARY_H

#include "runbook/runbook.h"

/* What a runbook does with backups of a set; also its order in menus. */
enum library_use {
	LIBRARY_RESTORES, /* destroys or writes a target, from a backup */
	LIBRARY_PROVES,   /* proves a backup */
	LIBRARY_READS,    /* takes a backup, for something else */
	LIBRARY_BACKS_UP, /* makes a backup of the set */
	LIBRARY_USES,
};

/* A parameter that names a backup or a set. */
struct library_wish {
	const char *name; /* of the parameter */
	const char *asset, *set;
	int of;      /* type of set; -1: any */
	bool backup; /* a backup of the set, else the set itself */
};

struct library_entry {
	const char *name; /* for runbook_find: postgres/restore-dump */
	const char *path;
	bool read, usable; /* `read`: what follows is known */
	const char *id, *title, *why;
	const char *tags; /* with blanks between */
	int64_t rto_s;    /* negative: none */
	size_t steps;
	size_t errors, warnings;
	bool blocked; /* a finding is no matter of style: it is not run */
	bool destroys, writes;
	/* The first of type moment or time; NULL. Whether it has no default. */
	const char *time_parameter;
	bool time_required;
	enum library_use use;
	VEC(struct library_wish) wishes;
};

struct library {
	struct arena arena;
	struct library_entry *entries;
	size_t n;
	size_t next; /* to be read */
};

/* Lists what there is; all of it is still to be read. Pointers into what was there are void. */
void library_list(struct library *l);
/* Reads the next one; true while more remain. */
bool library_work(struct library *l);
void library_done(struct library *l);

/*
 * The parameter of a runbook that takes this set or a backup of it; NULL: it is not for them.
 * `backup`: only a parameter that takes a backup will do.
 */
const char *library_takes(
	const struct library_entry *e, const char *asset, const char *set, int type, bool backup);
const struct library_entry *library_find(const struct library *l, const char *name);

#endif
