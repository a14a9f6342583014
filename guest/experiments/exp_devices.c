/* SPDX-License-Identifier: MIT */
/*
 * The small devices, by what arrives: random bytes in exactly the buffer that was given,
 * and lines that go out and come in by the virtio console.
 *
 *	console.expect=WORD	a line of this one word shall come in
 */
#include <linux/errno.h>
#include <linux/init.h>
#include <linux/jiffies.h>
#include <linux/slab.h>
#include <linux/string.h>

#include <guest/hvc.h>
#include <guest/rng.h>

#include "experiment.h"

#define CHAPTER CHAPTER_DEVICES

/* More than the driver gets at once, at an odd place. */
#define RANDOM 4100UL
#define FENCE  8UL
#define ODD    3UL
#define SEEN   64UL /* bytes that chance does not leave all alike */

EXPERIMENT(rng_fill, "rng.fill",
	   "the entropy device fills all of a buffer and no byte besides, each time anew")
{
	size_t size = FENCE + ODD + RANDOM + FENCE;
	char *buf, *start, first[SEEN];
	int err;

	if (!rng_device()) {
		skip(x, "this machine has no entropy device");
		return;
	}
	buf = kzalloc(size, GFP_KERNEL);
	if (!expect(x, buf, "no buffer"))
		return;
	start = buf + FENCE + ODD;
	err = rng_read(start, RANDOM);
	expect(x, !err, "reading %lu bytes: %d", RANDOM, err);
	expect(x,
	       memchr_inv(start, 0, SEEN) && memchr_inv(start + RANDOM - SEEN, 0, SEEN),
	       "one of its ends was not filled");
	expect(x,
	       !memchr_inv(buf, 0, FENCE + ODD) && !memchr_inv(start + RANDOM, 0, FENCE),
	       "bytes beside the buffer changed");
	memcpy(first, start, SEEN);
	err = rng_read(start, SEEN);
	expect(x, !err && memcmp(first, start, SEEN) != 0, "the same bytes again");
	evidence(x, "%lu bytes, both ends filled, %lu fence bytes kept", RANDOM,
		 2 * FENCE + ODD);
	kfree(buf);
}

static const char *expected;

static int set_expected(char *value)
{
	expected = value;
	return value ? 0 : -EINVAL;
}
early_param("console.expect", set_expected);

#define LINE_MAX 80

static void read_expected(struct trial *x)
{
	char line[LINE_MAX];
	ssize_t n = hvc_read_line(line, sizeof(line), 2 * HZ);
	size_t length = strlen(expected);

	expect(x,
	       n == (ssize_t)length + 1 && !memcmp(line, expected, length) &&
		       line[length] == '\n',
	       "%ld characters came, and not \"%s\"", n, expected);
	evidence(x, "\"%s\" came in", expected);
}

/* What goes out is a comment to whoever reads the verdicts. */
EXPERIMENT(console_write, "console.write",
	   "a line goes out by the virtio console, and one comes in")
{
	static const char line[] = "# console.write: this came by the virtio console\n";
	ssize_t n;

	if (!hvc_device()) {
		skip(x, "this machine has no virtio console");
		return;
	}
	n = hvc_write(line, sizeof(line) - 1);
	expect(x, n == sizeof(line) - 1, "writing %zu characters: %ld", sizeof(line) - 1,
	       n);
	evidence(x, "%ld characters went out", n);
	if (expected)
		read_expected(x);
}
