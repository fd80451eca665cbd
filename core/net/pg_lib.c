#include "base/banned.h"
#include "net/pg_lib.h"
#include "base/dl.h"

bool
pg_lib_load(const struct pg_lib **ret, struct err *err)
{
	static const char *const names[] = {PG_LIB(DL_NAME)};
	static struct pg_lib lib;
	static struct dl libpq = DL("libpq.so.5", "libpq5", names, &lib);

	*ret = &lib;
	return dl_need(&libpq, err);
}
