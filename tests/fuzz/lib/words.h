/* SPDX-License-Identifier: MIT */
/*
 * A command line as an input, one word a line, and what a refusal of it must look like.
 */
#ifndef TESTS_FUZZ_WORDS_H
#define TESTS_FUZZ_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmm/util/error.h"

#define FUZZ_WORDS_MAX 80
#define FUZZ_TEXT_MAX  4096

struct fuzz_words {
	char text[FUZZ_TEXT_MAX + 1]; /* what argv points into */
	char *argv[FUZZ_WORDS_MAX + 1];
	int argc;
};

/* Cuts the input at its newlines; argv[0] is the program's name, lines beyond FUZZ_WORDS_MAX
 * are left out.  False: more than FUZZ_TEXT_MAX bytes. */
bool fuzz_words_cut(struct fuzz_words *w, char *program, const uint8_t *data,
		    size_t size);

/* What was refused is a negative errno with one line that says why. */
void fuzz_check_refusal(int ret, const struct error *err);

#endif
