/* SPDX-License-Identifier: MIT */
/*
 * dmacheck: the device that says what guest memory looks like from a device's side.
 * virtio device type 176, PCI 1af4:10f0.  No feature bits of its own.  Queues 0 ..
 * config.num_queues - 1 are all request queues and equal.
 *
 * A request is one descriptor chain:
 *
 *   readable	struct dmacheck_req
 *		struct dmacheck_seg src[n_src]
 *		struct dmacheck_seg dst[n_dst]
 *   writable	struct dmacheck_resp
 *		struct dmacheck_run runs[]	as many as there is room for (DESCRIBE only)
 *
 * How the chain is cut into descriptors means nothing.  Segments are I/O addresses: the
 * device reaches them by its own DMA, translated and checked like any other access of this
 * device.  A list of segments is ONE stream of bytes: segment 0, then segment 1, and so on.
 *
 *   op		src	dst	seed	the device
 *   HASH	1..max	0	-	reads the src stream; hash is its XXH3-64 (seed 0)
 *   FILL	0	1..max	yes	writes the pattern over the dst stream; hash is of what
 *					it wrote
 *   COPY	1..max	1..max	-	reads the src stream, writes it over the dst stream
 *					(equal lengths); hash is of the bytes moved.  Where the
 *					two overlap the result is that of a copy through a
 *					buffer of the device's: src is read before dst is written
 *					within each piece of DMACHECK_COPY_PIECE bytes, pieces
 *					in ascending order
 *   DESCRIBE	1..max	0	-	touches nothing; says into which runs of contiguous
 *					guest-physical memory the src stream translates
 *					(neighbours that meet are one run, also across segments)
 *   RESIDENT	1..max	0	-	touches nothing; says how much of the src stream the host
 *					has given memory to: what was ever touched, and its
 *					neighbours where the host gives memory in larger pages
 *
 * The used length is what was written of the writable part; 0 when there was no room for a
 * struct dmacheck_resp: then nothing was done.
 *
 * The pattern: the stream seen as 64-bit little-endian words w[0], w[1], ... from its first
 * byte, wherever that stands in memory, is
 *
 *	w[i] = seed + i * DMACHECK_PATTERN_STEP	  (modulo 2^64)
 *
 * and a tail of less than 8 bytes holds the low bytes of its word.
 */
#ifndef ABI_DMACHECK_H
#define ABI_DMACHECK_H

#include <abi/types.h>

#define DMACHECK_PATTERN_STEP	  0x9e3779b97f4a7c15ull
#define DMACHECK_PATTERN(seed, i) ((uint64_t)(seed) + (uint64_t)(i)*DMACHECK_PATTERN_STEP)

/* Limits.  The device's configuration repeats them; a driver goes by the configuration. */
#define DMACHECK_MAX_QUEUES   4u
#define DMACHECK_MAX_SEGMENTS 4096u /* of each of the two lists */
#define DMACHECK_MAX_BYTES    (64ull << 30) /* of each stream */
#define DMACHECK_MAX_RUNS     4096u /* reported in one response */
#define DMACHECK_COPY_PIECE   65536u

struct dmacheck_config {
	le32 version; /* DMACHECK_VERSION */
	le32 num_queues;
	le32 max_segments;
	le32 max_runs;
	le64 max_bytes;
};
#define DMACHECK_VERSION 1u
_Static_assert(sizeof(struct dmacheck_config) == 24, "dmacheck configuration");

#define DMACHECK_OP_HASH     1u
#define DMACHECK_OP_FILL     2u
#define DMACHECK_OP_COPY     3u
#define DMACHECK_OP_DESCRIBE 4u
#define DMACHECK_OP_RESIDENT 5u

struct dmacheck_req {
	le16 op;
	le16 flags; /* 0 */
	le32 n_src;
	le32 n_dst;
	le32 reserved; /* 0 */
	le64 seed;
	le64 tag; /* comes back in the response */
};
_Static_assert(sizeof(struct dmacheck_req) == 32, "dmacheck request");

struct dmacheck_seg {
	le64 addr;
	le64 len; /* bytes, not 0 */
};
_Static_assert(sizeof(struct dmacheck_seg) == 16, "dmacheck segment");

#define DMACHECK_S_OK 0u
#define DMACHECK_S_INVAL \
	1u /* flags, reserved, counts wrong for the op, a length 0 or past
				2^64, lists shorter than their counts, COPY lengths differ */
#define DMACHECK_S_UNSUPP 2u /* unknown op */
#define DMACHECK_S_TOOBIG 3u /* over a limit */
#define DMACHECK_S_FAULT  4u /* a byte of the streams cannot be reached: see `bytes` */

struct dmacheck_resp {
	le32 status;
	le32 n_runs; /* DESCRIBE: runs in all, also those there was no room for */
	le64 hash; /* HASH, FILL, COPY with status OK, else 0 */
	le64 bytes; /* OK: length of the stream.  FAULT: offset in the stream of the first byte
			 that could not be reached; HASH and COPY say nothing of the rest */
	union {
		le64 first_break; /* DESCRIBE: stream offset where the first run ends */
		le64 resident; /* RESIDENT with status OK: bytes of the stream */
	};
	le64 tag;
};
_Static_assert(sizeof(struct dmacheck_resp) == 40, "dmacheck response");

struct dmacheck_run {
	le64 addr; /* guest-physical */
	le64 len;
};
_Static_assert(sizeof(struct dmacheck_run) == 16, "dmacheck run");

#endif
