/* SPDX-License-Identifier: MIT */
/* The DMA checker in its machine. */
#include <errno.h>
#include <string.h>
#include <jansson.h>

#include <abi/cpuid.h>
#include <abi/platform.h>

#include "vmm/util/log.h"
#include "vmm/machine/machine.h"

unsigned int machine_dma_check_told(const struct machine_config *config)
{
	switch (config->dma_check) {
	case DMA_CHECK_OFF:
		return 0;
	case DMA_CHECK_ON:
		return PV_CPUID_DMA_CHECK;
	case DMA_CHECK_HASH:
		break;
	}
	return PV_CPUID_DMA_CHECK | PV_CPUID_DMA_CHECK_EACH_CALL;
}

static struct dma_port *find_port(void *ctx, uint32_t endpoint)
{
	struct machine *m = ctx;

	return endpoint < PCI_MAX_DEVFN && m->pci.dev[endpoint]
		       ? &m->pci.dev[endpoint]->dma
		       : NULL;
}

static void describe(void *ctx, uint64_t pc, char *buf, size_t size)
{
	const struct machine *m = ctx;

	symbols_describe_return(&m->dma_symbols, pc, buf, size);
}

static void say(void *ctx, bool information, const char *line)
{
	(void)ctx;
	if (information)
		log_step("%s", line);
	else
		log_line("%s", line);
}

static void port_write(void *arg, uint64_t offset, unsigned int size, uint64_t value)
{
	struct machine *m = arg;

	if (!offset && size == sizeof(uint32_t))
		dma_checker_write(m->dma_checker, (uint32_t)value);
}

static const struct bus_ops port_ops = { .write = port_write };

static int add_port(struct machine *m)
{
	m->dma_check_port = (struct bus_range){
		.name = "DMA checker",
		.base = PV_DMA_CHECK_PORT,
		.size = sizeof(uint32_t),
		.ops = &port_ops,
		.arg = m,
	};
	return bus_add(&m->pio, &m->dma_check_port);
}

int machine_add_dma_check(struct machine *m, struct error *err)
{
	struct dma_checker_config config = {
		.ram = &m->mem.ram,
		.hash = m->config.dma_check == DMA_CHECK_HASH,
		.port = find_port,
		.describe = describe,
		.say = say,
		.ctx = m,
	};
	int ret;

	if (m->config.dma_check == DMA_CHECK_OFF)
		return 0;
	json_object_seed(0); /* from a file: later, confined, none can be opened */
	ret = dma_checker_create(&config, &m->dma_checker);
	if (!ret)
		ret = add_port(m);
	if (ret)
		return error_set(err, -ret, "--dma-check: %s", strerror(-ret));
	symbols_read(&m->dma_symbols, m->boot.kernel.fd);
	for (unsigned int i = 0; i < PCI_MAX_DEVFN; i++)
		if (m->pci.dev[i])
			m->pci.dev[i]->dma.witness = dma_checker_witness(m->dma_checker);
	log_step("DMA is checked%s", config.hash ? ", with hashes" : "");
	return 0;
}

void machine_end_dma_check(struct machine *m)
{
	dma_checker_destroy(m->dma_checker);
	m->dma_checker = NULL;
	symbols_free(&m->dma_symbols);
}
