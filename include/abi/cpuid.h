/* SPDX-License-Identifier: MIT */
/*
 * What pagevisor tells a guest through CPUID, beside KVM's own leaves at 0x40000000.
 * Hypervisor leaves repeat every 0x100, so a guest looks for the signature there.
 */
#ifndef ABI_CPUID_H
#define ABI_CPUID_H

/* eax: highest leaf of this range; ebx, ecx, edx: the signature, 12 bytes in that order. */
#define PV_CPUID_SIGNATURE_LEAF 0x40000100u
#define PV_CPUID_SIGNATURE	"PageVisorVM\0" /* 12 bytes, the last of them NUL */

/* eax: PV_CPUID_* bits; ebx: TSC rate in kHz; ecx: LAPIC timer clock in kHz; each 0 when
 * the host does not know it; edx: 0. */
#define PV_CPUID_FEATURES_LEAF 0x40000101u
/* At the first instruction all RAM beyond kernel, initrd and start info reads as zero. */
#define PV_CPUID_RAM_ZEROED (1u << 0)
/* DMA is checked: the guest publishes what its DMA API does (abi/dma_check.h), and, with the
 * second bit, makes an exit for each call. */
#define PV_CPUID_DMA_CHECK	     (1u << 1)
#define PV_CPUID_DMA_CHECK_EACH_CALL (1u << 2)
/* A report is written of this run: what a guest prints for programs alone (rows of tables,
 * vmm/report/ktap.h) is read. */
#define PV_CPUID_REPORT (1u << 3)
/* Devices make mistakes on purpose (--inject): drivers are expected to meet errors. */
#define PV_CPUID_INJECT (1u << 4)

#endif
