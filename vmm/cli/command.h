/* SPDX-License-Identifier: MIT */
/*
 * The command line, as tables.  A command is a row; its options are rows; the parser, the
 * help and the man page all read the same rows, so that they cannot differ.
 */
#ifndef VMM_COMMAND_H
#define VMM_COMMAND_H

#include <stddef.h>

#include "vmm/util/error.h"

struct option {
	const char *name; /* without dashes */
	char letter; /* short form, or 0 */
	/* Name of its value, or NULL for a flag; "[=NAME]": it may be left out, and stands in
	 * the same word. */
	const char *arg;
	const char *text; /* sentences, wrapped where they are shown */
	/* Sets what it stands for in target.  value is NULL where there is none.  0, or a negative
	 * errno with the line in err. */
	int (*apply)(void *target, const char *value, struct error *err);
	/* Without apply(): where in target the value goes, a const char *, or true for a flag, a
	 * bool. */
	size_t at;
};

/* The end of a row without apply(). */
#define OPTION_TO(type, member) NULL, offsetof(type, member)

/* What can be typed while a command runs on a terminal. */
struct command_key {
	const char *key, *text;
};

#define COMMAND_REST_MAX 3

/* What parsing found beside options. */
struct parsed {
	const char *operand; /* or NULL */
	const char *rest[COMMAND_REST_MAX]; /* what followed it */
	unsigned int nr_rest;
	int help; /* --help was given: nothing else was looked at */
};

struct command {
	const char *name;
	const char *operand; /* name of its first operand, or NULL */
	const char *rest; /* names of those that may follow it, or NULL: none may */
	const char *summary; /* half a line */
	const char *text; /* sentences */
	const struct option *options; /* ends with a row without name */
	const struct command_key *keys; /* ends with a row without key; NULL: none */
	/* What the options set: so many bytes, zeroed, and what init() (NULL: nothing) makes of
	 * them. */
	size_t target_size;
	void (*init)(void *target);
	/* Does it; returns the exit status.  A line in err is printed, whatever the status. */
	int (*run)(void *target, const struct parsed *parsed, struct error *err);
};

/* All commands; ends with NULL. */
extern const struct command *const commands[];

/*
 * Reads argv[1..) of a command into target.  Options may stand before and after the
 * operand, as --name VALUE or --name=VALUE; `--` ends them.  0, or -EINVAL with the line in
 * err.
 */
int command_parse(const struct command *command, int argc, char **argv, void *target,
		  struct parsed *parsed, struct error *err);

/* Parses, and runs the command or shows its help; argv[0] is its name.  Returns the exit
 * status. */
int command_run(const struct command *command, int argc, char **argv);

/* A byte count such as 256M: K, M, G, T in powers of 1024.  0, -EINVAL or -ERANGE. */
int parse_size(const char *text, unsigned long long *size);
/* A decimal number.  0, -EINVAL or -ERANGE. */
int parse_count(const char *text, unsigned int *count);
/* Seconds, above 0, perhaps with a fraction.  0 or -EINVAL. */
int parse_seconds(const char *text, double *seconds);

/* help.c: the same tables for people, on standard output. */
void help_overview(void);
void help_command(const struct command *command);
void help_man_page(void);

#endif
