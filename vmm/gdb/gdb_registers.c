/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "vmm/gdb/gdb_registers.h"

enum feature { CORE, SSE, SEGMENTS, SYSTEM, FEATURES };

static const char *const feature_names[FEATURES] = {
	[CORE] = "org.gnu.gdb.i386.core",
	[SSE] = "org.gnu.gdb.i386.sse",
	[SEGMENTS] = "org.gnu.gdb.i386.segments",
	[SYSTEM] = "org.pagevisor.system",
};

/* A register: `size` bytes for gdb; the lowest `held` of them stand at `offset` of struct
 * gdb_cpu, what is above them is zero. */
struct row {
	const char *name, *type;
	enum feature feature;
	uint8_t size, held;
	uint16_t offset;
};

#define ROW(name, type, feature, size, member)                                       \
	{                                                                            \
		name, type, feature, size, sizeof(((struct gdb_cpu *)NULL)->member), \
			offsetof(struct gdb_cpu, member)                             \
	}
#define GENERAL(name)	 ROW(#name, "int64", CORE, 8, regs.name)
#define POINTER(name)	 ROW(#name, "data_ptr", CORE, 8, regs.name)
#define SEGMENT(name)	 ROW(#name, "int32", CORE, 4, sregs.name.selector)
#define X87(name, field) ROW(name, "int", CORE, 4, fpu.field)
#define XMM(n)		 ROW("xmm" #n, "vec128", SSE, 16, fpu.xmm[n])
#define CONTROL(name)	 ROW(#name, "uint64", SYSTEM, 8, sregs.name)
#define STACK(n)                                                                        \
	{                                                                               \
		"st" #n, "i387_ext", CORE, 10, 10, offsetof(struct gdb_cpu, fpu.fpr[n]) \
	}
/* What KVM does not keep reads as zero and takes any value. */
#define ABSENT(name)                       \
	{                                  \
		name, "int", CORE, 4, 0, 0 \
	}

static const struct row rows[] = {
	GENERAL(rax),
	GENERAL(rbx),
	GENERAL(rcx),
	GENERAL(rdx),
	GENERAL(rsi),
	GENERAL(rdi),
	POINTER(rbp),
	POINTER(rsp),
	GENERAL(r8),
	GENERAL(r9),
	GENERAL(r10),
	GENERAL(r11),
	GENERAL(r12),
	GENERAL(r13),
	GENERAL(r14),
	GENERAL(r15),
	ROW("rip", "code_ptr", CORE, 8, regs.rip),
	{ "eflags", "i386_eflags", CORE, 4, 4, offsetof(struct gdb_cpu, regs.rflags) },
	SEGMENT(cs),
	SEGMENT(ss),
	SEGMENT(ds),
	SEGMENT(es),
	SEGMENT(fs),
	SEGMENT(gs),
	STACK(0),
	STACK(1),
	STACK(2),
	STACK(3),
	STACK(4),
	STACK(5),
	STACK(6),
	STACK(7),
	X87("fctrl", fcw),
	X87("fstat", fsw),
	X87("ftag", ftwx), /* see full_tag() */
	ABSENT("fiseg"),
	{ "fioff", "int", CORE, 4, 4, offsetof(struct gdb_cpu, fpu.last_ip) },
	ABSENT("foseg"),
	{ "fooff", "int", CORE, 4, 4, offsetof(struct gdb_cpu, fpu.last_dp) },
	X87("fop", last_opcode),
	XMM(0),
	XMM(1),
	XMM(2),
	XMM(3),
	XMM(4),
	XMM(5),
	XMM(6),
	XMM(7),
	XMM(8),
	XMM(9),
	XMM(10),
	XMM(11),
	XMM(12),
	XMM(13),
	XMM(14),
	XMM(15),
	ROW("mxcsr", "i386_mxcsr", SSE, 4, fpu.mxcsr),
	ROW("fs_base", "int64", SEGMENTS, 8, sregs.fs.base),
	ROW("gs_base", "int64", SEGMENTS, 8, sregs.gs.base),
	ROW("k_gs_base", "int64", SYSTEM, 8, kernel_gs_base),
	CONTROL(cr0),
	CONTROL(cr2),
	CONTROL(cr3),
	CONTROL(cr4),
	CONTROL(cr8),
	CONTROL(efer),
	CONTROL(apic_base),
	ROW("gdt_base", "uint64", SYSTEM, 8, sregs.gdt.base),
	ROW("gdt_limit", "uint32", SYSTEM, 4, sregs.gdt.limit),
	ROW("idt_base", "uint64", SYSTEM, 8, sregs.idt.base),
	ROW("idt_limit", "uint32", SYSTEM, 4, sregs.idt.limit),
	ROW("ldtr", "uint32", SYSTEM, 4, sregs.ldt.selector),
	ROW("tr", "uint32", SYSTEM, 4, sregs.tr.selector),
	ROW("tr_base", "uint64", SYSTEM, 8, sregs.tr.base),
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

unsigned int gdb_registers(void)
{
	return ROWS;
}

size_t gdb_registers_size(void)
{
	size_t size = 0, i;

	for (i = 0; i < ROWS; i++)
		size += rows[i].size;
	return size;
}

/* The x87 tag word: KVM has one bit a register, gdb wants two: 0 in use, 3 empty. */
static bool is_tag(const struct row *row)
{
	return row->offset == offsetof(struct gdb_cpu, fpu.ftwx) && row->held;
}

static uint16_t full_tag(uint8_t bits)
{
	uint16_t tag = 0;
	unsigned int i;

	for (i = 0; i < 8; i++)
		if (!(bits & 1u << i))
			tag = (uint16_t)(tag | 3u << (2 * i));
	return tag;
}

static uint8_t short_tag(uint16_t tag)
{
	uint8_t bits = 0;
	unsigned int i;

	for (i = 0; i < 8; i++)
		if ((tag >> (2 * i) & 3) != 3)
			bits = (uint8_t)(bits | 1u << i);
	return bits;
}

size_t gdb_register_get(const struct gdb_cpu *cpu, unsigned int n, void *bytes)
{
	const struct row *row;
	uint16_t tag;

	if (n >= ROWS)
		return 0;
	row = &rows[n];
	memset(bytes, 0, GDB_REGISTER_MAX);
	memcpy(bytes, (const uint8_t *)cpu + row->offset, row->held);
	if (is_tag(row)) {
		tag = full_tag(cpu->fpu.ftwx);
		memcpy(bytes, &tag, sizeof(tag));
	}
	return row->size;
}

int gdb_register_set(struct gdb_cpu *cpu, unsigned int n, const void *bytes, size_t size)
{
	const struct row *row;
	uint16_t tag;

	if (n >= ROWS)
		return -ENOENT;
	row = &rows[n];
	if (size != row->size)
		return -EINVAL;
	memcpy((uint8_t *)cpu + row->offset, bytes, row->held);
	if (is_tag(row)) {
		memcpy(&tag, bytes, sizeof(tag));
		cpu->fpu.ftwx = short_tag(tag);
	}
	return 0;
}

/* --- the description ------------------------------------------------------------------------ */

static const char flag_types[] =
	"<flags id=\"i386_eflags\" size=\"4\">"
	"<field name=\"CF\" start=\"0\" end=\"0\"/><field name=\"\" start=\"1\" end=\"1\"/>"
	"<field name=\"PF\" start=\"2\" end=\"2\"/><field name=\"AF\" start=\"4\" end=\"4\"/>"
	"<field name=\"ZF\" start=\"6\" end=\"6\"/><field name=\"SF\" start=\"7\" end=\"7\"/>"
	"<field name=\"TF\" start=\"8\" end=\"8\"/><field name=\"IF\" start=\"9\" end=\"9\"/>"
	"<field name=\"DF\" start=\"10\" end=\"10\"/>"
	"<field name=\"OF\" start=\"11\" end=\"11\"/>"
	"<field name=\"NT\" start=\"14\" end=\"14\"/>"
	"<field name=\"RF\" start=\"16\" end=\"16\"/>"
	"<field name=\"VM\" start=\"17\" end=\"17\"/>"
	"<field name=\"AC\" start=\"18\" end=\"18\"/>"
	"<field name=\"ID\" start=\"21\" end=\"21\"/></flags>";

static const char vector_types[] =
	"<vector id=\"v4f\" type=\"ieee_single\" count=\"4\"/>"
	"<vector id=\"v2d\" type=\"ieee_double\" count=\"2\"/>"
	"<vector id=\"v16i8\" type=\"int8\" count=\"16\"/>"
	"<vector id=\"v8i16\" type=\"int16\" count=\"8\"/>"
	"<vector id=\"v4i32\" type=\"int32\" count=\"4\"/>"
	"<vector id=\"v2i64\" type=\"int64\" count=\"2\"/>"
	"<union id=\"vec128\"><field name=\"v4_float\" type=\"v4f\"/>"
	"<field name=\"v2_double\" type=\"v2d\"/><field name=\"v16_int8\" type=\"v16i8\"/>"
	"<field name=\"v8_int16\" type=\"v8i16\"/><field name=\"v4_int32\" type=\"v4i32\"/>"
	"<field name=\"v2_int64\" type=\"v2i64\"/>"
	"<field name=\"uint128\" type=\"uint128\"/></union>"
	"<flags id=\"i386_mxcsr\" size=\"4\">"
	"<field name=\"IE\" start=\"0\" end=\"0\"/><field name=\"DE\" start=\"1\" end=\"1\"/>"
	"<field name=\"ZE\" start=\"2\" end=\"2\"/><field name=\"OE\" start=\"3\" end=\"3\"/>"
	"<field name=\"UE\" start=\"4\" end=\"4\"/><field name=\"PE\" start=\"5\" end=\"5\"/>"
	"<field name=\"DAZ\" start=\"6\" end=\"6\"/><field name=\"IM\" start=\"7\" end=\"7\"/>"
	"<field name=\"DM\" start=\"8\" end=\"8\"/><field name=\"ZM\" start=\"9\" end=\"9\"/>"
	"<field name=\"OM\" start=\"10\" end=\"10\"/>"
	"<field name=\"UM\" start=\"11\" end=\"11\"/>"
	"<field name=\"PM\" start=\"12\" end=\"12\"/>"
	"<field name=\"FZ\" start=\"15\" end=\"15\"/></flags>";

static size_t put(char *buf, size_t size, size_t used, const char *text)
{
	size_t n = strlen(text);

	if (used < size)
		snprintf(buf + used, size - used, "%s", text);
	return used + n;
}

static size_t put_row(char *buf, size_t size, size_t used, const struct row *row)
{
	char line[160];

	snprintf(line, sizeof(line),
		 "<reg name=\"%s\" bitsize=\"%u\" type=\"%s\" regnum=\"%u\"/>", row->name,
		 row->size * 8u, row->type, (unsigned int)(row - rows));
	return put(buf, size, used, line);
}

size_t gdb_registers_describe(char *buf, size_t size)
{
	enum feature feature;
	char line[80];
	size_t used, i;

	used = put(buf, size, 0,
		   "<?xml version=\"1.0\"?><!DOCTYPE target SYSTEM \"gdb-target.dtd\">"
		   "<target><architecture>i386:x86-64</architecture>");
	for (feature = CORE; feature < FEATURES; feature++) {
		snprintf(line, sizeof(line), "<feature name=\"%s\">",
			 feature_names[feature]);
		used = put(buf, size, used, line);
		if (feature == CORE)
			used = put(buf, size, used, flag_types);
		if (feature == SSE)
			used = put(buf, size, used, vector_types);
		for (i = 0; i < ROWS; i++)
			if (rows[i].feature == feature)
				used = put_row(buf, size, used, &rows[i]);
		used = put(buf, size, used, "</feature>");
	}
	return put(buf, size, used, "</target>");
}
