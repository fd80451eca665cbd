#include "base/banned.h"
#include "tui/view/screens.h"
struct view *
backups_of_view(struct app *app, const char *set)
{
	return backups_view(app);
}
struct view *
backup_view(struct app *app, const char *id)
{
	return backups_view(app);
}
struct view *
runbook_view(struct app *app, const char *name, const char *const *sets, size_t nsets)
{
	return backups_view(app);
}
struct view *
run_view_of(struct app *app, const char *id)
{
	return backups_view(app);
}
