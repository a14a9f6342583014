/* SPDX-License-Identifier: MIT */
/* gdb's remote protocol: frames, commands, registers, points, and a conversation. */
#include <stdio.h>

#include "tests/unit/vmm/fake_gdb.h"
#include "tests/unit/vmm/vmm_test.h"

/* --- frames ---------------------------------------------------------------------------------- */

/* Feeds `text` in pieces; returns the first event, and how many there were. */
static enum gdb_event feed(struct gdb_reader *r, const char *text, size_t n, size_t piece,
			   unsigned int *events)
{
	enum gdb_event first = GDB_NOTHING, event;
	size_t at = 0, end, taken;

	*events = 0;
	while (at < n) {
		end = at + piece < n ? at + piece : n;
		event = gdb_read(r, text + at, end - at, &taken);
		assert_true(taken && taken <= end - at);
		at += taken;
		if (event != GDB_NOTHING && !(*events)++)
			first = event;
	}
	return first;
}

static void a_frame_is_read_in_any_pieces(void **state)
{
	static const char text[] = "noise$m1000,10#bbmore";
	struct gdb_reader *r = calloc(1, sizeof(*r));
	unsigned int events;
	size_t piece;

	(void)state;
	for (piece = 1; piece < sizeof(text); piece++) {
		assert_int_equal(feed(r, text, sizeof(text) - 1, piece, &events),
				 GDB_PACKET);
		assert_int_equal(events, 1);
		assert_string_equal(r->body, "m1000,10");
	}
	free(r);
}

static void other_bytes_are_events_too(void **state)
{
	static const struct {
		const char *text;
		enum gdb_event event;
	} cases[] = {
		{ "\x03", GDB_INTERRUPT },
		{ "+", GDB_ACK },
		{ "-", GDB_NAK },
		{ "xyz", GDB_NOTHING },
		{ "$g#68", GDB_GARBLED },
		{ "$g#6", GDB_NOTHING },
		{ "$g#zz", GDB_GARBLED },
		{ "$lost$g#67", GDB_PACKET },
		{ "$a}\x03#e1", GDB_PACKET },
	};
	struct gdb_reader *r = malloc(sizeof(*r));
	unsigned int events;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		memset(r, 0, sizeof(*r));
		assert_int_equal(
			feed(r, cases[i].text, strlen(cases[i].text), 1, &events),
			cases[i].event);
	}
	assert_memory_equal(r->body, "a#", 3); /* 3 ^ 0x20 */
	free(r);
}

static void a_frame_that_is_too_long_is_garbled_and_the_next_is_not(void **state)
{
	struct gdb_reader *r = calloc(1, sizeof(*r));
	char *text = malloc(GDB_PACKET_MAX + 16);
	unsigned int events;
	size_t n = 0;

	(void)state;
	text[n++] = '$';
	memset(text + n, 0, GDB_PACKET_MAX + 1); /* the sum stays 0 */
	n += GDB_PACKET_MAX + 1;
	memcpy(text + n, "#00", 4);
	assert_int_equal(feed(r, text, n + 3, 100, &events), GDB_GARBLED);
	memcpy(text + n - 1, "#00", 4); /* the longest that may be */
	assert_int_equal(feed(r, text, n + 2, 100, &events), GDB_PACKET);
	assert_int_equal(r->len, GDB_PACKET_MAX);
	free(text);
	free(r);
}

static void what_is_framed_is_read_back(void **state)
{
	struct gdb_reader *r = calloc(1, sizeof(*r));
	char *out = malloc(GDB_FRAME_MAX), body[600];
	unsigned int events, round;
	size_t i, n, len;

	(void)state;
	for (round = 0; round < 300; round++) {
		n = (size_t)rand() % sizeof(body);
		for (i = 0; i < n; i++)
			body[i] = (char)(round % 2 ? "#$}*+-\x03"
						     "a"[rand() % 8]
						   : rand());
		len = gdb_frame(body, n, out);
		assert_true(len <= GDB_FRAME_MAX);
		assert_null(memchr(out, '*', len)); /* it would be a count */
		assert_int_equal(feed(r, out, len, 1 + (size_t)rand() % 50, &events),
				 GDB_PACKET);
		assert_int_equal(events, 1);
		assert_int_equal(r->len, n);
		assert_memory_equal(r->body, body, n);
	}
	memset(body, '#', sizeof(body)); /* every byte escaped */
	assert_int_equal(gdb_frame(body, sizeof(body), out), 2 * sizeof(body) + 4);
	free(out);
	free(r);
}

/* --- commands -------------------------------------------------------------------------------- */

static struct gdb_command command;

static void parse(const char *text)
{
	gdb_parse(&command, text, strlen(text));
}

static const struct {
	const char *text;
	enum gdb_verb verb;
} packets[] = {
	{ "", GDB_UNKNOWN },
	{ "?", GDB_WHY_STOPPED },
	{ "??", GDB_MALFORMED },
	{ "g", GDB_READ_REGISTERS },
	{ "G00112233", GDB_WRITE_REGISTERS },
	{ "G0", GDB_MALFORMED },
	{ "G0x", GDB_MALFORMED },
	{ "p10", GDB_READ_REGISTER },
	{ "p", GDB_MALFORMED },
	{ "p1000000", GDB_MALFORMED },
	{ "P10=00", GDB_WRITE_REGISTER },
	{ "m0,4", GDB_READ_MEMORY },
	{ "m0", GDB_MALFORMED },
	{ "m,4", GDB_MALFORMED },
	{ "m0,4x", GDB_MALFORMED },
	{ "m11112222333344445,1", GDB_MALFORMED },
	{ "M0,2:0001", GDB_WRITE_MEMORY },
	{ "M0,2:00", GDB_MALFORMED },
	{ "X0,2:ab", GDB_WRITE_MEMORY },
	{ "X0,3:ab", GDB_MALFORMED },
	{ "X0,0:", GDB_WRITE_MEMORY },
	{ "Z0,1000,1", GDB_INSERT },
	{ "z4,1000,8", GDB_REMOVE },
	{ "Z5,1000,1", GDB_MALFORMED },
	{ "Z0,1000,1;X1,0", GDB_MALFORMED },
	{ "vCont?", GDB_ASK_RESUME },
	{ "vCont;c", GDB_RESUME },
	{ "vCont;s:1;c", GDB_RESUME },
	{ "vCont;C05:2;S05", GDB_RESUME },
	{ "vCont;", GDB_MALFORMED },
	{ "vCont;t", GDB_MALFORMED },
	{ "vCont;c;", GDB_MALFORMED },
	{ "vMustReplyEmpty", GDB_UNKNOWN },
	{ "c", GDB_RESUME },
	{ "s", GDB_RESUME },
	{ "c1000", GDB_MALFORMED },
	{ "Hg2", GDB_SELECT },
	{ "Hgp1.2", GDB_SELECT },
	{ "Hc-1", GDB_SELECT_RESUME },
	{ "Hg", GDB_MALFORMED },
	{ "T1", GDB_IS_ALIVE },
	{ "qfThreadInfo", GDB_FIRST_THREADS },
	{ "qsThreadInfo", GDB_MORE_THREADS },
	{ "qThreadExtraInfo,2", GDB_DESCRIBE_THREAD },
	{ "qC", GDB_CURRENT_THREAD },
	{ "qCRC:0,0", GDB_UNKNOWN },
	{ "qSupported:swbreak+", GDB_SUPPORTED },
	{ "qXfer:features:read:target.xml:0,fff", GDB_READ_FEATURES },
	{ "qXfer:features:read:other.xml:0,fff", GDB_UNKNOWN },
	{ "qAttached:1", GDB_ASK_ATTACHED },
	{ "QStartNoAckMode", GDB_NO_ACKS },
	{ "qqemu.PhyMemMode", GDB_ASK_PHYSICAL },
	{ "Qqemu.PhyMemMode:1", GDB_SET_PHYSICAL },
	{ "Qqemu.PhyMemMode:2", GDB_MALFORMED },
	{ "D", GDB_DETACH },
	{ "k", GDB_KILL },
	{ "vKill;1", GDB_KILL },
};

static void each_packet_is_one_command(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(packets) / sizeof(packets[0]); i++) {
		parse(packets[i].text);
		if (command.verb != packets[i].verb)
			fail_msg("\"%s\" is %d, not %d", packets[i].text, command.verb,
				 packets[i].verb);
	}
}

static void its_fields_are_what_it_says(void **state)
{
	(void)state;
	parse("mffffffff80100000,20");
	assert_int_equal(command.addr, 0xffffffff80100000);
	assert_int_equal(command.len, 0x20);
	parse("m0,ffffffffffffffff");
	assert_int_equal(command.len, GDB_MEMORY_MAX);
	parse("M5,3:0aB0ff");
	assert_int_equal(command.nr_data, 3);
	assert_memory_equal(command.data, "\x0a\xb0\xff", 3);
	parse("Z2,1008,8");
	assert_int_equal(command.kind, GDB_WATCH_WRITE);
	assert_int_equal(command.addr, 0x1008);
	assert_int_equal(command.len, 8);
	parse("qSupported:xmlRegisters=i386;hwbreak+");
	assert_true(command.hwbreak && !command.swbreak);
	parse("vCont;s:2;C0b:p1.3;c");
	assert_int_equal(command.nr_actions, 3);
	assert_true(gdb_action_for(&command, 2)->step);
	assert_false(gdb_action_for(&command, 3)->step);
	assert_false(gdb_action_for(&command, 1)->step);
	parse("vCont;s:2");
	assert_null(gdb_action_for(&command, 1));
}

static void more_actions_than_there_can_be_threads_are_refused(void **state)
{
	char text[8 + 2 * (GDB_ACTIONS_MAX + 1)] = "vCont";
	unsigned int i;

	(void)state;
	for (i = 0; i < GDB_ACTIONS_MAX; i++)
		strcat(text, ";c");
	parse(text);
	assert_int_equal(command.verb, GDB_RESUME);
	strcat(text, ";c");
	parse(text);
	assert_int_equal(command.verb, GDB_MALFORMED);
}

/* --- registers -------------------------------------------------------------------------------- */

static unsigned int count(const char *text, const char *part)
{
	unsigned int n = 0;

	while ((text = strstr(text, part))) {
		text++;
		n++;
	}
	return n;
}

static void the_description_is_of_the_registers(void **state)
{
	char text[16384], line[64];
	uint8_t value[GDB_REGISTER_MAX];
	struct gdb_cpu cpu = { .kernel_gs_base = 0 };
	size_t size = gdb_registers_describe(text, sizeof(text)), sum = 0, n;
	const char *at = text;
	unsigned int i;

	(void)state;
	assert_true(size < sizeof(text) && size == strlen(text));
	assert_int_equal(count(text, "<reg "), gdb_registers());
	for (i = 0; i < gdb_registers(); i++) {
		n = gdb_register_get(&cpu, i, value);
		snprintf(line, sizeof(line), "bitsize=\"%zu\"", 8 * n);
		at = strstr(at, "<reg ");
		assert_non_null(at);
		assert_true(strstr(at, line) && strstr(at, line) < strchr(at, '>'));
		snprintf(line, sizeof(line), "regnum=\"%u\"", i);
		assert_true(strstr(at, line) && strstr(at, line) < strchr(at, '>'));
		sum += n;
		at++;
	}
	assert_int_equal(sum, gdb_registers_size());
	assert_int_equal(gdb_register_get(&cpu, i, value), 0);
	assert_int_equal(gdb_register_set(&cpu, i, value, 8), -ENOENT);
	assert_int_equal(gdb_register_set(&cpu, 0, value, 4), -EINVAL);
}

/* What is set is got back, and no other register changes. */
static void each_register_is_its_own(void **state)
{
	uint8_t value[GDB_REGISTER_MAX], back[GDB_REGISTER_MAX], other[GDB_REGISTER_MAX];
	unsigned int i, j, kept = 0;
	struct gdb_cpu cpu;
	size_t n;

	(void)state;
	for (i = 0; i < gdb_registers(); i++) {
		memset(&cpu, 0, sizeof(cpu));
		n = gdb_register_get(&cpu, i, value);
		memset(value, 0x5a, sizeof(value));
		assert_int_equal(gdb_register_set(&cpu, i, value, n), 0);
		assert_int_equal(gdb_register_get(&cpu, i, back), n);
		kept += back[0] == 0x5a;
		for (j = 0; j < gdb_registers(); j++) {
			struct gdb_cpu blank = { .kernel_gs_base = 0 };

			gdb_register_get(&blank, j, other);
			gdb_register_get(&cpu, j, back);
			if (j != i)
				assert_memory_equal(back, other, sizeof(back));
		}
	}
	assert_int_equal(kept, gdb_registers() - 3); /* fiseg, foseg; ftag is no copy */
	cpu.fpu.ftwx = 0x81;
	gdb_register_get(&cpu, 34, value);
	assert_memory_equal(value, "\xfc\x3f\0\0", 4);
	gdb_register_set(&cpu, 34, "\xff\xff\0\0", 4);
	assert_int_equal(cpu.fpu.ftwx, 0);
}

/* --- points ----------------------------------------------------------------------------------- */

static const struct gdb_delivers everything = {
	.step = true, .int3_exits = true, .breaks = true, .watches = true
};
static const struct gdb_delivers emulated = { .step = true,
					      .int3_fails = true,
					      .breaks = true };
static const struct gdb_delivers steps_only = { .step = true };

static int way_of(const struct gdb_delivers *d, enum gdb_point_kind kind, uint64_t len)
{
	struct gdb_points points = { .nr = 0 };
	struct error err = { "" };
	bool there;
	const struct gdb_point *p =
		gdb_points_add(&points, d, kind, 0x1000, len, &there, &err);

	assert_true(p || err.text[0]);
	return p ? (int)p->way : -1;
}

static void a_point_takes_the_best_way_that_there_is(void **state)
{
	static const struct gdb_delivers nothing = { .step = false };

	(void)state;
	assert_int_equal(way_of(&everything, GDB_SOFTWARE_BREAK, 1), GDB_PATCHED);
	assert_int_equal(way_of(&everything, GDB_HARDWARE_BREAK, 1), GDB_REGISTER);
	assert_int_equal(way_of(&everything, GDB_WATCH_READ, 4), GDB_REGISTER);
	assert_int_equal(way_of(&emulated, GDB_SOFTWARE_BREAK, 1), GDB_PATCHED);
	assert_int_equal(way_of(&emulated, GDB_WATCH_WRITE, 8), GDB_STEPPED);
	assert_int_equal(way_of(&emulated, GDB_WATCH_ACCESS, 8), -1);
	assert_int_equal(way_of(&steps_only, GDB_SOFTWARE_BREAK, 1), GDB_STEPPED);
	assert_int_equal(way_of(&steps_only, GDB_HARDWARE_BREAK, 1), GDB_STEPPED);
	assert_int_equal(way_of(&nothing, GDB_SOFTWARE_BREAK, 1), -1);
	assert_int_equal(way_of(&nothing, GDB_WATCH_WRITE, 1), -1);
	assert_int_equal(way_of(&everything, GDB_WATCH_WRITE, 3), -1);
	assert_int_equal(way_of(&everything, GDB_WATCH_WRITE, 0), -1);
	assert_int_equal(way_of(&everything, GDB_WATCH_WRITE, 1ull << 60), -1);
}

static void debug_registers_run_out_and_come_back(void **state)
{
	struct gdb_points points = { .nr = 0 };
	struct error err = { "" };
	uint64_t db[8];
	bool there;
	unsigned int i;

	(void)state;
	for (i = 0; i < 3; i++)
		assert_non_null(gdb_points_add(&points, &everything, GDB_HARDWARE_BREAK,
					       0x1000 + i, 1, &there, &err));
	assert_non_null(gdb_points_add(&points, &everything, GDB_WATCH_WRITE, 0x2000, 8,
				       &there, &err));
	assert_null(gdb_points_add(&points, &everything, GDB_WATCH_ACCESS, 0x3000, 4,
				   &there, &err));
	assert_non_null(strstr(err.text, "debug registers"));
	gdb_points_registers(&points, db);
	assert_int_equal(db[0], 0x1000);
	assert_int_equal(db[3], 0x2000);
	assert_int_equal(db[7], 0x400 | 0xaa | 0x9ull << 28); /* 8 bytes, writes */
	assert_int_equal(gdb_points_hit(&points, 0xffff0ff8)->addr, 0x2000);
	assert_null(gdb_points_hit(&points, 0xffff4ff0));

	gdb_points_remove(&points,
			  gdb_points_find(&points, GDB_HARDWARE_BREAK, 0x1001, 9));
	assert_non_null(gdb_points_add(&points, &everything, GDB_WATCH_ACCESS, 0x3000, 4,
				       &there, &err));
	assert_false(there);
	gdb_points_registers(&points, db);
	assert_int_equal(db[1], 0x3000);
	assert_int_equal(db[7] >> 20 & 15, 0xf);
	assert_non_null(gdb_points_add(&points, &everything, GDB_WATCH_ACCESS, 0x3000, 4,
				       &there, &err));
	assert_true(there);
	assert_int_equal(points.nr, 4);
}

static void points_end_at_their_limit(void **state)
{
	struct gdb_points *points = calloc(1, sizeof(*points));
	struct error err = { "" };
	unsigned int i;
	bool there;

	(void)state;
	for (i = 0; i < GDB_POINTS_MAX; i++)
		assert_non_null(gdb_points_add(points, &everything, GDB_SOFTWARE_BREAK, i,
					       1, &there, &err));
	assert_null(gdb_points_add(points, &everything, GDB_SOFTWARE_BREAK, i, 1, &there,
				   &err));
	assert_true(gdb_points_any(points, GDB_PATCHED));
	assert_false(gdb_points_any(points, GDB_STEPPED));
	assert_non_null(gdb_points_break(points, GDB_PATCHED, 7));
	assert_null(gdb_points_break(points, GDB_STEPPED, 7));
	free(points);
}

/* --- a conversation ----------------------------------------------------------------------------- */

static struct fake_gdb fake;
static struct gdb_session session;

static int begin(void **state)
{
	(void)state;
	fake = (struct fake_gdb){ .delivers = everything };
	gdb_session_init(&session, &fake_gdb_ops, &fake);
	return 0;
}

static const char *ask_for(const char *text, enum gdb_next next)
{
	assert_int_equal(gdb_session_packet(&session, text, strlen(text)), next);
	assert_false(fake.bad);
	session.reply[session.reply_n] = '\0';
	return session.reply;
}

static const char *ask(const char *text)
{
	return ask_for(text, GDB_REPLY);
}

static void registers_and_memory_go_both_ways(void **state)
{
	char all[GDB_PACKET_MAX + 1];

	(void)state;
	fake.cpu[0].regs.rip = 0x1122334455667788;
	assert_string_equal(ask("p10"), "8877665544332211");
	assert_string_equal(ask("P0=0100000000000000"), "OK");
	assert_int_equal(fake.cpu[0].regs.rax, 1);
	snprintf(all, sizeof(all), "G%s", ask("g"));
	assert_int_equal(strlen(all), 1 + 2 * gdb_registers_size());
	assert_string_equal(ask("Hg2"), "OK");
	assert_string_equal(ask(all), "OK");
	assert_int_equal(fake.cpu[1].regs.rip, 0x1122334455667788);
	assert_string_equal(ask("G00"), "E16");
	assert_string_equal(ask("pffff"), "E02");
	assert_string_equal(ask("Hg9"), "E03");

	assert_string_equal(ask("Mffffffff80100010,2:abcd"), "OK");
	assert_string_equal(ask("mffffffff8010000f,4"), "00abcd00");
	assert_string_equal(ask("mffffffff80101ffe,10"), "0000"); /* what there is */
	assert_string_equal(ask("m10,2"), "E0e");
	assert_string_equal(ask("Qqemu.PhyMemMode:1"), "OK");
	assert_string_equal(ask("m10,2"), "abcd");
	assert_string_equal(ask("qqemu.PhyMemMode"), "1");
	assert_string_equal(ask("M1fff,2:abcd"), "E0e");
}

static void threads_run_step_and_stay_as_told(void **state)
{
	struct gdb_stop stop = { .reason = GDB_BREAK_SOFTWARE, .cpu = 2 };

	(void)state;
	assert_string_equal(ask("?"), "T02thread:1;");
	assert_string_equal(ask("qfThreadInfo"), "m1,2,3");
	assert_string_equal(ask("qThreadExtraInfo,3"), "764350552032");
	assert_string_equal(ask("T3"), "OK");
	assert_string_equal(ask("T4"), "E03");
	ask_for("vCont;s:2", GDB_SILENT);
	assert_int_equal(fake.run[0], GDB_HELD);
	assert_int_equal(fake.run[1], GDB_STEPS);
	assert_int_equal(fake.run[2], GDB_HELD);
	assert_true(session.running);
	assert_string_equal(ask("g"), "E.the guest runs");
	assert_string_equal(ask("vCont;c"), "E.the guest runs");
	assert_int_equal(fake.resumed, 1);

	gdb_session_stopped(&session, &stop);
	assert_string_equal(session.reply, "T05thread:3;");
	ask("qSupported:swbreak+;hwbreak+");
	assert_string_equal(ask("?"), "T05thread:3;swbreak:;");
	stop.reason = GDB_WATCHED;
	stop.kind = GDB_WATCH_ACCESS;
	stop.addr = 0xffffffff80000000;
	gdb_session_stopped(&session, &stop);
	assert_string_equal(session.reply, "T05thread:3;awatch:ffffffff80000000;");

	ask_for("s", GDB_SILENT); /* the one at hand, and the others go on */
	assert_int_equal(fake.run[2], GDB_STEPS);
	assert_int_equal(fake.run[0], GDB_RUNS);
	gdb_session_ended(&session, 3);
	assert_string_equal(session.reply, "W03");
	fake.refuse = EBUSY;
	assert_string_equal(ask("vCont;c"), "E.not now");
	assert_false(session.running);
	assert_string_equal(ask("vCont;c:9"), "E.no such thread");
}

static void the_description_comes_in_any_pieces(void **state)
{
	char whole[16384], got[16384], text[80];
	size_t size = gdb_registers_describe(whole, sizeof(whole)), at, piece;

	(void)state;
	for (piece = 100; piece < 3 * GDB_PACKET_MAX; piece = piece * 3 + 1) {
		for (at = 0; at < size; at += session.reply_n - 1) {
			snprintf(text, sizeof(text),
				 "qXfer:features:read:target.xml:%zx,%zx", at, piece);
			ask(text);
			assert_true(session.reply_n > 1);
			memcpy(got + at, session.reply + 1, session.reply_n - 1);
			assert_int_equal(session.reply[0],
					 at + session.reply_n - 1 == size ? 'l' : 'm');
		}
		assert_memory_equal(got, whole, size);
	}
	assert_string_equal(ask("qXfer:features:read:target.xml:fffffff,1"), "l");
	snprintf(text, sizeof(text), "qXfer:features:read:target.xml:%zx,a", size - 11);
	assert_int_equal(*ask(text), 'm');
	snprintf(text, sizeof(text), "qXfer:features:read:target.xml:%zx,a", size - 10);
	assert_int_equal(*ask(text), 'l');
}

static void points_are_set_and_taken(void **state)
{
	(void)state;
	assert_string_equal(ask("Z0,1000,1"), "OK");
	assert_string_equal(ask("Z0,1000,1"), "OK");
	assert_int_equal(fake.points.nr, 1);
	assert_string_equal(ask("z0,1000,1"), "OK");
	assert_string_equal(ask("z0,1000,1"), "E02");
	fake.delivers = emulated;
	assert_string_equal(ask("Z3,1000,8"),
			    "E.this KVM delivers no watchpoint for reads");
}

static void it_leaves_or_kills(void **state)
{
	(void)state;
	assert_string_equal(ask_for("D", GDB_LEAVES), "OK");
	assert_string_equal(ask_for("k", GDB_KILLS), "");
	assert_string_equal(ask_for("vKill;1", GDB_KILLS), "OK");
	assert_string_equal(ask("vMustReplyEmpty"), "");
	assert_string_equal(ask("Z9,0,0"), "E16");
	assert_true(session.acks);
	assert_string_equal(ask("QStartNoAckMode"), "OK");
	assert_false(session.acks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_frame_is_read_in_any_pieces),
		cmocka_unit_test(other_bytes_are_events_too),
		cmocka_unit_test(a_frame_that_is_too_long_is_garbled_and_the_next_is_not),
		cmocka_unit_test(what_is_framed_is_read_back),
		cmocka_unit_test(each_packet_is_one_command),
		cmocka_unit_test(its_fields_are_what_it_says),
		cmocka_unit_test(more_actions_than_there_can_be_threads_are_refused),
		cmocka_unit_test(the_description_is_of_the_registers),
		cmocka_unit_test(each_register_is_its_own),
		cmocka_unit_test(a_point_takes_the_best_way_that_there_is),
		cmocka_unit_test(debug_registers_run_out_and_come_back),
		cmocka_unit_test(points_end_at_their_limit),
		cmocka_unit_test_setup(registers_and_memory_go_both_ways, begin),
		cmocka_unit_test_setup(threads_run_step_and_stay_as_told, begin),
		cmocka_unit_test_setup(the_description_comes_in_any_pieces, begin),
		cmocka_unit_test_setup(points_are_set_and_taken, begin),
		cmocka_unit_test_setup(it_leaves_or_kills, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
