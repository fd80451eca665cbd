#include "base/banned.h"
#include "net/curl_lib.h"

#include <dlfcn.h>

#define LIBRARY "libcurl.so.4"

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
fill(void *library, struct curl_lib *lib, struct err *err)
{
#define X(name)                                           \
	if (!resolve(library, #name, &lib->name##_, err)) \
		return false;
	CURL_LIB(X)
#undef X
	return true;
}

bool
curl_lib_load(const struct curl_lib **ret, struct err *err)
{
	static struct curl_lib lib;
	static bool loaded;
	void *library;

	if (!loaded) {
		library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
		if (library == NULL) {
			err_set(err, ERR_TOOL_MISSING, "The HTTP library %s is not installed.",
				LIBRARY);
			return err_hint(err, "apt-get install libcurl4");
		}
		if (!fill(library, &lib, err)) {
			dlclose(library);
			return err_hint(err, "libcurl 7.85 or a later one is needed.");
		}
		if (lib.curl_global_init_(CURL_GLOBAL_DEFAULT) != CURLE_OK)
			return err_set(err, ERR_UNKNOWN, "%s can't be initialised.", LIBRARY);
		loaded = true;
	}
	*ret = &lib;
	return true;
}
