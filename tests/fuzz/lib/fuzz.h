/* SPDX-License-Identifier: MIT */
/*
 * What every fuzz target is made of.  A target is one file, tests/fuzz/ROOM/NAME.c, with two
 * functions.  It is built twice: by clang with libFuzzer, which makes up inputs (make fuzz),
 * and by gcc with a plain main() (replay.c), which replays tests/fuzz/corpus/NAME (make test).
 *
 * An input is read from its start by the functions below; one that has ended reads as zeroes,
 * so every input is complete and each of its bytes means something.
 */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Judges one input; returns 0.  What must not be ends the program: FUZZ_CHECK. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
/* A good input to begin with, number n, in at most `size` bytes of buf: its length.  0: there
 * are no more. */
size_t fuzz_seed(unsigned int n, uint8_t *buf, size_t size);

struct fuzz {
	const uint8_t *at;
	size_t left;
};

uint64_t fuzz_number(struct fuzz *f, unsigned int bytes); /* little-endian */
uint8_t fuzz_u8(struct fuzz *f);
uint16_t fuzz_u16(struct fuzz *f);
uint32_t fuzz_u32(struct fuzz *f);
uint64_t fuzz_u64(struct fuzz *f);
/* Below n, which is not 0: of one byte, of two where n is above 256. */
uint32_t fuzz_below(struct fuzz *f, uint32_t n);
/* Fills buf. */
void fuzz_bytes(struct fuzz *f, void *buf, size_t len);

#define FUZZ_CHECK(condition) \
	((condition) ? (void)0 : fuzz_failed(__FILE__, __LINE__, #condition))
void fuzz_failed(const char *file, int line, const char *what) __attribute__((noreturn));

/* Puts a seed together. */
struct fuzz_out {
	uint8_t *at;
	size_t left;
};

void fuzz_put(struct fuzz_out *out, uint64_t value, unsigned int bytes);
void fuzz_put_bytes(struct fuzz_out *out, const void *bytes, size_t len);

#endif
