/* SPDX-License-Identifier: MIT */
/* Names of a kernel's functions, from the symbol table of its ELF file. */
#ifndef VMM_SYMBOLS_H
#define VMM_SYMBOLS_H

#include <stddef.h>
#include <stdint.h>

struct symbol {
	uint64_t start, end; /* end > start */
	const char *name;
};

/* Zeroed is empty. */
struct symbols {
	size_t nr;
	struct symbol *symbol; /* ascending by start */
	char *names;
};

/* Reads the functions of the file, which stays open.  0, also where it has no symbol table; a
 * negative errno and an empty table where it cannot be read or makes no sense. */
int symbols_read(struct symbols *symbols, int fd);
void symbols_free(struct symbols *symbols);

/* The function that addr is in; NULL: in none. */
const struct symbol *symbols_find(const struct symbols *symbols, uint64_t addr);

/* "name+0x12", or the bare number where addr is in no function. */
void symbols_describe(const struct symbols *symbols, uint64_t addr, char *buf,
		      size_t size);

/* The same for an address that a call returns to: where the call is the last instruction of
 * its function, that is the next one's. */
void symbols_describe_return(const struct symbols *symbols, uint64_t addr, char *buf,
			     size_t size);

#endif
