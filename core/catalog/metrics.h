/*
 * metrics: the board in Prometheus's text format, for the textfile collector or a Pushgateway.
 *
 * Times are given as they are known (timestamps), ages besides: an age goes stale with its
 * sample, a timestamp does not. What is not known has no sample, never a zero.
 */
#ifndef CATALOG_METRICS_H
#define CATALOG_METRICS_H

#include "catalog/board.h"

void metrics_format(struct str *out, const struct board *b);

#endif
