/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include <abi/cpuid.h>

#include "vmm/kvm/cpuid.h"

#define OWN_LEAVES	   2
#define LAPIC_KHZ	   1000000u /* KVM's LAPIC timers tick once a nanosecond */
#define LEAF1_TSC_DEADLINE (1u << 24) /* ecx */
#define LEAF1_X2APIC	   (1u << 21) /* ecx */
#define LEAF1_HYPERVISOR   (1u << 31) /* ecx */
#define LEAF1_HTT	   (1u << 28) /* edx: ebx 23:16 is valid */

enum { LEVEL_SMT = 1, LEVEL_CORE = 2 };

/* Bits needed to number n things. */
static unsigned int bits_for(unsigned int n)
{
	return n > 1 ? 32 - (unsigned int)__builtin_clz(n - 1) : 0;
}

static unsigned int at_most(unsigned int value, unsigned int max)
{
	return value < max ? value : max;
}

/* Intel's cache leaf: how many may share each cache, and cores in the package. */
static void fix_cache(struct kvm_cpuid_entry2 *e, unsigned int cpus)
{
	unsigned int level = (e->eax >> 5) & 7;
	unsigned int sharing = level >= 3 ? cpus : 1;

	if (!(e->eax & 0x1f))
		return;
	e->eax &= 0x3fff;
	e->eax |= at_most((1u << bits_for(sharing)) - 1, 0xfff) << 14;
	if (e->function == 4)
		e->eax |= at_most((1u << bits_for(cpus)) - 1, 0x3f) << 26;
}

/* The extended topology leaves; subleaf 0 is the thread, 1 the core, 2 the end. */
static void fix_topology(struct kvm_cpuid_entry2 *e, unsigned int id, unsigned int cpus)
{
	e->eax = e->ebx = 0;
	e->ecx = e->index;
	e->edx = id;
	if (e->index == 0) {
		e->ebx = 1;
		e->ecx |= LEVEL_SMT << 8;
	} else if (e->index == 1) {
		e->eax = bits_for(cpus);
		e->ebx = cpus;
		e->ecx |= LEVEL_CORE << 8;
	}
}

static void fix_entry(struct kvm_cpuid_entry2 *e, unsigned int id, unsigned int cpus)
{
	switch (e->function) {
	case 1:
		e->ebx = (e->ebx & 0xffff) | at_most(cpus, 255) << 16 | (id & 0xff) << 24;
		e->ecx |= LEAF1_HYPERVISOR | LEAF1_X2APIC;
		e->edx = cpus > 1 ? e->edx | LEAF1_HTT : e->edx & ~LEAF1_HTT;
		break;
	case 4:
	case 0x8000001d:
		fix_cache(e, cpus);
		break;
	case 0xb:
	case 0x1f:
		fix_topology(e, id, cpus);
		break;
	case 0x80000008:
		e->ecx = bits_for(cpus) << 12 | at_most(cpus - 1, 255);
		break;
	case 0x8000001e:
		e->eax = id;
		e->ebx = id & 0xff; /* its own core, one thread */
		e->ecx = 0; /* node 0 of 1 */
		break;
	default:
		break;
	}
}

void cpuid_fix(struct kvm_cpuid2 *table, unsigned int id, unsigned int cpus)
{
	uint32_t i;

	for (i = 0; i < table->nent; i++)
		fix_entry(&table->entries[i], id, cpus);
}

/* The table has room for them. */
static void add_own_leaves(struct kvm_cpuid2 *table, int vcpu_fd, uint32_t told)
{
	static const char signature[] = PV_CPUID_SIGNATURE;
	struct kvm_cpuid_entry2 *head = &table->entries[table->nent++];
	struct kvm_cpuid_entry2 *features = &table->entries[table->nent++];
	int khz = ioctl(vcpu_fd, KVM_GET_TSC_KHZ, 0);

	*head = (struct kvm_cpuid_entry2){ .function = PV_CPUID_SIGNATURE_LEAF,
					   .eax = PV_CPUID_FEATURES_LEAF };
	memcpy(&head->ebx, signature, 4);
	memcpy(&head->ecx, signature + 4, 4);
	memcpy(&head->edx, signature + 8, 4);
	*features = (struct kvm_cpuid_entry2){ .function = PV_CPUID_FEATURES_LEAF,
					       .eax = PV_CPUID_RAM_ZEROED | told,
					       .ebx = khz > 0 ? (uint32_t)khz : 0,
					       .ecx = LAPIC_KHZ };
}

/* A feature that the in-kernel LAPIC gives, though the list of KVM leaves it out. */
static void offer_tsc_deadline(const struct kvm *kvm, struct kvm_cpuid2 *table)
{
	uint32_t i;

	for (i = 0; i < table->nent; i++)
		if (table->entries[i].function == 1 &&
		    kvm_capability(kvm, KVM_CAP_TSC_DEADLINE_TIMER))
			table->entries[i].ecx |= LEAF1_TSC_DEADLINE;
}

int cpuid_set(const struct kvm *kvm, int vcpu_fd, unsigned int id, unsigned int cpus)
{
	size_t own = OWN_LEAVES * sizeof(kvm->cpuid->entries[0]);
	size_t size =
		sizeof(*kvm->cpuid) + kvm->cpuid->nent * sizeof(kvm->cpuid->entries[0]);
	struct kvm_cpuid2 *table = malloc(size + own);
	int ret;

	if (!table)
		return -ENOMEM;
	memcpy(table, kvm->cpuid, size);
	cpuid_fix(table, id, cpus);
	offer_tsc_deadline(kvm, table);
	add_own_leaves(table, vcpu_fd, kvm->told);
	ret = kvm_set(vcpu_fd, KVM_SET_CPUID2, table);
	free(table);
	return ret;
}
