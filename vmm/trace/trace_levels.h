/* SPDX-License-Identifier: MIT */
/* What is on, of each memory event, as JSON: an array of TRACE_IDS_MAX levels, by number. */
#ifndef VMM_TRACE_LEVELS_H
#define VMM_TRACE_LEVELS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include <abi/trace.h>

json_t *trace_levels_pack(const uint8_t enable[TRACE_IDS_MAX]);
/* False: the list makes no sense; then `enable` may be half read. */
bool trace_levels_unpack(const json_t *list, uint8_t enable[TRACE_IDS_MAX]);

#endif
