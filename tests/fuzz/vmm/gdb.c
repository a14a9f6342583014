/* SPDX-License-Identifier: MIT */
/*
 * What somebody sends to the port of gdb, as frames with right checksums (a packet a piece)
 * or as bare bytes; the machine behind it is a fake.  Whatever comes, the machine is asked
 * for nothing that it does not have, and the answers keep to their room.
 */
#include <string.h>

#include "tests/fuzz/lib/fuzz.h"
#include "tests/unit/vmm/fake_gdb.h"

static struct fake_gdb fake;
static struct gdb_session session;
static struct gdb_reader reader;
static char frame[GDB_FRAME_MAX];

static void packet(void)
{
	FUZZ_CHECK(reader.len <= GDB_PACKET_MAX && !reader.body[reader.len]);
	gdb_session_packet(&session, reader.body, reader.len);
	FUZZ_CHECK(!fake.bad);
	FUZZ_CHECK(session.reply_n <= GDB_PACKET_MAX);
	FUZZ_CHECK(session.cpu < FAKE_GDB_CPUS && session.resume_cpu < FAKE_GDB_CPUS);
	FUZZ_CHECK(fake.points.nr <= GDB_POINTS_MAX);
	FUZZ_CHECK(gdb_frame(session.reply, session.reply_n, frame) <= sizeof(frame));
}

static void feed(const char *bytes, size_t n)
{
	size_t taken;

	while (n) {
		if (gdb_read(&reader, bytes, n, &taken) == GDB_PACKET)
			packet();
		FUZZ_CHECK(taken && taken <= n);
		bytes += taken;
		n -= taken;
	}
}

static void stopped(struct fuzz *f)
{
	struct gdb_stop stop = {
		.reason = (enum gdb_reason)fuzz_below(f, GDB_CRASHED + 1),
		.cpu = fuzz_below(f, FAKE_GDB_CPUS),
		.kind = (enum gdb_point_kind)(GDB_WATCH_WRITE + (int)fuzz_below(f, 3)),
		.addr = fuzz_u64(f)
	};

	gdb_session_stopped(&session, &stop);
	FUZZ_CHECK(session.reply_n <= GDB_PACKET_MAX);
}

static void framed(const char *body, size_t n)
{
	size_t len = gdb_frame(body, n, frame);
	char copy[2 * 256 + 4];

	memcpy(copy, frame, len);
	feed(copy, len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz f = { data, size };
	unsigned int bits = fuzz_u8(&f);
	char piece[256];
	size_t n;

	memset(&fake, 0, sizeof(fake));
	fake.delivers = (struct gdb_delivers){ bits & 1,    bits & 2, bits & 4,
					       !(bits & 4), bits & 8, bits & 16 };
	memset(&reader, 0, sizeof(reader));
	gdb_session_init(&session, &fake_gdb_ops, &fake);
	while (f.left) {
		n = fuzz_u8(&f);
		if (n == 255) {
			stopped(&f);
			continue;
		}
		if (n >= f.left)
			n = f.left;
		fuzz_bytes(&f, piece, n);
		if (bits & 32)
			feed(piece, n);
		else
			framed(piece, n);
	}
	return 0;
}

size_t fuzz_seed(unsigned int n, uint8_t *buf, size_t size)
{
	static const char *const talk[] = {
		"qSupported:swbreak+;hwbreak+",
		"QStartNoAckMode",
		"qXfer:features:read:target.xml:0,1ffb",
		"Hg0",
		"qfThreadInfo",
		"qThreadExtraInfo,1",
		"?",
		"qAttached",
		"vCont?",
		"g",
		"p10",
		"P10=0000000000000000",
		"mffffffff80100000,40",
		"Mffffffff80100000,2:0011",
		"Xffffffff80100000,1:a",
		"Z0,ffffffff80100000,1",
		"Z1,1000,1",
		"Z2,1000,8",
		"z0,ffffffff80100000,1",
		"Qqemu.PhyMemMode:1",
		"m0,8",
		"qqemu.PhyMemMode",
		"vCont;s:1;c",
		"Hc1",
		"T2",
		"D",
		"vKill;1",
	};
	struct fuzz_out out = { buf, size };
	size_t i;

	if (n > 1)
		return 0;
	fuzz_put(&out, n ? 0x3b : 0x1b, 1);
	for (i = 0; i < sizeof(talk) / sizeof(talk[0]); i++) {
		size_t len = n ? gdb_frame(talk[i], strlen(talk[i]), frame)
			       : strlen(talk[i]);

		fuzz_put(&out, len, 1);
		fuzz_put_bytes(&out, n ? frame : talk[i], len);
	}
	return size - out.left;
}
