/* SPDX-License-Identifier: MIT */
/*
 * The registers of vCPUs as JSON, an array with an object for each, name to number; and the
 * general ones as text.
 */
#ifndef VMM_REGISTERS_H
#define VMM_REGISTERS_H

#include <jansson.h>

#include "vmm/dump/dump.h"

/* One vCPU; numbers are the 64 bits of the register, as signed as JSON has them. */
json_t *registers_pack(const struct dump_cpu *cpu);
/* 0, or -EPROTO: it is no array of nr such objects. */
int registers_unpack(struct dump_cpu *cpus, unsigned int nr, const json_t *json);

#define REGISTERS_ROWS	   4
#define REGISTERS_ROW_SIZE 96
/* Four general ones, "rax 0123456789abcdef rbx ...", into buf, which is returned. */
const char *registers_row(const struct kvm_regs *regs, unsigned int row,
			  char buf[REGISTERS_ROW_SIZE]);

#endif
