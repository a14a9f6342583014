/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "vmm/inspect/registers.h"

#define REG(name)                                                             \
	{                                                                     \
#name, offsetof(struct dump_cpu, regs.name), sizeof(uint64_t) \
	}
#define SREG(name)                                                             \
	{                                                                      \
#name, offsetof(struct dump_cpu, sregs.name), sizeof(uint64_t) \
	}
#define SEG(name)                                                                    \
	{ #name, offsetof(struct dump_cpu, sregs.name.selector), sizeof(uint16_t) }, \
	{                                                                            \
#name "_base", offsetof(struct dump_cpu, sregs.name.base),           \
			sizeof(uint64_t)                                             \
	}

static const struct {
	const char *name;
	size_t offset, size;
} table[] = {
	REG(rip),  REG(rflags), REG(rax),  REG(rbx),  REG(rcx),	  REG(rdx),
	REG(rsi),  REG(rdi),	REG(rbp),  REG(rsp),  REG(r8),	  REG(r9),
	REG(r10),  REG(r11),	REG(r12),  REG(r13),  REG(r14),	  REG(r15),
	SREG(cr0), SREG(cr2),	SREG(cr3), SREG(cr4), SREG(efer), SEG(cs),
	SEG(ds),   SEG(es),	SEG(fs),   SEG(gs),   SEG(ss),	  SEG(tr),
};

#define REGISTERS (sizeof(table) / sizeof(table[0]))
#define GENERAL	  2 /* the first of the general ones, rax */
#define ROW	  4

json_t *registers_pack(const struct dump_cpu *cpu)
{
	json_t *object = json_object();
	size_t i;

	for (i = 0; i < REGISTERS; i++) {
		uint64_t value = 0;

		memcpy(&value, (const char *)cpu + table[i].offset, table[i].size);
		json_object_set_new(object, table[i].name,
				    json_integer((json_int_t)value));
	}
	return object;
}

static int unpack_one(struct dump_cpu *cpu, const json_t *json)
{
	size_t i;

	*cpu = (struct dump_cpu){ 0 };
	for (i = 0; i < REGISTERS; i++) {
		const json_t *number = json_object_get(json, table[i].name);
		uint64_t value = (uint64_t)json_integer_value(number);

		if (!json_is_integer(number))
			return -EPROTO;
		memcpy((char *)cpu + table[i].offset, &value, table[i].size);
	}
	return 0;
}

int registers_unpack(struct dump_cpu *cpus, unsigned int nr, const json_t *json)
{
	unsigned int i;

	if (json_array_size(json) != nr)
		return -EPROTO;
	for (i = 0; i < nr; i++)
		if (unpack_one(&cpus[i], json_array_get(json, i)))
			return -EPROTO;
	return 0;
}

const char *registers_row(const struct kvm_regs *regs, unsigned int row,
			  char buf[REGISTERS_ROW_SIZE])
{
	size_t used = 0, i, first = GENERAL + (size_t)row * ROW;
	uint64_t value;

	for (i = first; i < first + ROW; i++) {
		memcpy(&value,
		       (const char *)regs + table[i].offset -
			       offsetof(struct dump_cpu, regs),
		       sizeof(value));
		used += (size_t)snprintf(buf + used, REGISTERS_ROW_SIZE - used,
					 "%s%-3s %016" PRIx64, i > first ? " " : "",
					 table[i].name, value);
	}
	return buf;
}
