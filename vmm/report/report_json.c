/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "vmm/report/report_json.h"

void report_number(json_t *object, const char *name, uint64_t value)
{
	json_object_set_new(object, name, json_integer((json_int_t)value));
}

json_t *report_string(const char *text)
{
	json_t *value = json_string(text);
	char *copy, *c;

	if (!value && (copy = strdup(text))) {
		for (c = copy; *c; c++)
			if (*c & 0x80)
				*c = '?';
		value = json_string(copy);
		free(copy);
	}
	return value;
}

void report_text(json_t *object, const char *name, const char *text)
{
	json_object_set_new(object, name, report_string(text));
}

json_t *report_numbers(const uint64_t *values, size_t nr)
{
	json_t *array = json_array();
	size_t i;

	for (i = 0; i < nr; i++)
		json_array_append_new(array, json_integer((json_int_t)values[i]));
	return array;
}
