/* cppcheck: macros of libraries that cppcheck can't read by itself. */
#define cJSON_ArrayForEach(item, array) \
	for (item = (array) != NULL ? (array)->child : NULL; item != NULL; item = item->next)
