/* SPDX-License-Identifier: MIT */
#include "tests/unit/devices/mock_blk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "devices/virtio/virtio_pci.h"

static uint64_t random_state;

void mock_random_seed(uint64_t seed)
{
	random_state = seed;
}

uint32_t mock_random(uint32_t below)
{
	random_state = random_state * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)((random_state >> 33) % below);
}

static void make_disk(struct blk *b, uint64_t size)
{
	uint8_t *bytes = malloc(size);
	int fd;

	strcpy(b->dir, "/tmp/pagevisor-blk-XXXXXX");
	assert_non_null(mkdtemp(b->dir));
	snprintf(b->path, sizeof(b->path), "%s/disk", b->dir);
	fd = open(b->path, O_RDWR | O_CREAT, 0600);
	assert_true(fd >= 0);
	assert_non_null(bytes);
	for (uint64_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)mock_random(256);
	assert_int_equal(pwrite(fd, bytes, size, 0), size);
	close(fd);
	free(bytes);
}

static void plug(struct blk *b, const struct blk_params *params)
{
	struct block_config medium = { .path = b->path,
				       .read_only = params->read_only,
				       .depth = params->depth,
				       .engine = params->engine };
	struct virtio_blk_config_in config = { .name = "disk0",
					       .serial = "pagevisor-test",
					       .nr_queues = params->nr_queues,
					       .write_through = params->write_through,
					       .no_flush = params->no_flush,
					       .read_errors = params->errors,
					       .write_errors = params->errors,
					       .failed = params->failed };

	assert_int_equal(block_backend_open(&medium, &config.backend), 0);
	assert_int_equal(virtio_blk_create(&config, &b->vd), 0);
	assert_int_equal(virtio_pci_plug(&b->m->pci, BLK_DEVFN, b->vd, NULL), 0);
	assert_int_equal(pci_assign(&b->m->pci), 0);
}

static void start_queues(struct blk *b)
{
	unsigned int nr = b->d.nr_queues < 4 ? b->d.nr_queues : 4;

	for (unsigned int i = 0; i < nr; i++)
		drv_queue(&b->d, &b->q[i], i, 0);
	drv_ok(&b->d);
}

void blk_start(struct blk *b, const struct blk_params *params)
{
	memset(b, 0, sizeof(*b));
	make_disk(b, params->size ? params->size : BLK_SIZE);
	b->m = machine_new();
	plug(b, params);
	drv_probe(&b->d, b->m, BLK_DEVFN);
	drv_msix_on(&b->d);
	assert_true(drv_negotiate(&b->d, params->features ? params->features
							  : DRV_ALL_FEATURES));
	start_queues(b);
	b->data = machine_alloc(b->m, BLK_DATA_SIZE, 4096);
	for (unsigned int i = 0; i < BLK_SLOTS; i++) {
		b->header[i] = machine_alloc(b->m, sizeof(struct virtio_blk_outhdr), 1);
		b->status[i] = machine_alloc(b->m, 1, 1);
	}
}

void blk_restart_driver(struct blk *b, uint64_t features)
{
	assert_true(drv_negotiate(&b->d, features));
	start_queues(b);
}

void blk_stop(struct blk *b)
{
	machine_free(b->m);
	unlink(b->path);
	rmdir(b->dir);
}

uint16_t blk_offer(struct blk *b, struct drvq *q, unsigned int slot, uint32_t type,
		   uint64_t sector, const struct drv_seg *data, unsigned int n)
{
	struct virtio_blk_outhdr header = { .type = type, .sector = sector };
	struct drv_seg segs[64] = { { b->header[slot], sizeof(header), false } };

	assert_true(n + 2 <= 64);
	memcpy(machine_at(b->m, b->header[slot], sizeof(header)), &header,
	       sizeof(header));
	*(uint8_t *)machine_at(b->m, b->status[slot], 1) = BLK_NO_STATUS;
	for (unsigned int i = 0; i < n; i++)
		segs[i + 1] = data[i];
	segs[n + 1] = (struct drv_seg){ b->status[slot], 1, true };
	return drvq_add(q, segs, n + 2);
}

uint8_t blk_status(struct blk *b, unsigned int slot)
{
	return *(const uint8_t *)machine_at(b->m, b->status[slot], 1);
}

uint8_t blk_do(struct blk *b, uint32_t type, uint64_t sector, uint32_t len, bool write,
	       uint32_t *used)
{
	struct drv_seg data = { b->data, len, write };
	uint16_t head = blk_offer(b, &b->q[0], 0, type, sector, &data, len ? 1 : 0);
	struct vring_used_elem elem;

	assert_true(drvq_wait(&b->q[0], &elem));
	assert_int_equal(elem.id, head);
	if (used)
		*used = elem.len;
	return blk_status(b, 0);
}

void *blk_data(struct blk *b, uint64_t offset, uint64_t len)
{
	return machine_at(b->m, b->data + offset, len);
}

uint8_t *blk_file(struct blk *b, uint64_t size)
{
	uint8_t *bytes = malloc(size);
	int fd = open(b->path, O_RDONLY);
	struct stat st;

	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_size, size);
	assert_int_equal(pread(fd, bytes, size, 0), size);
	close(fd);
	return bytes;
}

uint64_t blk_file_hash(struct blk *b, uint64_t size)
{
	uint8_t *bytes = blk_file(b, size);
	uint64_t hash = XXH3_64bits(bytes, size);

	free(bytes);
	return hash;
}

struct virtio_blk_stats blk_stats(struct blk *b)
{
	struct virtio_blk_stats stats;

	virtio_blk_get_stats(b->vd, &stats);
	return stats;
}

/* --- step by step ----------------------------------------------------------------- */

bool blk_used(struct blk *b, unsigned int queue, uint16_t *head)
{
	struct vring_used_elem elem = { .id = UINT16_MAX };
	bool any = drvq_get(&b->q[queue], &elem);

	*head = (uint16_t)elem.id;
	return any;
}

void blk_ring(struct blk *b, unsigned int queue)
{
	machine_write(b->m, b->q[queue].bell, 2, queue);
	mock_host_run(&b->m->mh, 20);
}

void blk_step_ends(struct blk *b, int64_t result)
{
	mock_engine_end(result);
	mock_host_run(&b->m->mh, 20);
	assert_int_equal(mock_engine.due, 0);
}

uint16_t blk_offer_write(struct blk *b, unsigned int queue, unsigned int slot)
{
	struct drv_seg data = { b->data + slot * 512, 512, false };

	return blk_offer(b, &b->q[queue], slot, VIRTIO_BLK_T_OUT, slot, &data, 1);
}

uint8_t blk_status_after(struct blk *b, uint32_t type, bool write, int64_t result)
{
	struct drv_seg data = { b->data, 512, write };
	uint16_t head;

	blk_offer(b, &b->q[0], 0, type, 0, &data, type == VIRTIO_BLK_T_FLUSH ? 0 : 1);
	blk_ring(b, 0);
	assert_int_equal(mock_engine.count, 1);
	assert_false(blk_used(b, 0, &head));
	blk_step_ends(b, result);
	assert_true(blk_used(b, 0, &head));
	assert_null(b->vd->dma->holds);
	return blk_status(b, 0);
}

void blk_write_once(struct blk *b, bool through, int64_t sync_result, uint8_t status)
{
	uint16_t head;

	blk_offer_write(b, 0, 0);
	blk_ring(b, 0);
	assert_int_equal(mock_engine.step[0].kind, STEP_WRITEV);
	blk_step_ends(b, 512);
	if (through) {
		assert_false(blk_used(b, 0, &head));
		assert_int_equal(mock_engine.count, 1);
		assert_int_equal(mock_engine.step[0].kind, STEP_FDATASYNC);
		blk_step_ends(b, sync_result);
	}
	assert_int_equal(mock_engine.count, 0);
	assert_true(blk_used(b, 0, &head));
	assert_int_equal(blk_status(b, 0), status);
}
