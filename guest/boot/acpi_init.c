/* SPDX-License-Identifier: MIT */
/* The ACPI tables of this machine, read before there is an allocator. */
#include <linux/kernel.h>
#include <linux/string.h>
#include <asm/apic.h>
#include <asm/pagetable.h>
#include <guest/acpi.h>
#include <guest/boot.h>
#include <guest/machine.h>

#define LAPIC_DEFAULT 0xfee00000UL

static struct acpi_facts facts;

const struct acpi_facts *machine_acpi(void)
{
	return &facts;
}

static bool read_physical(const struct acpi_memory *self, u64 pa, void *buf, size_t len)
{
	void *from = early_map(pa, len);

	(void)self;
	if (from)
		memcpy(buf, from, len);
	return from;
}

static const struct acpi_memory memory = { read_physical };

int machine_s5_type(void)
{
	return acpi_find_s5(&memory, facts.power.dsdt);
}

int machine_panic_port(void)
{
	return acpi_find_panic_port(&memory, facts.power.dsdt);
}

void acpi_init(void)
{
	unsigned int broken;
	int err = acpi_read_tables(&memory, boot_rsdp(), &facts, &broken);

	if (err)
		pr_warn("acpi: no usable tables (RSDP at %#llx): %d\n",
			(unsigned long long)boot_rsdp(), err);
	else if (broken)
		pr_warn("acpi: %u broken tables left out\n", broken);
	apic_map(facts.lapic_base ? facts.lapic_base : LAPIC_DEFAULT);
	apic_enable();
	if (facts.cpus > ACPI_MAX_CPUS)
		pr_warn("acpi: %u CPUs are named, %u looked at\n", facts.cpus,
			ACPI_MAX_CPUS);
	smp_register_cpus(facts.apic_id, min(facts.cpus, ACPI_MAX_CPUS));
}
