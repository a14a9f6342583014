/* SPDX-License-Identifier: MIT */
/* `pagevisor core`. */
#ifndef VMM_CORE_H
#define VMM_CORE_H

#include "vmm/cli/command.h"

extern const struct command core_command;

#endif
