/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "vmm/gdb/gdb_session.h"

/* gdb's own numbers (include/gdb/signals.def). */
#define SIGNAL_INT  2
#define SIGNAL_TRAP 5
#define SIGNAL_ABRT 6

#define DESCRIPTION_MAX 16384

/* --- what is said ---------------------------------------------------------------------------- */

__attribute__((format(printf, 2, 3))) static enum gdb_next say(struct gdb_session *s,
							       const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(s->reply, sizeof(s->reply), fmt, ap);
	va_end(ap);
	s->reply_n = (size_t)n < sizeof(s->reply) ? (size_t)n : sizeof(s->reply) - 1;
	return GDB_REPLY;
}

static enum gdb_next say_hex(struct gdb_session *s, const void *bytes, size_t n)
{
	gdb_hex(bytes, n, s->reply);
	s->reply_n = 2 * n;
	return GDB_REPLY;
}

/* A line for whoever sits there. */
static enum gdb_next refuse(struct gdb_session *s, const char *text)
{
	return say(s, "E.%s", text);
}

static enum gdb_next say_result(struct gdb_session *s, int ret)
{
	return ret ? say(s, "E%02x", -ret & 0xff) : say(s, "OK");
}

/* The vCPU of a thread that gdb names; any is the one at hand. */
static bool cpu_of(const struct gdb_session *s, int thread, unsigned int *cpu)
{
	if (thread <= 0)
		return true;
	if ((unsigned int)thread > s->ops->cpus(s->ctx))
		return false;
	*cpu = (unsigned int)thread - 1;
	return true;
}

/* --- stopping and going on -------------------------------------------------------------------- */

static unsigned int signal_of(enum gdb_reason reason)
{
	switch (reason) {
	case GDB_INTERRUPTED:
		return SIGNAL_INT;
	case GDB_CRASHED:
		return SIGNAL_ABRT;
	default:
		return SIGNAL_TRAP;
	}
}

static enum gdb_next say_stop(struct gdb_session *s)
{
	static const char *const watch[GDB_POINT_KINDS] = {
		[GDB_WATCH_WRITE] = "watch",
		[GDB_WATCH_READ] = "rwatch",
		[GDB_WATCH_ACCESS] = "awatch",
	};
	const struct gdb_stop *stop = &s->stop;
	char why[48] = "";

	if (stop->reason == GDB_BREAK_SOFTWARE && s->swbreak)
		snprintf(why, sizeof(why), "swbreak:;");
	else if (stop->reason == GDB_BREAK_HARDWARE && s->hwbreak)
		snprintf(why, sizeof(why), "hwbreak:;");
	else if (stop->reason == GDB_WATCHED)
		snprintf(why, sizeof(why), "%s:%llx;", watch[stop->kind],
			 (unsigned long long)stop->addr);
	return say(s, "T%02xthread:%x;%s", signal_of(stop->reason), stop->cpu + 1, why);
}

void gdb_session_stopped(struct gdb_session *s, const struct gdb_stop *stop)
{
	s->running = false;
	s->stop = *stop;
	s->cpu = s->resume_cpu = stop->cpu;
	say_stop(s);
}

void gdb_session_ended(struct gdb_session *s, unsigned int status)
{
	s->running = false;
	say(s, "W%02x", status & 0xff);
}

static enum gdb_next resume(struct gdb_session *s)
{
	enum gdb_run run[GDB_CPUS_MAX] = { GDB_HELD };
	struct gdb_command *c = &s->command;
	unsigned int cpus = s->ops->cpus(s->ctx), i, any = 0;
	const struct gdb_action *action;
	struct error err = { "" };

	/* `c` and `s` alone, not of vCont: the others go on. */
	if (c->nr_actions == 1 && c->actions[0].thread == GDB_ANY_THREAD) {
		if (c->actions[0].step)
			c->actions[0].thread = (int)s->resume_cpu + 1;
		else
			c->actions[0].thread = GDB_ALL_THREADS;
		c->actions[1] = (struct gdb_action){ false, GDB_ALL_THREADS };
		c->nr_actions = 2;
	}
	for (i = 0; i < cpus; i++) {
		action = gdb_action_for(c, (int)i + 1);
		if (action)
			run[i] = action->step ? GDB_STEPS : GDB_RUNS;
		any |= run[i] != GDB_HELD;
	}
	if (!any)
		return refuse(s, "no such thread");
	if (s->ops->resume(s->ctx, run, &err))
		return refuse(s, err.text);
	s->running = true;
	return GDB_SILENT;
}

/* --- registers ------------------------------------------------------------------------------- */

static enum gdb_next read_registers(struct gdb_session *s)
{
	uint8_t value[GDB_REGISTER_MAX];
	struct gdb_cpu cpu;
	unsigned int n;
	size_t size;
	int ret = s->ops->get_cpu(s->ctx, s->cpu, &cpu);

	if (ret)
		return say_result(s, ret);
	s->reply_n = 0;
	for (n = 0; (size = gdb_register_get(&cpu, n, value)); n++) {
		gdb_hex(value, size, s->reply + s->reply_n);
		s->reply_n += 2 * size;
	}
	return GDB_REPLY;
}

static enum gdb_next write_registers(struct gdb_session *s)
{
	const struct gdb_command *c = &s->command;
	uint8_t value[GDB_REGISTER_MAX];
	struct gdb_cpu cpu;
	unsigned int n;
	size_t size, at = 0;
	int ret = s->ops->get_cpu(s->ctx, s->cpu, &cpu);

	if (c->nr_data != gdb_registers_size())
		return say_result(s, -EINVAL);
	for (n = 0; !ret && (size = gdb_register_get(&cpu, n, value)); n++, at += size)
		ret = gdb_register_set(&cpu, n, c->data + at, size);
	return say_result(s, ret ? ret : s->ops->set_cpu(s->ctx, s->cpu, &cpu));
}

static enum gdb_next read_register(struct gdb_session *s)
{
	uint8_t value[GDB_REGISTER_MAX];
	struct gdb_cpu cpu;
	size_t size;
	int ret = s->ops->get_cpu(s->ctx, s->cpu, &cpu);

	if (ret)
		return say_result(s, ret);
	size = gdb_register_get(&cpu, s->command.number, value);
	return size ? say_hex(s, value, size) : say_result(s, -ENOENT);
}

static enum gdb_next write_register(struct gdb_session *s)
{
	const struct gdb_command *c = &s->command;
	struct gdb_cpu cpu;
	int ret = s->ops->get_cpu(s->ctx, s->cpu, &cpu);

	if (!ret)
		ret = gdb_register_set(&cpu, c->number, c->data, c->nr_data);
	return say_result(s, ret ? ret : s->ops->set_cpu(s->ctx, s->cpu, &cpu));
}

/* --- memory and points ------------------------------------------------------------------------ */

static enum gdb_next read_memory(struct gdb_session *s)
{
	uint8_t bytes[GDB_MEMORY_MAX];
	size_t n = s->ops->read_memory(s->ctx, s->cpu, s->physical, s->command.addr,
				       bytes, s->command.len);

	return n || !s->command.len ? say_hex(s, bytes, n) : say_result(s, -EFAULT);
}

static enum gdb_next write_memory(struct gdb_session *s)
{
	const struct gdb_command *c = &s->command;

	return say_result(s, s->ops->write_memory(s->ctx, s->cpu, s->physical, c->addr,
						  c->data, c->nr_data));
}

static enum gdb_next insert_point(struct gdb_session *s)
{
	const struct gdb_command *c = &s->command;
	struct error err = { "" };

	if (s->ops->insert(s->ctx, s->cpu, c->kind, c->addr, c->len, &err))
		return refuse(s, err.text);
	return say(s, "OK");
}

static enum gdb_next remove_point(struct gdb_session *s)
{
	const struct gdb_command *c = &s->command;

	return say_result(s, s->ops->remove(s->ctx, c->kind, c->addr, c->len));
}

/* --- questions ------------------------------------------------------------------------------- */

static enum gdb_next list_threads(struct gdb_session *s)
{
	unsigned int cpus = s->ops->cpus(s->ctx), i;
	enum gdb_next next = say(s, "m1");

	for (i = 1; i < cpus; i++)
		s->reply_n += (size_t)snprintf(s->reply + s->reply_n,
					       sizeof(s->reply) - s->reply_n, ",%x",
					       i + 1);
	return next;
}

static enum gdb_next describe_thread(struct gdb_session *s)
{
	unsigned int cpu = s->cpu;
	char text[80];

	if (!cpu_of(s, s->command.thread, &cpu))
		return say_result(s, -ESRCH);
	s->ops->describe(s->ctx, cpu, text, sizeof(text));
	return say_hex(s, text, strlen(text));
}

static enum gdb_next say_features(struct gdb_session *s)
{
	char text[DESCRIPTION_MAX];
	size_t size = gdb_registers_describe(text, sizeof(text));
	uint64_t at = s->command.addr, n = s->command.len;

	if (at >= size)
		return say(s, "l");
	if (n > size - at)
		n = size - at;
	s->reply[0] = at + n == size ? 'l' : 'm';
	memcpy(s->reply + 1, text + at, n);
	s->reply_n = n + 1;
	return GDB_REPLY;
}

static enum gdb_next supported(struct gdb_session *s)
{
	s->swbreak = s->command.swbreak;
	s->hwbreak = s->command.hwbreak;
	return say(s,
		   "PacketSize=%x;qXfer:features:read+;QStartNoAckMode+;vContSupported+;"
		   "swbreak+;hwbreak+",
		   GDB_PACKET_MAX);
}

static enum gdb_next use_thread(struct gdb_session *s, unsigned int *cpu)
{
	return say_result(s, cpu_of(s, s->command.thread, cpu) ? 0 : -ESRCH);
}

static enum gdb_next select_thread(struct gdb_session *s)
{
	return use_thread(s, &s->cpu);
}

static enum gdb_next select_resumed(struct gdb_session *s)
{
	return use_thread(s, &s->resume_cpu);
}

static enum gdb_next is_alive(struct gdb_session *s)
{
	unsigned int cpu;

	return use_thread(s, &cpu);
}

static enum gdb_next say_thread(struct gdb_session *s)
{
	return say(s, "QC%x", s->cpu + 1);
}

static enum gdb_next say_physical(struct gdb_session *s)
{
	return say(s, "%d", s->physical);
}

static enum gdb_next set_physical(struct gdb_session *s)
{
	s->physical = s->command.number;
	return say(s, "OK");
}

static enum gdb_next no_acks(struct gdb_session *s)
{
	s->acks = false;
	return say(s, "OK");
}

static enum gdb_next malformed(struct gdb_session *s)
{
	return say_result(s, -EINVAL);
}

static enum gdb_next kill_machine(struct gdb_session *s)
{
	if (s->command.vkill)
		say(s, "OK");
	return GDB_KILLS;
}

static enum gdb_next detach(struct gdb_session *s)
{
	say(s, "OK");
	return GDB_LEAVES;
}

static const struct {
	enum gdb_next (*say)(struct gdb_session *s);
	const char *text; /* without say(): the answer, always this */
	bool anytime; /* also while the guest runs */
} answers[] = {
	[GDB_UNKNOWN] = { NULL, "", true },
	[GDB_MALFORMED] = { malformed, NULL, true },
	[GDB_WHY_STOPPED] = { say_stop, NULL, false },
	[GDB_READ_REGISTERS] = { read_registers, NULL, false },
	[GDB_WRITE_REGISTERS] = { write_registers, NULL, false },
	[GDB_READ_REGISTER] = { read_register, NULL, false },
	[GDB_WRITE_REGISTER] = { write_register, NULL, false },
	[GDB_READ_MEMORY] = { read_memory, NULL, false },
	[GDB_WRITE_MEMORY] = { write_memory, NULL, false },
	[GDB_INSERT] = { insert_point, NULL, false },
	[GDB_REMOVE] = { remove_point, NULL, false },
	[GDB_RESUME] = { resume, NULL, false },
	[GDB_ASK_RESUME] = { NULL, "vCont;c;C;s;S", false },
	[GDB_SELECT] = { select_thread, NULL, false },
	[GDB_SELECT_RESUME] = { select_resumed, NULL, false },
	[GDB_IS_ALIVE] = { is_alive, NULL, false },
	[GDB_FIRST_THREADS] = { list_threads, NULL, false },
	[GDB_MORE_THREADS] = { NULL, "l", false },
	[GDB_DESCRIBE_THREAD] = { describe_thread, NULL, false },
	[GDB_CURRENT_THREAD] = { say_thread, NULL, false },
	[GDB_SUPPORTED] = { supported, NULL, true },
	[GDB_READ_FEATURES] = { say_features, NULL, true },
	[GDB_ASK_ATTACHED] = { NULL, "1", true },
	[GDB_NO_ACKS] = { no_acks, NULL, true },
	[GDB_ASK_EXTENSIONS] = { NULL, "PhyMemMode", false },
	[GDB_ASK_PHYSICAL] = { say_physical, NULL, false },
	[GDB_SET_PHYSICAL] = { set_physical, NULL, false },
	[GDB_DETACH] = { detach, NULL, true },
	[GDB_KILL] = { kill_machine, NULL, true },
};

void gdb_session_init(struct gdb_session *s, const struct gdb_ops *ops, void *ctx)
{
	memset(s, 0, offsetof(struct gdb_session, command));
	s->ops = ops;
	s->ctx = ctx;
	s->acks = true;
	s->stop.reason = GDB_INTERRUPTED;
}

enum gdb_next gdb_session_packet(struct gdb_session *s, const char *body, size_t n)
{
	enum gdb_verb verb;

	gdb_parse(&s->command, body, n);
	s->reply_n = 0;
	verb = s->command.verb;
	if (s->running && !answers[verb].anytime)
		return refuse(s, "the guest runs");
	return answers[verb].say ? answers[verb].say(s)
				 : say(s, "%s", answers[verb].text);
}
