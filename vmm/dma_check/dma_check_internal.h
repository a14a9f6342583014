/* SPDX-License-Identifier: MIT */
/* What the parts of the DMA checker share. */
#ifndef VMM_DMA_CHECK_INTERNAL_H
#define VMM_DMA_CHECK_INTERNAL_H

#include "vmm/dma_check/dma_check.h"
#include "vmm/dma_check/dma_check_map.h"
#include "vmm/dma_check/dma_check_ring.h"

#define DMA_REPORTS_MAX 256u /* later ones are only counted */
#define DMA_INFOS_MAX	64u /* of them, those that are no faults */

/* What is reported: everything by value, the mapping may end. */
struct dma_report {
	unsigned int kind; /* DMA_FOUND_* */
	uint32_t endpoint;
	char device[32];
	uint64_t addr, size; /* of the access or call; size 0: not known */
	char what[200]; /* one sentence: what happened */
	bool has_map;
	uint64_t map_addr, map_size;
	enum dma_map_kind map_kind;
	uint8_t map_dir;
	struct dma_chain made, ended, call, started; /* depth 0: there is none */
	bool provoked; /* the guest had announced it */
	uint64_t count; /* how often */
};

struct dma_checker {
	struct dma_witness witness;
	struct dma_checker_config config;
	struct dma_channel channel;
	struct dma_maps maps;
	/* By ring: the first segment of the list that its next entries go on with. */
	struct dma_map *list[DMA_CHECK_RINGS_MAX];

	uint64_t calls, accesses; /* judged */
	uint64_t unexpected;
	uint64_t found[DMA_FOUND_KINDS];
	unsigned int nr_reports, nr_infos;
	struct dma_report report[DMA_REPORTS_MAX];
};

/* --- dma_check_report.c --- */

/* Something that was found. */
struct dma_finding {
	unsigned int kind;
	uint32_t endpoint;
	uint64_t addr, size;
	const struct dma_map *map; /* the mapping concerned, or NULL */
	const struct dma_chain *call; /* whose fault it is; NULL: the device's */
	/* Who gave the device work last, for what it did with it; NULL: a call is at fault. */
	const struct dma_chain *started;
};

/* Counts it, tells the guest, and reports it if it is the first of its kind there. */
void dma_found(struct dma_checker *c, const struct dma_finding *finding,
	       const char *format, ...) __attribute__((format(printf, 3, 4)));
struct dma_kind {
	const char *name; /* for programs */
	const char *title; /* for people */
};
extern const struct dma_kind dma_kinds[DMA_FOUND_KINDS];
void dma_describe_pc(const struct dma_checker *c, uint64_t pc, char *buf, size_t size);
/* "disk0", "00:05.0" for what has no name. */
void dma_device_name(const struct dma_checker *c, uint32_t endpoint, char *buf,
		     size_t size);
const char *dma_dir_name(uint8_t dir);
const char *dma_map_kind_name(enum dma_map_kind kind);

static inline struct dma_port *dma_checker_port(const struct dma_checker *c,
						uint32_t endpoint)
{
	return c->config.port ? c->config.port(c->config.ctx, endpoint) : NULL;
}

/* --- dma_check_call.c, dma_check_unmap.c: calls of the API --- */

void dma_judge_call(struct dma_checker *c, unsigned int ring,
		    const struct dma_check_entry *e);
void dma_judge_unmap(struct dma_checker *c, struct dma_device *device,
		     const struct dma_check_entry *e, const struct dma_chain *call);
void dma_judge_sync(struct dma_checker *c, struct dma_device *device,
		    const struct dma_check_entry *e, const struct dma_chain *call);
void dma_judge_release(struct dma_checker *c, const struct dma_device *device);

/* --- dma_check_access.c: accesses of devices --- */

extern const struct dma_witness dma_checker_witness_ops;
/* The mapping is about to end: is the device still at it? */
void dma_judge_in_use(struct dma_checker *c, const struct dma_map *map,
		      const struct dma_chain *call);
/* The mapping is new: what else does it let the device reach? */
void dma_judge_exposure(struct dma_checker *c, const struct dma_map *map);
/* All of the mapping's bytes that are the device's go back to the CPU, or a part. */
void dma_judge_owner(struct dma_checker *c, struct dma_map *map, uint64_t first,
		     uint64_t last, const struct dma_chain *call);

#endif
