/* SPDX-License-Identifier: MIT */
/*
 * What a guest prints, as the reader of results takes it.  The first byte says in what pieces
 * it comes; however it is cut, the same is found.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/lib/fuzz.h"
#include "vmm/report/ktap.h"

static void check(const struct ktap *k)
{
	uint64_t seen = 0;

	for (unsigned int v = 0; v < KTAP_VERDICTS; v++)
		seen += k->counts[v];
	FUZZ_CHECK(k->len <= KTAP_LINE_MAX);
	FUZZ_CHECK(k->nr_rows <= KTAP_ROWS_MAX);
	FUZZ_CHECK(k->nr_results == (seen < KTAP_RESULTS_MAX ? seen : KTAP_RESULTS_MAX));
	for (size_t i = 0; i < k->nr_results; i++) {
		FUZZ_CHECK(k->results[i].verdict < KTAP_VERDICTS);
		FUZZ_CHECK(strlen(k->results[i].name) < KTAP_LINE_MAX);
		FUZZ_CHECK(strlen(k->results[i].evidence) < KTAP_LINE_MAX);
	}
	for (size_t i = 0; i < k->nr_rows; i++)
		FUZZ_CHECK(strlen(k->rows[i]) < KTAP_LINE_MAX);
}

static void compare(const struct ktap *a, const struct ktap *b)
{
	FUZZ_CHECK(!memcmp(a->counts, b->counts, sizeof(a->counts)));
	FUZZ_CHECK(a->nr_results == b->nr_results && a->nr_rows == b->nr_rows);
	for (size_t i = 0; i < a->nr_results; i++) {
		FUZZ_CHECK(a->results[i].verdict == b->results[i].verdict);
		FUZZ_CHECK(!strcmp(a->results[i].name, b->results[i].name));
		FUZZ_CHECK(!strcmp(a->results[i].evidence, b->results[i].evidence));
	}
	for (size_t i = 0; i < a->nr_rows; i++)
		FUZZ_CHECK(!strcmp(a->rows[i], b->rows[i]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz f = { data, size };
	size_t piece = 1 + fuzz_u8(&f);
	struct ktap whole = { .len = 0 }, cut = { .len = 0 };

	ktap_feed(&whole, f.at, f.left);
	for (size_t at = 0; at < f.left; at += piece)
		ktap_feed(&cut, f.at + at, piece < f.left - at ? piece : f.left - at);
	check(&whole);
	compare(&whole, &cut);
	ktap_fini(&whole);
	ktap_fini(&cut);
	return 0;
}

size_t fuzz_seed(unsigned int n, uint8_t *buf, size_t size)
{
	static const char good[] =
		"KTAP version 1\n1..3\nok 1 buddy.split # evidence\nnot ok 2 - x.y # why\n"
		"ok 3 dma.sg # SKIP reason\n1 passed, 1 failed, 1 skipped\n";
	static const char *const text[] = {
		good,
		"    ok 1 sub.test\r\n# table {\"allocator\": \"kmalloc\"}\n",
		"ok\nok 1\nok 1 \nok x y\nnot  ok 1 #\nok 9999999999 a # SKIP\n",
	};
	struct fuzz_out out = { buf, size };

	if (n > sizeof(text) / sizeof(text[0]))
		return 0;
	fuzz_put(&out, 3 * n, 1);
	if (n < sizeof(text) / sizeof(text[0]))
		fuzz_put_bytes(&out, text[n], strlen(text[n]));
	else
		for (unsigned int i = 0; i < KTAP_LINE_MAX + 9; i += 8) /* one line */
			fuzz_put_bytes(&out, "ok 1 a# b", 8);
	return size - out.left;
}
