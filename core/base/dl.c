#include "base/banned.h"
#include "base/dl.h"

#include <dlfcn.h>
#include <pthread.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static bool
look_up(struct dl *d, void *library, struct err *err)
{
	for (size_t i = 0; i < d->n; i++) {
		void *function = dlsym(library, d->names[i]);

		if (function == NULL) {
			err_set(err, ERR_TOOL_MISSING, "The library %s has no function %s.",
				d->library, d->names[i]);
			return err_hint(err, "It is too old; apt-get install %s", d->package);
		}
		/* ISO C has no conversion from an object pointer to a function pointer. */
		memcpy((char *)d->functions + i * sizeof(function), &function, sizeof(function));
	}
	return true;
}

static bool
open_now(struct dl *d, struct err *err)
{
	void *library = dlopen(d->library, RTLD_NOW | RTLD_LOCAL);

	if (library == NULL) {
		err_set(err, ERR_TOOL_MISSING, "The library %s is not installed.", d->library);
		return err_hint(err, "apt-get install %s", d->package);
	}
	if (!look_up(d, library, err)) {
		dlclose(library);
		return false;
	}
	d->open = true;
	return true;
}

bool
dl_need(struct dl *d, struct err *err)
{
	bool good;

	if (d->open)
		return true;
	pthread_mutex_lock(&lock);
	good = d->open || open_now(d, err);
	pthread_mutex_unlock(&lock);
	return good;
}

bool
dl_have(struct dl *d)
{
	struct err err = ERR_INIT;

	if (dl_need(d, &err))
		return true;
	err_done(&err);
	return false;
}
