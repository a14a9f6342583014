/* SPDX-License-Identifier: MIT */
/* The kernel's memory and string functions beside libc's, over every small size, offset and
 * overlap. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <cmocka.h>

/* The kernel's, under the names they have on the host (guest/guest.mk). */
void *guest_memcpy(void *to, const void *from, size_t n);
void *guest_memmove(void *to, const void *from, size_t n);
void *guest_memset(void *p, int byte, size_t n);
int guest_memcmp(const void *a, const void *b, size_t n);
void *guest_memchr(const void *p, int byte, size_t n);
size_t guest_strlen(const char *s);
int guest_strcmp(const char *a, const char *b);
int guest_strncmp(const char *a, const char *b, size_t n);
char *guest_strchr(const char *s, int c);
char *guest_strstr(const char *s, const char *part);
void *memchr_inv(const void *p, int byte, size_t n);
ssize_t strscpy(char *to, const char *from, size_t size);

#define ROOM 160
#define MOST 70

static void fill(unsigned char *p, size_t n, unsigned int seed)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (unsigned char)(seed = seed * 1103515245 + 12345, seed >> 16);
}

static int sign(int v)
{
	return (v > 0) - (v < 0);
}

static void copies_equal_libc(void **state)
{
	unsigned char source[ROOM], ours[ROOM], theirs[ROOM];

	(void)state;
	for (size_t n = 0; n < MOST; n++)
		for (size_t from = 0; from < 9; from++)
			for (size_t to = 0; to < 9; to++) {
				fill(source, ROOM, (unsigned int)(n + from));
				fill(ours, ROOM, 1);
				fill(theirs, ROOM, 1);
				assert_ptr_equal(
					guest_memcpy(ours + to, source + from, n),
					ours + to);
				memcpy(theirs + to, source + from, n);
				assert_memory_equal(ours, theirs, ROOM);
			}
}

static void moves_equal_libc_at_every_overlap(void **state)
{
	unsigned char ours[ROOM], theirs[ROOM];

	(void)state;
	for (size_t n = 0; n < MOST; n++)
		for (size_t from = 0; from < 24; from++)
			for (size_t to = 0; to < 24; to++) {
				fill(ours, ROOM, 7);
				fill(theirs, ROOM, 7);
				assert_ptr_equal(guest_memmove(ours + to, ours + from, n),
						 ours + to);
				memmove(theirs + to, theirs + from, n);
				assert_memory_equal(ours, theirs, ROOM);
			}
}

static void fills_equal_libc(void **state)
{
	unsigned char ours[ROOM], theirs[ROOM];

	(void)state;
	for (size_t n = 0; n < MOST; n++)
		for (size_t at = 0; at < 9; at++) {
			fill(ours, ROOM, 3);
			fill(theirs, ROOM, 3);
			assert_ptr_equal(guest_memset(ours + at, 0x1a5, n), ours + at);
			memset(theirs + at, 0xa5, n);
			assert_memory_equal(ours, theirs, ROOM);
		}
}

static void comparison_finds_the_first_difference(void **state)
{
	unsigned char space[2 * MOST + 2], *a = space + 1, *b = a + MOST;

	(void)state;
	for (size_t n = 0; n < MOST; n++)
		for (size_t at = 0; at < n; at++) {
			fill(a, MOST, 5);
			fill(b, MOST, 5);
			b[at] ^= 0x80;
			b[n - 1] ^= 1;
			assert_int_equal(sign(guest_memcmp(a, b, n)),
					 sign(memcmp(a, b, n)));
			assert_int_equal(guest_memcmp(a, b, at == n - 1 ? n - 1 : at), 0);
		}
}

static void searches_find_the_first(void **state)
{
	unsigned char space[MOST + 3], *p = space + 3;

	(void)state;
	for (size_t n = 0; n < MOST; n++)
		for (size_t at = 0; at <= n; at++) {
			unsigned char *want = at < n ? p + at : NULL;

			memset(p, 'x', MOST);
			if (at < MOST)
				p[at] = 'y';
			assert_ptr_equal(guest_memchr(p, 'y' | 0x100, n), want);
			assert_ptr_equal(memchr_inv(p, 'x' | 0x100, n), want);
		}
}

static const char *const strings[] = {
	"",    "a",    "ab",	"abc",	"abd",	 "b",
	"aab", "aaab", "ababc", "\xff", "a\xff", "abcabd"
};
#define STRINGS (sizeof(strings) / sizeof(strings[0]))

static void strings_equal_libc(void **state)
{
	(void)state;
	for (size_t i = 0; i < STRINGS; i++) {
		const char *a = strings[i];

		assert_int_equal(guest_strlen(a), strlen(a));
		for (const char *c = "ab\xff"; *c; c++)
			assert_ptr_equal(guest_strchr(a, *c), strchr(a, *c));
		assert_ptr_equal(guest_strchr(a, 0), strchr(a, 0));
		for (size_t j = 0; j < STRINGS; j++) {
			const char *b = strings[j];

			assert_int_equal(sign(guest_strcmp(a, b)), sign(strcmp(a, b)));
			assert_ptr_equal(guest_strstr(a, b), strstr(a, b));
			for (size_t n = 0; n < 6; n++)
				assert_int_equal(sign(guest_strncmp(a, b, n)),
						 sign(strncmp(a, b, n)));
		}
	}
}

static void strscpy_always_ends_the_string(void **state)
{
	char to[8];

	(void)state;
	for (size_t size = 0; size <= sizeof(to); size++)
		for (size_t i = 0; i < STRINGS; i++) {
			size_t n = strlen(strings[i]);
			ssize_t got;

			memset(to, '#', sizeof(to));
			got = strscpy(to, strings[i], size);
			if (!size) {
				assert_int_equal(got, -7);
				assert_int_equal(to[0], '#');
				continue;
			}
			assert_int_equal(got, n < size ? (ssize_t)n : -7);
			assert_int_equal(strlen(to), n < size ? n : size - 1);
			assert_memory_equal(to, strings[i], strlen(to));
			for (size_t k = strlen(to) + 1; k < sizeof(to); k++)
				assert_int_equal(to[k], '#');
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(copies_equal_libc),
		cmocka_unit_test(moves_equal_libc_at_every_overlap),
		cmocka_unit_test(fills_equal_libc),
		cmocka_unit_test(comparison_finds_the_first_difference),
		cmocka_unit_test(searches_find_the_first),
		cmocka_unit_test(strings_equal_libc),
		cmocka_unit_test(strscpy_always_ends_the_string),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
