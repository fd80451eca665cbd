/*
 * backup: one backup: when, where, what is inside, what was proven of it, what can be done.
 */
#ifndef TUI_VIEW_BACKUP_H
#define TUI_VIEW_BACKUP_H

#include "catalog/catalog.h"
#include "tui/view.h"

/* What is given is copied. */
struct view *backup_view(struct app *app, const struct set_facts *f, const struct backup *b);
/* Verifies it in the background, and says so. */
void backup_verify(
	struct app *app, const struct set_facts *f, const struct backup *b, enum level level);
/* Shows its id and its place to copy, and offers the terminal's clipboard. */
void backup_copy_text(struct app *app, const struct set_facts *f, const struct backup *b);

#endif
