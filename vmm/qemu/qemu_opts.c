/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/qemu/qemu_opts.h"

#define NAME_MAX_BYTES 128
#define FLATTEN_DEPTH  4

static int no_memory(const struct qemu_opts *opts, struct error *err)
{
	return error_set(err, ENOMEM, "%s: no memory", opts->option);
}

int qemu_refuse(const struct qemu_opts *opts, struct error *err, const char *fmt, ...)
{
	char text[300];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	return error_set(err, EINVAL, "%s%s%s: %s", opts->option, opts->kind ? " " : "",
			 opts->kind ? opts->kind : "", text);
}

static int add(struct qemu_opts *opts, const char *name, json_t *value, struct error *err)
{
	if (!value)
		return no_memory(opts, err);
	if (json_object_get(opts->values, name)) {
		json_decref(value);
		return qemu_refuse(opts, err, "%.100s is given twice", name);
	}
	return json_object_set_new(opts->values, name, value) ? no_memory(opts, err) : 0;
}

/* --- name=value,... ----------------------------------------------------------------------- */

/* The value at text up to a single comma, doubled ones made single; its raw length. */
static json_t *cut_value(const char *text, size_t *raw)
{
	char *copy = malloc(strlen(text) + 1);
	json_t *value;
	size_t i = 0, n = 0;

	if (!copy)
		return NULL;
	while (text[i] && (text[i] != ',' || text[i + 1] == ',')) {
		if (text[i] == ',')
			i++;
		copy[n++] = text[i++];
	}
	copy[n] = '\0';
	*raw = i;
	value = json_string(copy);
	free(copy);
	return value;
}

static int parse_one(struct qemu_opts *opts, const char *first, const char *text,
		     size_t *used, struct error *err)
{
	size_t n = strcspn(text, "=,"), raw = 0;
	char name[NAME_MAX_BYTES];
	json_t *value;

	*used = n;
	if (text[n] != '=' && first) { /* its value stands alone */
		value = cut_value(text, used);
		return add(opts, first, value, err);
	}
	if (!n || n >= sizeof(name))
		return qemu_refuse(opts, err, "'%.60s' is not name=value", text);
	memcpy(name, text, n);
	name[n] = '\0';
	if (text[n] != '=') /* a name alone is one that is switched on */
		return add(opts, name, json_string("on"), err);
	value = cut_value(text + n + 1, &raw);
	*used = n + 1 + raw;
	return add(opts, name, value, err);
}

static int parse_pairs(struct qemu_opts *opts, const char *first, const char *text,
		       struct error *err)
{
	size_t used;
	int ret = 0;

	while (*text && !ret) {
		ret = parse_one(opts, first, text, &used, err);
		first = NULL;
		if (!ret)
			text += used + (text[used] == ',');
	}
	return ret;
}

/* --- JSON --------------------------------------------------------------------------------- */

static json_t *as_string(const json_t *value)
{
	if (json_is_string(value))
		return json_string(json_string_value(value));
	if (json_is_boolean(value))
		return json_string(json_is_true(value) ? "on" : "off");
	if (json_is_integer(value))
		return json_sprintf("%" JSON_INTEGER_FORMAT, json_integer_value(value));
	return NULL;
}

static int flatten(struct qemu_opts *opts, const char *prefix, json_t *object, int depth,
		   struct error *err)
{
	char name[NAME_MAX_BYTES];
	const char *key;
	json_t *value;
	int ret;

	json_object_foreach(object, key, value)
	{
		if ((size_t)snprintf(name, sizeof(name), "%s%s%s", prefix,
				     *prefix ? "." : "", key) >= sizeof(name))
			return qemu_refuse(opts, err, "the name %.60s... is too long",
					   name);
		if (json_is_object(value) && depth < FLATTEN_DEPTH)
			ret = flatten(opts, name, value, depth + 1, err);
		else if (!json_is_string(value) && !json_is_boolean(value) &&
			 !json_is_integer(value))
			return qemu_refuse(opts, err,
					   "%.100s is no string, number or boolean",
					   name);
		else
			ret = add(opts, name, as_string(value), err);
		if (ret)
			return ret;
	}
	return 0;
}

static int parse_json(struct qemu_opts *opts, const char *text, struct error *err)
{
	json_error_t where;
	json_t *object = json_loads(text, JSON_REJECT_DUPLICATES, &where);
	int ret;

	if (!json_is_object(object)) {
		json_decref(object);
		return qemu_refuse(opts, err, "not a JSON object (%.100s)",
				   object ? "another value" : where.text);
	}
	ret = flatten(opts, "", object, 0, err);
	json_decref(object);
	return ret;
}

int qemu_opts_parse(struct qemu_opts *opts, const char *option, const char *first,
		    const char *text, struct error *err)
{
	int ret;

	*opts = (struct qemu_opts){ .option = option,
				    .values = json_object(),
				    .taken = json_array() };
	if (!opts->values || !opts->taken)
		ret = no_memory(opts, err);
	else if (*text == '{')
		ret = parse_json(opts, text, err);
	else
		ret = parse_pairs(opts, first, text, err);
	if (ret)
		qemu_opts_fini(opts);
	return ret;
}

void qemu_opts_fini(struct qemu_opts *opts)
{
	json_decref(opts->values);
	json_decref(opts->taken);
	opts->values = opts->taken = NULL;
}

/* --- what is asked ------------------------------------------------------------------------ */

const char *qemu_opts_take(struct qemu_opts *opts, const char *name)
{
	json_t *value = json_object_get(opts->values, name);

	if (!value || json_array_append(opts->taken, value))
		return NULL;
	json_object_del(opts->values, name);
	return json_string_value(value);
}

const char *qemu_opts_take_kind(struct qemu_opts *opts, const char *name)
{
	opts->kind = qemu_opts_take(opts, name);
	return opts->kind;
}

int qemu_opts_take_bool(struct qemu_opts *opts, const char *name, bool otherwise,
			bool *value, struct error *err)
{
	static const struct {
		const char *word;
		bool value;
	} words[] = { { "on", true },  { "off", false }, { "yes", true },
		      { "no", false }, { "true", true }, { "false", false } };
	const char *text = qemu_opts_take(opts, name);
	size_t i;

	*value = otherwise;
	if (!text)
		return 0;
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(text, words[i].word) != 0)
			continue;
		*value = words[i].value;
		return 0;
	}
	return qemu_refuse(opts, err, "%s=%.60s is neither on nor off", name, text);
}

int qemu_opts_take_number(struct qemu_opts *opts, const char *name,
			  unsigned long long otherwise, unsigned long long *value,
			  struct error *err)
{
	const char *text = qemu_opts_take(opts, name);
	char *end;

	*value = otherwise;
	if (!text)
		return 0;
	errno = 0;
	*value = strtoull(text, &end, strncmp(text, "0x", 2) != 0 ? 10 : 16);
	if (errno || *end || *text < '0' || *text > '9')
		return qemu_refuse(opts, err, "%s=%.60s is not a number", name, text);
	return 0;
}

void qemu_opts_take_harmless(struct qemu_opts *opts, const struct qemu_harmless *table)
{
	for (; table->name; table++) {
		const char *value =
			json_string_value(json_object_get(opts->values, table->name));

		if (value && (!table->value || !strcmp(value, table->value)))
			json_object_del(opts->values, table->name);
	}
}

int qemu_opts_finish(const struct qemu_opts *opts, struct error *err)
{
	const char *name = json_object_iter_key(json_object_iter(opts->values));
	const char *element;

	if (!name)
		return 0;
	element = qemu_element(opts->option, opts->kind, name);
	return qemu_refuse(opts, err, "%.80s=%.80s is not possible here%s%s", name,
			   json_string_value(json_object_get(opts->values, name)),
			   element ? "; in the domain XML: " : "",
			   element ? element : "");
}
