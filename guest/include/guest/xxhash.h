/* SPDX-License-Identifier: MIT */
/* xxHash of guest memory, by the CPU: the counterpart of dmacheck's answers. */
#ifndef GUEST_XXHASH_H
#define GUEST_XXHASH_H

#include <linux/types.h>

/* XXH3-64, seed 0. */
u64 xxh3_64(const void *p, size_t len) __attribute__((nonnull));
/* XXH64, seed 0: what xxhsum -H64 prints. */
u64 xxh64(const void *p, size_t len) __attribute__((nonnull));

/* XXH64 of a stream of pieces. */
struct xxh64_stream {
	u64 opaque[11];
};
void xxh64_start(struct xxh64_stream *s) __attribute__((nonnull));
void xxh64_update(struct xxh64_stream *s, const void *p, size_t len)
	__attribute__((nonnull));
u64 xxh64_digest(const struct xxh64_stream *s) __attribute__((nonnull));

#endif
