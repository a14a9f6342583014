/* SPDX-License-Identifier: MIT */
/* `pagevisor report`: a report as a page to look at. */
#ifndef VMM_REPORT_COMMAND_H
#define VMM_REPORT_COMMAND_H

#include "vmm/cli/command.h"

extern const struct command report_command;

#endif
