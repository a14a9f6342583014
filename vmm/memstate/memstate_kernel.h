/* SPDX-License-Identifier: MIT */
/*
 * What a guest publishes of its kernel beside memory: threads, log, names, IOMMU domains.
 * Read as memstate.h says, with the same errors; and -ENODATA, with a line, where the guest
 * has no such thing.
 */
#ifndef VMM_MEMSTATE_KERNEL_H
#define VMM_MEMSTATE_KERNEL_H

#include "vmm/dump/dump.h"
#include "vmm/memstate/memstate.h"
#include "vmm/util/symbols.h"

#define KERNEL_LOG_MAX	   (16u << 20) /* bytes */
#define KERNEL_THREADS_MAX 16384
#define KERNEL_SYMBOLS_MAX (1u << 20)
#define KERNEL_CHAIN_MAX   64
#define KERNEL_DOMAINS_MAX 4096
#define KERNEL_RANGES_MAX  (1u << 20) /* mappings of all domains */

/* The description itself, as read and checked. */
int memstate_read_kernel(struct memstate_view *view, struct memstate_kernel *kernel);

/* The newest lines, as text (malloc'd, NUL behind it; other bytes than text are '?'). */
int memstate_read_log(struct memstate_view *view, const struct memstate_kernel *kernel,
		      char **text);

/* The functions that the kernel itself has names for. */
int memstate_read_symbols(struct memstate_view *view,
			  const struct memstate_kernel *kernel, struct symbols *symbols);

/* Nanoseconds since boot of a value of the time-stamp counter; 0: not known. */
uint64_t memstate_since_boot(struct memstate_view *view,
			     const struct memstate_kernel *kernel, uint64_t tsc);

/* --- threads ---------------------------------------------------------------------------- */

struct thread_state {
	uint64_t va; /* of its structure */
	char name[MEMSTATE_NAME_MAX];
	int pid;
	bool idle; /* a CPU's idle thread */
	bool process; /* a process's thread */
	uint64_t space; /* va of its address space; 0: it has none */
	unsigned int cpu;
	int on_cpu; /* it runs there; -1: it does not run */
	char state[sizeof(((struct memstate_threads *)NULL)->state_name[0]) + 1];
	uint64_t rsp, stack, stack_size;
	bool user; /* it is in user mode, and the chain is empty */
	/* Where it is, then return addresses; 0: it runs, and the registers are not known. */
	unsigned int depth;
	uint64_t pc[KERNEL_CHAIN_MAX];
	bool broken; /* the chain leads where nothing is, or astray */
};

struct thread_states {
	size_t nr;
	struct thread_state *thread;
};

/* cpus: registers of the vCPUs, nr of them, for the threads that run; NULL: not known.
 * Where it fails with -EBADMSG, `threads` are those in front of what makes no sense. */
int memstate_read_threads(struct memstate_view *view,
			  const struct memstate_kernel *kernel,
			  const struct dump_cpu *cpus, unsigned int nr,
			  struct thread_states *threads);

/* Where a thread's address space has its page tables: guest-physical, whole pages of RAM.
 * -ENODATA: it has none. */
int memstate_read_page_table(struct memstate_view *view,
			     const struct memstate_kernel *kernel,
			     const struct thread_state *thread, uint64_t *gpa);

/* A chain by frame pointers: pc first, then what stands at fp.  How many. */
unsigned int memstate_chain(struct memstate_view *view, uint64_t pc, uint64_t fp,
			    uint64_t *chain, unsigned int max, bool *broken);

/* --- IOMMU ------------------------------------------------------------------------------ */

struct iommu_range {
	uint64_t start, size; /* addresses of the domain */
	uint64_t phys;
	uint32_t flags; /* 1 read, 2 write, 4 registers */
};

struct iommu_domain_state {
	uint64_t va; /* of its structure */
	uint32_t id;
	size_t nr; /* ascending, none overlaps another */
	struct iommu_range *range;
};

struct iommu_endpoint_state {
	uint32_t id; /* bus << 8 | device << 3 | function */
	char device[32];
	uint64_t domain; /* va of its domain; 0: in none */
};

struct iommu_state {
	size_t nr_domains, nr_endpoints;
	struct iommu_domain_state *domain;
	struct iommu_endpoint_state *endpoint;
};

/* Empty where there is no IOMMU. */
int memstate_read_iommu(struct memstate_view *view, const struct memstate_kernel *kernel,
			struct iommu_state *iommu);
void iommu_state_free(struct iommu_state *iommu);

#endif
