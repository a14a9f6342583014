/* SPDX-License-Identifier: MIT */
/* A checker between a guest that publishes and two devices that access: what the tests of
 * its judgement share. */
#ifndef TESTS_UNIT_VMM_DMA_JUDGE_H
#define TESTS_UNIT_VMM_DMA_JUDGE_H

#include "tests/unit/vmm/dma_guest.h"
#include "vmm/dma_check/dma_check_internal.h"

#define DISK 0x10u /* endpoints */
#define NIC  0x18u
#define BARE 0x20u /* a device without a port */

struct judge {
	struct dma_guest guest;
	struct dma_checker *checker;
	struct dma_port disk, nic;
	unsigned int lines, infos; /* said */
	char said[8192];
	uint64_t before[DMA_FOUND_KINDS];
};
extern struct judge judge;

int judge_make(void **state); /* with the channel open */
int judge_make_hashing(void **state);
int judge_drop(void **state); /* everything that was found must have been expected */

/* Calls of the API, from call site `site`; the monitor takes them when it must. */
struct dma_check_entry judge_call(uint8_t kind, uint64_t addr, uint64_t size, uint8_t dir,
				  uint64_t site);
void judge_tell(struct dma_check_entry e);
void judge_map(uint64_t addr, uint64_t size, uint8_t dir); /* and dma_mapping_error() */
void judge_unmap(uint64_t addr, uint64_t size, uint8_t dir);

/* Since the last time: nothing, or exactly one finding of that kind. */
void expect_nothing(void);
void expect_found(unsigned int kind);

#define SITE_MAP    0xffffffff80001000ull
#define SITE_UNMAP  0xffffffff80002000ull
#define SITE_SYNC   0xffffffff80003000ull
#define SITE_START  0xffffffff80004000ull
#define SITE_CALLER 0xffffffff80009000ull /* of all */

#endif
