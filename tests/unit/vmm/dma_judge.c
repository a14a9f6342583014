/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "tests/unit/vmm/dma_judge.h"

struct judge judge;

static struct dma_port *find_port(void *ctx, uint32_t endpoint)
{
	struct judge *j = ctx;

	return endpoint == DISK ? &j->disk : endpoint == NIC ? &j->nic : NULL;
}

static void say(void *ctx, bool information, const char *line)
{
	struct judge *j = ctx;
	size_t at = strlen(j->said);

	*(information ? &j->infos : &j->lines) += 1;
	snprintf(j->said + at, sizeof(j->said) - at, "%s\n", line);
}

static void describe(void *ctx, uint64_t pc, char *buf, size_t size)
{
	(void)ctx;
	snprintf(buf, size, "%s",
		 pc == SITE_MAP	     ? "map_it"
		 : pc == SITE_UNMAP  ? "unmap_it"
		 : pc == SITE_SYNC   ? "sync_it"
		 : pc == SITE_START  ? "start_it"
		 : pc == SITE_CALLER ? "driver"
				     : "?");
}

static int make(bool hash)
{
	struct dma_checker_config config = {
		.ram = &judge.guest.ram,
		.hash = hash,
		.port = find_port,
		.describe = describe,
		.say = say,
		.ctx = &judge,
	};

	memset(&judge, 0, sizeof(judge));
	dma_guest_make(&judge.guest);
	assert_int_equal(dma_checker_create(&config, &judge.checker), 0);
	dma_port_init(&judge.disk, "disk0", DISK, NULL, &judge.guest.ram);
	dma_port_init(&judge.nic, "nic0", NIC, NULL, &judge.guest.ram);
	judge.disk.witness = judge.nic.witness = dma_checker_witness(judge.checker);
	dma_set_enabled(&judge.disk, true);
	dma_set_enabled(&judge.nic, true);
	dma_checker_write(judge.checker, GUEST_AREA >> 12);
	assert_non_null(judge.checker->channel.area);
	return 0;
}

int judge_make(void **state)
{
	(void)state;
	return make(false);
}

int judge_make_hashing(void **state)
{
	(void)state;
	return make(true);
}

int judge_drop(void **state)
{
	(void)state;
	expect_nothing();
	dma_port_fini(&judge.disk);
	dma_port_fini(&judge.nic);
	dma_checker_destroy(judge.checker);
	dma_guest_free(&judge.guest);
	return 0;
}

struct dma_check_entry judge_call(uint8_t kind, uint64_t addr, uint64_t size, uint8_t dir,
				  uint64_t site)
{
	return (struct dma_check_entry){ .kind = kind,
					 .dir = dir,
					 .endpoint = DISK,
					 .addr = addr,
					 .phys = addr,
					 .size = size,
					 .depth = 2,
					 .chain = { site, SITE_CALLER } };
}

void judge_tell(struct dma_check_entry e)
{
	static unsigned int ring;

	ring = (ring + 1) % GUEST_RINGS;
	if (dma_guest_ring(&judge.guest, ring)->head -
		    dma_guest_ring(&judge.guest, ring)->tail ==
	    GUEST_ENTRIES)
		dma_checker_write(judge.checker, DMA_CHECK_TAKE);
	dma_guest_tell(&judge.guest, ring, e);
	if (judge.checker->config.hash)
		dma_checker_write(judge.checker, DMA_CHECK_TAKE);
}

void judge_map(uint64_t addr, uint64_t size, uint8_t dir)
{
	judge_tell(judge_call(DMA_CHECK_MAP, addr, size, dir, SITE_MAP));
	judge_tell(judge_call(DMA_CHECK_ERROR_ASKED, addr, 0, 0, SITE_MAP));
}

void judge_unmap(uint64_t addr, uint64_t size, uint8_t dir)
{
	judge_tell(judge_call(DMA_CHECK_UNMAP, addr, size, dir, SITE_UNMAP));
}

static void expect_counts(unsigned int kind)
{
	const struct dma_checker *c = judge.checker;

	dma_checker_settle(judge.checker);
	for (unsigned int k = 0; k < DMA_FOUND_KINDS; k++) {
		uint64_t expected = judge.before[k] + (kind && k == kind);

		if (c->found[k] != expected)
			fail_msg("kind %u: found %llu times, expected %llu\n%s", k,
				 (unsigned long long)c->found[k],
				 (unsigned long long)expected, judge.said);
		assert_int_equal(judge.guest.area->found[k], c->found[k]);
		judge.before[k] = c->found[k];
	}
	for (unsigned int i = 0; i < c->maps.nr_devices; i++) {
		assert_true(interval_valid(&c->maps.device[i].live));
		assert_true(interval_valid(&c->maps.device[i].dead));
	}
	assert_true(interval_valid(&c->maps.lines));
}

void expect_nothing(void)
{
	expect_counts(0);
}

void expect_found(unsigned int kind)
{
	expect_counts(kind);
	if (kind != DMA_FOUND_EXPOSED)
		assert_int_equal(judge.guest.area->last_kind, kind);
}
