/* SPDX-License-Identifier: MIT */
/* `pagevisor trace`: memory events of a guest, live or from a core, into a file. */
#ifndef VMM_TRACE_COMMAND_H
#define VMM_TRACE_COMMAND_H

#include "vmm/cli/command.h"

extern const struct command trace_command;

#endif
