/* SPDX-License-Identifier: MIT */
/*
 * edu, the teaching device: PCI 1234:11e8 with QEMU's register layout (QEMU, "EDU device"),
 * and one register more.
 *
 * BAR 0 is 1 MiB of memory.  Below EDU_REG_DMA_SRC accesses are 4 bytes wide, from there on
 * 4 or 8; a 4-byte write sets the whole 64-bit register, its upper half to 0.  Others, and
 * registers that do not exist, read as ones and ignore writes.  One MSI vector, or the INTA
 * pin.
 *
 * DMA moves `count` bytes between memory and the device's buffer of EDU_BUF_SIZE bytes,
 * which in src and dst stands at EDU_BUF_BASE:
 *
 *   EDU_DMA_TO_MEMORY clear	src is an I/O address, dst lies in the buffer
 *   EDU_DMA_TO_MEMORY set	src lies in the buffer, dst is an I/O address
 *
 * A command runs asynchronously: EDU_DMA_RUN stays set until it is done; meanwhile writes to
 * the four DMA registers are ignored.  Where EDU_DMA_IRQ is set, the end, however it came,
 * raises EDU_IRQ_DMA.  The device drives only as many address bits as its mask has (28 as it
 * comes): an I/O address beyond is cut to them, the first and the last byte alike, and the
 * result says so.
 */
#ifndef ABI_EDU_H
#define ABI_EDU_H

#include <abi/types.h>

#define EDU_PCI_VENDOR_ID 0x1234u
#define EDU_PCI_DEVICE_ID 0x11e8u
#define EDU_BAR		  0
#define EDU_BAR_SIZE	  0x100000u

#define EDU_ID_VALUE 0x010000edu

#define EDU_REG_ID	   0x00 /* RO: EDU_ID_VALUE */
#define EDU_REG_LIVENESS   0x04 /* RW: reads as the inverse of what was written */
#define EDU_REG_FACTORIAL  0x08 /* RW: n becomes n! modulo 2^32 */
#define EDU_REG_STATUS	   0x20 /* RW: EDU_STATUS_* */
#define EDU_REG_IRQ_STATUS 0x24 /* RO: what is raised and not acknowledged */
#define EDU_REG_IRQ_RAISE  0x60 /* WO: sets bits of the interrupt status */
#define EDU_REG_IRQ_ACK	   0x64 /* WO: clears bits of it */
#define EDU_REG_DMA_SRC	   0x80
#define EDU_REG_DMA_DST	   0x88
#define EDU_REG_DMA_COUNT  0x90
#define EDU_REG_DMA_CMD	   0x98
#define EDU_REG_DMA_RESULT \
	0xa0 /* RO, here only (QEMU: ones): EDU_DMA_R_* of the last one */

#define EDU_STATUS_COMPUTING 0x01u /* RO */
#define EDU_STATUS_IRQ	     0x80u /* raise EDU_IRQ_FACTORIAL when computed */

#define EDU_IRQ_FACTORIAL 0x001u
#define EDU_IRQ_DMA	  0x100u

#define EDU_DMA_RUN	  0x1u
#define EDU_DMA_TO_MEMORY 0x2u
#define EDU_DMA_IRQ	  0x4u

#define EDU_BUF_BASE 0x40000u
#define EDU_BUF_SIZE 4096u
#define EDU_DMA_BITS 28u /* of the mask, unless set otherwise */

/* Results of a command */
#define EDU_DMA_R_OK	 0u
#define EDU_DMA_R_RANGE	 1u /* count 0, or outside the buffer: refused, nothing moved */
#define EDU_DMA_R_FAULT	 2u /* memory could not be reached: only what comes before moved */
#define EDU_DMA_R_MASKED 0x80u /* with any of them: the address was cut to the mask */

#endif
