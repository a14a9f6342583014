/* SPDX-License-Identifier: MIT */
#ifndef VMM_MAP_COMMAND_H
#define VMM_MAP_COMMAND_H

#include "vmm/cli/command.h"

extern const struct command map_command;

#endif
