/*
 * xml: small XML documents from servers, taken apart as they stream in (expat).
 *
 * Bounded: depth, the length of a text, no document type (so no entities that grow).
 */
#ifndef NET_XML_H
#define NET_XML_H

#include "base/err.h"

struct xml;

#define XML_TEXT_MAX  (64 * KIB)
#define XML_DEPTH_MAX 16

/*
 * Called at the end of each element: its path ("ListBucketResult/Contents/Key", without
 * namespaces) and the text directly in it. False ends the parsing with *err.
 */
typedef bool (*xml_cb)(const char *path, const char *text, size_t len, void *arg, struct err *err);

struct xml *xml_new(xml_cb cb, void *arg);
/* ERR_SYNTAX when it is not such a document. */
MUST_CHECK bool xml_feed(struct xml *x, const char *bytes, size_t len, struct err *err);
/* The document must be complete. */
MUST_CHECK bool xml_end(struct xml *x, struct err *err);
/* Name of the outermost element, "" before it was seen. */
const char *xml_root(const struct xml *x);
void xml_free(struct xml *x); /* NULL is a no-op */

#endif
