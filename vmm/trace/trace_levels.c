/* SPDX-License-Identifier: MIT */
#include "vmm/trace/trace_levels.h"

json_t *trace_levels_pack(const uint8_t enable[TRACE_IDS_MAX])
{
	json_t *list = json_array();
	unsigned int id;

	for (id = 0; id < TRACE_IDS_MAX; id++)
		json_array_append_new(list, json_integer(enable[id]));
	return list;
}

bool trace_levels_unpack(const json_t *list, uint8_t enable[TRACE_IDS_MAX])
{
	unsigned int id;

	for (id = 0; id < TRACE_IDS_MAX; id++) {
		json_int_t level = json_integer_value(json_array_get(list, id));

		if (!json_is_integer(json_array_get(list, id)) || level < TRACE_OFF ||
		    level > TRACE_CHAIN)
			return false;
		enable[id] = (uint8_t)level;
	}
	return json_array_size(list) == TRACE_IDS_MAX;
}
