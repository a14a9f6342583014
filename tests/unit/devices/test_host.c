/* SPDX-License-Identifier: MIT */
/* A host without ops, the limit of reports, the list of devices. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "devices/device.h"
#include "devices/util.h"
#include "tests/unit/devices/mock_host.h"

static void host_without_ops(void **state)
{
	static const struct host_ops none = { 0 };
	struct host host = { &none };
	struct host_watch w = { 0 };
	struct msi_msg msg = { 0 };

	(void)state;
	assert_int_equal(host_msi_open(&host, "x", 1), -ENOSYS);
	assert_int_equal(host_msi_route(&host, 0, &msg), -ENOSYS);
	assert_int_equal(host_doorbell_add(&host, 0, 0, 0), -ENOSYS);
	assert_int_equal(host_watch(&host, &w, 0), -ENOSYS);
	host_msi_fire(&host, 0);
	host_msi_close(&host, 0, 1);
	host_irq_line(&host, 0, true);
	host_doorbell_del(&host, 0, 0, 0);
	host_unwatch(&host, &w);
	host_stop(&host, HOST_STOP_EXIT, 0);
	host_report(&host, HOST_ERROR, "x", "%d", 1);
}

static void long_reports_are_cut(void **state)
{
	struct mock_host mh;
	char text[1000];

	(void)state;
	mock_host_init(&mh);
	memset(text, 'a', sizeof(text));
	text[sizeof(text) - 1] = 0;
	host_report(&mh.host, HOST_INFO, "disk0", "%s", text);
	assert_memory_equal(mh.last_report, "disk0: aaaa", 11);
	assert_true(strlen(mh.last_report) < sizeof(mh.last_report));
}

static void limit(void **state)
{
	struct host_limit limit = { 0 };
	unsigned int passed = 0;

	(void)state;
	for (unsigned int i = 0; i < 8; i++)
		assert_true(host_limit_pass(&limit));
	for (unsigned int i = 9; i <= 1024; i++)
		passed += host_limit_pass(&limit);
	assert_int_equal(passed, 7); /* 16, 32, .. 1024 */
	assert_int_equal(limit.count, 1024);
}

/* --- devices ----------------------------------------------------------------------------- */

struct probe {
	struct device device;
	unsigned int order, resets, pauses, resumes;
};

static unsigned int destroyed;

static struct probe *of(struct device *dev)
{
	return container_of(dev, struct probe, device);
}

static void reset(struct device *dev)
{
	of(dev)->resets++;
}

static void quiesce(struct device *dev)
{
	of(dev)->pauses++;
}

static void resume(struct device *dev)
{
	of(dev)->resumes++;
}

static void destroy(struct device *dev)
{
	of(dev)->order = ++destroyed;
}

static void devices(void **state)
{
	static const struct device_ops ops = { reset, quiesce, resume, NULL, destroy };
	static const struct device_ops none = { 0 };
	struct probe a = { .device = { "a", &ops, NULL } },
		     b = { .device = { "b", &ops, NULL } };
	struct probe c = { .device = { "c", &none, NULL } };
	struct device_list list = { 0 };

	(void)state;
	device_add(&list, &a.device);
	device_add(&list, &c.device);
	device_add(&list, &b.device);
	assert_ptr_equal(device_find(&list, "b"), &b.device);
	assert_null(device_find(&list, "d"));
	device_reset_all(&list);
	device_quiesce_all(&list);
	device_resume_all(&list);
	assert_int_equal(a.resets + b.resets, 2);
	assert_int_equal(a.pauses + b.pauses, 2);
	assert_int_equal(a.resumes + b.resumes, 2);
	device_remove(&list, &c.device);
	device_remove(&list, &c.device);
	assert_null(device_find(&list, "c"));
	device_add(&list, &c.device);
	device_destroy_all(&list);
	assert_null(list.first);
	assert_int_equal(b.order, 1);
	assert_int_equal(a.order, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(host_without_ops),
		cmocka_unit_test(long_reports_are_cut),
		cmocka_unit_test(limit),
		cmocka_unit_test(devices),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
