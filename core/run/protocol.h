/*
 * protocol: what a runner and its clients say to each other over the run's socket.
 *
 * JSON objects, one a line, at most PROTOCOL_MAX bytes. The journal and the output are files
 * that a client reads itself, so the runner only says that they grew, and a slow client costs
 * nothing: what does not fit its socket's buffer is dropped, it catches up by itself.
 *
 *   client                                        runner
 *   {"op":"hello","protocol":1,"role":"operator",  {"op":"hello","protocol":1,"run":..,"role":..}
 *    "origin":"ssh from 10.0.0.7"}                 {"op":"role","role":"observer"}
 *   {"op":"answer","ask":3,"choice":..,"text":..}  {"op":"journal","seq":12}
 *   {"op":"note","text":..}                        {"op":"output","step":..,"attempt":1,"size":9}
 *   {"op":"stop"} {"op":"interrupt"}               {"op":"progress","step":..,"done":..,"total":..}
 *   {"op":"pause"} {"op":"continue"}               {"op":"ok","re":"answer"}
 *   {"op":"secret","name":..,"value":..}           {"op":"error","re":..,"message":..,"hint":..}
 *   {"op":"approve","ask":3,"digest":..,"reason":..}   also "deny", and "approve-signed" with
 *                                                      "identity" and "signature"
 *   {"op":"handover","to":"dba"} {"op":"withdraw"} {"op":"take"}
 *   {"op":"inject","what":"fail-step","step":..}   {"op":"clock","running":false}
 *
 * The first frame of either side is hello; another protocol version is refused there.
 */
#ifndef RUN_PROTOCOL_H
#define RUN_PROTOCOL_H

#include "base/str.h"
#include "conf/json_read.h"

#define PROTOCOL_VERSION 1
#define PROTOCOL_MAX     (64 * KIB)

/*
 * Splits a stream into frames. Between two calls of wire_add the frames that are whole must be
 * taken out; WIRE_CHUNK is what may be added at once.
 */
#define WIRE_CHUNK (16 * KIB)
struct wire {
	struct str buf;
	bool broken; /* a frame was too long or no JSON object: hang up */
};
#define WIRE_INIT                                          \
	{                                                  \
		.buf = STR_INIT(PROTOCOL_MAX + WIRE_CHUNK) \
	}

void wire_add(struct wire *f, const char *bytes, size_t len);
/* The next whole frame, to be freed with cJSON_Delete; NULL when there is none yet. */
cJSON *wire_next(struct wire *f);
void wire_done(struct wire *f);

#endif
