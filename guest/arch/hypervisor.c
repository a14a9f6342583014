/* SPDX-License-Identifier: MIT */
/* What runs beneath us, and the way out. */
#include <linux/kernel.h>
#include <linux/string.h>
#include <abi/cpuid.h>
#include <abi/platform.h>
#include <asm/cpu.h>
#include <guest/machine.h>
#include <mm/platform.h>

struct hypervisor hypervisor;

#define CPUID_1_ECX_HYPERVISOR (1U << 31)

void hypervisor_detect(void)
{
	struct cpuid r;

	if (!(cpuid(1).ecx & CPUID_1_ECX_HYPERVISOR))
		return;
	r = cpuid(PV_CPUID_SIGNATURE_LEAF);
	if (memcmp((u32[3]){ r.ebx, r.ecx, r.edx }, PV_CPUID_SIGNATURE, 12) != 0 ||
	    r.eax < PV_CPUID_FEATURES_LEAF)
		return;
	r = cpuid(PV_CPUID_FEATURES_LEAF);
	hypervisor.pagevisor = true;
	hypervisor.ram_zeroed = r.eax & PV_CPUID_RAM_ZEROED;
	hypervisor.writes_report = r.eax & PV_CPUID_REPORT;
	hypervisor.injects = r.eax & PV_CPUID_INJECT;
	hypervisor.dma_check = r.eax & PV_CPUID_DMA_CHECK;
	hypervisor.dma_check_hash = r.eax & PV_CPUID_DMA_CHECK_EACH_CALL;
	hypervisor.tsc_khz = r.ebx;
	hypervisor.timer_khz = r.ecx;
}

bool platform_ram_is_zeroed(void)
{
	return hypervisor.ram_zeroed;
}

/* The chipset's port, then, for a board without it, the keyboard controller's. */
void machine_restart(void)
{
	outb(PV_RESET_SYSTEM, PV_RESET_PORT);
	outb(PV_RESET_SYSTEM | PV_RESET_CPU, PV_RESET_PORT);
	outb(PV_KBD_RESET, PV_KBD_PORT);
	pr_err("nothing here resets the machine: halted\n");
	halt_forever();
}

void machine_exit(unsigned int code)
{
	outb((u8)code, PV_EXIT_PORT);
	pr_err("no device at port %#x to end the machine: halted\n", PV_EXIT_PORT);
	halt_forever();
}
