/* SPDX-License-Identifier: MIT */
/* Disk requests larger than what can be mapped at once: bounce buffers hold 256 KiB. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include <abi/virtio_blk.h>
#include <linux/dma-mapping.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/swiotlb.h>
#include <guest/blk.h>
#include "tests/host/host.h"
#include "tests/unit/guest/mock_virtio.h"

#define SECTOR	   VIRTIO_BLK_SECTOR_SIZE
#define DISK_BYTES (1U << 20)
#define MOST	   ((u32)(IO_TLB_SEGSIZE * IO_TLB_SIZE))

static u8 disk[DISK_BYTES];
static struct mock_virtio m;
static unsigned int requests; /* of the disk, since it was plugged */
static u32 longest; /* data of a request */
static u64 bad_sector; /* fails; beyond the disk: none does */
static u8 *buffer;

static int serve(struct mock_virtio *dev, const struct mock_chain *c)
{
	const struct virtio_blk_outhdr *header = mock_virtio_at(&c->seg[0]);
	void *data = mock_virtio_at(&c->seg[1]);
	u64 at = header->sector * SECTOR;
	u32 len = c->seg[1].len;
	bool bad;

	(void)dev;
	assert_int_equal(c->n, 3);
	assert_true(at + len <= DISK_BYTES);
	requests++;
	longest = max(longest, len);
	bad = bad_sector * SECTOR >= at && bad_sector * SECTOR < at + len;
	*(u8 *)mock_virtio_at(&c->seg[2]) = bad ? VIRTIO_BLK_S_IOERR : VIRTIO_BLK_S_OK;
	if (header->type == VIRTIO_BLK_T_OUT) {
		memcpy(disk + at, data, len);
		return 1;
	}
	memcpy(data, disk + at, len);
	return (int)len + 1;
}

static void plug(void)
{
	const struct virtio_blk_config config = { .capacity = DISK_BYTES / SECTOR };

	m = (struct mock_virtio){ .vdev.id = VIRTIO_ID_BLOCK, .serve = serve };
	memcpy(m.config, &config, sizeof(config));
	mock_virtio_plug(&m);
	assert_non_null(blk_get(0));
	requests = 0;
	longest = 0;
	bad_sector = ~0ULL / SECTOR;
	for (unsigned int i = 0; i < DISK_BYTES; i++)
		disk[i] = (u8)(i * 7 + i / SECTOR);
	memset(buffer, 0, DISK_BYTES);
}

static void unplug(void)
{
	mock_virtio_unplug(&m);
	assert_int_equal(m.stolen, 0);
	assert_int_equal(atomic_long_read(&m.bus.dma.mappings), 0);
	assert_int_equal(swiotlb_verify(), 0);
}

static void one_request_where_all_is_reached(void **state)
{
	(void)state;
	plug();
	assert_true(blk_max_bytes(blk_get(0)) > DISK_BYTES);
	assert_int_equal(blk_read(blk_get(0), 0, buffer, DISK_BYTES), 0);
	assert_memory_equal(buffer, disk, DISK_BYTES);
	assert_int_equal(requests, 1);
	unplug();
}

static void bounced_requests_are_split(void **state)
{
	(void)state;
	swiotlb_setup("force");
	plug();
	assert_int_equal(blk_max_bytes(blk_get(0)), MOST);
	assert_int_equal(blk_read(blk_get(0), 0, buffer, DISK_BYTES), 0);
	assert_memory_equal(buffer, disk, DISK_BYTES);
	assert_int_equal(requests, DISK_BYTES / MOST);
	assert_int_equal(longest, MOST);

	/* From the middle, with an end that is none of a piece. */
	memset(buffer, 0x5a, DISK_BYTES);
	assert_int_equal(blk_write(blk_get(0), 3, buffer, MOST + 5 * SECTOR), 0);
	assert_int_equal(requests, DISK_BYTES / MOST + 2);
	assert_int_equal(disk[3 * SECTOR - 1], (u8)((3 * SECTOR - 1) * 7 + 2));
	assert_memory_equal(disk + 3 * SECTOR, buffer, MOST + 5 * SECTOR);
	assert_int_not_equal(disk[MOST + 8 * SECTOR + 1], 0x5a);
	unplug();
	swiotlb_setup("noforce");
}

/* What fails half way is an error, and ends there. */
static void a_piece_fails(void **state)
{
	(void)state;
	swiotlb_setup("force");
	plug();
	bad_sector = MOST / SECTOR + 1;
	assert_int_equal(blk_read(blk_get(0), 0, buffer, DISK_BYTES), -EIO);
	assert_int_equal(requests, 2);
	unplug();
	swiotlb_setup("noforce");
}

static int start_kernel(void **state)
{
	(void)state;
	host_mm_init(64UL << 20);
	buffer = kmalloc(DISK_BYTES, GFP_KERNEL);
	return buffer ? mock_virtio_drivers() : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_request_where_all_is_reached),
		cmocka_unit_test(bounced_requests_are_split),
		cmocka_unit_test(a_piece_fails),
	};

	return cmocka_run_group_tests(tests, start_kernel, NULL);
}
