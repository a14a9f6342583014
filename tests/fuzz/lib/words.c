/* SPDX-License-Identifier: MIT */
#include "tests/fuzz/lib/words.h"

#include <string.h>

#include "tests/fuzz/lib/fuzz.h"

bool fuzz_words_cut(struct fuzz_words *w, char *program, const uint8_t *data, size_t size)
{
	char *word = w->text;

	if (size > FUZZ_TEXT_MAX)
		return false;
	memcpy(w->text, data, size);
	w->text[size] = '\0';
	w->argc = 0;
	w->argv[w->argc++] = program;
	while (word && w->argc < FUZZ_WORDS_MAX) {
		char *end = strchr(word, '\n');

		if (end)
			*end++ = '\0';
		w->argv[w->argc++] = word;
		word = end;
	}
	w->argv[w->argc] = NULL;
	return true;
}

void fuzz_check_refusal(int ret, const struct error *err)
{
	FUZZ_CHECK(ret < 0);
	FUZZ_CHECK(err->text[0]);
	FUZZ_CHECK(memchr(err->text, '\0', sizeof(err->text)));
	FUZZ_CHECK(!strchr(err->text, '\n'));
}
