/* SPDX-License-Identifier: MIT */
#include "tests/unit/devices/mock_pci.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "devices/util.h"

/* The BAR's argument: which one of which toy. */
struct toy_bar_arg {
	struct toy *toy;
	unsigned int bar;
};

struct toy_box {
	struct toy toy;
	struct toy_bar_arg arg[PCI_STD_NUM_BARS];
};

static uint64_t bar_read(void *arg, uint64_t offset, unsigned int size)
{
	const struct toy_bar_arg *a = arg;

	(void)size;
	a->toy->accesses++;
	a->toy->offset = offset;
	return a->toy->value[a->bar];
}

static void bar_write(void *arg, uint64_t offset, unsigned int size, uint64_t value)
{
	const struct toy_bar_arg *a = arg;

	(void)size;
	a->toy->accesses++;
	a->toy->offset = offset;
	a->toy->value[a->bar] = value;
}

static uint64_t msix_read(void *arg, uint64_t offset, unsigned int size)
{
	const struct toy_bar_arg *a = arg;

	if (offset >= TOY_PBA)
		return pci_msix_pba_read(&a->toy->pci, offset - TOY_PBA, size);
	return pci_msix_table_read(&a->toy->pci, offset, size);
}

static void msix_write(void *arg, uint64_t offset, unsigned int size, uint64_t value)
{
	const struct toy_bar_arg *a = arg;

	if (offset < TOY_PBA)
		pci_msix_table_write(&a->toy->pci, offset, size, value);
}

static const struct bus_ops bar_ops = { bar_read, bar_write };
static const struct bus_ops msix_ops = { msix_read, msix_write };

static void bar_changed(struct pci_dev *dev, unsigned int bar, bool mapped)
{
	struct toy *toy = container_of(dev, struct toy, pci);

	(void)bar;
	(void)mapped;
	toy->changes++;
}

static void reset(struct device *device)
{
	struct toy *toy = container_of(device, struct toy, pci.device);

	toy->resets++;
	pci_dev_reset(&toy->pci);
}

static void destroy(struct device *device)
{
	struct toy *toy = container_of(device, struct toy, pci.device);

	pci_unplug(&toy->pci);
	free(container_of(toy, struct toy_box, toy));
}

static const struct device_ops device_ops = { .reset = reset, .destroy = destroy };
static const struct pci_ops pci_ops = { .bar_changed = bar_changed };

struct toy *toy_plug(struct machine *m, uint8_t devfn)
{
	static const struct pci_ids ids = { .vendor = 0x1234,
					    .device = 0x5678,
					    .class_code = PCI_CLASS_OTHERS };
	static const struct {
		unsigned int bar;
		uint64_t size;
		uint8_t type;
	} bars[] = { { TOY_IO, 64, PCI_BASE_ADDRESS_SPACE_IO },
		     { TOY_MEM, 4096, 0 },
		     { TOY_MEM64, 65536, PCI_BASE_ADDRESS_MEM_TYPE_64 },
		     { TOY_MSIX, 8192, 0 } };
	struct toy_box *box = calloc(1, sizeof(*box));

	assert_non_null(box);
	pci_dev_init(&box->toy.pci, "toy", &ids, &pci_ops, &device_ops);
	for (unsigned int i = 0; i < ARRAY_SIZE(bars); i++) {
		unsigned int bar = bars[i].bar;

		box->arg[bar] = (struct toy_bar_arg){ &box->toy, bar };
		pci_add_bar(&box->toy.pci, bar, bars[i].size, bars[i].type,
			    bar == TOY_MSIX ? &msix_ops : &bar_ops, &box->arg[bar]);
	}
	box->toy.pci.config[PCI_INTERRUPT_PIN] = 1;
	assert_int_equal(pci_add_msix(&box->toy.pci, TOY_VECTORS, TOY_MSIX, 0, TOY_PBA),
			 0);
	assert_int_equal(pci_plug(&m->pci, &box->toy.pci, devfn), 0);
	return &box->toy;
}

static unsigned int reg(unsigned int bar)
{
	return PCI_BASE_ADDRESS_0 + 4 * bar;
}

uint64_t toy_bar(struct machine *m, uint8_t devfn, unsigned int bar)
{
	uint64_t base = machine_config_read(m, devfn, reg(bar), 4) &
			~(bar == TOY_IO ? 0x3ull : 0xfull);

	if (bar == TOY_MEM64)
		base |= (uint64_t)machine_config_read(m, devfn, reg(bar) + 4, 4) << 32;
	return base;
}

void toy_move_bar(struct machine *m, uint8_t devfn, unsigned int bar, uint64_t base)
{
	machine_config_write(m, devfn, reg(bar), 4, (uint32_t)base);
	if (bar == TOY_MEM64)
		machine_config_write(m, devfn, reg(bar) + 4, 4, (uint32_t)(base >> 32));
}

void toy_command(struct machine *m, uint8_t devfn, uint16_t command)
{
	machine_config_write(m, devfn, PCI_COMMAND, 2, command);
}
