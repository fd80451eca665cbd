#include "base/banned.h"
#include "net/pg_lib.h"

#include <dlfcn.h>

#define LIBRARY "libpq.so.5"

static bool
resolve(void *library, const char *name, void *ret, struct err *err)
{
	void *function = dlsym(library, name);

	if (function == NULL)
		return err_set(err, ERR_TOOL_MISSING, "%s has no function %s.", LIBRARY, name);
	/* ISO C has no conversion from an object pointer to a function pointer. */
	memcpy(ret, &function, sizeof(function));
	return true;
}

static bool
fill(void *library, struct pg_lib *lib, struct err *err)
{
#define X(name)                                        \
	if (!resolve(library, #name, &lib->name, err)) \
		return false;
	PG_LIB(X)
#undef X
	return true;
}

bool
pg_lib_load(const struct pg_lib **ret, struct err *err)
{
	static struct pg_lib lib;
	static bool loaded;
	void *library;

	if (!loaded) {
		library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
		if (library == NULL) {
			err_set(err, ERR_TOOL_MISSING,
				"PostgreSQL's client library %s is not installed.", LIBRARY);
			return err_hint(err, "apt-get install libpq5");
		}
		if (!fill(library, &lib, err)) {
			dlclose(library);
			return err_hint(err, "PostgreSQL 12's libpq or a later one is needed.");
		}
		loaded = true;
	}
	*ret = &lib;
	return true;
}
