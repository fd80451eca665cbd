/*
 * collector: the table of set types.
 */
#include "base/banned.h"
#include "catalog/collector.h"

extern const struct collector collector_pg_dump;

/* velero: its collector belongs here too, when there is one. */
static const struct collector *const collectors[] = {
	&collector_pg_dump,
};

const struct collector *
collector_of(enum set_type type)
{
	for (size_t i = 0; i < ARRAY_LEN(collectors); i++)
		if (collectors[i]->type == type)
			return collectors[i];
	return NULL;
}
