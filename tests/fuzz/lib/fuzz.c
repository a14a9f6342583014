/* SPDX-License-Identifier: MIT */
#include "tests/fuzz/lib/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint64_t fuzz_number(struct fuzz *f, unsigned int bytes)
{
	uint64_t value = 0;

	for (unsigned int i = 0; i < bytes; i++)
		value |= (uint64_t)fuzz_u8(f) << (8 * i);
	return value;
}

uint8_t fuzz_u8(struct fuzz *f)
{
	if (!f->left)
		return 0;
	f->left--;
	return *f->at++;
}

uint16_t fuzz_u16(struct fuzz *f)
{
	return (uint16_t)fuzz_number(f, 2);
}

uint32_t fuzz_u32(struct fuzz *f)
{
	return (uint32_t)fuzz_number(f, 4);
}

uint64_t fuzz_u64(struct fuzz *f)
{
	return fuzz_number(f, 8);
}

uint32_t fuzz_below(struct fuzz *f, uint32_t n)
{
	return (uint32_t)fuzz_number(f, n > 256 ? 2 : 1) % n;
}

void fuzz_bytes(struct fuzz *f, void *buf, size_t len)
{
	size_t here = len < f->left ? len : f->left;

	if (here)
		memcpy(buf, f->at, here);
	memset((uint8_t *)buf + here, 0, len - here);
	f->at += here;
	f->left -= here;
}

void fuzz_failed(const char *file, int line, const char *what)
{
	fprintf(stderr, "%s:%d: not so: %s\n", file, line, what);
	abort();
}

void fuzz_put(struct fuzz_out *out, uint64_t value, unsigned int bytes)
{
	for (; bytes && out->left; bytes--, value >>= 8) {
		*out->at++ = (uint8_t)value;
		out->left--;
	}
}

void fuzz_put_bytes(struct fuzz_out *out, const void *bytes, size_t len)
{
	if (len > out->left)
		len = out->left;
	memcpy(out->at, bytes, len);
	out->at += len;
	out->left -= len;
}
