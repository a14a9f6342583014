/* SPDX-License-Identifier: MIT */
/*
 * The n-th allocation fails, for every n that there is: creating a device then fails
 * and leaves nothing behind (the sanitizers' build counts), a request fails alone.
 */
#include "devices/dmacheck/dmacheck.h"
#include "devices/edu.h"
#include "devices/legacy/legacy.h"
#include "devices/legacy/serial.h"
#include "devices/virtio_console.h"
#include "devices/virtio_rng.h"
#include "tests/unit/devices/mock_blk.h"
#include "tests/unit/devices/mock_iommu.h"
#include "tests/unit/devices/mock_model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>

#include "devices/virtio/virtio_pci.h"

/* How many allocations from now on succeed; negative: all. */
static int left = -1;
static bool failed;

static bool fails(void)
{
	if (left < 0)
		return false;
	if (left-- > 0)
		return false;
	left = -1;
	failed = true;
	return true;
}

/* These stand before libc's (and the sanitizer's) for everything linked statically. */
void *malloc(size_t size)
{
	static void *(*real)(size_t);

	if (!real)
		real = (void *(*)(size_t))dlsym(RTLD_NEXT, "malloc");
	return fails() ? NULL : real(size);
}

void *calloc(size_t n, size_t size)
{
	static void *(*real)(size_t, size_t);

	if (!real)
		real = (void *(*)(size_t, size_t))dlsym(RTLD_NEXT, "calloc");
	return fails() ? NULL : real(n, size);
}

/* Runs `create` with the first, the second, ... allocation failing, until none does. */
static void each_fails(int (*create)(void))
{
	int error, n = 0;

	do {
		failed = false;
		left = n++;
		error = create();
		left = -1;
		if (failed)
			assert_true(error < 0);
		else
			assert_int_equal(error, 0);
	} while (failed);
	assert_true(n > 1); /* at least one allocation there was */
}

static struct mock_host mh;
static struct bus pio;
static struct device_list devices;

static int create_serial(void)
{
	struct serial_config config = { .name = "com1", .port = 0x3f8 };
	struct serial *s;
	int error = serial_create(&config, &mh.host, &pio, &devices, &s);

	device_destroy_all(&devices);
	assert_int_equal(pio.nr, 0);
	assert_int_equal(mh.nr_watches, 0);
	return error;
}

static int create_legacy(void)
{
	struct legacy *legacy;
	int error = legacy_create(&mh.host, &pio, &devices, &legacy);

	device_destroy_all(&devices);
	assert_int_equal(pio.nr, 0);
	return error;
}

static int create_rng(void)
{
	struct virtio_rng_config config = { .name = "rng0" };
	struct virtio_dev *vd;
	int error = virtio_rng_create(&config, &vd);

	if (!error)
		virtio_destroy(vd);
	return error;
}

static int create_console(void)
{
	struct virtio_console_config_in config = { .name = "console0" };
	struct virtio_console *console;
	int error = virtio_console_create(&config, &console);

	if (!error)
		virtio_destroy(virtio_console_dev(console));
	return error;
}

static int create_dmacheck(void)
{
	struct dmacheck_params params = { .name = "dmacheck0" };
	struct virtio_dev *vd;
	int error = dmacheck_create(&params, &vd);

	if (!error)
		virtio_destroy(vd);
	return error;
}

static int create_iommu(void)
{
	struct virtio_iommu_params params = { .name = "iommu0" };
	struct virtio_dev *vd;
	int error = virtio_iommu_create(&params, &vd);

	if (!error)
		virtio_destroy(vd);
	return error;
}

static struct machine *board;

static int create_edu(void)
{
	struct edu_params params = { .name = "edu0" };
	struct device *device;
	int error = edu_plug(&board->pci, BLK_DEVFN, &params, NULL);

	if (!error) {
		device = &board->pci.dev[BLK_DEVFN]->device;
		device->ops->destroy(device);
	}
	assert_null(board->pci.dev[BLK_DEVFN]);
	assert_int_equal(board->mh.nr_watches, 0);
	return error;
}

static char path[] = "/tmp/pagevisor-memory-XXXXXX";
static const struct block_engine *engine;

static int create_backend(void)
{
	struct block_config config = { .path = path, .engine = engine };
	struct block_backend *be;
	int error = block_backend_open(&config, &be);

	if (!error)
		block_backend_close(be);
	return error;
}

static int create_blk(void)
{
	struct block_config medium = { .path = path };
	struct virtio_blk_config_in config = { .name = "disk0", .nr_queues = 2 };
	struct virtio_dev *vd;
	int saved = left, error;

	left = -1;
	assert_int_equal(block_backend_open(&medium, &config.backend), 0);
	left = saved;
	error = virtio_blk_create(&config, &vd);
	if (error)
		block_backend_close(config.backend); /* still the caller's */
	else
		virtio_destroy(vd);
	return error;
}

static void test_create(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	assert_int_equal(ftruncate(fd, 65536), 0);
	close(fd);
	mock_host_init(&mh);
	each_fails(create_serial);
	each_fails(create_legacy);
	each_fails(create_rng);
	each_fails(create_console);
	each_fails(create_dmacheck);
	each_fails(create_iommu);
	board = machine_new();
	each_fails(create_edu);
	machine_free(board);
	engine = &block_engine_uring;
	each_fails(create_backend);
	engine = &block_engine_sync;
	each_fails(create_backend);
	each_fails(create_blk);
	unlink(path);
}

/* --- requests --------------------------------------------------------------------- */

/* Each kind of request, with each of its allocations failing: an error or a device that
 * asks for a reset, and after that everything works. */
static void blk_request(struct blk *b, uint32_t type, uint32_t len, bool write)
{
	struct drv_seg data = { b->data, len, write };
	struct vring_used_elem elem;

	for (int n = 0; n < 10; n++) {
		blk_offer(b, &b->q[0], 0, type, 0, &data, len ? 1 : 0);
		failed = false;
		left = n;
		drvq_kick(&b->q[0]);
		left = -1;
		if (drv_status(&b->d) & VIRTIO_CONFIG_S_NEEDS_RESET) {
			assert_true(failed);
			blk_restart_driver(b, DRV_ALL_FEATURES);
			continue;
		}
		assert_true(drvq_wait(&b->q[0], &elem));
		assert_int_equal(blk_status(b, 0),
				 failed ? VIRTIO_BLK_S_IOERR : VIRTIO_BLK_S_OK);
		if (!failed)
			return;
	}
	fail_msg("more allocations than expected");
}

static void test_blk_requests(void **state)
{
	static struct blk b;
	struct virtio_blk_discard_write_zeroes *range;

	(void)state;
	blk_start(&b, &(struct blk_params){ .engine = &block_engine_sync });
	blk_request(&b, VIRTIO_BLK_T_IN, 1024, true);
	blk_request(&b, VIRTIO_BLK_T_OUT, 1024, false);
	blk_request(&b, VIRTIO_BLK_T_FLUSH, 0, false);
	range = blk_data(&b, 0, sizeof(*range));
	*range = (struct virtio_blk_discard_write_zeroes){ 1, 1, 0 };
	blk_request(&b, VIRTIO_BLK_T_DISCARD, sizeof(*range), false);
	blk_stop(&b);
}

#define CLIENT PCI_DEVFN(2, 0)

/* Each allocation after the chain's fails: NOMEM, and nothing has changed; with memory it
 * works. */
static void iommu_request(struct viommu *v, const void *req, uint32_t len,
			  uint64_t domains, uint64_t mappings)
{
	const uint32_t tail = sizeof(struct virtio_iommu_req_tail);
	bool nomem = false;

	for (int n = 1; n < 10; n++) {
		unsigned int slot;

		failed = false;
		left = n;
		slot = viommu_submit(v, req, len - tail, tail);
		left = -1;
		assert_true(viommu_done(v));
		if (!failed) {
			assert_int_equal(viommu_status(v, slot), VIRTIO_IOMMU_S_OK);
			assert_true(nomem);
			return;
		}
		assert_int_equal(viommu_status(v, slot), VIRTIO_IOMMU_S_NOMEM);
		assert_int_equal(viommu_stat(v, "domains"), domains);
		assert_int_equal(viommu_stat(v, "mappings"), mappings);
		nomem = true;
	}
	fail_msg("more allocations than expected");
}

static void test_iommu_requests(void **state)
{
	const struct virtio_iommu_params params = { .name = "iommu0" };
	struct virtio_iommu_req_attach attach = { .head.type = VIRTIO_IOMMU_T_ATTACH,
						  .domain = 1,
						  .endpoint = CLIENT };
	const struct virtio_iommu_req_map map = { .head.type = VIRTIO_IOMMU_T_MAP,
						  .domain = 2,
						  .virt_end = 4095 };
	struct machine *m = machine_new();
	struct viommu v;

	(void)state;
	viommu_plug(&v, m, &params);
	mock_model_plug(m, CLIENT);
	viommu_adopt(&v, CLIENT);
	viommu_start(&v, DRV_ALL_FEATURES);
	iommu_request(&v, &attach, sizeof(attach), 0, 0);
	/* From one domain to another: the old one is kept until the new one is there. */
	attach.domain = 2;
	iommu_request(&v, &attach, sizeof(attach), 1, 0);
	iommu_request(&v, &map, sizeof(map), 1, 0);
	machine_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_create),
		cmocka_unit_test(test_blk_requests),
		cmocka_unit_test(test_iommu_requests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
