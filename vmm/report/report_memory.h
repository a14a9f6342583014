/* SPDX-License-Identifier: MIT */
/* The part "memory" of a report: the guest's memory at its end, and over the run. */
#ifndef VMM_REPORT_MEMORY_H
#define VMM_REPORT_MEMORY_H

#include <jansson.h>

#include "vmm/boot/loader_elf.h"
#include "vmm/memstate/memstate_sampler.h"

/* The state that the kernel in this file publishes, as it is now, and the samples.  An
 * object; where the state makes no sense, its "error" says why. */
json_t *report_memory_state(const struct ram *ram, const struct kernel *kernel,
			    const struct memstate_sampler *sampler);

#endif
