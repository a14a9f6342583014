/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/cli/command.h"
#include "vmm/report/outcome.h"
#include "vmm/util/log.h"

static int parse_number(const char *text, unsigned long long *value, char **end)
{
	/* strtoull would take signs and spaces. */
	if (!isdigit((unsigned char)*text))
		return -EINVAL;
	errno = 0;
	*value = strtoull(text, end, 10);
	return errno ? -ERANGE : 0;
}

int parse_size(const char *text, unsigned long long *size)
{
	static const char suffixes[] = "KMGT";
	const char *suffix;
	char *end;
	int ret = parse_number(text, size, &end);

	if (ret || !*end)
		return ret;
	suffix = strchr(suffixes, toupper((unsigned char)*end));
	if (!suffix || end[1])
		return -EINVAL;
	if (__builtin_mul_overflow(*size, 1ull << 10 * (suffix - suffixes + 1), size))
		return -ERANGE;
	return 0;
}

int parse_count(const char *text, unsigned int *count)
{
	unsigned long long value;
	char *end;
	int ret = parse_number(text, &value, &end);

	if (ret)
		return ret;
	if (*end)
		return -EINVAL;
	if (value > UINT_MAX)
		return -ERANGE;
	*count = (unsigned int)value;
	return 0;
}

int parse_seconds(const char *text, double *seconds)
{
	char *end;

	*seconds = strtod(text, &end);
	return end == text || *end || !isfinite(*seconds) || *seconds <= 0 ? -EINVAL : 0;
}

/* The option that `arg` names, and where its value starts if it is in the same word. */
static const struct option *find(const struct command *command, const char *arg,
				 const char **value)
{
	const struct option *o;
	size_t n = strcspn(arg, "=");

	*value = NULL;
	for (o = command->options; o->name; o++) {
		if (arg[1] != '-' && arg[1] == o->letter && !arg[2])
			return o;
		if (arg[1] == '-' && n - 2 == strlen(o->name) &&
		    strncmp(arg + 2, o->name, n - 2) == 0) {
			if (arg[n])
				*value = arg + n + 1;
			return o;
		}
	}
	return NULL;
}

static int apply(const struct option *o, void *target, const char *value,
		 struct error *err)
{
	char *at = (char *)target + o->at;

	if (o->apply)
		return o->apply(target, value, err);
	if (o->arg)
		*(const char **)at = value;
	else
		*(bool *)at = true;
	return 0;
}

/* One option at argv[*i]; moves *i over its value. */
static int parse_option(const struct command *command, int argc, char **argv, int *i,
			void *target, struct error *err)
{
	const char *arg = argv[*i], *value;
	const struct option *o = find(command, arg, &value);

	if (!o)
		return error_set(err, EINVAL,
				 "unknown option %s; see pagevisor %s --help", arg,
				 command->name);
	if (!o->arg && value)
		return error_set(err, EINVAL, "--%s: takes no value; leave out =%s",
				 o->name, value);
	if (o->arg && o->arg[0] != '[' && !value) {
		if (*i + 1 >= argc)
			return error_set(err, EINVAL,
					 "--%s: its value is missing; give --%s %s",
					 o->name, o->name, o->arg);
		value = argv[++*i];
	}
	return apply(o, target, value, err);
}

static bool asks_help(int argc, char **argv)
{
	int i;

	for (i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h"))
			return true;
	return false;
}

static int parse_operand(const struct command *command, const char *arg,
			 struct parsed *parsed, struct error *err)
{
	if (!command->operand)
		return error_set(err, EINVAL, "%s: not expected; see pagevisor %s --help",
				 arg, command->name);
	if (parsed->operand && command->rest && parsed->nr_rest < COMMAND_REST_MAX) {
		parsed->rest[parsed->nr_rest++] = arg;
		return 0;
	}
	if (parsed->operand && command->rest)
		return error_set(err, EINVAL, "%s: one too many; see pagevisor %s --help",
				 arg, command->name);
	if (parsed->operand)
		return error_set(err, EINVAL, "%s: %s is the %s already; give only one",
				 arg, parsed->operand, command->operand);
	parsed->operand = arg;
	return 0;
}

int command_parse(const struct command *command, int argc, char **argv, void *target,
		  struct parsed *parsed, struct error *err)
{
	bool options = true;
	int i, ret = 0;

	*parsed = (struct parsed){ .help = asks_help(argc, argv) };
	if (parsed->help)
		return 0;
	for (i = 1; i < argc && !ret; i++) {
		if (options && !strcmp(argv[i], "--"))
			options = false;
		else if (options && argv[i][0] == '-' && argv[i][1])
			ret = parse_option(command, argc, argv, &i, target, err);
		else
			ret = parse_operand(command, argv[i], parsed, err);
	}
	if (!ret && command->operand && !parsed->operand)
		return error_set(err, EINVAL,
				 "no %s; give one: pagevisor %s [options] %s",
				 command->operand, command->name, command->operand);
	return ret;
}

static int parse_and_run(const struct command *command, int argc, char **argv,
			 void *target, struct error *err)
{
	struct parsed parsed;

	if (command->init)
		command->init(target);
	if (command_parse(command, argc, argv, target, &parsed, err))
		return STATUS_USAGE;
	if (!parsed.help)
		return command->run(target, &parsed, err);
	help_command(command);
	return STATUS_WELL;
}

int command_run(const struct command *command, int argc, char **argv)
{
	void *target = calloc(1, command->target_size + 1);
	struct error err = { "" };
	int status = STATUS_USAGE;

	if (target)
		status = parse_and_run(command, argc, argv, target, &err);
	else
		error_set(&err, ENOMEM, "no memory");
	if (err.text[0])
		log_line("%s", err.text);
	free(target);
	return status;
}
