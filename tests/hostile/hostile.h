/* SPDX-License-Identifier: MIT */
/*
 * The hostile guest: a kernel without memory management whose drivers lie.
 *
 * It runs on a real VM, finds the virtio devices by PCI, and puts each through the cases of a
 * broken or hostile driver: those of the unit tests' table (tests/unit/devices/mock_hostile*)
 * that a vCPU can produce, by the same numbers.  After each case the device is reset and must
 * answer a good request, and watched memory outside of what was offered for writing must be
 * unchanged.  Verdicts are KTAP on COM1.
 *
 * Memory is the identity map of the first 4 GiB.  A request and its rings live in one arena,
 * which is cleared before each case; a copy of it is what "unchanged" is compared with.
 */
#ifndef TESTS_HOSTILE_H
#define TESTS_HOSTILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <abi/pci.h>
#include <abi/platform.h>
#include <abi/virtio.h>
#include <abi/virtio_pci.h>
#include <abi/virtio_ring.h>

#define QUEUE_SIZE    64u
#define SEGS_MAX      (QUEUE_SIZE + 2)
#define ALLOWED	      32u
#define ARENA	      32768u
#define SCRATCH	      1024u
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* --- machine.c: ports, registers, time, words ---------------------------------------------- */

void out8(uint16_t port, uint8_t value);
uint32_t config_read(unsigned int devfn, unsigned int offset, unsigned int size);
void config_write(unsigned int devfn, unsigned int offset, unsigned int size,
		  uint32_t value);
uint64_t reg_read(uint64_t addr, unsigned int size);
void reg_write(uint64_t addr, unsigned int size, uint64_t value);
uint64_t now_ms(void);
void pause_ms(unsigned int ms);
/* %s, %u, %x of 64 bits each; the only formats. */
void say(const char *fmt, ...);
void *memset(void *to, int byte, size_t n);
void *memcpy(void *to, const void *from, size_t n);
void *memmove(void *to, const void *from, size_t n);

/* --- second.c: another vCPU ----------------------------------------------------------------- */

/* It does this over and over; false: there is no other. */
bool second_start(void (*job)(void));
/* It has ended. */
void second_stop(void);

/* --- arena.c: memory for the devices, and who watches it ----------------------------------- */

/* All of it is zero and free again, and nothing is allowed. */
void arena_clear(void);
void *arena_get(size_t size, size_t align);
/* Where it is: what an IOMMU has to let through. */
uint64_t arena_base(void);
/* A range that devices may change. */
void watch_allow(uint64_t addr, uint64_t len);
/* From here on nobody changes anything else: all is offered, and no doorbell has rung. */
void watch_start(void);
/* True when that held; else says where it did not. */
bool watch_ok(const char *what);
extern uint64_t ram_end; /* of the RAM below 4 GiB */

/* --- driver.c: one virtio device ------------------------------------------------------------ */

struct seg {
	uint64_t addr;
	uint32_t len;
	bool write;
};

struct device {
	unsigned int devfn, id; /* VIRTIO_ID_*; 0: edu */
	uint64_t common, isr, notify, config, bar0;
	uint32_t notify_step;
	unsigned int msix; /* the capability; 0: none */
	uint64_t wanted, offered, accepted; /* features */

	unsigned int queue; /* the one in use */
	struct vring_desc *desc;
	struct vring_avail *avail;
	struct vring_used *used;
	uint64_t bell;
	uint16_t next_desc, avail_idx, last_used;
};

/* Fills in what is found in configuration space; false: no device that is known here. */
bool device_find(struct device *d, unsigned int devfn);
uint64_t get(struct device *d, unsigned int reg, unsigned int size);
void put(struct device *d, unsigned int reg, unsigned int size, uint64_t value);
bool device_reset(struct device *d);
/* From reset up to FEATURES_OK, and the end of set-up: for a device with several queues. */
bool device_begin(struct device *d, uint64_t without);
void device_go(struct device *d);
/* Reset to DRIVER_OK with fresh rings for its queue; features not to take.  False: refused. */
bool device_start(struct device *d, uint64_t without);
/* Rings into the arena, and their addresses to the device; then enable: did it stay? */
bool queue_enable(struct device *d);
bool device_broken(struct device *d);
/* All vectors, unmasked: messages to `addr`, from `data` on. */
void msix_enable(const struct device *d, uint64_t addr, uint32_t data);
void msix_disable(const struct device *d);

void set_desc(struct device *d, unsigned int i, uint64_t addr, uint32_t len,
	      uint16_t flags, uint16_t next);
void offer_head(struct device *d, uint16_t head);
void offer(struct device *d, const struct seg *seg, unsigned int n);
/* By a table of its own; the descriptor of the ring. */
struct vring_desc *offer_table(struct device *d, const struct seg *seg, unsigned int n,
			       struct vring_desc **table);
void kick(struct device *d);
/* The next used element; false: none so far. */
bool take_used(struct device *d, struct vring_used_elem *e);

/* --- targets.c: a good request of each device ------------------------------------------------ */

struct target {
	unsigned int id;
	const char *name;
	unsigned int queue;
	bool has_status; /* what failed says so */
	/* A good request in fresh arena memory: its segments. */
	unsigned int (*request)(struct device *d, struct seg *seg);
	/* Was it answered well? */
	bool (*succeeded)(const struct seg *seg, unsigned int n, uint32_t used_len);
};

const struct target *target_of(unsigned int id);
/* A good request, from reset to answer. */
bool works(struct device *d, const struct target *t);

/* --- cases ----------------------------------------------------------------------------------- */

enum expect {
	EXPECT_BROKEN, /* NEEDS_RESET */
	EXPECT_ERROR, /* an error, or NEEDS_RESET */
	EXPECT_GOOD, /* one completion, a success */
	EXPECT_ANY, /* bounded, and nothing else harmed */
};

struct attack {
	struct device *d;
	const struct target *t;
	struct seg seg[SEGS_MAX];
	unsigned int n;
	void *scratch;
	unsigned int offered; /* how many completions there may be */
	bool failed; /* found out by the case itself */
	bool watched; /* the case has rung, and started the watch before */
};

struct attack_case {
	const char *name; /* starts with its number in the list of hostile cases */
	enum expect expect;
	uint64_t without; /* features not to take */
	/* Spoils the request and offers it; false: does not apply to this device. */
	bool (*spoil)(struct attack *a);
};

void allow_writable(struct attack *a);
bool offer_request(struct attack *a);
/* As many as the queue takes at once, a power of two, which is returned; the whole ring
 * holds their heads, so that from then on the index alone offers them again. */
unsigned int offer_many(struct attack *a);

/* long_cases.c */
bool index_wraps(struct attack *a);
bool rewritten_meanwhile(struct attack *a);
bool interrupts_never_taken(struct attack *a);

extern const struct attack_case attack_cases[];
extern const unsigned int nr_attack_cases;

/* Cases of single devices: number and name, and whether all was as it must be. */
struct own_case {
	const char *name;
	unsigned int id; /* of the device */
	bool (*run)(struct device *d);
};
extern const struct own_case own_cases[];
extern const unsigned int nr_own_cases;

/* iommu_cases.c: what is mapped and unmapped before the first disk. */
bool unmapped_under_way(struct device *d);
bool detached_under_way(struct device *d);
bool end_of_a_mapping(struct device *d);
bool scattered_mapping(struct device *d);
bool read_only_buffer(struct device *d);
bool read_only_ring(struct device *d);
bool flood_of_mappings(struct device *d);
bool flood_of_domains(struct device *d);

/* published.c: wild memory state, which the monitor reads meanwhile; the last stays. */
void publish_nonsense(void);

/* storm.c: every doorbell for ever, and nobody takes what comes back. */
void storm(struct device *devices, unsigned int n) __attribute__((noreturn));

#endif
