/* SPDX-License-Identifier: MIT */
/*
 * The registers that gdb sees of a vCPU, in the order and the sizes of the target description
 * that it reads (gdb manual, "i386 Features").  Pure: a table over the structures of KVM.
 */
#ifndef VMM_GDB_REGISTERS_H
#define VMM_GDB_REGISTERS_H

#include <stddef.h>
#include <stdint.h>
#include <linux/kvm.h>

struct gdb_cpu {
	struct kvm_regs regs;
	struct kvm_sregs sregs;
	struct kvm_fpu fpu;
	uint64_t kernel_gs_base;
};

#define GDB_REGISTER_MAX 16 /* bytes of one */

/* How many there are, and the bytes of all together. */
unsigned int gdb_registers(void);
size_t gdb_registers_size(void);

/* Register n of cpu into bytes[GDB_REGISTER_MAX]: its size, 0 where there is no such. */
size_t gdb_register_get(const struct gdb_cpu *cpu, unsigned int n, void *bytes);
/* Sets it from `size` bytes.  0; -ENOENT: no such register; -EINVAL: another size. */
int gdb_register_set(struct gdb_cpu *cpu, unsigned int n, const void *bytes, size_t size);

/* The description, XML, into buf (always terminated): its length, as of snprintf(). */
size_t gdb_registers_describe(char *buf, size_t size);

#endif
