#include "base/banned.h"
#include "verify/inflate.h"
#include "verify/isal.h"
#include "base/dl.h"

#include <zlib.h>

struct zlib {
	__typeof__(inflateInit2_) *init2;
	__typeof__(inflate) *inflate;
	__typeof__(inflateReset) *reset;
	__typeof__(inflateEnd) *end;
};

struct inflate {
	enum inflate_wrap wrap;
#if HAVE_ISAL
	struct inflate_state *isal; /* NULL: zlib does it */
#endif
	z_stream zlib;
	bool started; /* zlib is not told of a stream before its first byte */
};

static const char *const zlib_names[] = {"inflateInit2_", "inflate", "inflateReset", "inflateEnd"};
static struct zlib zlib;
static struct dl zlib_dl = DL("libz.so.1", "zlib1g", zlib_names, &zlib);

static bool
zlib_start(struct inflate *i, struct err *err)
{
	if (!dl_need(&zlib_dl, err))
		return false;
	/* Window bits: 15, and 16 more for gzip's wrapper. */
	if (zlib.init2(&i->zlib, i->wrap == INFLATE_GZIP ? 15 + 16 : 15, ZLIB_VERSION,
		    (int)sizeof(i->zlib)) != Z_OK)
		return err_set(err, ERR_UNSUPPORTED, "zlib could not be started.");
	i->started = true;
	return true;
}

bool
inflate_new(enum inflate_wrap wrap, struct inflate **ret, struct err *err)
{
	struct inflate *i = util_alloc(sizeof(*i));

	i->wrap = wrap;
#if HAVE_ISAL
	if (isal_open() != NULL) {
		i->isal = util_alloc(sizeof(*i->isal));
		inflate_reset(i);
		*ret = i;
		return true;
	}
#endif
	if (!zlib_start(i, err)) {
		inflate_free(i);
		return false;
	}
	*ret = i;
	return true;
}

void
inflate_reset(struct inflate *i)
{
#if HAVE_ISAL
	if (i->isal != NULL) {
		isal_open()->inflate_reset(i->isal);
		i->isal->crc_flag = i->wrap == INFLATE_GZIP ? ISAL_GZIP : ISAL_ZLIB;
		i->isal->avail_in = 0;
		return;
	}
#endif
	zlib.reset(&i->zlib);
}

static bool
damaged(const char *what, struct err *err)
{
	return err_set(err, ERR_DAMAGED, "The compressed data are damaged (%s).", what);
}

#if HAVE_ISAL
static bool
step_isal(struct inflate *i, struct inflate_io *io, bool *ret_end, struct err *err)
{
	struct inflate_state *s = i->isal;
	int status;

	s->next_in = (uint8_t *)(uintptr_t)io->in;
	s->avail_in = (uint32_t)MIN(io->in_len, (size_t)GIB);
	s->next_out = io->out;
	s->avail_out = (uint32_t)MIN(io->out_len, (size_t)GIB);
	status = isal_open()->inflate(s);
	io->in_len -= (size_t)(s->next_in - io->in);
	io->in = s->next_in;
	io->out_len -= (size_t)(s->next_out - io->out);
	io->out = s->next_out;
	switch (status) {
	case ISAL_DECOMP_OK:
	case ISAL_END_INPUT:
	case ISAL_OUT_OVERFLOW: *ret_end = s->block_state == ISAL_BLOCK_FINISH; return true;
	case ISAL_INCORRECT_CHECKSUM: return damaged("wrong checksum", err);
	case ISAL_INVALID_WRAPPER:
	case ISAL_UNSUPPORTED_METHOD: return damaged("bad header", err);
	case ISAL_NEED_DICT: return damaged("it asks for a dictionary", err);
	default: return damaged("invalid code", err);
	}
}
#endif

static bool
step_zlib(struct inflate *i, struct inflate_io *io, bool *ret_end, struct err *err)
{
	int status;

	i->zlib.next_in = (Bytef *)(uintptr_t)io->in;
	i->zlib.avail_in = (uInt)MIN(io->in_len, (size_t)GIB);
	i->zlib.next_out = io->out;
	i->zlib.avail_out = (uInt)MIN(io->out_len, (size_t)GIB);
	status = zlib.inflate(&i->zlib, Z_NO_FLUSH);
	io->in_len -= (size_t)(i->zlib.next_in - io->in);
	io->in = i->zlib.next_in;
	io->out_len -= (size_t)(i->zlib.next_out - io->out);
	io->out = i->zlib.next_out;
	*ret_end = status == Z_STREAM_END;
	if (status == Z_OK || status == Z_STREAM_END || status == Z_BUF_ERROR)
		return true;
	if (status == Z_NEED_DICT)
		return damaged("it asks for a dictionary", err);
	return damaged(i->zlib.msg != NULL ? i->zlib.msg : "invalid data", err);
}

bool
inflate_step(struct inflate *i, struct inflate_io *io, bool *ret_end, struct err *err)
{
#if HAVE_ISAL
	if (i->isal != NULL)
		return step_isal(i, io, ret_end, err);
#endif
	return step_zlib(i, io, ret_end, err);
}

void
inflate_free(struct inflate *i)
{
	if (i == NULL)
		return;
#if HAVE_ISAL
	free(i->isal);
#endif
	if (i->started)
		zlib.end(&i->zlib);
	free(i);
}
