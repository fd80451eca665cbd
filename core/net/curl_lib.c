#include "base/banned.h"
#include "net/curl_lib.h"
#include "base/dl.h"

bool
curl_lib_load(const struct curl_lib **ret, struct err *err)
{
	static const char *const names[] = {CURL_LIB(DL_NAME)};
	static struct curl_lib lib;
	static struct dl libcurl = DL("libcurl.so.4", "libcurl4", names, &lib);
	static bool initialized;

	if (!dl_need(&libcurl, err))
		return false;
	if (!initialized && lib.curl_global_init_(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return err_set(err, ERR_UNKNOWN, "%s can't be initialised.", libcurl.library);
	initialized = true;
	*ret = &lib;
	return true;
}
