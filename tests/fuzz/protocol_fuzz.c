/*
 * protocol: frames come out the same however the stream was cut into pieces; what is no frame
 * breaks the stream for good, and nothing comes after it.
 */
#include "fuzz/fuzz.h"

#include "run/protocol.h"

/* The frames of the bytes, printed, when they come in pieces of at most `step`. */
static bool
frames(const char *data, size_t len, size_t step, struct str *out)
{
	struct wire wire = WIRE_INIT;
	bool broken;

	for (size_t at = 0; at < len && !wire.broken; at += MIN(step, len - at)) {
		cJSON *frame;

		wire_add(&wire, data + at, MIN(step, len - at));
		while ((frame = wire_next(&wire)) != NULL) {
			json_print(out, frame);
			str_addc(out, '\n');
			cJSON_Delete(frame);
		}
	}
	broken = wire.broken;
	FUZZ_HOLDS(!broken || wire_next(&wire) == NULL);
	wire_done(&wire);
	return broken;
}

void
fuzz_one(const char *data, size_t len)
{
	CLEANUP(str_done) struct str one = STR_INIT(64 * MIB), two = STR_INIT(64 * MIB);
	size_t step = len > 0 ? (unsigned char)data[0] % 64 + 1 : 1;

	FUZZ_HOLDS(frames(data, len, WIRE_CHUNK, &one) == frames(data, len, step, &two));
	FUZZ_HOLDS(one.len == two.len && (one.len == 0 || memcmp(one.buf, two.buf, one.len) == 0));
}
