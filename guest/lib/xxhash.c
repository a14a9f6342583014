/* SPDX-License-Identifier: MIT */
/*
 * xxHash for the guest: Debian's libxxhash headers, compiled freestanding.  The headers in
 * guest/lib/xxhash/ stand in for the few of libc that they include.
 */
#include <linux/string.h>
#include <guest/xxhash.h>

#define XXH_INLINE_ALL
#define XXH_VECTOR		0 /* no vector instructions in a kernel */
#define XXH_FORCE_MEMORY_ACCESS 1 /* else each word goes through memcpy: 7 times slower */
#include <xxhash.h>

_Static_assert(sizeof(struct xxh64_stream) == sizeof(XXH64_state_t),
	       "the stream's state");

u64 xxh3_64(const void *p, size_t len)
{
	return XXH3_64bits(p, len);
}

u64 xxh64(const void *p, size_t len)
{
	return XXH64(p, len, 0);
}

void xxh64_start(struct xxh64_stream *s)
{
	XXH64_reset((XXH64_state_t *)s, 0);
}

void xxh64_update(struct xxh64_stream *s, const void *p, size_t len)
{
	XXH64_update((XXH64_state_t *)s, p, len);
}

u64 xxh64_digest(const struct xxh64_stream *s)
{
	return XXH64_digest((const XXH64_state_t *)s);
}
