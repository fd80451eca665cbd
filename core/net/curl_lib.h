/*
 * curl_lib: libcurl's functions, opened when something is first asked over HTTP.
 *
 * Linked in, libcurl and its libraries would cost every start of every role 5 ms and 8 MiB.
 * For core/net/http.c only.
 */
#ifndef NET_CURL_LIB_H
#define NET_CURL_LIB_H

#include "base/err.h"

#define CURL_DISABLE_TYPECHECK /* its macros want the functions by their own names */
#include <curl/curl.h>

#define CURL_LIB(X)                 \
	X(curl_global_init)         \
	X(curl_easy_init)           \
	X(curl_easy_cleanup)        \
	X(curl_easy_reset)          \
	X(curl_easy_setopt)         \
	X(curl_easy_getinfo)        \
	X(curl_easy_pause)          \
	X(curl_easy_strerror)       \
	X(curl_multi_init)          \
	X(curl_multi_cleanup)       \
	X(curl_multi_add_handle)    \
	X(curl_multi_remove_handle) \
	X(curl_multi_perform)       \
	X(curl_multi_poll)          \
	X(curl_multi_info_read)     \
	X(curl_multi_setopt)        \
	X(curl_slist_append)        \
	X(curl_slist_free_all)

struct curl_lib {
#define X(name) __typeof__(name) *name##_;
	CURL_LIB(X)
#undef X
};

/* Opened once and kept; ERR_TOOL_MISSING when there is none. */
MUST_CHECK bool curl_lib_load(const struct curl_lib **ret, struct err *err);

#endif
