/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "vmm/gdb/gdb_command.h"

/* What is left of the packet. */
struct text {
	const char *at;
	size_t left;
};

static bool skip(struct text *t, const char *prefix)
{
	size_t n = strlen(prefix);

	if (t->left < n || memcmp(t->at, prefix, n) != 0)
		return false;
	t->at += n;
	t->left -= n;
	return true;
}

static bool is_all(struct text *t, const char *whole)
{
	return skip(t, whole) && !t->left;
}

/* 1 to 16 digits. */
static bool number(struct text *t, uint64_t *value)
{
	unsigned int digits = 0;
	int digit;

	*value = 0;
	while (t->left && (digit = gdb_hex_digit(*t->at)) >= 0) {
		if (++digits > 16)
			return false;
		*value = *value << 4 | (unsigned int)digit;
		t->at++;
		t->left--;
	}
	return digits;
}

static bool small_number(struct text *t, unsigned int *value)
{
	uint64_t wide;

	if (!number(t, &wide) || wide > 0xffffff)
		return false;
	*value = (unsigned int)wide;
	return true;
}

/* A thread, 0 for any, -1 for all; also pN.THREAD and pN, as with the multiprocess extension. */
static bool thread_id(struct text *t, int *thread)
{
	unsigned int id;

	if (skip(t, "p")) {
		if (!skip(t, "-1") && !small_number(t, &id))
			return false;
		*thread = GDB_ALL_THREADS;
		if (!skip(t, "."))
			return true;
	}
	if (skip(t, "-1")) {
		*thread = GDB_ALL_THREADS;
		return true;
	}
	if (!small_number(t, &id))
		return false;
	*thread = (int)id;
	return true;
}

/* Pairs of digits up to the end. */
static bool hex_data(struct gdb_command *c, const struct text *t)
{
	c->nr_data = t->left / 2;
	return t->left % 2 == 0 && c->nr_data <= sizeof(c->data) &&
	       gdb_unhex(t->at, c->data, c->nr_data);
}

static bool address_and_length(struct gdb_command *c, struct text *t)
{
	return number(t, &c->addr) && skip(t, ",") && number(t, &c->len);
}

static bool parse_thread(struct gdb_command *c, struct text *t)
{
	return thread_id(t, &c->thread) && !t->left;
}

static bool parse_register(struct gdb_command *c, struct text *t)
{
	return small_number(t, &c->number) && !t->left;
}

static bool parse_register_value(struct gdb_command *c, struct text *t)
{
	return small_number(t, &c->number) && skip(t, "=") && hex_data(c, t);
}

static bool parse_data(struct gdb_command *c, struct text *t)
{
	return hex_data(c, t);
}

/* An answer may be shorter than what was asked for. */
static bool parse_range(struct gdb_command *c, struct text *t)
{
	bool ok = address_and_length(c, t) && !t->left;

	if (c->len > GDB_MEMORY_MAX)
		c->len = GDB_MEMORY_MAX;
	return ok;
}

static bool parse_hex_write(struct gdb_command *c, struct text *t)
{
	return address_and_length(c, t) && skip(t, ":") && hex_data(c, t) &&
	       c->nr_data == c->len;
}

static bool parse_binary_write(struct gdb_command *c, struct text *t)
{
	if (!address_and_length(c, t) || !skip(t, ":") || t->left != c->len)
		return false;
	c->nr_data = t->left;
	memcpy(c->data, t->at, t->left);
	return true;
}

/* KIND,ADDR,LEN; what may follow (conditions) was not offered. */
static bool parse_point(struct gdb_command *c, struct text *t)
{
	unsigned int kind;

	if (!small_number(t, &kind) || kind >= GDB_POINT_KINDS || !skip(t, ",") ||
	    !number(t, &c->addr) || !skip(t, ",") || !number(t, &c->len) || t->left)
		return false;
	c->kind = (enum gdb_point_kind)kind;
	return true;
}

static bool parse_mode(struct gdb_command *c, struct text *t)
{
	return small_number(t, &c->number) && c->number <= 1 && !t->left;
}

static bool parse_supported(struct gdb_command *c, struct text *t)
{
	c->swbreak = strstr(t->at, "swbreak+");
	c->hwbreak = strstr(t->at, "hwbreak+");
	return true;
}

static bool parse_nothing(struct gdb_command *c, struct text *t)
{
	(void)c;
	return !t->left;
}

static bool parse_anything(struct gdb_command *c, struct text *t)
{
	(void)c;
	(void)t;
	return true;
}

static bool parse_vkill(struct gdb_command *c, struct text *t)
{
	(void)t;
	c->vkill = true;
	return true;
}

/* --- resuming ------------------------------------------------------------------------------ */

static bool add_action(struct gdb_command *c, bool step, int thread)
{
	if (c->nr_actions == GDB_ACTIONS_MAX)
		return false;
	c->actions[c->nr_actions++] = (struct gdb_action){ step, thread };
	return true;
}

/* c, s, CXX or SXX, where the signal XX means nothing to a vCPU. */
static bool parse_action(struct gdb_command *c, struct text *t)
{
	unsigned int signal;
	int thread = GDB_ALL_THREADS;
	bool step;

	if (skip(t, "c") || skip(t, "s"))
		step = t->at[-1] == 's';
	else if (skip(t, "C") || skip(t, "S"))
		step = t->at[-1] == 'S';
	else
		return false;
	if ((t->at[-1] == 'C' || t->at[-1] == 'S') && !small_number(t, &signal))
		return false;
	if (skip(t, ":") && !thread_id(t, &thread))
		return false;
	return add_action(c, step, thread);
}

static bool parse_actions(struct gdb_command *c, struct text *t)
{
	do {
		if (!parse_action(c, t))
			return false;
	} while (skip(t, ";"));
	return !t->left;
}

/* c and s alone: of the thread that Hc chose; where to go on from is what `rip` is for. */
static bool parse_continue(struct gdb_command *c, struct text *t)
{
	return !t->left && add_action(c, false, GDB_ANY_THREAD);
}

static bool parse_step(struct gdb_command *c, struct text *t)
{
	return !t->left && add_action(c, true, GDB_ANY_THREAD);
}

const struct gdb_action *gdb_action_for(const struct gdb_command *c, int thread)
{
	unsigned int i;

	for (i = 0; i < c->nr_actions; i++)
		if (c->actions[i].thread == thread ||
		    c->actions[i].thread == GDB_ALL_THREADS)
			return &c->actions[i];
	return NULL;
}

/* --- the table ------------------------------------------------------------------------------- */

/* The first row whose prefix is there decides; so a longer one stands before a shorter one. */
static const struct {
	const char *prefix;
	enum gdb_verb verb;
	bool (*parse)(struct gdb_command *c, struct text *t);
} rows[] = {
	{ "?", GDB_WHY_STOPPED, parse_nothing },
	{ "g", GDB_READ_REGISTERS, parse_nothing },
	{ "G", GDB_WRITE_REGISTERS, parse_data },
	{ "p", GDB_READ_REGISTER, parse_register },
	{ "P", GDB_WRITE_REGISTER, parse_register_value },
	{ "m", GDB_READ_MEMORY, parse_range },
	{ "M", GDB_WRITE_MEMORY, parse_hex_write },
	{ "X", GDB_WRITE_MEMORY, parse_binary_write },
	{ "Z", GDB_INSERT, parse_point },
	{ "z", GDB_REMOVE, parse_point },
	{ "vCont?", GDB_ASK_RESUME, parse_nothing },
	{ "vCont;", GDB_RESUME, parse_actions },
	{ "c", GDB_RESUME, parse_continue },
	{ "s", GDB_RESUME, parse_step },
	{ "Hg", GDB_SELECT, parse_thread },
	{ "Hc", GDB_SELECT_RESUME, parse_thread },
	{ "T", GDB_IS_ALIVE, parse_thread },
	{ "qfThreadInfo", GDB_FIRST_THREADS, parse_nothing },
	{ "qsThreadInfo", GDB_MORE_THREADS, parse_nothing },
	{ "qThreadExtraInfo,", GDB_DESCRIBE_THREAD, parse_thread },
	{ "qSupported", GDB_SUPPORTED, parse_supported },
	{ "qXfer:features:read:target.xml:", GDB_READ_FEATURES, parse_range },
	{ "qAttached", GDB_ASK_ATTACHED, parse_anything },
	{ "QStartNoAckMode", GDB_NO_ACKS, parse_nothing },
	{ "qqemu.Supported", GDB_ASK_EXTENSIONS, parse_nothing },
	{ "qqemu.PhyMemMode", GDB_ASK_PHYSICAL, parse_nothing },
	{ "Qqemu.PhyMemMode:", GDB_SET_PHYSICAL, parse_mode },
	{ "D", GDB_DETACH, parse_anything },
	{ "k", GDB_KILL, parse_anything },
	{ "vKill", GDB_KILL, parse_vkill },
};

void gdb_parse(struct gdb_command *c, const char *body, size_t n)
{
	struct text t = { body, n }, whole = t;
	size_t i;

	memset(c, 0, offsetof(struct gdb_command, data));
	c->verb = GDB_UNKNOWN;
	if (is_all(&whole, "qC")) {
		c->verb = GDB_CURRENT_THREAD;
		return;
	}
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (!skip(&t, rows[i].prefix))
			continue;
		c->verb = rows[i].parse(c, &t) ? rows[i].verb : GDB_MALFORMED;
		return;
	}
}
