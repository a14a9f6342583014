/* SPDX-License-Identifier: MIT */
/* Faults on request: --inject DEVICE:KIND[,every=N][,seed=S]. */
#ifndef VMM_INJECT_H
#define VMM_INJECT_H

#include "devices/inject/inject.h"
#include "devices/pci/pci.h"
#include "vmm/util/error.h"

#define INJECT_EVERY 8u /* where the option does not say */
#define INJECT_SEED  1u

struct inject_config {
	const char *text; /* as it was given */
	char device[16]; /* as the report calls it: disk0 */
	struct inject_rule rule;
};

/* Reads one option's value.  0, or -EINVAL with the line in err. */
int inject_parse(const char *text, struct inject_config *out, struct error *err);

/* Gives the rules to the functions on this bus.  0, or a negative errno with the line in err:
 * there is no such device, or the kind has no meaning for it. */
int inject_apply(const struct pci_host *pci, const struct inject_config *rules,
		 unsigned int nr, struct error *err);

#endif
